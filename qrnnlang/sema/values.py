"""What an expression can be while a cell is elaborated.

Compile-time values are plain `int`, `float`, `bool`, `str` and NumPy arrays; everything that is
known only when the model runs has a class here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .closed import BitExpr, Ref, Shape, Term, Wire

if TYPE_CHECKING:
    from .builder import Builder
    from .instance import Instance

IntArray: TypeAlias = NDArray[np.int64]
ConstArray: TypeAlias = NDArray[Any]


@dataclass(frozen=True, eq=False, slots=True)
class Array:
    """A run-time array: entries `index` (flat, C order) of the value `ref`, in its shape.

    Indexing, slicing, transposing and reshaping only rearrange `index`; nothing is emitted.
    `output`: cell and name when it is the one output of a call, so that `f(v).z` works for it too.
    """

    owner: Builder
    ref: Ref
    index: IntArray
    output: tuple[str, str] | None = None

    @property
    def shape(self) -> Shape:
        return self.index.shape


@dataclass(frozen=True, slots=True)
class Parameter:
    """A `param` or `fixed` array, read where it is needed."""

    name: str
    shape: Shape


@dataclass(frozen=True, slots=True)
class Label:
    """A `class[k]` value: an index into a row of something, or a target."""

    owner: Builder
    ref: Ref
    classes: int


@dataclass(frozen=True, slots=True)
class UnitaryValue:
    """A `fixed U: unitary[n]`."""

    name: str
    qubits: int


@dataclass(frozen=True, slots=True)
class Register:
    """A view of qubits. `single`: a qubit rather than a register of some length."""

    wires: tuple[Wire, ...]
    single: bool = False


@dataclass(frozen=True, slots=True)
class Bits:
    """Bits of a measurement or a carried register of bits, or an expression of them."""

    exprs: tuple[BitExpr, ...]
    single: bool = False


@dataclass(frozen=True, eq=False, slots=True)
class Observables:
    """An observable, or an array of them; each is a sum of terms, in C order of `shape`."""

    items: tuple[tuple[Term, ...], ...]
    shape: Shape


@dataclass(frozen=True, slots=True)
class Range:
    """`a..b` or `range(a, b, step)`."""

    values: range


@dataclass(frozen=True, slots=True)
class OpenSlice:
    """`a..`, `..b` or `..` inside an index."""

    start: int | None
    stop: int | None


@dataclass(frozen=True, slots=True)
class Items:
    """What an iterator (`chain`, `pairs`, `zip`, …) yields, one tuple of values a turn."""

    rows: tuple[tuple[Value, ...], ...]


@dataclass(frozen=True, slots=True)
class Record:
    """The outputs of a called cell that has several."""

    cell: str
    fields: dict[str, Value] = field(hash=False)


Value: TypeAlias = (
    "int | float | bool | str | ConstArray | Array | Parameter | Label | UnitaryValue | Register"
    " | Bits | Observables | Range | OpenSlice | Items | Record | Instance"
)

#: A real number or array, of either stage.
Numeric: TypeAlias = "int | float | ConstArray | Array | Parameter"


def describe(value: Value) -> str:
    """What a value is, for messages: "a register of 3 qubits", "`real[2, 3]`"."""
    from .instance import Instance

    match value:
        case bool():
            return f"the boolean `{str(value).lower()}`"
        case int():
            return f"the whole number `{value}`"
        case float():
            return f"the number `{value:g}`"
        case str():
            return f'the string `"{value}"`'
        case np.ndarray() | Array() | Parameter():
            return f"`{type_name(value.shape)}`"
        case Label(classes=k):
            return f"a `class[{k}]` label"
        case UnitaryValue(qubits=n):
            return f"a `unitary[{n}]`"
        case Register(single=True):
            return "a qubit"
        case Register(wires=wires):
            return f"a register of {count(len(wires), 'qubit')}"
        case Bits(single=True):
            return "a bit"
        case Bits(exprs=exprs):
            return f"{count(len(exprs), 'bit')}"
        case Observables(shape=()):
            return "an observable"
        case Observables(shape=shape):
            return f"{count(int(np.prod(shape)), 'observable')}"
        case Range(values=r):
            return f"the range `{r.start}..{r.stop}`"
        case OpenSlice():
            return "a slice"
        case Items():
            return "an iterator"
        case Record(cell=cell):
            return f"the outputs of `{cell}`"
        case Instance():
            return f"an instance of the cell `{value.item.name.text}`"
    raise AssertionError(value)


def type_name(shape: Shape) -> str:
    """`real`, `real[3]`, `real[2, 3]`."""
    return f"real[{', '.join(map(str, shape))}]" if shape else "real"


def count(n: int, noun: str) -> str:
    """`1 qubit`, `2 qubits`."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
