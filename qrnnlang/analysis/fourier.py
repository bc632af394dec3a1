"""Fourier frequencies of a step's output in its input: which it can have, which it has.

Where the input enters through gates exp(−i(a·x + b)G), one output of one step is a trigonometric
polynomial Σ_ω c_ω e^{iωx}, whose frequencies are sums, one term a gate, of a·(difference of two
eigenvalues of G) (Schuld, Sweke and Meyer, Phys. Rev. A 103 (2021) 032430): RX, RY, RZ, P and Pauli
rotations contribute {−a, 0, a}, controlled rotations {0, ±a/2, ±a}, `evolve` the gaps of its
Hamiltonian. That is the accessible set; the weights |c_ω|² are measured by a discrete Fourier
transform of the first step's outputs over one period. Frequencies in radians⁻¹ of the input's unit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..ir.gates import pauli_product
from ..ir.operands import scalars
from ..sema.closed import (
    Channel,
    Evolve,
    Expect,
    Gate,
    Op,
    Postselect,
    Prepare,
    RealCarry,
)
from .classically import influenced, references, scalar, values
from .estimates import student
from .finding import Curve, Finding, NotDefined, Panel, Table, exact
from .subject import Subject

Floats = NDArray[np.float64]

#: Frequencies closer than this are one, and the most that are listed.
SAME, MOST = 1e-9, 4096
#: Points of the input at which an angle is looked at, to see whether it is affine.
_PROBES = np.array([-0.7, -0.2, 0.1, 0.4, 0.8])
#: Sampled beyond the highest accessible frequency, which shows that nothing is there.
_MARGIN = 4


@dataclass(frozen=True)
class Spectrum:
    """`weights[k]` is Σ over outputs of |c|² at `frequencies[k]` ≥ 0 (both signs together)."""

    frequencies: Floats
    weights: Floats


def fourier(subject: Subject, component: int = 0, seeds: int = 8, seed: int = 0) -> Finding:
    """Accessible and measured frequencies for one component of the first real input.

    The other components are held at the middle of the random domain, carried values at their start.
    Weights are averaged over `seeds` random starts with Student's interval.
    """
    starts = subject.repeats(seeds, seed)
    sets, spectra = [], []
    for params in starts:
        found = accessible(subject, params, component)
        sets.append(found)
        spectra.append(measured(subject, params, found, component))
    base = sets[0]
    if any(len(s) != len(base) or not np.allclose(s, base) for s in sets):
        raise NotDefined("its frequencies depend on parameters: they differ from start to start")
    weights = np.array([s.weights for s in spectra])
    listed = spectra[0].frequencies
    means = [student(column) for column in weights.T]
    inside = np.array([np.isclose(listed[:, None], base[None, base >= 0], atol=1e-6).any(axis=1)])[
        0
    ]
    shown = weights.mean(axis=0) > 1e-12 * max(weights.mean(axis=0).max(), 1e-300)
    values_ = {
        "accessible": exact(int((base > SAME).sum()), "frequencies above 0"),
        "highest accessible": exact(float(base.max())),
        "seen": exact(int((shown & inside & (listed > SAME)).sum()), "frequencies above 0"),
        "weight elsewhere": exact(
            float(weights[:, ~inside].sum(axis=1).max()) if (~inside).any() else 0.0
        ),
        "mean frequency": student(
            [float((listed * w)[1:].sum() / max(w[1:].sum(), 1e-300)) for w in weights]
        ),
    }
    bars = Curve("weight", listed, [m.value for m in means], style="bars")
    panel = Panel("Fourier weights of the output", "frequency", "|c|²", (bars,), logy=False)
    rows = tuple(
        (float(f), m.value, m.low, m.high, bool(i))
        for f, m, i in zip(listed, means, inside, strict=True)
    )
    table = Table(("frequency", "weight", "low", "high", "accessible"), rows)
    conditions = {
        "input": _name(subject),
        "component": component,
        "parameters": len(starts),
        "seed": seed,
        "step": "first",
    }
    return Finding(
        "fourier", "Fourier frequencies", values_, conditions, (panel,), {"weights": table}
    )


def accessible(subject: Subject, params: Mapping[str, Any], component: int = 0) -> Floats:
    """All frequencies that the encoding allows, ascending, both signs.

    Raises NotDefined for an output that is no trigonometric polynomial of the input.
    """
    name = _name(subject)
    cell = subject.run.cell
    touched = influenced(cell, name)
    probes = [
        values(
            cell,
            params,
            _inputs(subject, component, p),
            _carried(subject, params),
            subject.model.externs,
        )
        for p in _PROBES
    ]
    found = np.zeros(1)
    for op in cell.ops:
        if isinstance(op, Prepare) and {op.re, op.im} & touched:
            raise NotDefined("the input enters as amplitudes: no trigonometric polynomial")
        if isinstance(op, Postselect):
            raise NotDefined("postselection divides by a probability: no trigonometric polynomial")
        if isinstance(op, Expect) or not references(scalars(op)):
            continue
        for slope, gaps in _encodings(op, probes):
            found = _sums(found, slope * gaps)
    if len(found) == 1:
        raise NotDefined("no angle depends on the input")
    return found


def _encodings(op: Op, probes: list[dict[int, Floats]]) -> Iterator[tuple[float, Floats]]:
    """The slope and the eigenvalue gaps of every scalar of an operation that the input moves."""
    operands = scalars(op)
    for place, operand in enumerate(operands):
        seen = [scalar(operand, found) for found in probes]
        if any(v is None for v in seen):
            raise NotDefined("an angle depends on a read-out: no trigonometric polynomial")
        line = np.array(seen, dtype=np.float64)
        if np.ptp(line) < 1e-12:
            continue
        a, b = np.polyfit(_PROBES, line, 1)
        if np.abs(a * _PROBES + b - line).max() > 1e-9 * max(1.0, abs(a)):
            raise NotDefined("an angle is not affine in the input: no trigonometric polynomial")
        match op:
            case Gate(name=gate, ctrl=ctrl):
                halves = gate in ("crx", "cry", "crz") or (ctrl and gate not in ("p", "cp"))
                yield float(a), np.array([-1, -0.5, 0, 0.5, 1] if halves else [-1.0, 0, 1])
            case Evolve() if place == 0:
                yield float(a), _gaps(op, probes[0])
            case Channel():
                raise NotDefined("a noise rate depends on the input: no trigonometric polynomial")
            case _:
                raise NotDefined("the input scales a Hamiltonian's terms: no fixed frequencies")


def _gaps(op: Evolve, found: dict[int, Floats]) -> Floats:
    wires = list(dict.fromkeys(w for t in op.terms for w, _ in t.paulis))
    if op.steps is not None and op.order:
        # A product of exponentials: each term's gaps add up, `steps` times its share.
        sums = np.zeros(1)
        for _ in range(op.steps):
            for term in op.terms:
                c = scalar(term.coefficient, found) or 0.0
                sums = _sums(sums, np.array([-2 * c, 0, 2 * c]) / op.steps)
        return sums
    whole = np.zeros((2 ** len(wires),) * 2, dtype=np.complex128)
    for term in op.terms:
        letters = dict(term.paulis)
        whole += (scalar(term.coefficient, found) or 0.0) * pauli_product(
            [letters.get(w, "I") for w in wires]
        )
    energies = np.linalg.eigvalsh(whole)
    return _distinct((energies[:, None] - energies[None]).ravel())


def _sums(a: Floats, b: Floats) -> Floats:
    return _distinct((a[:, None] + b[None]).ravel())


def _distinct(found: Floats) -> Floats:
    ordered = np.sort(found)
    kept = ordered[np.concatenate([[True], np.diff(ordered) > SAME])]
    if len(kept) > MOST:
        raise NotDefined(f"more than {MOST} frequencies are accessible")
    return np.asarray(kept)


def measured(
    subject: Subject, params: Mapping[str, Any], known: Floats, component: int = 0
) -> Spectrum:
    """The weights of the first step's outputs at all multiples of the base frequency.

    Raises NotDefined where the accessible frequencies have no common base.
    """
    base = _base(known)
    top = round(float(known.max()) / base) + _MARGIN
    points = 2 * top + 1
    grid = np.arange(points) * (2 * np.pi / base / points)
    x = {}
    for port in subject.closed.inputs:
        whole = np.array([_inputs(subject, component, g)[port.name] for g in grid])
        x[port.name] = whole.reshape(points, 1, *port.shape)
    found = subject.machine().apply(params, x)
    y = np.concatenate([np.asarray(v).reshape(points, -1) for v in found.values()], axis=1)
    c = np.fft.rfft(y, axis=0) / points
    weights = (np.abs(c) ** 2).sum(axis=1)
    weights[1:] *= 2
    summed: Floats = np.asarray(weights, dtype=np.float64)
    return Spectrum(np.asarray(base * np.arange(len(weights))), summed)


def _base(known: Floats) -> float:
    """The largest frequency that all others are multiples of."""
    positive = known[known > SAME]
    base = float(positive[0])
    for other in positive[1:]:
        a, b = float(other), base
        while b > 1e-7 * known.max():
            a, b = b, a % b if min(a % b, b - a % b) > 1e-7 * known.max() else 0.0
        base = a
    if known.max() / base > 512:
        raise NotDefined(
            "the accessible frequencies have no common base: nothing to transform over"
        )
    return base


def _name(subject: Subject) -> str:
    for port in subject.run.cell.inputs:
        if port.labels is None:
            return port.name
    raise NotDefined("it has no real input")


def _inputs(subject: Subject, component: int, value: float) -> dict[str, Floats]:
    low, high = subject.random_domain
    found = {}
    for port in subject.closed.inputs:
        middle = 0.0 if port.labels is not None else (low + high) / 2
        found[port.name] = np.full(port.shape, middle)
    name = _name(subject)
    flat = found[name].reshape(-1).copy()
    if not 0 <= component < len(flat):
        raise ValueError(f"input `{name}` has components 0 to {len(flat) - 1}, not {component}")
    flat[component] = value
    found[name] = flat.reshape(found[name].shape)
    return found


def _carried(subject: Subject, params: Mapping[str, Any]) -> dict[str, Floats]:
    held = any(isinstance(c, RealCarry) for c in subject.run.cell.carries)
    if not held:
        return {}
    state = subject.machine().initial_state(params, 1)[subject.run.instance]
    return {name: np.asarray(value)[0] for name, value in state["reals"].items()}
