"""Rotations about one axis, one after the other, are one rotation: their angles add up.

A rotation exp(−i·h(s)·a·P) has a Hermitian P with one entry a row, known from the flipped bits
alone, an angle a, and a weight h(s) for each setting s of the other wires: 0 where a control says
no. So a product of them needs one cosine and one sine for each setting, however many there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from ..sema.closed import Wire
from .merging import expanded
from .pairs import Angle, Matrix, Pair

#: What rounding may leave of the numbers of a constant rotation.
_CLOSE = 1e-14

Axis: TypeAlias = tuple[tuple[Wire, ...], tuple[complex, ...]]
Weights: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Turn:
    """A pair about an axis: its angle times a weight for each setting of the `others`."""

    pair: Pair
    axis: Axis
    others: tuple[Wire, ...]
    angle: Angle
    weights: Weights


@dataclass(frozen=True, slots=True, eq=False)
class Rotation:
    """Turns about one axis, in any order."""

    turns: tuple[Turn, ...]

    @property
    def axis(self) -> Axis:
        return self.turns[0].axis

    @property
    def flips(self) -> frozenset[Wire]:
        return frozenset(self.axis[0])

    @property
    def wires(self) -> tuple[Wire, ...]:
        """The flipped ones first."""
        others = {w for turn in self.turns for w in turn.others}
        return (*self.axis[0], *sorted(others))

    def angles(self) -> tuple[list[Angle], Weights]:
        """The different angles, and their weights, (settings, angles)."""
        others = self.wires[len(self.axis[0]) :]
        index = np.arange(2 ** len(others))
        different = {angle: u for u, angle in enumerate(dict.fromkeys(t.angle for t in self.turns))}
        found = np.zeros((len(index), len(different)))
        for turn in self.turns:
            local = np.zeros_like(index)
            for j, wire in enumerate(turn.others):
                local |= ((index >> others.index(wire)) & 1) << j
            found[:, different[turn.angle]] += turn.weights[local]
        return list(different), found


def summed(pairs: Sequence[Pair]) -> list[Pair | Rotation]:
    """The same circuit with rotations about one axis put together, past what they commute with."""
    line: list[Pair | Rotation] = []
    for pair in pairs:
        turn = turn_of(pair)
        place = _partner(line, turn) if turn else None
        if turn is None:
            line.append(pair)
        elif place is None:
            line.append(Rotation((turn,)))
        else:
            before = line[place]
            assert isinstance(before, Rotation)
            line[place] = Rotation((*before.turns, turn))
    found: list[Pair | Rotation] = []
    for item in line:
        if isinstance(item, Rotation) and not _worth(item):
            found += [turn.pair for turn in item.turns]
        else:
            found.append(item)
    return found


def _worth(x: Rotation) -> bool:
    return len(x.turns) > 1 and any(turn.angle.elems for turn in x.turns)


def _partner(line: Sequence[Pair | Rotation], turn: Turn) -> int | None:
    wires = frozenset(turn.pair.wires)
    for place in reversed(range(len(line))):
        before = line[place]
        if isinstance(before, Rotation) and before.axis == turn.axis:
            return place
        if before.flips & wires or turn.pair.flips & frozenset(before.wires):
            return None
    return None


def turn_of(pair: Pair) -> Turn | None:
    """The pair as a rotation, if it is one."""
    flips = tuple(sorted(pair.flips))
    others = tuple(w for w in pair.wires if w not in pair.flips)
    diag, cross = expanded(pair, (*flips, *others))
    known = pair.angle is None
    found = _recognised(diag.tobytes(), cross.tobytes(), len(others), len(flips), known)
    if found is None:
        return None
    angle = Angle(1.0, ()) if pair.angle is None else pair.angle
    return Turn(pair, (flips, found[0]), others, angle, found[1])


@lru_cache(maxsize=4096)
def _recognised(
    diag: bytes, cross: bytes, others: int, flips: int, known: bool
) -> tuple[tuple[complex, ...], Weights] | None:
    """P's entries by the flipped bits, and the weights; the coefficients are (3, 2^k)."""
    d, x = (np.frombuffer(part, complex).reshape(3, 2**others, 2**flips) for part in (diag, cross))
    if known and not flips:
        return ((1.0,), -np.angle(d[0, :, 0])) if _zero(np.abs(d[0]) - 1) else None
    # What stands with −i·sin; without flips it is in the diagonal.
    sines = 1j * (x if flips else d)[0 if known else 2]
    cosines = d[0 if known else 1]
    at = int(np.argmax(np.abs(sines[:, 0])))
    size = abs(sines[at, 0])
    if size == 0:
        return None
    phase = np.round(sines[at] / size, 12)
    if (phase[0].real, phase[0].imag) < (0, 0):
        phase = -phase
    weights = (sines[:, 0] / phase[0]).real
    hermitian = _zero(np.abs(phase) - 1) and _zero(phase - phase[::-1].conj())
    if not hermitian or not _zero(sines - weights[:, None] * phase):
        return None
    axis = tuple(phase.tolist())
    if known:
        cosine = cosines[:, 0].real
        if not _zero(cosines - cosine[:, None]) or not _zero(cosine**2 + weights**2 - 1):
            return None
        return axis, np.arctan2(weights, cosine)
    on = np.abs(weights)[:, None]
    rest = [cosines - on, d[0] - (1 - on), *((x[0], x[1], d[2]) if flips else ())]
    return (axis, weights) if np.isin(on, (0, 1)).all() and all(map(_zero, rest)) else None


def _zero(a: Matrix | Weights) -> bool:
    return bool(np.abs(a).max() <= _CLOSE)
