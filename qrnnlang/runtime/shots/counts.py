"""What the shots of a circuit say: means of its quantities, and how these vary together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .readout import Factor, Flips
from .stencil import Quantity, Stencil

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: What a bit contributes to a product of ±1, and to whether it reads 0 or 1.
_SIGN, _IS = np.array([1.0, -1.0]), np.eye(2)


@dataclass(frozen=True, eq=False)
class Counts:
    """Outcomes of one circuit with the weight of each.

    `registers[name]`: the integer that a register reads in every outcome. `shots`: how many there
    were; None for an exact distribution. `flips`: what reads did to the bits; what a shot
    contributes, and means, are then those of the bits before that.
    """

    registers: Mapping[str, Ints]
    weights: Floats
    shots: int | None
    flips: Flips | None = None


@dataclass(frozen=True, eq=False)
class Moments:
    """Means of quantities, (K,), and the covariance of these means, (K, K)."""

    mean: Floats
    covariance: Floats


def values(stencil: Stencil, counts: Counts, expected: Mapping[str, int]) -> Floats:
    """What each outcome contributes to each quantity: (outcomes, K)."""
    return _values(stencil, counts, expected, {})


def _values(
    stencil: Stencil,
    counts: Counts,
    expected: Mapping[str, int],
    passed: dict[tuple[str, ...], Floats],
) -> Floats:
    columns = [_column(q, stencil, counts, expected, passed) for q in stencil.quantities]
    return np.stack(columns, axis=1)


def moments(stencil: Stencil, counts: Counts, expected: Mapping[str, int]) -> Moments:
    """Means over the shots. What was postselected counts as 0, so that all is linear in shots."""
    passed: dict[tuple[str, ...], Floats] = {}
    shown = _values(stencil, counts, expected, passed)
    share = counts.weights / counts.weights.sum()
    plain = _mean(counts, shown)
    mean = plain
    if counts.flips is not None:
        products = [_factors(q, stencil, expected) for q in stencil.quantities]
        mean = counts.flips.means(counts.registers, counts.weights, products, plain)
    if counts.shots is None:
        return Moments(mean, np.zeros((len(mean), len(mean))))
    centred = shown - plain
    covariance = (centred * share[:, None]).T @ centred / max(counts.shots - 1, 1)
    covariance[np.diag_indices_from(covariance)] += _unseen(stencil, counts, shown, passed)
    return Moments(mean, covariance)


def _unseen(
    stencil: Stencil, counts: Counts, shown: Floats, passed: Mapping[tuple[str, ...], Floats]
) -> Floats:
    """The variance of quantities on which all k shots that passed agree, where their own is 0.

    By Laplace's rule of succession an outcome that none of k shots showed has a probability of
    variance (k + 1)/((k + 2)² (k + 3)), about 1/k².
    """
    found = np.zeros(len(stencil.quantities))
    weights = counts.weights / counts.weights.sum()
    for j, q in enumerate(stencil.quantities):
        if not q.register:
            continue
        share = weights * passed[q.posts]
        seen = shown[share != 0, j]
        if len(seen) and seen.min() == seen.max():
            part = float(share.sum())
            k = part * (counts.shots or 0)
            width = 2 * part if q.sign else part
            found[j] = width**2 * (k + 1) / ((k + 2) ** 2 * (k + 3))
    return found


def means(stencil: Stencil, counts: Counts, expected: Mapping[str, int]) -> Floats:
    """The means alone."""
    return _mean(counts, values(stencil, counts, expected))


def _mean(counts: Counts, shown: Floats) -> Floats:
    """Divided last: a sum of whole numbers is exact, one of shares is not."""
    found: Floats = counts.weights @ shown / counts.weights.sum()
    return found


def _column(
    q: Quantity,
    stencil: Stencil,
    counts: Counts,
    expected: Mapping[str, int],
    passed: dict[tuple[str, ...], Floats],
) -> Floats:
    if q.posts not in passed:
        passed[q.posts] = _product(counts, _passing(q.posts, stencil, expected))
    kept = passed[q.posts]
    return kept * _product(counts, _reading(q, expected)) if q.register else kept


def _factors(q: Quantity, stencil: Stencil, expected: Mapping[str, int]) -> list[Factor]:
    """The product of which a quantity is the mean."""
    return _passing(q.posts, stencil, expected) + _reading(q, expected)


def _passing(posts: tuple[str, ...], stencil: Stencil, expected: Mapping[str, int]) -> list[Factor]:
    """1 for the outcomes in which all postselections succeeded."""
    found: list[Factor] = []
    for name in posts:
        entries = stencil.program.metadata["postselections"]
        wanted = expected[name] if name in expected else entries[name]["value"]
        found += _equal(name, range(len(stencil.registers[name])), wanted)
    return found


def _reading(q: Quantity, expected: Mapping[str, int]) -> list[Factor]:
    """What a quantity reads; nothing for a weight."""
    if q.sign:
        return [(q.register, b, _SIGN) for b in q.bits]
    return _equal(q.register, q.bits, expected[q.expected] if q.expected else q.value)


def _equal(register: str, bits: Sequence[int], wanted: int) -> list[Factor]:
    """1 where some bits of a register read a number."""
    return [(register, b, _IS[wanted >> i & 1]) for i, b in enumerate(bits)]


def _product(counts: Counts, factors: Sequence[Factor]) -> Floats:
    """The product over bits of what each contributes for the value that it has."""
    found = np.ones(len(counts.weights))
    for register, b, value in factors:
        if counts.flips is not None and register in counts.flips.inverse:
            value = value @ counts.flips.inverse[register][b]
        found *= value[counts.registers[register] >> b & 1]
    return found
