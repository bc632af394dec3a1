"""`expect` and `prob`: readings of the ensemble, where they stand. The state goes on unchanged."""

from __future__ import annotations

from ..diagnostics import Span
from ..syntax.tree import Binary, CallExpr, Expr
from .arithmetic import binary
from .closed import BitExpr, Expect, Prob
from .observables import as_observable
from .scope import Env
from .values import Array, Bits, Observables, Register, Value, describe

NAMES = ("expect", "prob")


def read(env: Env, name: str, expr: CallExpr) -> Value:
    """The value of `expect(…)` or `prob(…)`."""
    if env.kind in ("model", "const", "def") or env.cell is None:
        env.report.fail(
            "E0405",
            f"`{name}` reads the state of a cell",
            expr.span,
            f"there is none in a `{env.kind}`",
        )
    if env.builder.when is not None:
        env.report.fail(
            "E0410",
            f"`{name}` cannot stand under a condition on bits",
            expr.span,
            "reads the whole ensemble",
            help="read it outside the `if`",
        )
    if len(expr.args) != 1:
        env.report.fail(
            "E0208" if expr.args else "E0207", f"`{name}` takes one argument", expr.span
        )
    argument = expr.args[0].value
    return expect(env, argument, expr.span) if name == "expect" else _prob(env, argument, expr.span)


def expect(env: Env, argument: Expr, span: Span) -> Array:
    """Ensemble expectation of an observable or of a vector of them."""
    from .expr import evaluate

    value = as_observable(evaluate(env, argument))
    if not isinstance(value, Observables):
        is_register = isinstance(value, Register)
        env.report.fail(
            "E0302",
            "`expect` needs an observable",
            argument.span,
            f"found {describe(value)}",
            help=f"for instance `Z({argument.span.text})`" if is_register else "",
        )
    for item in value.items:
        for term in item:
            _check_alive(env, tuple(w for w, _ in term.paulis), argument.span)
    ref = env.builder.emit(Expect(value.items, value.shape), value.shape)
    return env.builder.array(ref, value.shape)


def _prob(env: Env, argument: Expr, span: Span) -> Array:
    from .expr import evaluate

    if isinstance(argument, Binary) and argument.op == "==":
        what = evaluate(env, argument.left)
        wanted = evaluate(env, argument.right)
        if isinstance(what, Register):
            k = outcome(env, wanted, len(what.wires), argument.right.span)
            _check_read(env, what.wires, argument.left.span)
            return env.builder.array(env.builder.emit(Prob(what.wires, (), k), ()), ())
        left, right = argument.left.span, argument.right.span
        what = binary(env, "==", what, wanted, argument.span, left, right)
    else:
        what = evaluate(env, argument)
    match what:
        case Register(wires=wires):
            _check_read(env, wires, argument.span)
            _check_size(env, len(wires), span)
            shape = (2 ** len(wires),)
            return env.builder.array(env.builder.emit(Prob(wires), shape), shape)
        case Bits(exprs=exprs, single=True) if _compares(argument):
            return env.builder.array(env.builder.emit(Prob((), exprs, 1), ()), ())
        case Bits(exprs=exprs):
            return _bits(env, exprs, span)
    env.report.fail(
        "E0302", "`prob` needs a register or bits", argument.span, f"found {describe(what)}"
    )


def _compares(argument: Expr) -> bool:
    """Whether `prob` asks for one event; any other expression of bits is itself a bit to read."""
    return isinstance(argument, Binary) and argument.op in ("==", "!=")


def _bits(env: Env, exprs: tuple[BitExpr, ...], span: Span) -> Array:
    _check_size(env, len(exprs), span)
    shape = (2 ** len(exprs),)
    return env.builder.array(env.builder.emit(Prob((), exprs), shape), shape)


def outcome(env: Env, value: Value, qubits: int, span: Span) -> int:
    """An outcome as an integer: a whole number, or a bit string as Qiskit prints it."""
    match value:
        case bool() if qubits == 1:
            return int(value)
        case int() if not isinstance(value, bool):
            if not 0 <= value < 2**qubits:
                env.report.fail(
                    "E0304",
                    f"outcome {value} does not exist",
                    span,
                    f"{qubits} qubit{'s' if qubits != 1 else ''} give 0 to {2**qubits - 1}",
                )
            return value
        case str():
            if len(value) != qubits or set(value) - {"0", "1"}:
                env.report.fail(
                    "E0304",
                    f'`"{value}"` is not an outcome of {qubits} qubit{"s" if qubits != 1 else ""}',
                    span,
                    f"needs {qubits} characters `0` or `1`",
                )
            return int(value, 2)
    env.report.fail(
        "E0302",
        "an outcome is a whole number or a bit string",
        span,
        f"found {describe(value)}",
    )


def _check_size(env: Env, n: int, span: Span) -> None:
    from .limits import check_elements

    check_elements(env, (2 ** min(n, 64),), span)


def _check_alive(env: Env, wires: tuple[int, ...], span: Span) -> None:
    assert env.cell is not None
    env.cell.check_alive(env, wires, span)


def _check_read(env: Env, wires: tuple[int, ...], span: Span) -> None:
    from .statements import no_repeats

    _check_alive(env, wires, span)
    no_repeats(env, wires, span)
