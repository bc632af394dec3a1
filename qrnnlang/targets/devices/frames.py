"""A step of rotations along CX gates of a device, found by beam search.

A rotation about a product of Paulis costs nothing once CX gates have made one Pauli of it. So a
step needs no gate of its own for any coupling, and no SWAP: it needs CX gates on coupled places
under which every rotation is, in its turn, about one place, and which bring what goes on to where
it has to be. (The idea of following Paulis through Clifford gates: Schmitz et al.,
arXiv 2305.04807; de Brugière and Martiel, arXiv 2404.03280. Here the gates are those of the device,
and the way closes.)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .paulis import LETTERS, Rotations, support
from .segments import Role

Ints: TypeAlias = NDArray[np.int16]
#: A CX between Paulis of two places: the first one controls with one, the second flips by one.
Stride = tuple[int, int, str, str]

#: The most images of Paulis at a time: what bounds the memory that a search takes.
_IMAGES = 4_000_000


@dataclass(frozen=True)
class Weights:
    """What counts beside rotations left: those about one qubit, which seldom need a CX; the
    spread of those that could be next, of the others, and of what goes on; depth; chance.
    """

    small: float = 0.3
    front: float = 0.2
    ahead: float = 0.05
    away: float = 0.06
    depth: float = 0.05
    noise: float = 0.2


@dataclass
class Graph:
    """Coupled places, numbered from 0. `spread[s]`: couplings that a tree over the places s has."""

    size: int
    edges: Sequence[tuple[int, int]]
    distance: NDArray[np.int64] = field(init=False)
    spread: NDArray[np.float32] = field(init=False)

    def __post_init__(self) -> None:
        n = self.size
        d = np.full((n, n), 99)
        np.fill_diagonal(d, 0)
        for a, b in self.edges:
            d[a, b] = d[b, a] = 1
        for k in range(n):
            d = np.minimum(d, d[:, k : k + 1] + d[k : k + 1, :])
        self.distance = d
        # One place after another joins where it is nearest: a tree's length, about.
        self.spread = np.zeros(1 << n, dtype=np.float32)
        for s in range(1, 1 << n):
            tree, rest = [(s & -s).bit_length() - 1], s & (s - 1)
            while rest:
                left = [i for i in range(n) if rest >> i & 1]
                far = [min(d[i, j] for j in tree) for i in left]
                k = int(np.argmin(far))
                self.spread[s] += far[k]
                tree.append(left[k])
                rest &= ~(1 << left[k])


@dataclass
class Frames:
    """What stays the same in all searches of a step on a graph. `work`: images of Paulis made."""

    step: Rotations
    graph: Graph
    work: int = 0

    def __post_init__(self) -> None:
        ops = self.step.ops
        self.images = [p for op in ops for p in op.about]
        first = np.cumsum([0, *(len(op.about) for op in ops)])
        self.single = np.array([first[i] for i in range(len(ops))], dtype=np.int64)
        self.double = np.array([first[i] + len(op.about) - 1 for i, op in enumerate(ops)], np.int64)
        self.finals = len(self.images)
        self.roles = sorted(self.step.final)
        self.images += [p for r in self.roles for p in self.step.final[r]]
        needs = np.zeros((len(ops), len(ops)), dtype=bool)
        for j, op in enumerate(ops):
            needs[j, list(op.needs)] = True
        self.needs = _words(needs)
        self.large = np.array([support(op.about[0]).bit_count() > 1 for op in ops], dtype=bool)
        moves = [(a, b, p, q) for a, b in self.graph.edges for p in range(3) for q in range(3)]
        table = np.array(moves, dtype=np.int16).reshape(-1, 4)
        self.a, self.b = table[:, 0], table[:, 1]
        xs, zs = np.array([1, 1, 0], np.int16), np.array([0, 1, 1], np.int16)
        self.pauli_a = xs[table[:, 2]], zs[table[:, 2]]
        self.pauli_b = xs[table[:, 3]], zs[table[:, 3]]
        self.strides = [(a, b, LETTERS[p], LETTERS[q]) for a, b, p, q in moves]
        self.number = {stride: k for k, stride in enumerate(self.strides)}
        count = np.arange(1 << self.graph.size)
        self.weight = np.array([int(i).bit_count() for i in count], dtype=np.int8)

    def search(
        self,
        start: Sequence[int],
        target: Mapping[Role, int],
        beam: int,
        weights: Weights,
        rng: np.random.Generator,
        most: int,
        first: Sequence[Stride] = (),
    ) -> list[Stride] | None:
        """At most so many CX from places `start` of the qubits; None if none are found.

        target: places of leaving roles, for those where it matters. first: the CX to begin with.
        """
        beam = max(4, min(beam, _IMAGES // max(1, len(self.a) * len(self.images))))
        x, z = self._start(start)
        home = np.array([1 << target[r] if r in target else 0 for r in self.roles], dtype=np.int16)
        home = np.repeat(home, 2)
        done = np.zeros((1, len(self.step.ops)), dtype=bool)
        done, _ = self._advance(x | z, done)
        level = np.zeros((1, self.graph.size), dtype=np.int16)
        ways: list[tuple[Any, int]] = [(None, -1)]
        if self._over(x | z, done, home).any():
            return []
        seen: set[bytes] = {x.tobytes() + z.tobytes()}
        for stride in first:
            k = self.number[stride]
            (x, z), level = (m[:, k] for m in self._moved(x, z)), self._levels(level)[:, k]
            done, _ = self._advance(x | z, done)
            ways = [(ways[0], k)]
        for _ in range(most - len(first)):
            nx, nz = self._moved(x, z)
            sup = nx | nz
            self.work += sup.size
            after, ready = self._advance(sup, np.repeat(done[:, None], len(self.a), 1))
            over = self._over(sup, after, home)
            deep = self._levels(level)
            if over.any():
                i, k = min(np.argwhere(over).tolist(), key=lambda o: (deep[*o].max(), o))
                return self._way(ways[i], k)
            score = self._score(sup, after, ready, home, weights)
            score += weights.depth * deep.max(-1) + weights.noise * rng.random(score.shape)
            kept = _kept(score, nx, nz, beam, seen)
            if not kept:
                return None
            i, k = np.array(kept).T
            x, z, done, level = nx[i, k], nz[i, k], after[i, k], deep[i, k]
            ways = [(ways[a], b) for a, b in kept]
        return None

    def _start(self, start: Sequence[int]) -> tuple[Ints, Ints]:
        def there(mask: int) -> int:
            return sum(1 << start[q] for q in range(self.step.qubits) if mask >> q & 1)

        x = np.array([[there(p[0]) for p in self.images]], dtype=np.int16)
        return x, np.array([[there(p[1]) for p in self.images]], dtype=np.int16)

    def _moved(self, x: Ints, z: Ints) -> tuple[Ints, Ints]:
        """Every Pauli after each of the CX."""
        x, z = x[:, None, :], z[:, None, :]
        a, b = self.a[None, :, None], self.b[None, :, None]
        (ax, az), (bx, bz) = self.pauli_a, self.pauli_b
        ax, az, bx, bz = (m[None, :, None] for m in (ax, az, bx, bz))
        felt_a = ((x >> a & 1) & az) ^ ((z >> a & 1) & ax)
        felt_b = ((x >> b & 1) & bz) ^ ((z >> b & 1) & bx)
        return (
            x ^ ((felt_a & bx) << b) ^ ((felt_b & ax) << a),
            z ^ ((felt_a & bz) << b) ^ ((felt_b & az) << a),
        )

    def _advance(self, sup: Ints, done: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Does what is about one place, until nothing more is; which ones could be next."""
        one = self.weight[sup]
        one = (one[..., self.single] == 1) & (one[..., self.double] == 1)
        while True:
            ready = ~done
            left = _words(ready)
            for k in range(self.needs.shape[-1]):
                ready &= (left[..., k, None] & self.needs[:, k]) == 0
            can = ready & one
            if not can.any():
                return done, ready
            done = done | can

    def _over(self, sup: Ints, done: NDArray[Any], home: Ints) -> NDArray[Any]:
        last = sup[..., self.finals :]
        there = np.where(home > 0, last == home, self.weight[last] == 1)
        found: NDArray[Any] = done.all(-1) & there.all(-1)
        return found

    def _levels(self, level: Ints) -> Ints:
        deep = np.repeat(level[:, None], len(self.a), 1)
        k = np.arange(len(self.a))
        above = np.maximum(level[:, self.a], level[:, self.b]) + 1
        deep[:, k, self.a] = above
        deep[:, k, self.b] = above
        return deep

    def _score(
        self, sup: Ints, done: NDArray[Any], ready: NDArray[Any], home: Ints, weights: Weights
    ) -> NDArray[np.float32]:
        spread = self.graph.spread[sup[..., self.single]]
        front = np.where(ready, spread - 1, 0).sum(-1)
        ahead = np.where(done | ready, 0, spread).sum(-1)
        away = self.graph.spread[sup[..., self.finals :] | home].sum(-1)
        left = np.where(self.large, ~done, 0).sum(-1) * (1 - weights.small)
        left = left + (~done).sum(-1) * weights.small
        score: NDArray[np.float32] = (
            left + weights.front * front + weights.ahead * ahead + weights.away * away
        )
        return score

    def _way(self, way: tuple[Any, int], last: int) -> list[Stride]:
        found = [last]
        while way[0] is not None:
            found.append(way[1])
            way = way[0]
        return [self.strides[k] for k in reversed(found)]


def _words(flags: NDArray[Any]) -> NDArray[np.uint64]:
    """Flags on the last axis, 64 to a number."""
    count = flags.shape[-1]
    wide = np.zeros((*flags.shape[:-1], -(-count // 64) * 64), dtype=bool)
    wide[..., :count] = flags
    return np.packbits(wide, axis=-1).view(np.uint64)


def _kept(
    score: NDArray[np.float32], x: Ints, z: Ints, beam: int, seen: set[bytes]
) -> list[tuple[int, int]]:
    """The best states that were never there before; what is done follows from the images."""
    kept: list[tuple[int, int]] = []
    moves = score.shape[1]
    for o in np.argsort(score, axis=None, kind="stable").tolist():
        i, k = divmod(o, moves)
        key = x[i, k].tobytes() + z[i, k].tobytes()
        if key not in seen:
            seen.add(key)
            kept.append((i, k))
            if len(kept) == beam:
                break
    return kept
