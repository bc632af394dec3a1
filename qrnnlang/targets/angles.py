"""Angles of a step, and why some cannot stand in a circuit."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite

from ..diagnostics import CompileError, DataError
from ..passes import Polynomial
from ..sema.closed import Elem, Origin, Ref
from .classical import Value
from .errors import BIND, STEPWISE, UNROLL, target_error
from .outputs import scalar
from .symbols import Expr, Fn, Leaf, Opaque, Read, add, leaves, mul

#: What `ParameterExpression` can compute; OpenQASM 3 has these functions too.
AVAILABLE = frozenset(
    (
        *("add", "sub", "mul", "div", "neg", "pow", "sqrt", "abs", "exp", "log"),
        *("sin", "cos", "tan", "arcsin", "arccos", "arctan"),
    )
)


def angle(
    polynomial: Polynomial, values: Mapping[Ref, Value], origin: Origin, step: int, rolled: bool
) -> Expr:
    """The value of an angle in the values of its step.

    Raises:
        CompileError: E0604 where it depends on an expectation value; E0602 where it needs a
            function that the circuit's expressions lack (E0610 in a loop).
        DataError: a value that is not finite.
    """
    if len(polynomial) == 1 and len(polynomial[0][1]) == 1:  # most often it is one value
        ((coefficient, (factor,)),) = polynomial
        found = values[factor.ref].item(factor.index) if isinstance(factor, Elem) else factor
        if type(found) is float and isfinite(value := 0.0 + coefficient * found):
            return value
    total: Expr = 0.0
    for coefficient, factors in polynomial:
        product: Expr = 1.0
        for factor in factors:
            product = mul(product, scalar(values, factor))
        total = add(total, mul(coefficient, product))
    if isinstance(total, float):
        if not isfinite(total):
            raise DataError(f"an angle at step {step} is {total}")
    elif not isinstance(total, Leaf):
        check(total, origin, rolled)
    return total


def check(expr: Expr, origin: Origin, rolled: bool) -> None:
    """Refuses an expression that no circuit can hold; see `angle`."""
    reads = [x for x in leaves(expr) if isinstance(x, Read)]
    if reads:
        raise feedback(reads[0], origin)
    stack = [expr]
    while stack:
        node = stack.pop()
        if isinstance(node, Opaque) or (isinstance(node, Fn) and node.fn not in AVAILABLE):
            if node.fn in ("lookup", "onehot"):
                raise unknown("an index that is a label needs the label", origin, rolled)
            if rolled:
                message = f"`{node.fn}` cannot be computed in a loop of OpenQASM 3"
                raise target_error("E0610", message, origin, "depends on the step", help=UNROLL)
            raise target_error(
                "E0602",
                f"`{node.fn}` of unbound data has no place in a circuit",
                origin,
                "the circuit's expressions have no such function",
                help=BIND,
            )
        if not isinstance(node, float | Leaf | Read):
            stack += node.args


def feedback(read: Read, origin: Origin) -> CompileError:
    """E0604: an angle computed from what was measured."""
    return target_error(
        "E0604",
        "an angle depends on an expectation value",
        origin,
        f"needs what is measured at step {read.step}",
        notes=(
            "ensemble feedback, and carried reals computed from measurements, are not one"
            " circuit: the value is known only after many shots",
        ),
        help=STEPWISE,
    )


def unknown(message: str, origin: Origin, rolled: bool) -> CompileError:
    """E0603 for what must be known before a circuit can be written; E0610 in a loop."""
    if rolled:
        return target_error("E0610", message, origin, "depends on the step", help=UNROLL)
    return target_error("E0603", message, origin, "depends on data", help=BIND)
