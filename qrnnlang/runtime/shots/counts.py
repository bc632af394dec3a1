"""What the shots of a circuit say: means of its quantities, and how these vary together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .stencil import Quantity, Stencil

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Counts:
    """Outcomes of one circuit with the weight of each.

    `registers[name]`: the integer that a register reads in every outcome. `shots`: how many there
    were; None for an exact distribution. `inflation`: by how much the variance of a mean is larger
    than that of as many shots, after error mitigation.
    """

    registers: Mapping[str, Ints]
    weights: Floats
    shots: int | None
    inflation: float = 1.0


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
    return Moments(mean, covariance * counts.inflation)


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
    reads = counts.registers[q.register]
    if q.sign:
        odd = np.zeros(len(reads), dtype=np.int64)
        for b in q.bits:
            odd ^= reads >> b & 1
        signs: Floats = kept * (1.0 - 2.0 * odd)
        return signs
    number = np.zeros(len(reads), dtype=np.int64)
    for i, b in enumerate(q.bits):
        number |= (reads >> b & 1) << i
    wanted = expected[q.expected] if q.expected else q.value
    hits: Floats = kept * (number == wanted)
    return hits


def _passed(
    posts: tuple[str, ...], stencil: Stencil, counts: Counts, expected: Mapping[str, int]
) -> Floats:
    """1 for the outcomes in which all postselections succeeded."""
    entries = stencil.program.metadata["postselections"]
    kept = np.ones(len(counts.weights))
    for name in posts:
        wanted = expected[name] if name in expected else entries[name]["value"]
        kept = kept * (counts.registers[name] == wanted)
    return kept
