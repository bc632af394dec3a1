"""A circuit before it is written in any format: registers, a list of instructions, metadata.

Qubits and classical bits are numbers; `angles` are floats or expressions in unbound data.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..sema.closed import BitExpr, Origin, Shape
from .symbols import Expr, Leaf, leaves


class Instr(NamedTuple):
    """A gate of `recipes`, or `measure reset barrier store`, or a custom unitary by its name.

    `when`: a bit expression over the circuit's classical bits. `value`: what `store` writes.
    `origin`: where it comes from, for messages about bits.
    """

    name: str
    qubits: tuple[int, ...] = ()
    angles: tuple[Expr, ...] = ()
    clbits: tuple[int, ...] = ()
    when: BitExpr | None = None
    value: BitExpr | None = None
    origin: Origin | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Instructions that come again but for those at `holes`, which differ each time.

    The others have known angles, and no conditions or bits.
    """

    instrs: tuple[Instr, ...]
    holes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Custom:
    """A unitary without a standard name, operand 0 least significant."""

    matrix: NDArray[np.complex128]
    qubits: int


@dataclass(frozen=True, slots=True)
class Names:
    """How unbound data is called: shape of every parameter and input, in order of declaration."""

    shapes: dict[str, Shape]
    digits: int  # of a step number

    def step(self, name: str, t: int | tuple[int, int] | None) -> str:
        """`x_07`; the bare name for what is constant in time."""
        return f"{name}_{t:0{self.digits}d}" if isinstance(t, int) else name


@dataclass
class Program:
    """Filled while the model is unrolled; afterwards only read.

    `bases`: what a classical register is called without its step, and the step. `bounds`: where
    the steps begin in `instrs`. `expected`: what the bits of a postselection must read, where that
    is open. `shapes`: for each step an object, the same for steps that differ in angles and numbers
    of bits alone; None for one that is not known. `again`: where instructions begin that
    are those of a block.
    """

    name: str
    names: Names
    qregs: list[tuple[str, tuple[int, ...]]] = field(default_factory=list)
    cregs: list[tuple[str, tuple[int, ...]]] = field(default_factory=list)
    instrs: list[Instr] = field(default_factory=list)
    phase: Expr = 0.0
    customs: dict[str, Custom] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    qubits: int = 0
    clbits: int = 0
    bases: dict[str, tuple[str, int | None]] = field(default_factory=dict)
    bounds: list[int] = field(default_factory=list)
    shapes: list[object] = field(default_factory=list)
    expected: dict[str, tuple[Expr, ...]] = field(default_factory=dict)
    again: dict[int, Block] = field(default_factory=dict)
    _taken: set[str] = field(default_factory=set)

    def new_qubits(self, name: str, n: int) -> tuple[int, ...]:
        """A register of n new qubits, its name made unique with `_`."""
        made = tuple(range(self.qubits, self.qubits + n))
        self.qubits += n
        self.qregs.append((self._unique(name), made))
        return made

    def new_clbits(self, base: str, step: int | None, n: int) -> tuple[str, tuple[int, ...]]:
        """A classical register of n new bits, and the name it got."""
        made = tuple(range(self.clbits, self.clbits + n))
        self.clbits += n
        name = self._unique(self.names.step(base, step))
        self.cregs.append((name, made))
        self.bases[name] = (base, step)
        return name, made

    def _unique(self, name: str) -> str:
        while name in self._taken:
            name += "_"
        self._taken.add(name)
        return name

    def repeat(self, block: Block, instrs: list[Instr]) -> None:
        """Adds instructions that are those of a block but for its holes."""
        self.again[len(self.instrs)] = block
        self.instrs += instrs

    def parts(self) -> Iterator[tuple[int, int, Block | None]]:
        """From where to where instructions come that do not repeat, and the block after them."""
        start = 0
        for end, block in self.again.items():
            yield start, end, block
            start = end + len(block.instrs)
        yield start, len(self.instrs), None

    def unbound(self) -> list[Leaf]:
        """What is left open: parameters in declared order, then inputs by step."""
        memo: dict[Any, Any] = {}
        found: set[Leaf] = set()
        some: list[Instr] = []
        for start, end, block in self.parts():
            some += self.instrs[start:end]
            some += [self.instrs[end + k] for k in block.holes] if block else ()
        distinct = dict(zip(map(id, some), some, strict=True)).values()
        for angle in chain((self.phase,), *[i.angles for i in distinct if i.angles]):
            if not isinstance(angle, float):
                found.update(x for x in leaves(angle, memo) if isinstance(x, Leaf))
        order = {name: i for i, name in enumerate(self.names.shapes)}

        def place(x: Leaf) -> tuple[bool, int, int, int]:
            step = x.step if isinstance(x.step, int) else 0
            return x.kind == "input", step, order[x.name], x.index or 0

        return sorted(found, key=place)

    def shape(self) -> Program:
        """The same circuit with 1 for every angle that is not known: enough to count gates."""
        known = [
            i._replace(angles=tuple(a if isinstance(a, float) else 1.0 for a in i.angles))
            for i in self.instrs
        ]
        return replace(self, instrs=known, phase=0.0, again={})
