"""What a cell is lowered to: wires from |0⟩ to their end, bits that are wires too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from ..sema.closed import ClassicalOp, Ref, Scalar, Shape, Term, Wire
from .pairs import Pair

Bools: TypeAlias = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Condition:
    """True where `holds` is, for the setting of `wires` (wires[0] least significant)."""

    wires: tuple[Wire, ...]
    holds: Bools


@dataclass(frozen=True, slots=True)
class Value:
    ref: Ref
    op: ClassicalOp


@dataclass(frozen=True, slots=True)
class Fresh:
    wires: tuple[Wire, ...]


@dataclass(frozen=True, slots=True)
class Unitary:
    pairs: tuple[Pair, ...]


@dataclass(frozen=True, slots=True)
class Exponential:
    """exp(−i·time·Σ terms), the terms not commuting."""

    wires: tuple[Wire, ...]
    terms: tuple[Term, ...]
    time: Scalar
    when: Condition | None


@dataclass(frozen=True, slots=True)
class Stored:
    """A unitary held by a parameter."""

    wires: tuple[Wire, ...]
    name: str
    adjoint: bool
    when: Condition | None


@dataclass(frozen=True, slots=True)
class Noise:
    name: str
    rates: tuple[Scalar, ...]
    wires: tuple[Wire, ...]
    when: Condition | None


@dataclass(frozen=True, slots=True)
class Project:
    ref: Ref
    wires: tuple[Wire, ...]
    values: tuple[Scalar, ...]
    when: Condition | None


@dataclass(frozen=True, slots=True)
class Filter:
    """A circuit on ancillas in |0…0⟩, projected on |0…0⟩ again, as a map of the other wires.

    `body` never flips a source; the ancillas are in |0…0⟩ again after it. The state is not
    renormalised.
    """

    target: Wire
    sources: tuple[Wire, ...]
    ancillas: tuple[Wire, ...]
    body: tuple[Unitary | Project, ...]


@dataclass(frozen=True, slots=True)
class Weigh:
    """The weight of the state that holds a wire is taken; so many projections led to it."""

    wire: Wire
    events: int


@dataclass(frozen=True, slots=True)
class Load:
    """Amplitude encoding on wires in |0…0⟩."""

    wires: tuple[Wire, ...]
    re: Ref
    im: Ref | None
    when: Condition | None


@dataclass(frozen=True, slots=True)
class Expectation:
    ref: Ref
    observables: tuple[tuple[Term, ...], ...]
    shape: Shape


@dataclass(frozen=True, slots=True)
class Pulled:
    """Expectations, each as it will be when so many of `body` have acted on `wires`.

    The body is unitary and static.
    """

    reads: tuple[tuple[Expectation, int], ...]
    wires: tuple[Wire, ...]
    body: tuple[Unitary | Exponential | Stored, ...]


@dataclass(frozen=True, slots=True)
class Populations:
    """Probabilities of `wires` (least significant first) and then of bit conditions."""

    ref: Ref
    wires: tuple[Wire, ...]
    bits: tuple[Condition, ...]
    value: int | None


Instruction: TypeAlias = (
    Value
    | Fresh
    | Unitary
    | Exponential
    | Stored
    | Noise
    | Project
    | Filter
    | Weigh
    | Load
    | Expectation
    | Pulled
    | Populations
)


@dataclass(frozen=True, slots=True)
class Program:
    """A step: carried wires as they enter and leave, position by position.

    The last `bits` positions are bits.
    """

    instructions: tuple[Instruction, ...]
    enter: tuple[Wire, ...]
    leave: tuple[Wire, ...]
    bits: int
