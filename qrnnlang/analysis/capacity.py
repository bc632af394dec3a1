"""Memory capacity, linear and nonlinear: which functions of past inputs a linear readout recovers.

The information-processing capacity of Dambre, Verstraeten, Schrauwen and Massar (Sci. Rep. 2 (2012)
514): the cell is driven by independent inputs u_t uniform in [−1, 1] (mapped onto its domain).
Targets are products of normalised Legendre polynomials of delayed inputs, Π_j P_{n_j}(u_{t−d_j}),
with degree Σ n_j; the capacity for a target is 1 − min_W ⟨(z − W·y)²⟩/⟨z²⟩ in [0, 1], the share of
its variance that the best linear readout (with a constant) of the cell's outputs explains. Degree 1
is the linear memory capacity (Jaeger, GMD report 152 (2001)). No units; one capacity is one
function stored perfectly.

Orthonormal targets can be recovered at most as often as there are independent readouts. To hold on
a finite sample, the targets are made orthonormal on the sample (QR, low degrees and short delays
first), so that the total never exceeds the rank of the readouts (Bessel). A target the readouts
know nothing of still gets about rank/samples by chance; its capacity is then χ²(rank)/samples, and
what is not above the quantile of that distribution, at a level of 0.05 shared by all targets
(Bonferroni), counts as 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .estimates import student
from .finding import Curve, Finding, NotDefined, Panel, exact
from .subject import Subject
from .tangent import Tangent

Floats = NDArray[np.float64]

#: Of a false capacity anywhere.
LEVEL = 0.05
#: A target: (delay, degree) of every factor.
Target = tuple[tuple[int, int], ...]


@dataclass(frozen=True, eq=False)
class Capacities:
    """`found[i]` is the capacity for `targets[i]`, 0 below `threshold`; `rank` of the readouts."""

    targets: tuple[Target, ...]
    found: Floats
    rank: int
    threshold: float

    def of_degree(self, degree: int) -> float:
        return float(
            sum(c for t, c in zip(self.targets, self.found, strict=True) if _degree(t) == degree)
        )

    def linear(self) -> dict[int, float]:
        """By delay."""
        one = zip(self.targets, self.found, strict=True)
        return {t[0][0]: float(c) for t, c in one if len(t) == 1 and t[0][1] == 1}


def capacity(
    subject: Subject,
    samples: int = 4000,
    washout: int = 200,
    delays: int = 20,
    degree: int = 3,
    seeds: int = 3,
    seed: int = 0,
    readouts: str = "outputs",
) -> Finding:
    """Linear and nonlinear memory capacity against delay, total and by degree.

    One stream drives all components of the inputs. `readouts`: "outputs", or "state", all
    coordinates of the carried state. Repeated over `seeds` draws of parameters and stream.
    """
    subject_domain = subject.random_domain
    results = []
    for i, params in enumerate(subject.repeats(seeds, seed)):
        u = np.random.default_rng([seed + i, 1_729]).uniform(-1, 1, samples + washout)
        y = read(subject, params, u, subject_domain, readouts)
        results.append(capacities(u, y, washout, delays, degree))
    degrees = range(1, degree + 1)
    values = {
        "total": student([r.found.sum() for r in results]),
        "readouts": exact(float(np.mean([r.rank for r in results]))),
        **{f"degree {d}": student([r.of_degree(d) for r in results]) for d in degrees},
    }
    linear = [r.linear() for r in results]
    lags = sorted(linear[0])
    stacked = np.array([[row[d] for d in lags] for row in linear])
    by_delay = Curve("degree 1", lags, stacked.mean(0), stacked.min(0), stacked.max(0))
    bars = Curve(
        "capacity", list(degrees), [values[f"degree {d}"].value for d in degrees], style="bars"
    )
    panels = (
        Panel(
            "Linear memory capacity",
            "delay (steps)",
            "capacity",
            (by_delay, _nonlinear(results, lags)),
        ),
        Panel("Capacity by degree", "degree", "capacity", (bars,)),
    )
    conditions = {
        "samples": samples,
        "washout": washout,
        "longest delay": delays,
        "highest degree": degree,
        "targets": len(results[0].targets),
        "threshold": float(np.mean([r.threshold for r in results])),
        "readouts": readouts,
        "inputs": "one stream, uniform in [{:g}, {:g}]".format(*subject_domain),
        "parameters": len(results),
        "seed": seed,
    }
    notes = (
        "targets of higher degree or longer delay are not counted: the total is a lower bound",
    )
    return Finding("capacity", "Memory capacity", values, conditions, panels, notes=notes)


def read(
    subject: Subject, params: Any, u: Floats, domain: tuple[float, float], readouts: str = "outputs"
) -> Floats:
    """(steps, readouts): what a cell shows when driven by u in [−1, 1], mapped onto the domain."""
    ports = subject.run.cell.inputs
    if not ports or any(p.labels is not None for p in ports):
        raise NotDefined("its inputs are not real numbers")
    low, high = domain
    driven = low + (u + 1) / 2 * (high - low)
    x = {
        p.name: np.broadcast_to(driven.reshape(1, -1, *[1] * len(p.shape)), (1, len(u), *p.shape))
        for p in subject.closed.inputs
    }
    if readouts == "state":
        return Tangent(subject).trajectory(params, x)[1:, 0]
    if readouts != "outputs":
        raise ValueError(f"readouts are 'outputs' or 'state', not {readouts!r}")
    import jax

    found = jax.jit(subject.machine().apply)(params, x)
    return np.concatenate([np.asarray(y)[0].reshape(len(u), -1) for y in found.values()], axis=1)


def capacities(u: Floats, y: Floats, washout: int, delays: int, degree: int) -> Capacities:
    """The capacities of readouts y, (steps, k), for the functions of a stream u in [−1, 1]."""
    from scipy.stats import chi2

    first = max(washout, delays)
    targets = tuple(targets_of(delays, degree))
    n = len(u) - first
    if n < 4 * (len(targets) + y.shape[1]):
        raise ValueError(
            f"{len(targets)} targets and {y.shape[1]} readouts need at least "
            f"{4 * (len(targets) + y.shape[1])} samples after the washout; there are {n}"
        )
    shifted = {d: u[first - d : len(u) - d] for d in range(delays + 1)}
    columns = [np.ones(n)]
    for target in targets:
        factors = [_legendre(k, shifted[d]) for d, k in target]
        columns.append(np.prod(factors, axis=0))
    z = np.linalg.qr(np.array(columns).T)[0][:, 1:]  # orthonormal, and orthogonal to the constant
    seen = y[first:] - y[first:].mean(axis=0)
    left, sizes, _ = np.linalg.svd(seen, full_matrices=False)
    rank = int((sizes > 1e-8 * max(float(sizes[0]), 1e-8)).sum()) if len(sizes) else 0
    found = ((left[:, :rank].T @ z) ** 2).sum(axis=0)
    threshold = float(chi2.ppf(1 - LEVEL / len(targets), rank)) / n if rank else 0.0
    return Capacities(targets, np.where(found > threshold, found, 0.0), rank, threshold)


def targets_of(delays: int, degree: int) -> Iterator[Target]:
    """All targets: degree 1 to the longest delay, higher degrees over fewer delays.

    Their number grows as delays^degree; degree d > 1 reaches delay 2·delays/d² (at least 2).
    """
    for total in range(1, degree + 1):
        reach = delays if total <= 1 else max(2, 2 * delays // (total * total))
        found = [
            tuple(zip(places, powers, strict=True))
            for count in range(1, total + 1)
            for places in combinations(range(reach + 1), count)
            for powers in _parts(total, count)
        ]
        yield from sorted(found, key=lambda t: (max(d for d, _ in t), t))


def _parts(total: int, count: int) -> Iterator[tuple[int, ...]]:
    """Ways to write a degree as an ordered sum of positive ones."""
    if count == 1:
        yield (total,)
        return
    for first in range(1, total - count + 2):
        for rest in _parts(total - first, count - 1):
            yield (first, *rest)


def _legendre(n: int, u: Floats) -> Floats:
    """The Legendre polynomial of degree n with mean square 1 over [−1, 1]."""
    from scipy.special import eval_legendre

    return np.asarray(np.sqrt(2 * n + 1) * eval_legendre(n, u))


def _degree(target: Target) -> int:
    return sum(n for _, n in target)


def _nonlinear(results: list[Capacities], lags: list[int]) -> Curve:
    """The capacity of all targets of degree above 1 by their longest delay."""
    sums = np.zeros(len(lags))
    for r in results:
        for target, c in zip(r.targets, r.found, strict=True):
            if _degree(target) > 1:
                sums[lags.index(max(d for d, _ in target))] += c / len(results)
    return Curve("higher degrees, by longest delay", lags, sums, style="dashed")
