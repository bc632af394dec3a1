"""What the statement being written may name, and what each name is.

Names are never used twice in a program, so that nothing is shadowed; some are words that open a
statement elsewhere, or names of gates and functions, which have namespaces of their own.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

#: A length: a number, or the name of a size that is bound by an argument.
Dim = int | str
Shape = tuple[Dim, ...]

WORDS = [
    "target",
    "cell",
    "input",
    "model",
    "data",
    "train",
    "loss",
    "metric",
    "output",
    "carry",
    "fresh",
    "param",
    "fixed",
    "use",
    "let",
    "next",
    "reset",
    "barrier",
    "evolve",
    "prepare",
    "import",
    "const",
    "def",
    "gate",
    "extern",
    "seq",
    "as",
    "qrnn",
    "uniform",
    "normal",
    "haar",
    "ctrl",
    "inv",
    "pow",
    "steps",
    "order",
    "window",
    "split",
    "optimizer",
    "ry",
    "cx",
    "h",
    "bit",
    "real",
    "bits",
]


@dataclass(frozen=True)
class Real:
    """A value of real numbers; `text` is a name or something as tight."""

    text: str
    shape: Shape
    constant: bool = False


@dataclass(frozen=True)
class View:
    """Qubits. `length` None: a single qubit; "?": a register whose length varies.

    `may` are all the qubits it can stand for, `wires` the same in order where that is known. Two
    views of one `turn` of a loop never share one.
    """

    text: str
    length: Dim | None
    may: frozenset[int]
    turn: int | None = None
    wires: tuple[int, ...] = ()

    def apart(self, other: View) -> bool:
        """Whether the two certainly have no qubit in common."""
        same = self.turn is not None and self.turn == other.turn and self.text != other.text
        return same or not self.may & other.may

    @property
    def single(self) -> bool:
        return self.length in (None, 1)


@dataclass(frozen=True)
class BitName:
    text: str
    length: int | None


@dataclass(frozen=True)
class Whole:
    """A compile-time whole number between `low` and `high`."""

    text: str
    low: int
    high: int


@dataclass(frozen=True)
class GateSort:
    """A gate that the program declares."""

    name: str
    reals: tuple[Shape, ...]
    counts: int  # leading `int` parameters
    operands: tuple[Dim | None, ...]
    unitary: bool
    invertible: bool


@dataclass(frozen=True)
class DefSort:
    name: str
    params: tuple[tuple[str, Shape], ...]
    result: Shape
    defaults: int = 0


@dataclass(frozen=True)
class CellSort:
    """A cell that others may use. A label input has its number of classes in place of a shape."""

    name: str
    arguments: tuple[str, ...]  # what must be given in a `use`
    optional: tuple[str, ...]  # what may be
    inputs: tuple[tuple[str, Shape | int], ...]
    outputs: tuple[tuple[str, Shape], ...]
    stateful: bool
    qubits: int
    quantum: bool


@dataclass
class Scope:
    """The names in force, and what the place allows. Blocks work on a copy of the names."""

    rng: random.Random
    kind: str = "cell"  # cell, gate, def, start, model
    reals: list[Real] = field(default_factory=list)
    wholes: list[Whole] = field(default_factory=list)
    views: list[View] = field(default_factory=list)
    bits: list[BitName] = field(default_factory=list)
    labels: list[tuple[str, int]] = field(default_factory=list)
    switches: list[str] = field(default_factory=list)  # compile-time conditions
    observables: list[tuple[str, Shape]] = field(default_factory=list)
    unitaries: list[tuple[str, int]] = field(default_factory=list)
    instances: list[tuple[str, CellSort]] = field(default_factory=list)
    gates: list[GateSort] = field(default_factory=list)
    defs: list[DefSort] = field(default_factory=list)
    under_bits: bool = False
    looped: bool = False
    reads: bool = True
    measured: list[int] = field(default_factory=lambda: [0])  # bits so far, in the whole cell
    lent: list[int] = field(default_factory=lambda: [0])  # qubits of the cells called so far
    turns: list[int] = field(default_factory=lambda: [0])
    taken: set[str] = field(default_factory=set)

    # --- chance -----------------------------------------------------------------------------

    def chance(self, p: float) -> bool:
        return self.rng.random() < p

    def name(self, stem: str, *, plain: bool = False) -> str:
        """A name that nothing has yet; a `plain` one is no word of the language."""
        if not plain and self.chance(0.15):
            free = [w for w in WORDS if w not in self.taken]
            if free:
                stem = self.rng.choice(free)
                self.taken.add(stem)
                return stem
        text, k = stem, 1
        while text in self.taken:
            text, k = f"{stem}{k}", k + 1
        self.taken.add(text)
        return text

    def turn(self) -> int:
        self.turns[0] += 1
        return self.turns[0]

    @contextmanager
    def block(self, **changes: object) -> Iterator[None]:
        """Names bound inside end with it."""
        lists = ("reals", "wholes", "views", "bits", "observables")
        before = {name: list(getattr(self, name)) for name in lists}
        old = {name: getattr(self, name) for name in changes}
        for name, value in changes.items():
            setattr(self, name, value)
        try:
            yield
        finally:
            for name, value in (*before.items(), *old.items()):
                setattr(self, name, value)


def dims(shape: Shape) -> str:
    return ", ".join(str(d) for d in shape)


def typed(kind: str, shape: Shape) -> str:
    """`real[2, n]`, `angle`."""
    return f"{kind}[{dims(shape)}]" if shape else kind


def indent(lines: list[str]) -> list[str]:
    return [f"    {line}" for line in lines]
