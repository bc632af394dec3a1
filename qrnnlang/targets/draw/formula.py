"""Classical values as formulas: angles at gates, and the lines of the classical part."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from math import isclose, pi, prod

from ...ir.functions import FUNCTIONS
from ...ir.operands import values_read
from ...ir.shapes import value_shape
from ...sema.closed import (
    Bit,
    BitConst,
    BitExpr,
    BitNot,
    BitOp,
    Call,
    CarryIn,
    ClosedCell,
    Const,
    Elem,
    Extern,
    Gather,
    Input,
    Op,
    Param,
    Ref,
    Scalar,
    Shape,
)

#: Text and how tightly it binds: 1 sum, 2 product, 3 power, 4 a name or a call.
Formula = tuple[str, int]

_SIGNS = {
    "add": (" + ", 1),
    "sub": (" − ", 1),
    "mul": ("·", 2),
    "div": ("/", 2),
    "matmul": (" @ ", 2),
    "pow": ("**", 3),
}
_BITS = {"and": " && ", "or": " || ", "xor": " ^ "}
_ENTRYWISE = frozenset(
    "add sub mul div pow neg sin cos tan arcsin arccos arctan sinh cosh tanh exp log sqrt "  # noqa: SIM905
    "abs sigmoid relu softplus minimum maximum clip".split()
)
assert set(FUNCTIONS) >= _ENTRYWISE

#: Formulas longer than this get a name and a line of their own.
LONGEST = 46


@dataclass
class Formulas:
    """The values of a cell in words. `reads` names the values that are read off the state.

    `bits` names measured and carried bits. `lines`: what got a name, in order of first use.
    """

    cell: ClosedCell
    prefix: str
    reads: dict[Ref, str]
    bits: dict[int, str]
    lines: list[tuple[str, str]] = field(default_factory=list)
    _named: dict[Ref, str] = field(default_factory=dict)
    _angles: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._uses = Counter(r for op in self.cell.ops for r in values_read(op))

    def bare(self, name: str) -> str:
        """A name without the instance that the whole cell is."""
        return name.removeprefix(self.prefix)

    # --- entries ------------------------------------------------------------------------------

    def angle(self, scalar: Scalar, longest: int = 18) -> str:
        """A scalar operand, short enough for a gate; else as a name that a line explains."""
        text = self.scalar(scalar)[0]
        if len(text) <= longest:
            return text
        if text not in self._angles:
            self._angles[text] = f"φ{len(self._angles) + 1}"
            self.lines.append((self._angles[text], text))
        return self._angles[text]

    def scalar(self, scalar: Scalar) -> Formula:
        match scalar:
            case Elem(ref=ref, index=index):
                return self._entry(ref, index)
            case value:
                return number(value)

    def _entry(self, ref: Ref, index: int) -> Formula:
        op = self.cell.ops[ref]
        shape = shape_of(op)
        match op:
            case Const(values=values):
                return number(values[index] if len(values) > 1 else values[0])
            case Input(name=name) | Param(name=name) | CarryIn(name=name):
                return self.bare(name) + subscript(index, shape), 4
            case Gather():
                return self._entry(*self._source(op, index))
            case Call(fn=fn, args=args) if fn in _ENTRYWISE:
                return _joined(fn, [self._entry(a, self._broadcast(a, index, shape)) for a in args])
            case _:
                text, level = self.array(ref)
                place = subscript(index, shape)
                return (_within((text, level), 4) + place, 4) if place else (text, level)

    def origin(self, entry: Elem) -> Ref:
        """The value that an entry is taken from, through every re-arrangement."""
        ref, index = entry.ref, entry.index
        while isinstance(op := self.cell.ops[ref], Gather):
            ref, index = self._source(op, index)
        return ref

    def _broadcast(self, ref: Ref, index: int, shape: Shape) -> int:
        """Where entry `index` of a result of `shape` lies in an argument, shapes aligned right."""
        own = shape_of(self.cell.ops[ref])
        where, scale = 0, 1
        for axis in range(1, len(shape) + 1):
            index, place = divmod(index, shape[-axis])
            if axis <= len(own):
                where += scale * (place if own[-axis] > 1 else 0)
                scale *= own[-axis]
        return where

    def _source(self, op: Gather, index: int) -> tuple[Ref, int]:
        flat = op.index[index]
        for source in op.sources:
            size = prod(shape_of(self.cell.ops[source]))
            if flat < size:
                return source, flat
            flat -= size
        raise AssertionError(op)

    # --- whole arrays -------------------------------------------------------------------------

    def array(self, ref: Ref) -> Formula:
        """A value; what is long or used several times becomes a name with its own line."""
        if ref in self.reads:
            return self.reads[ref], 4
        if ref in self._named:
            return self._named[ref], 4
        found = self._array(ref)
        reused = self._uses[ref] > 1 and found[1] < 4
        if len(found[0]) > LONGEST or reused:
            name = f"v{len(self._named) + 1}"
            self._named[ref] = name
            self.lines.append((name, found[0]))
            return name, 4
        return found

    def _array(self, ref: Ref) -> Formula:
        op = self.cell.ops[ref]
        match op:
            case Const(values=values):
                if len(set(values)) == 1:
                    return number(values[0])
                few = ", ".join(number(v)[0] for v in values[:4])
                return f"[{few}{', …' if len(values) > 4 else ''}]", 4
            case Input(name=name) | Param(name=name) | CarryIn(name=name):
                return self.bare(name), 4
            case Gather():
                return self._gather(op)
            case Call(fn=fn, args=args):
                return _joined(fn, [self.array(a) for a in args])
            case Extern(name=name, args=args):
                return f"{name}({', '.join(self.array(a)[0] for a in args)})", 4
        return self.reads.get(ref, f"%{ref}"), 4

    def _gather(self, op: Gather) -> Formula:
        sizes = [prod(shape_of(self.cell.ops[s])) for s in op.sources]
        if op.index == tuple(range(sum(sizes))):
            names = [self.array(s)[0] for s in op.sources]
            if len(names) == 1:
                return self.array(op.sources[0])
            return f"[{', '.join(names)}]", 4
        if len(op.index) == 1:
            return self._entry(*self._source(op, 0))
        first = op.index[0]
        source, start = self._source(op, 0)
        run = op.index == tuple(range(first, first + len(op.index)))
        if run and self._source(op, len(op.index) - 1)[0] == source:
            name = _within(self.array(source), 4)
            return f"{name}{_piece(start, len(op.index), shape_of(self.cell.ops[source]))}", 4
        if len(op.index) <= 4:
            entries = [self._entry(*self._source(op, i))[0] for i in range(len(op.index))]
            return f"[{', '.join(entries)}]", 4
        ends = [self._entry(*self._source(op, i))[0] for i in (0, 1, -1)]
        return f"[{ends[0]}, {ends[1]}, …, {ends[2]}]", 4

    # --- bits ---------------------------------------------------------------------------------

    def condition(self, when: BitExpr) -> str:
        match when:
            case Bit(id=id):
                return self.bits.get(id, f"bit {id}")
            case BitConst(value=value):
                return "1" if value else "0"
            case BitNot(a=a):
                return f"!{self._bit(a)}"
            case BitOp(op=op, a=a, b=b):
                return self._bit(a) + _BITS[op] + self._bit(b)

    def _bit(self, when: BitExpr) -> str:
        text = self.condition(when)
        return f"({text})" if isinstance(when, BitOp) else text


def shape_of(op: Op) -> Shape:
    """The shape of a value, () for a probability of one outcome or a postselection."""
    return value_shape(op) or ()


def subscript(index: int, shape: Shape) -> str:
    """`[1, 0]`, the place of a flat C-order index; nothing for a scalar."""
    places: list[int] = []
    for n in reversed(shape):
        index, place = divmod(index, n)
        places.append(place)
    return f"[{','.join(map(str, reversed(places)))}]" if places else ""


def number(value: float) -> Formula:
    """A constant, as a fraction of π where it is one."""
    if value == 0.0:
        return "0", 4
    for below in (1, 2, 3, 4, 6, 8):
        above = value * below / pi
        if isclose(above, round(above), rel_tol=0, abs_tol=1e-12) and 0 < abs(above) < 17:
            n = abs(round(above))
            text = ("" if n == 1 else str(n)) + "π" + ("" if below == 1 else f"/{below}")
            return ("−" + text if value < 0 else text), 2
    text = f"{abs(value):.6g}"
    return ("−" + text, 1) if value < 0 else (text, 4)


def _piece(start: int, size: int, shape: Shape) -> str:
    inner = prod(shape[1:])
    if len(shape) > 1 and start % inner == 0 and size == inner:
        return f"[{start // inner}]"
    if len(shape) > 1:
        return "[…]"
    return f"[{start}..{start + size}]"


def _joined(fn: str, args: list[Formula]) -> Formula:
    if fn == "neg":
        return "−" + _within(args[0], 2), 1
    if fn in _SIGNS and len(args) == 2:
        sign, level = _SIGNS[fn]
        left = _within(args[0], level)
        return left + sign + _within(args[1], level + (fn in ("sub", "div", "pow"))), level
    return f"{fn}({', '.join(text for text, _ in args)})", 4


def _within(formula: Formula, level: int) -> str:
    text, own = formula
    return text if own >= level else f"({text})"
