"""Steps that are channels: ρ ← Σ_a K_a ρ K_a†, K_a = Σ_c φ_c U_ac, U of parameters, φ of inputs.

Such a step needs no program for its recurrent part: the kernel runs it as one real matrix on small
states (kernels/transfer.h) or by its Kraus operators (kernels/kraus.h).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .. import steps as p
from ..costs import channel_flops
from ..plan import Plan
from .arrays import Array, Programs, real_array
from .lower import Lowering
from .writer import Ids, NotCovered

#: The largest real matrix of a small state, in numbers.
LARGEST_TRANSFER = 1 << 15


@dataclass
class Channel:
    """What was found: the step that multiplies U and φ, the carried rows, and the reads.

    `carried[i, a]` is the row of U that K_a takes to row i. `terms` are (read, left, right) with a
    complex coefficient: the reads are Re Σ c·σ[left, right]. `inside` are the steps that the
    kernel's channel does.
    """

    multiply: p.Multiply
    carried: Ids = field(default_factory=lambda: np.zeros((0, 0), np.int64))
    mask: Any = None
    terms: list[tuple[int, int, int]] = field(default_factory=list)
    coefficients: list[complex] = field(default_factory=list)
    reads: dict[p.Slot, tuple[int, int]] = field(default_factory=dict)
    count: int = 0
    inside: set[p.Slot] = field(default_factory=set)


class _Other(Exception):
    """The step is no channel of this form."""


def channel_of(plan: Plan) -> Channel | None:
    """The channel that a plan's recurrent part is, if it is one."""
    if len(plan.bases) != 1 or plan.reals or plan.pure:
        return None
    try:
        return _Finder(plan).channel()
    except _Other:
        return None


class _Finder:
    """`kets` and `densities`: for each state its rows and environments, as rows (N, E) of U."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.wires: dict[p.Slot, int] = {}
        self.kets: dict[p.Slot, Ids] = {}
        self.densities: dict[p.Slot, Ids] = {}
        self.found: Channel | None = None

    def channel(self) -> Channel | None:
        (base,) = self.plan.bases
        level = self.plan.line.level
        for step in self.plan.line.steps:
            match step:
                case p.Fuse(n=n) | p.FuseAll(n=n) | p.Stored(n=n):
                    self.wires[step.out] = n
                case p.Exponential(phases=phases):
                    self.wires[step.out] = phases.shape[1].bit_length() - 1
                case p.Choose(matrices=matrices) if matrices in self.wires:
                    self.wires[step.out] = self.wires[matrices]
                case p.Multiply(wide=wide, matrix=m) if wide > 1:
                    if self.found or level[m] != p.STATIC or step.conj or m not in self.wires:
                        return None
                    self.found = Channel(step)
                    self.kets[step.out] = np.arange(2 ** self.wires[m]).reshape(-1, 1)
                    self.found.inside.add(step.out)
                case _ if any(s == base or self.known(s) for s in p.reads(step)):
                    if self.found is None:
                        return None
                    self.follow(step, self.found)
                    self.found.inside.add(step.out)
        found = self.found
        return found if found is not None and found.carried.size else None

    def known(self, slot: p.Slot) -> bool:
        return slot in self.kets or slot in self.densities

    def follow(self, step: p.Step, found: Channel) -> None:
        """One step on states of the channel."""
        kets, densities = self.kets, self.densities
        (base,), (after,) = self.plan.bases, self.plan.next_bases
        match step:
            case p.Weighted(ket=ket, base=held) if ket in kets and held == base:
                kets[step.out] = kets[ket]
            case p.Permute(ket=ket, order=order, env=env) if ket in kets:
                kets[step.out] = _moved(kets[ket], order, env)
            case p.Permute(ket=ket, order=order, env=0) if ket in densities:
                half = len(order) // 2
                if tuple(i - half for i in order[half:]) != order[:half]:
                    raise _Other
                densities[step.out] = _moved(densities[ket], order[:half], 0)
            case p.Density(ket=ket, weighted=weighted) if ket in kets and weighted in kets:
                densities[step.out] = kets[ket]
            case p.TraceOut(density=density, n=n, rows=gone, columns=columns):
                half = n // 2
                if density not in densities or columns != tuple(half + r for r in gone):
                    raise _Other
                kept = [a for a in range(half) if a not in gone]
                densities[step.out] = _moved(densities[density], (*kept, *gone), len(gone))
            case p.NextBase(density=density, weight=None, mask=mask) if step.out == after:
                found.carried, found.mask = densities[density], mask
            case p.Paulis(ket=ket, weight=None) | p.Chances(ket=ket, weight=None):
                _read(step, densities[ket] if step.mixed else kets[ket], found)
            case _:
                raise _Other


def _moved(of: Ids, order: Sequence[int], env: int) -> Ids:
    """`steps.Permute`."""
    n, e = len(order), of.shape[1]
    if len(of) != 2**n:  # rows that the matrix leaves alone
        raise _Other
    whole = of.reshape(*(2,) * n, e).transpose([*order, n])
    return whole.reshape(2 ** (n - env), 2**env * e)


def _read(step: p.Paulis | p.Chances, of: Ids, found: Channel) -> None:
    n, axes, k = step.n, step.axes, len(step.axes)
    row = np.arange(2**n)
    inside = sum((((row >> (n - 1 - a)) & 1) << (k - 1 - j) for j, a in enumerate(axes)), 0 * row)
    first = found.count
    if isinstance(step, p.Chances):
        found.count += 2**step.k
        which = first + step.outcome[inside]
        _terms(found, which, of, of, np.ones(2**n))
    else:
        found.count += len(step.flips)
        for s, flips in enumerate(step.flips):
            full = sum(1 << (n - 1 - axes[k - 1 - j]) for j in range(k) if (flips >> j) & 1)
            which = np.full(2**n, first + s)
            _terms(found, which, of[row ^ full], of, step.phases[s][inside])
    found.reads[step.out] = (first, found.count)


def _terms(found: Channel, which: Ids, left: Ids, right: Ids, coefficients: Any) -> None:
    for w, ls, rs, c in zip(which, left, right, coefficients, strict=True):
        if c == 0:
            continue
        for x, y in zip(ls, rs, strict=True):
            found.terms.append((int(w), int(x), int(y)))
            found.coefficients.append(complex(c))


# --- writing -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Written:
    """The parts of `Channel` in kernels/channel.h, with entries that are not final."""

    sizes: tuple[int, int, int]
    matrix: Array
    ket: Array
    reads: Ids
    places: Ids
    coefficients: Any
    mask: Ids
    cut: int

    @property
    def flops(self) -> int:
        """Real operations of one step forwards, after what is ahead."""
        h, a, c = self.sizes
        return channel_flops(h, a, c, self.ket.real, h < 8)

    @property
    def name(self) -> str:
        return "transfer matrix" if self.sizes[0] < 8 else "Kraus operators"

    def numbers(self, q: Programs, complex_: bool) -> tuple[list[Any], Any]:
        """Whole numbers and numbers, in the order that the kernel reads them."""
        sizes = [*self.sizes, int(complex_), int(not self.ket.real), q.step.length(self.cut)]
        parts = [
            q.fixed.placed(self.matrix.re.reshape(-1)),
            q.fixed.placed(self.matrix.im.reshape(-1)),
            q.step.placed(self.ket.re.reshape(-1)),
            q.step.placed(self.ket.im.reshape(-1)),
            q.step.placed(self.reads),
            self.places.reshape(-1),
        ]
        ints: list[Any] = [sizes]
        for part in parts:
            ints += [[len(part)], part]
        c = self.coefficients
        ints += [[2 * len(c)], [len(self.mask)], self.mask]
        return ints, np.stack([c.real, c.imag], 1).reshape(-1)


def lowered(plan: Plan, found: Channel, low: Lowering) -> Written:
    """Lowers all that is not inside the channel. Raises NotCovered."""
    q, steps = low.programs, plan.line.steps
    late = set(found.reads)
    for step in steps:
        if step.out not in found.inside and late.intersection(p.reads(step)):
            late.add(step.out)
    low.run(tuple(s for s in steps if s.out not in found.inside and s.out not in late))
    h, a = found.carried.shape
    matrix: Array = low.slots[found.multiply.matrix]
    c = matrix.shape[1] // h
    ket = q.constant(np.ones(1)).reshape(1, 1, 1)
    if found.multiply.ket is not None:
        ket = low.slots[found.multiply.ket]
    features = c * c if not ket.real else c * (c + 1) // 2
    if ket.shape != (c, 1, 1) or matrix.shape[1] != c * h or h * a != matrix.shape[0]:
        raise NotCovered("a channel of another form")
    if h < 8 and features * h**4 > LARGEST_TRANSFER:
        raise NotCovered("a channel on few qubits with many features")
    ket = q.at(ket, False)
    cut = len(q.step.code)
    reads = q.step.new(found.count)
    for slot, (first, end) in found.reads.items():
        low.slots[slot] = real_array(reads[first:end], False)
    low.run(tuple(s for s in steps if s.out in late and s.out not in found.reads))
    order = found.carried.T.reshape(-1)  # the rows of U as the kernel counts them
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    terms = np.array(found.terms, np.int64).reshape(-1, 3)
    places = np.stack([terms[:, 0], place[terms[:, 1]], place[terms[:, 2]]], 1)
    mask = np.zeros(0, np.int64)
    if found.mask is not None:
        mask = np.asarray(found.mask).astype(np.int64).reshape(-1)
    coefficients = np.array(found.coefficients, complex)
    return Written((h, a, c), matrix[order], ket, reads, places, coefficients, mask, cut)
