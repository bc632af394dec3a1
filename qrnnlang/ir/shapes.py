"""The shape of the value that an operation yields."""

from __future__ import annotations

from ..sema.closed import (
    Call,
    CarryIn,
    Const,
    Expect,
    Extern,
    Gather,
    Input,
    Op,
    Param,
    Postselect,
    Prob,
    Shape,
)

_UNARY = (
    *("neg", "sin", "cos", "tan", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "exp"),
    *("log", "sqrt", "abs", "sigmoid", "relu", "softplus", "softmax", "normalize"),
)
_ELEMENTWISE = (*_UNARY, "add", "sub", "mul", "div", "pow", "minimum", "maximum", "clip")
_REDUCTIONS = ("sum", "mean", "prod", "min", "max")
_ARITY = {
    **dict.fromkeys((*_UNARY, *_REDUCTIONS, "onehot"), 1),
    **dict.fromkeys(("add", "sub", "mul", "div", "pow", "minimum", "maximum"), 2),
    **dict.fromkeys(("matmul", "dot", "outer", "lookup"), 2),
    "clip": 3,
}


def value_shape(op: Op) -> Shape | None:
    """The shape of the operation's value; None for one that has no value."""
    match op:
        case (
            Const(shape=shape)
            | Input(shape=shape)
            | Param(shape=shape)
            | CarryIn(shape=shape)
            | Gather(shape=shape)
            | Call(shape=shape)
            | Extern(shape=shape)
            | Expect(shape=shape)
        ):
            return shape
        case Postselect():
            return ()
        case Prob(value=value):
            return (2 ** (len(op.wires) + len(op.bits)),) if value is None else ()
        case _:
            return None


def call_shape(fn: str, args: tuple[Shape, ...], declared: Shape) -> Shape:
    """The shape that function `fn` gives for arguments of these shapes.

    `declared` is what the program says; only `onehot` takes it as an argument. Raises ValueError
    when the arguments do not fit the function, or the function does not exist.
    """
    if fn not in _ARITY:
        raise ValueError(f"there is no function `{fn}`")
    if len(args) != _ARITY[fn]:
        raise ValueError(f"`{fn}` takes {_ARITY[fn]} arguments, not {len(args)}")
    if fn in _ELEMENTWISE:
        return _broadcast(fn, args)
    if fn in _REDUCTIONS:
        return ()
    match fn, args:
        case "onehot", ((),) if len(declared) == 1:
            return declared
        case "lookup", ((_, *row), ()):
            return tuple(row)
        case "dot", ((n,), (m,)) if n == m:
            return ()
        case "outer", (a, b) if len(a) < 2 and len(b) < 2:
            return (*(a or (1,)), *(b or (1,)))
        case "matmul", ((*rows, n), (m, *columns)) if n == m and max(len(rows), len(columns)) < 2:
            return (*rows, *columns)
    raise ValueError(f"`{fn}` of shapes {', '.join(map(str, args))}")


def _broadcast(fn: str, shapes: tuple[Shape, ...]) -> Shape:
    rank = max(len(s) for s in shapes)
    padded = [(1,) * (rank - len(s)) + s for s in shapes]
    result = []
    for sizes in zip(*padded, strict=True):
        distinct = set(sizes) - {1}
        if len(distinct) > 1:
            raise ValueError(f"`{fn}` of shapes {', '.join(map(str, shapes))}")
        result.append(distinct.pop() if distinct else 1)
    return tuple(result)
