"""A cell prepared for stamping: everything that is the same at every step is done here, once.

Gates under control, evolutions and broadcasts become standard gates whose angles are polynomials in
the cell's values; a step then only evaluates angles and looks up qubits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from ..ir.graph import CellGraph
from ..passes import Item, Polynomial, Settings, Stamp, Step, Watch, finished, optimised
from ..passes.as_graph import as_graph
from ..sema.closed import (
    BitExpr,
    Call,
    CarryIn,
    Channel,
    Const,
    Evolve,
    Expect,
    Extern,
    Gate,
    Gather,
    Input,
    Op,
    Origin,
    Param,
    Postselect,
    Prob,
    QubitCarry,
    Ref,
    Term,
    Wire,
)
from .errors import target_error


@dataclass(frozen=True)
class Template:
    """`line` and `init`: what acts on wires, in program order, each with its operation's number.

    `classical`: the operations with a value, reads included. `step`: what the passes start from,
    controls not yet taken apart.
    """

    graph: CellGraph
    step: Step
    line: tuple[Item, ...]
    init: tuple[Item, ...]
    classical: tuple[tuple[Ref, Op], ...]
    init_classical: tuple[tuple[Ref, Op], ...]

    def origin(self, ref: Ref) -> Origin:
        return self.graph.origin(ref)

    @property
    def quantum(self) -> bool:
        """Whether the cell has any qubit."""
        return bool(self.line) or any(isinstance(c, QubitCarry) for c in self.graph.carries)


_VALUES = Const | Input | Param | CarryIn | Gather | Call | Extern


def template(graph: CellGraph, drop_noise: bool = False, keep_noise: bool = False) -> Template:
    """The template of a cell; with `keep_noise` its noise channels stand in the lines too.

    Raises:
        CompileError: E0605 for an `evolve` without `steps` whose terms do not commute, E0606 for a
            noise channel unless `drop_noise` or `keep_noise`.
    """
    noise = "keep" if keep_noise else "drop" if drop_noise else "refuse"
    operations = list(graph.operations())
    nowhere = Origin(None)
    rows = ((r, op, graph.origin(r)) for r, op in operations)
    step = Step(graph, tuple(_stamps(rows, noise)), graph.carries)
    begin = tuple(_stamps(((r, op, nowhere) for r, op in enumerate(graph.init)), noise))
    plain = Settings(level=0)
    return Template(
        graph,
        step,
        optimised(step, plain).line,
        optimised(replace(step, line=begin), plain).line,
        tuple(
            (r, op) for r, op in operations if isinstance(op, _VALUES | Expect | Prob | Postselect)
        ),
        tuple((r, op) for r, op in enumerate(graph.init) if isinstance(op, _VALUES)),
    )


def optimised_graph(
    graph: CellGraph, level: int, drop_noise: bool = False, watch: tuple[Watch, ...] = ()
) -> CellGraph:
    """The graph of a cell after the passes of a level that work on a single step."""
    settings = Settings(level, watch)
    found = optimised(template(graph, drop_noise).step, settings, relabel=False)
    return as_graph(finished(found, settings))


def _stamps(operations: Iterable[tuple[Ref, Op, Origin]], noise: str) -> Iterator[Item]:
    for ref, op, origin in operations:
        match op:
            case Gate(name=name, params=params, wires=wires, ctrl=ctrl, when=when):
                angles: tuple[Polynomial, ...] = tuple(((1.0, (p,)),) for p in params)
                yield ref, Stamp(name, wires, angles, when, ctrl)
            case Evolve():
                for stamp in _evolve(op, origin):
                    yield ref, stamp
            case Channel() if noise == "keep":
                yield ref, op
            case Channel(name=name):
                if noise == "refuse":
                    raise target_error(
                        "E0606",
                        f"noise channel `{name}` has no place in a circuit",
                        origin,
                        "cannot be written as a gate",
                        help="compile with `--drop-noise`; a device has its own noise, and "
                        "strengths of channels are trained on the simulator: "
                        "`qrnnc train FILE --backend aer --optimizer spsa`",
                    )
            case _ if not isinstance(op, _VALUES):
                yield ref, op


# --- evolutions ----------------------------------------------------------------------------------


def _evolve(op: Evolve, origin: Origin) -> Iterator[Stamp]:
    """The exact evolution of commuting terms, or the Trotter product as the program wrote it."""
    terms = [t for t in op.terms if t.coefficient != 0.0]
    if op.steps is None:
        clash = next(
            ((a, b) for i, a in enumerate(terms) for b in terms[:i] if not _commute(a, b)),
            None,
        )
        if clash is not None:
            a, b = (_letters(t) for t in reversed(clash))
            raise target_error(
                "E0605",
                "`evolve` without `steps` needs terms that commute",
                origin,
                f"a term `{a}` does not commute with a term `{b}` on the same qubits",
                help="add `steps`: `evolve(H, t, steps = 8)` is the Trotter product itself",
            )
    for term, share in _product(terms, op.steps or 1, op.order):
        yield from _rotation(term, share, op)


def _product(terms: list[Term], steps: int, order: int) -> Iterator[tuple[Term, float]]:
    """Terms in the order they act, each with its share of the time."""
    for _ in range(steps):
        if order == 1:
            yield from ((t, 1.0 / steps) for t in terms)
        else:
            yield from ((t, 0.5 / steps) for t in terms[:-1])
            yield from ((t, 1.0 / steps) for t in terms[-1:])
            yield from ((t, 0.5 / steps) for t in reversed(terms[:-1]))


def _commute(a: Term, b: Term) -> bool:
    other = dict(b.paulis)
    return sum(1 for w, p in a.paulis if other.get(w, p) != p) % 2 == 0


def _letters(term: Term) -> str:
    return "*".join(p for _, p in term.paulis)


def _rotation(term: Term, share: float, op: Evolve) -> Iterator[Stamp]:
    """exp(−i · share · time · term)."""
    wires = tuple(w for w, _ in term.paulis)
    letters = "".join(p for _, p in term.paulis).lower()
    angle: Polynomial = ((2.0 * share, (term.coefficient, op.time)),)
    when = op.when
    if not wires:
        yield Stamp("gphase", (), (((-share, (term.coefficient, op.time)),),), when)
    elif len(wires) == 1 or letters in ("xx", "yy", "zz", "zx"):
        yield Stamp(f"r{letters}", wires, (angle,), when)
    elif letters == "xz":
        yield Stamp("rzx", wires[::-1], (angle,), when)
    else:
        into = [s for w, p in term.paulis for s in _to_z(w, p, when)]
        back = [s for w, p in term.paulis for s in _from_z(w, p, when)]
        ladder = [Stamp("cx", pair, (), when) for pair in pairwise(wires)]
        yield from into
        yield from ladder
        yield Stamp("rz", wires[-1:], (angle,), when)
        yield from reversed(ladder)
        yield from back


def _to_z(wire: Wire, pauli: str, when: BitExpr | None) -> list[Stamp]:
    names = {"X": ("h",), "Y": ("sdg", "h"), "Z": ()}[pauli]
    return [Stamp(n, (wire,), (), when) for n in names]


def _from_z(wire: Wire, pauli: str, when: BitExpr | None) -> list[Stamp]:
    names = {"X": ("h",), "Y": ("h", "s"), "Z": ()}[pauli]
    return [Stamp(n, (wire,), (), when) for n in names]
