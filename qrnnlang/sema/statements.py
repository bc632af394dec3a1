"""Statements: one entry, `execute`; blocks, loops, conditions, quantum statements."""

from __future__ import annotations

import numpy as np

from ..diagnostics import Label, Span
from ..syntax.tree import (
    BarrierStmt,
    Block,
    BoundValue,
    CallExpr,
    CarryDecl,
    Clause,
    EvolveStmt,
    Expr,
    ForStmt,
    FreshDecl,
    GateItem,
    GateStmt,
    IfStmt,
    InputDecl,
    LetStmt,
    MeasureExpr,
    MeasureStmt,
    NextStmt,
    OutputStmt,
    ParamDecl,
    PostselectExpr,
    PostselectStmt,
    PrepareStmt,
    ResetStmt,
    Statement,
    UseDecl,
    Variable,
)
from . import declarations, iterators
from .apply import apply
from .assign import next_stmt, output_stmt
from .bounds import check_nested
from .cell import CellState, touched
from .closed import Barrier, BitNot, BitOp, Measure, Postselect, Reset, Scalar
from .evolve import evolve
from .prepare import prepare
from .reads import outcome
from .report import Skip, Stop
from .scope import Env
from .values import Array, Bits, Parameter, Register, Value, count, describe


def block(env: Env, body: Block) -> None:
    """The statements of a block, in their own scope. A statement that fails is left out."""
    with env.block():
        for statement in body.statements:
            execute(env, statement)


def gate_body(env: Env, item: GateItem) -> None:
    block(env, item.body)


def execute(env: Env, statement: Statement) -> None:
    """One statement; what it declares stands for nothing when it fails."""
    try:
        if env.report.found("E0405", statement.span):
            raise Skip  # it may not stand here: what it means is not defined
        with env.builder.at(statement.span):
            _execute(env, statement)
    except Skip as skip:
        _poison(env, statement)
        if isinstance(skip, Stop) and env.depth > 0:
            raise


def _poison(env: Env, statement: Statement) -> None:
    """What a failed statement should have made: using it is not another error."""
    name = getattr(statement, "name", None)
    match statement:
        case OutputStmt(name=output):
            assert env.cell is not None
            env.cell.broken.add(output.text)
            if env.scope.find(output.text) is None:
                env.scope.top().names[output.text] = None
        case ForStmt(body=body):
            _poison_outputs(env, body)
        case IfStmt(body=body, orelse=orelse):
            _poison_outputs(env, body)
            if orelse is not None:
                _poison_outputs(env, orelse)
        case NextStmt():
            pass
        case _ if name is not None:
            env.scope.names.setdefault(name.text, None)


def _poison_outputs(env: Env, body: Block) -> None:
    for statement in body.statements:
        if isinstance(statement, OutputStmt | ForStmt | IfStmt):
            _poison(env, statement)


def _execute(env: Env, statement: Statement) -> None:
    if env.kind == "model":
        from .model import model_statement

        if model_statement(env, statement):
            return
    match statement:
        case LetStmt(name=name, value=value):
            env.bind(name.text, bound(env, value, name.text))
        case GateStmt():
            apply(env, statement)
        case ForStmt(clauses=clauses, body=body):
            check_nested(env, clauses, body)
            _loop(env, clauses, body)
        case IfStmt():
            _branch(env, statement)
        case OutputStmt():
            output_stmt(env, statement)
        case NextStmt():
            next_stmt(env, statement)
        case InputDecl(name=name):
            env.bind(name.text, declarations.input_decl(env, statement))
        case CarryDecl(name=name):
            env.bind(name.text, declarations.carry_decl(env, statement))
        case FreshDecl(name=name):
            env.bind(name.text, declarations.fresh_decl(env, statement))
        case ParamDecl(name=name):
            env.bind(name.text, declarations.param_decl(env, statement))
        case UseDecl(name=name):
            env.bind(name.text, declarations.use_decl(env, statement))
        case ResetStmt(operands=operands):
            _reset(env, operands)
        case BarrierStmt(operands=operands):
            wires = tuple(w for o in operands for w in _operand(env, o).wires)
            if not operands and env.cell is not None:
                wires = tuple(env.cell.wires)
            env.builder.quantum(Barrier(tuple(dict.fromkeys(wires))))
        case MeasureStmt(operand=operand):
            measure(env, operand, "")
        case PostselectStmt(operand=operand, value=value):
            postselect(env, operand, value)
        case EvolveStmt(args=args):
            evolve(env, args, statement.span)
        case PrepareStmt(args=args, operands=operands):
            prepare(env, args, operands, statement.span)
        case _:
            env.report.fail(
                "E0405", "this statement stands only in a `model`", statement.span, "not in a cell"
            )


def bound(env: Env, value: BoundValue, name: str) -> Value:
    """The right side of a `let`."""
    from .expr import evaluate

    match value:
        case MeasureExpr(operand=operand):
            return measure(env, operand, name)
        case PostselectExpr(operand=operand, value=wanted):
            return postselect(env, operand, wanted)
        case _:
            return evaluate(env, value)


# --- control flow ---------------------------------------------------------------------------------


def _loop(env: Env, clauses: tuple[Clause, ...], body: Block) -> None:
    from .expr import bind_targets

    clause, *rest = clauses
    for row in iterators.turns(env, clause):
        with env.block():
            bind_targets(env, clause, row)
            if rest:
                _loop(env, tuple(rest), body)
            else:
                block(env, body)


def _branch(env: Env, statement: IfStmt) -> None:
    from .expr import evaluate

    condition = evaluate(env, statement.condition)
    if isinstance(condition, bool):
        branches = (statement.body, statement.orelse)
        taken, left = branches if condition else branches[::-1]
        if left is not None and env.cell is not None:
            _pass_by(env.cell, left)
        if taken is not None:
            block(env, taken)
        return
    if isinstance(condition, Bits) and len(condition.exprs) == 1:
        _on_bits(env, statement, condition)
        return
    if isinstance(condition, Array | Parameter):
        env.report.fail(
            "E0303",
            "a condition cannot read a value that is known only when the model runs",
            statement.condition.span,
            f"found {describe(condition)}",
            notes=("an expectation value belongs to the whole ensemble, not to one run",),
            help="measure a qubit for shot-wise feedback: `let b = measure q; if (b) { … }`",
        )
    env.report.fail(
        "E0311",
        "a condition is a boolean or a bit",
        statement.condition.span,
        f"found {describe(condition)}",
    )


def _pass_by(state: CellState, body: Block) -> None:
    """Note where outputs are assigned in a branch that is not taken, for messages."""
    for statement in body.statements:
        match statement:
            case OutputStmt(name=name, span=span):
                state.passed.setdefault(name.text, []).append(span)
            case ForStmt(body=inner) | IfStmt(body=inner, orelse=None):
                _pass_by(state, inner)
            case IfStmt(body=inner, orelse=Block() as orelse):
                _pass_by(state, inner)
                _pass_by(state, orelse)


def _on_bits(env: Env, statement: IfStmt, condition: Bits) -> None:
    state = env.cell
    assert state is not None
    (bit,) = condition.exprs
    outer_when, outer_branch = env.builder.when, state.branch
    branches = [(bit, statement.body, True)]
    before = frozenset(state.zero)  # what every branch starts from, and keeps if it is not taken
    ends = [before]
    if statement.orelse is not None:
        branches.append((BitNot(bit), statement.orelse, False))
        ends = []
    for when, body, side in branches:
        state.zero = set(before)
        env.builder.when = when if outer_when is None else BitOp("and", outer_when, when)
        state.branch = (*outer_branch, (id(statement), side))
        try:
            _check_under_bits(env, body)
            block(env, body)
        finally:
            env.builder.when, state.branch = outer_when, outer_branch
            ends.append(frozenset(state.zero))
    state.zero = set(frozenset.intersection(*ends))


def _check_under_bits(env: Env, body: Block) -> None:
    for statement in body.statements:
        if isinstance(
            statement, OutputStmt | InputDecl | CarryDecl | FreshDecl | ParamDecl | UseDecl
        ):
            env.report.error(
                "E0410",
                "this statement cannot stand under a condition on bits",
                statement.span,
                "would depend on the run",
                help="inside stand quantum statements and `next` of bits",
            )
            raise Skip


# --- quantum statements ---------------------------------------------------------------------------


def _operand(env: Env, expr: Expr) -> Register:
    from .expr import register

    found = register(env, expr)
    if env.cell is not None:
        env.cell.check_alive(env, found.wires, expr.span)
    return found


def _reset(env: Env, operands: tuple[Expr, ...]) -> None:
    for operand in operands:
        wires = _operand(env, operand).wires
        if wires:
            env.builder.quantum(Reset(tuple(dict.fromkeys(wires))))
        if env.cell is not None:
            env.cell.zero |= set(wires)


def measure(env: Env, operand: Expr, name: str) -> Bits:
    """`measure q`: new bits, one a qubit."""
    if env.kind != "cell":
        raise Skip  # reported where the placement of statements is checked
    register = _operand(env, operand)
    no_repeats(env, register.wires, operand.span)
    touched(env, register.wires)
    bits = env.builder.new_bits(len(register.wires))
    env.builder.quantum(Measure(register.wires, bits, env.full(name) if name else ""))
    from .closed import Bit

    return Bits(tuple(Bit(b) for b in bits), register.single)


def postselect(env: Env, operand: Expr, wanted: Expr) -> Value:
    """`postselect q == k`; its value is the probability of the event."""
    register = _operand(env, operand)
    wires = register.wires
    no_repeats(env, wires, operand.span)
    values = _wanted(env, wanted, len(wires), operand.span)
    touched(env, wires)
    ref = env.builder.quantum(Postselect(wires, values))
    if ref < 0:
        return 1.0  # inside a gate: nobody can read it
    return env.builder.array(ref, ())


def _wanted(env: Env, expr: Expr, qubits: int, place: Span) -> tuple[Scalar, ...]:
    from .expr import evaluate, numeric, shape_of

    if isinstance(expr, CallExpr) and expr.callee == Variable(expr.callee.span, "bits"):
        if len(expr.args) != 1:
            env.report.fail("E0207", "`bits` takes one vector", expr.span)
        where = expr.args[0].span
        value = numeric(env, evaluate(env, expr.args[0].value), where)
        if int(np.prod(shape_of(value), dtype=np.int64)) != qubits:
            env.report.fail(
                "E0305",
                f"{count(qubits, 'qubit')} against {describe(value)}",
                where,
                "one entry a qubit",
                labels=(Label(place, count(qubits, "qubit")),),
                notes=("entry i belongs to qubit i",),
            )
        return tuple(env.builder.scalars(value))
    k = outcome(env, evaluate(env, expr), qubits, expr.span)
    return tuple(float(k >> i & 1) for i in range(qubits))


def no_repeats(env: Env, wires: tuple[int, ...], span: Span) -> None:
    if len(set(wires)) != len(wires):
        env.report.fail("E0401", "the same qubit twice in one operand", span, "repeats a qubit")
