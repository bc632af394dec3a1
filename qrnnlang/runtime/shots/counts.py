"""What the shots of a circuit say: means of its quantities, and how these vary together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .stencil import Quantity, Stencil

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: What a bit contributes to a product of ±1, and to whether it reads 0 or 1.
_SIGN, _IS = np.array([1.0, -1.0]), np.eye(2)


@dataclass(frozen=True, eq=False)
class Counts:
    """Outcomes of one circuit with the weight of each.

    `registers[name]`: the integer that a register reads in every outcome. `shots`: how many there
    were; None for an exact distribution. `undo[name]`: for each bit of a register the inverse of
    what its read does, (bits, 2, 2); what a shot contributes is then that of the bits before it.
    """

    registers: Mapping[str, Ints]
    weights: Floats
    shots: int | None
    undo: Mapping[str, Floats] = field(default_factory=dict)


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
    mean = _mean(counts, shown)
    if counts.shots is None:
        return Moments(mean, np.zeros((len(mean), len(mean))))
    centred = shown - mean
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
        passed[q.posts] = _passed(q.posts, stencil, counts, expected)
    kept = passed[q.posts]
    if not q.register:
        return kept
    if q.sign:
        return kept * _product(counts, q.register, q.bits, [_SIGN] * len(q.bits))
    wanted = expected[q.expected] if q.expected else q.value
    return kept * _reads(counts, q.register, q.bits, wanted)


def _passed(
    posts: tuple[str, ...], stencil: Stencil, counts: Counts, expected: Mapping[str, int]
) -> Floats:
    """1 for the outcomes in which all postselections succeeded."""
    entries = stencil.program.metadata["postselections"]
    kept = np.ones(len(counts.weights))
    for name in posts:
        wanted = expected[name] if name in expected else entries[name]["value"]
        kept = kept * _reads(counts, name, range(len(stencil.registers[name])), wanted)
    return kept


def _reads(counts: Counts, register: str, bits: Sequence[int], wanted: int) -> Floats:
    """1 where some bits of a register read a number."""
    return _product(counts, register, bits, [_IS[wanted >> i & 1] for i in range(len(bits))])


def _product(
    counts: Counts, register: str, bits: Sequence[int], values: Sequence[Floats]
) -> Floats:
    """The product over bits of what each contributes, (2,), for the value that it has."""
    reads, undo = counts.registers[register], counts.undo.get(register)
    found = np.ones(len(reads))
    for b, value in zip(bits, values, strict=True):
        found *= (value if undo is None else value @ undo[b])[reads >> b & 1]
    return found
