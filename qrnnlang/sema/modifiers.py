"""`ctrl @`, `negctrl @`, `inv @`, `pow(k) @` on a list of operations."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..diagnostics import Label, Span
from ..syntax.tree import (
    Block,
    ForStmt,
    GateItem,
    GateStmt,
    IfStmt,
    LetStmt,
    Modifier,
    PostselectExpr,
    PostselectStmt,
    ResetStmt,
    Variable,
)
from .closed import (
    ApplyUnitary,
    Barrier,
    Channel,
    Evolve,
    Gate,
    Postselect,
    QuantumOp,
    Reset,
    Scalar,
    Term,
    Wire,
)
from .gates import GATES
from .limits import MAX_OPERATIONS, check_operations
from .modules import CHANNELS, Module
from .report import suggestion
from .scope import Env

#: What no modifier but `inv` gets past, as messages name it.
WHAT: dict[type, str] = {
    Reset: "reset",
    Postselect: "postselect",
    Channel: "a noise channel",
}


@dataclass(frozen=True, slots=True)
class Modify:
    """One modifier. `ctrl`: the states its controls act on, as in `Gate.ctrl`."""

    name: str
    ctrl: str = ""
    power: int = 1
    span: Span | None = None

    @property
    def controls(self) -> int:
        return len(self.ctrl)


def modifier(env: Env, node: Modifier) -> Modify:
    """A modifier as written."""
    from .expr import integer

    name = node.name.text
    known = ("ctrl", "negctrl", "inv", "pow")
    if name not in known:
        env.report.fail(
            "E0404",
            f"there is no modifier `{name}`",
            node.name.span,
            "unknown modifier",
            help=suggestion(name, known) or "modifiers: `ctrl`, `negctrl`, `inv`, `pow`",
        )
    k = integer(env, node.arg) if node.arg is not None else None
    if name in ("ctrl", "negctrl"):
        k = 1 if k is None else k
        if not 0 <= k <= 1000:
            env.report.fail("E0404", f"`{name}({k})` is out of range", node.span)
        return Modify(name, ("1" if name == "ctrl" else "0") * k, span=node.span)
    if name == "inv" and k is not None:
        env.report.fail("E0404", "`inv` takes no argument", node.span)
    if name == "pow":
        if k is None:
            env.report.fail("E0404", "`pow` needs a power", node.span, help="write `pow(2) @ …`")
        if abs(k) > 100_000:
            env.report.fail("E0705", f"`pow({k})` is too many repetitions", node.span)
    return Modify(name, power=1 if k is None else k, span=node.span)


def modify(
    env: Env,
    ops: list[QuantumOp],
    mods: list[Modify],
    controls: list[Wire],
    span: Span,
    item: GateItem | None = None,
    module: Module | None = None,
) -> list[QuantumOp]:
    """The operations under their modifiers, whose controls are taken from left to right."""
    end = len(controls)
    for mod in reversed(mods):
        _check(env, ops, mod, span, item, module)
        if mod.name == "inv":
            ops = inverse(env, ops)
        elif mod.name == "pow":
            if len(ops) * abs(mod.power) > MAX_OPERATIONS:
                env.report.fail(
                    "E0705",
                    f"`pow({mod.power})` gives more than {MAX_OPERATIONS:,} operations",
                    mod.span or span,
                )
            ops = (inverse(env, ops) if mod.power < 0 else ops) * abs(mod.power)
        elif mod.controls:
            start = end - mod.controls
            ops = [c for op in ops for c in _controlled(env, op, controls[start:end], mod.ctrl)]
            end = start
    return ops


def _check(
    env: Env,
    ops: list[QuantumOp],
    mod: Modify,
    span: Span,
    item: GateItem | None,
    module: Module | None,
) -> None:
    for op in ops:
        if isinstance(op, Gate | ApplyUnitary | Evolve | Barrier):
            continue
        if isinstance(op, Postselect) and mod.name == "inv":
            continue
        what = WHAT[type(op)]
        name = f"`{item.name.text}`" if item else "the gate"
        where = _in_the_way(item, module, type(op)) if item and module else None
        env.report.fail(
            "E0404",
            f"`{mod.name}` cannot apply to {name}: it holds {what}",
            mod.span or span,
            "needs a unitary"
            if mod.name != "inv"
            else "can undo unitaries and postselections only",
            labels=(Label(where, "is not unitary"),) if where else (),
        )


def _in_the_way(item: GateItem, module: Module, kind: type) -> Span | None:
    """The statement that gives an operation of this kind, in a gate or in those it applies."""
    seen: set[int] = set()
    left: list[tuple[Block, Module]] = [(item.body, module)]
    while left:
        block, module = left.pop(0)
        if id(block) in seen:
            continue
        seen.add(id(block))
        for statement in block.statements:
            match statement:
                case ResetStmt() if kind is Reset:
                    return statement.span
                case PostselectStmt() | LetStmt(value=PostselectExpr()) if kind is Postselect:
                    return statement.span
                case GateStmt(gate=Variable(name=name)) if kind is Channel and name in CHANNELS:
                    return statement.span
                case GateStmt(gate=gate):
                    if user := module.find_gate(gate):
                        left.append((user[0].body, user[1]))
                case ForStmt(body=body) | IfStmt(body=body, orelse=None):
                    left.append((body, module))
                case IfStmt(body=body, orelse=Block() as orelse):
                    left += [(body, module), (orelse, module)]
    return None


# --- inverse ------------------------------------------------------------------------------------


def inverse(env: Env, ops: list[QuantumOp]) -> list[QuantumOp]:
    """The adjoint: each operation undone, in reverse order. A projection is its own adjoint."""
    return [u for op in reversed(ops) for u in _undone(env, op)]


def _undone(env: Env, op: QuantumOp) -> list[QuantumOp]:
    match op:
        case Gate():
            return list(_gate_undone(env, op))
        case ApplyUnitary(adjoint=adjoint):
            return [replace(op, adjoint=not adjoint)]
        case Evolve(terms=terms, time=time, steps=steps, order=order):
            back = env.builder.negated(time)
            # The first-order product is not symmetric: undoing it reverses its terms.
            flipped = terms[::-1] if steps is not None and order == 1 else terms
            return [replace(op, terms=flipped, time=back)]
        case _:
            return [op]


def _gate_undone(env: Env, op: Gate) -> tuple[Gate, ...]:
    if op.name == "u":
        theta, phi, lam = (env.builder.negated(p) for p in op.params)
        return (replace(op, params=(theta, lam, phi)),)
    if op.name == "csx":
        return (replace(op, name="sxdg", ctrl=op.ctrl + "1"),)
    if op.name == "iswap":
        # iswap² = Z⊗Z, so the inverse is Z⊗Z after an iswap.
        controls, targets = op.wires[: len(op.ctrl)], op.wires[len(op.ctrl) :]
        zs = tuple(Gate("z", (), (*controls, t), op.ctrl) for t in targets)
        return (op, *zs)
    inverse_name = GATES[op.name].inverse
    if inverse_name is None:
        return (replace(op, params=tuple(env.builder.negated(p) for p in op.params)),)
    return (replace(op, name=inverse_name),)


# --- control ------------------------------------------------------------------------------------


def _controlled(env: Env, op: QuantumOp, wires: list[Wire], ctrl: str) -> list[QuantumOp]:
    match op:
        case Gate(name="gphase", params=(angle,), wires=inner, ctrl=inner_ctrl):
            return list(_controlled_phase(env, angle, (*wires, *inner), ctrl + inner_ctrl))
        case Gate() | ApplyUnitary():
            return [replace(op, wires=(*wires, *op.wires), ctrl=ctrl + op.ctrl)]
        case Evolve(terms=terms):
            for wire, state in zip(wires, ctrl, strict=True):
                terms = tuple(c for t in terms for c in _controlled_term(env, t, wire, state))
            return [replace(op, terms=terms)]
        case _:
            return [op]


def _controlled_phase(
    env: Env, angle: Scalar, wires: tuple[Wire, ...], ctrl: str
) -> tuple[Gate, ...]:
    """A global phase under controls is a phase on one of them."""
    if not wires:
        return (Gate("gphase", (angle,), ()),)
    if "1" in ctrl:
        i = ctrl.index("1")
        rest = wires[:i] + wires[i + 1 :]
        return (Gate("p", (angle,), (*rest, wires[i]), ctrl[:i] + ctrl[i + 1 :]),)
    # On |0⟩ of the last control: a phase without it, and the opposite phase on its |1⟩.
    outer = _controlled_phase(env, angle, wires[:-1], ctrl[:-1])
    back = env.builder.negated(angle)
    return (*outer, Gate("p", (back,), wires, ctrl[:-1]))


def _controlled_term(env: Env, term: Term, wire: Wire, state: str) -> tuple[Term, Term]:
    """|s⟩⟨s| ⊗ P = (P ± Z P) / 2."""
    half = env.builder.scaled(term.coefficient, 0.5)
    sign = -0.5 if state == "1" else 0.5
    other = env.builder.scaled(term.coefficient, sign)
    return Term(half, term.paulis), Term(other, (*term.paulis, (wire, "Z")))


def emit(env: Env, ops: list[QuantumOp]) -> None:
    """What a gate statement comes to, within the limits; in a preparation unitary gates alone."""
    assert env.cell is not None
    span = env.builder.span
    if span is not None:
        check_operations(env, len(ops), span)
    if span is not None and env.cell.usable is not None:
        wrong = next((op for op in ops if isinstance(op, Reset | Postselect | Channel)), None)
        if wrong is not None:
            env.report.fail(
                "E0405",
                "a carried register is prepared by unitary gates",
                span,
                f"holds {WHAT[type(wrong)]}",
            )
    env.builder.quantum_all(ops)
