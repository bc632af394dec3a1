"""What each instruction does to sampled kets."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import reduce
from operator import mul
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..sema.closed import CarryIn, Const, Elem, Input, Op, Param, Ref, Scalar, Term, Wire
from . import instructions as low
from . import tensors as q
from .classical import function, mapped
from .errors import Unsupported
from .exponentials import propagator
from .kraus import branches
from .pairs import Angle, Pair, pauli_phases
from .staging import touched

Array = Any

LEAST_PROBABILITY = 1e-12


def touched_last(program: low.Program) -> dict[Wire, int]:
    """The last instruction that touches each wire."""
    return {w: now for now, i in enumerate(program.instructions) for w in touched(i)}


class Sampler:
    """One pass over a program: kets (X, 2^n, 1, 1), X being samples times trajectories.

    `inputs` and `carried` are (B, *shape), inputs that are static (*shape) with False beside them.
    """

    def __init__(
        self,
        params: Mapping[str, Array],
        inputs: Mapping[str, tuple[Array, bool]],
        carried: Mapping[str, Array],
        externs: Mapping[str, Callable[..., Any]],
        real: Any,
        batch: int,
        count: int,
        key: Array,
        kets: Array | None,
    ) -> None:
        self.params, self.inputs, self.carried, self.externs = params, inputs, carried, externs
        self.real, self.batch, self.count, self.key = real, batch, count, key
        self.complex = jnp.complex64 if real == jnp.float32 else jnp.complex128
        self.values: dict[Ref, tuple[Array, bool]] = {}
        self.wires: list[Wire] = []
        self.t = jnp.ones((batch * count, 1, 1, 1), self.complex) if kets is None else kets
        self.leaving: tuple[Wire, ...] = ()
        self.bits: tuple[Wire, ...] = ()

    # --- a program ----------------------------------------------------------------------------

    def perform(self, program: low.Program, init: Sequence[Op]) -> None:
        self.wires = list(program.enter)
        self.t = self.t.reshape(self.t.shape[0], -1, 1, 1)
        last = touched_last(program)
        for now, instruction in enumerate(program.instructions):
            if isinstance(instruction, low.Fresh):
                self._fresh([w for w in instruction.wires if w in last or w in program.leave])
            else:
                self._act(instruction)
            for wire in [w for w in self.wires if last.get(w, -1) <= now]:
                if wire not in program.leave and last.get(wire, -1) == now:
                    self._drop(wire)
        for wire in [w for w in self.wires if w not in program.leave]:
            self._drop(wire)
        self.leaving = program.leave
        self.bits = program.leave[len(program.leave) - program.bits :]

    def left(self) -> Array:
        """The kets of the carried wires, (X, 2^h), in the order they are carried in."""
        for wire in self.bits:
            self._measure(wire)
        self.t = q.permuted(self.t, [self.wires.index(w) for w in self.leaving], 0)
        self.wires = list(self.leaving)
        return self.t.reshape(self.t.shape[0], -1)

    def resampled(self) -> Array:
        """As `left`, the trajectories of each sample drawn anew by their weights."""
        kets = self.left().reshape(self.batch, self.count, -1)
        weight = (jnp.abs(kets) ** 2).sum(-1)
        edges = jnp.cumsum(weight, 1)
        places = (jnp.arange(self.count) + self._uniform((self.batch, 1))) / self.count
        index = jax.vmap(jnp.searchsorted)(edges, places * edges[:, -1:])
        index = jnp.minimum(index, self.count - 1)
        norm = jnp.sqrt(jnp.where(weight > 0, weight, 1.0))
        kets = jnp.take_along_axis(kets / norm[..., None], index[..., None], 1)
        return kets.reshape(self.batch * self.count, -1)

    def rows(self, ref: Ref, shape: tuple[int, ...]) -> Array:
        """A value for every sample, (B, *shape)."""
        value, varies = self.values[ref]
        if not varies:
            value = jnp.broadcast_to(value, (self.batch, *jnp.shape(value)))
        return value.reshape(self.batch, *shape).astype(self.real)

    # --- instructions -------------------------------------------------------------------------

    def _act(self, x: low.Instruction) -> None:
        match x:
            case low.Value(ref=ref, op=op):
                self.values[ref] = self._computed(op)
            case low.Unitary(pairs=pairs):
                for pair in pairs:
                    self._pair(pair)
            case low.Exponential(wires=wires, terms=terms, time=time, when=when):
                self._matrix(self._exponential(wires, terms, time), wires, when)
            case low.Stored(wires=wires, name=name, adjoint=adjoint, when=when):
                drawn = jnp.asarray(self.params[name], self.real)
                matrix = (drawn[..., 0] + 1j * drawn[..., 1])[None]
                self._matrix(matrix.conj().swapaxes(1, 2) if adjoint else matrix, wires, when)
            case low.Noise():
                self._noise(x)
            case low.Project():
                self._project(x)
            case low.Load(wires=wires, re=re, im=im, when=when):
                axes = [self.wires.index(w) for w in reversed(wires)]
                condition = when or low.Condition((), np.ones(1, bool))
                at = [self.wires.index(w) for w in condition.wires]
                new = self._repeated(self._amplitudes(re, im))
                self.t = q.loaded(self.t, len(self.wires), new, axes, at, condition.holds)
            case low.Expectation(ref=ref, observables=observables, shape=shape):
                found = [sum(map(self._term, terms), jnp.zeros(1)) for terms in observables]
                rows = [jnp.broadcast_to(f, (self.batch,)) for f in found]
                whole = jnp.stack(rows, 1) if rows else jnp.zeros((self.batch, 0))
                self.values[ref] = whole.reshape(self.batch, *shape), True
            case low.Populations():
                self._populations(x)
            case _:
                raise Unsupported(f"`{type(x).__name__}` in a trajectory")

    def _computed(self, op: Any) -> tuple[Array, bool]:
        match op:
            case Const(values=values, shape=shape):
                return jnp.asarray(values, self.real).reshape(shape), False
            case Input(name=name):
                return self.inputs[name]
            case Param(name=name, shape=shape):
                return jnp.asarray(self.params[name], self.real).reshape(shape), False
            case CarryIn(name=name):
                return self.carried[name], True
        args = [self.values[r] for r in (op.sources if hasattr(op, "sources") else op.args)]
        axes = [0 if varies else None for _, varies in args]
        made = mapped(function(op, self.externs), [a for a, _ in args], axes)
        return made, any(varies for _, varies in args)

    def _number(self, scalar: Scalar) -> Array:
        """(1,) or (B,)."""
        if not isinstance(scalar, Elem):
            return jnp.full(1, scalar, self.real)
        value, varies = self.values[scalar.ref]
        return value.reshape(len(value) if varies else 1, -1)[:, scalar.index]

    def _repeated(self, rows: Array) -> Array:
        """(1, …) or (B, …) as (1, …) or (X, …)."""
        return rows if rows.shape[0] == 1 else jnp.repeat(rows, self.count, 0)

    def _uniform(self, shape: tuple[int, ...]) -> Array:
        self.key, used = jax.random.split(self.key)
        return jax.random.uniform(used, shape, self.real)

    def _fresh(self, wires: Sequence[Wire]) -> None:
        for wire in wires:
            self.t = jnp.concatenate([self.t, jnp.zeros_like(self.t)], 2).reshape(
                self.t.shape[0], -1, 1, 1
            )
            self.wires.append(wire)

    def _pair(self, pair: Pair) -> None:
        turned = [jnp.ones(1), *self._turns(pair.angle)]
        diag, cross = (
            sum(w[:, None] * m for w, m in zip(turned, side, strict=True)).astype(self.complex)
            for side in (pair.diag, pair.cross)
        )
        self._coefficients(pair.wires, pair.flips, diag, cross)

    def _turns(self, angle: Angle | None) -> list[Array]:
        if angle is None:
            return [jnp.zeros(1), jnp.zeros(1)]
        a = reduce(mul, (self._number(e) for e in angle.elems)) * angle.scale
        return [jnp.cos(a), jnp.sin(a)]

    def _coefficients(
        self, wires: Sequence[Wire], flips: Collection[Wire], diag: Array, cross: Array
    ) -> None:
        """A gate in pair form, (x, 2^k), bit j belonging to wires[j], some of which flip."""
        order = [w for w in wires if w in flips] + [w for w in wires if w not in flips]
        # Local bit j of the new order is bit wires.index(order[j]) of the old.
        index = np.zeros(2 ** len(order), np.int64)
        for j, wire in enumerate(order):
            index |= ((np.arange(len(index)) >> j) & 1) << wires.index(wire)
        axes = [self.wires.index(w) for w in order]
        diag, cross = self._repeated(diag[:, index]), self._repeated(cross[:, index])
        count = len(flips)
        self.t = q.pair(self.t, len(self.wires), diag, cross if count else None, axes, count)

    def _matrix(self, matrix: Array, wires: Sequence[Wire], when: low.Condition | None) -> None:
        """A matrix whose wires[0] is least significant; under a condition elsewhere nothing."""
        n = len(self.wires)
        axes = [self.wires.index(w) for w in reversed(wires)]
        order = [*axes, *(a for a in range(n) if a not in axes)]
        new = q.multiplied(
            self._repeated(matrix.astype(self.complex)), q.permuted(self.t, order, 0), len(axes), 1
        )
        new = q.permuted(new, [order.index(a) for a in range(n)], 0)
        if when is not None:
            new = jnp.where(self._mask(when)[None, :, None, None], new, self.t)
        self.t = new

    def _mask(self, when: low.Condition) -> np.ndarray:
        """Which rows fulfil a condition."""
        n = len(self.wires)
        rows = np.arange(2**n)
        index = np.zeros_like(rows)
        for j, wire in enumerate(when.wires):
            index |= ((rows >> (n - 1 - self.wires.index(wire))) & 1) << j
        return np.asarray(when.holds)[index]

    def _exponential(self, wires: Sequence[Wire], terms: Sequence[Term], time: Scalar) -> Array:
        generator: Array = jnp.zeros((1, 1, 1))
        index = np.arange(2 ** len(wires))
        for term in terms:
            letters = dict(term.paulis)
            phases = pauli_phases([letters.get(w, "I") for w in wires])
            flips = sum(1 << j for j, w in enumerate(wires) if letters.get(w, "I") in "XY")
            matrix = np.zeros((len(index),) * 2, complex)
            matrix[index, index ^ flips] = phases
            generator = generator + self._number(term.coefficient)[:, None, None] * matrix
        return propagator(generator * self._number(time)[:, None, None])

    def _amplitudes(self, re: Ref, im: Ref | None) -> Array:
        parts = [self.values[r] for r in (re, *(() if im is None else (im,)))]
        rows = [v.reshape(len(v) if varies else 1, -1) for v, varies in parts]
        whole = rows[0] if im is None else rows[0] + 1j * rows[1]
        total = (jnp.abs(whole) ** 2).sum(1, keepdims=True)
        return whole * jnp.where(total > 0, jnp.where(total > 0, total, 1.0) ** -0.5, jnp.nan)

    # --- chance -------------------------------------------------------------------------------

    def _weights(self, t: Array) -> Array:
        return (jnp.abs(t) ** 2).sum((1, 2, 3))

    def _noise(self, x: low.Noise) -> None:
        """One Kraus operator for each trajectory, drawn by what it leaves of the state."""
        rates = [self._number(r) for r in x.rates]
        if len(x.wires) > 1:
            self._depolarize(x, rates[0])
            return
        (wire,) = x.wires
        when = x.when or low.Condition((), np.ones(1, bool))
        wires = (wire, *when.wires)
        holds = np.repeat(when.holds, 2)
        drawn = self._uniform((self.t.shape[0],))
        before, whole = self.t, self._weights(self.t)
        passed, kept = jnp.zeros_like(whole), before
        for k, (diag, cross) in enumerate(branches(x.name, rates)):
            copies = len(when.holds)
            diag = jnp.where(holds, jnp.tile(diag, (1, copies)), 1.0 if k == 0 else 0.0)
            cross = jnp.where(holds, jnp.tile(cross, (1, copies)), 0.0)
            self.t = before
            diag, cross = diag.astype(self.complex), cross.astype(self.complex)
            self._coefficients(wires, (wire,), diag, cross)
            weight = self._weights(self.t)
            chosen = (drawn * whole >= passed) & ~(weight <= 0)  # NaN is chosen, and stays
            scale = jnp.sqrt(whole / jnp.where(weight > 0, weight, 1.0))
            kept = jnp.where(_rows(chosen), self.t * _rows(scale), kept)
            passed = passed + weight
        self.t = kept

    def _depolarize(self, x: low.Noise, rate: Array) -> None:
        """With probability p a Pauli on each wire, all 4ᵏ products equally likely."""
        size = (self.t.shape[0],)
        valid = (rate >= -1e-9) & (rate <= 1 + 1e-9)
        hit = self._uniform(size) < self._repeated(jnp.where(valid, rate, jnp.nan))
        before, bad = self.t, jnp.isnan(self._repeated(rate)) | ~self._repeated(valid)
        for wire in x.wires:
            which = jnp.floor(4 * self._uniform(size)).astype(int)
            flip, phase = which % 2 == 1, which >= 2
            sign = jnp.where(phase, -1.0, 1.0).astype(self.real)
            one = jnp.ones_like(sign)
            diag = jnp.stack([one, sign], 1) * jnp.where(flip, 0.0, one)[:, None]
            cross = jnp.stack([sign, one], 1) * jnp.where(flip, one, 0.0)[:, None]
            at = self.wires.index(wire)
            self.t = q.pair(self.t, len(self.wires), diag, cross, (at,), 1)
        new = jnp.where(_rows(hit), self.t, before)
        new = jnp.where(_rows(bad), jnp.nan, new)
        if x.when is not None:
            new = jnp.where(self._mask(x.when)[None, :, None, None], new, before)
        self.t = new

    def _measure(self, wire: Wire) -> Array:
        """A wire is found in 0 or 1, (X,), and stays there."""
        n, axis = len(self.wires), self.wires.index(wire)
        parted = self.t.reshape(self.t.shape[0], 2**axis, 2, 2 ** (n - 1 - axis))
        weights = (jnp.abs(parted) ** 2).sum((1, 3))
        whole = weights.sum(1)
        one = self._uniform(whole.shape) * whole >= weights[:, 0]
        one = jnp.where(weights[:, 1] > 0, one, False)
        found = jnp.where(one, weights[:, 1], weights[:, 0])
        scale = jnp.sqrt(whole / jnp.where(found > 0, found, 1.0))
        kept = jnp.stack([~one, one], 1) * scale[:, None]
        self.t = (parted * kept[:, None, :, None]).reshape(self.t.shape)
        return one

    def _drop(self, wire: Wire) -> None:
        one = self._measure(wire)
        n, axis = len(self.wires), self.wires.index(wire)
        self.t = q.picked(self.t, n, axis, one.astype(self.real))
        self.wires.remove(wire)

    def _project(self, x: low.Project) -> None:
        kept: Array = jnp.ones((1, 1), self.real)
        for value in x.values:
            found = self._number(value)
            near = jnp.round(found)
            v = jnp.where(jnp.abs(found - near) <= 1e-9, near, jnp.nan)[:, None]
            kept = jnp.concatenate([kept * (1 - v), kept * v], 1)
        when = x.when or low.Condition((), np.ones(1, bool))
        copies = len(when.holds)
        holds = np.repeat(when.holds, 2 ** len(x.wires))
        diag = jnp.where(holds, jnp.tile(kept, (1, copies)), 1.0).astype(self.complex)
        before = self._mean(self._weights(self.t))
        self._coefficients((*x.wires, *when.wires), (), diag, diag)
        after = self._mean(self._weights(self.t))
        chance = after / before
        chance = jnp.where(chance < LEAST_PROBABILITY, jnp.nan, chance)
        self.values[x.ref] = chance, True
        self.t = self.t * _rows(jnp.repeat(1 / jnp.sqrt(chance), self.count))

    # --- reads --------------------------------------------------------------------------------

    def _mean(self, each: Array) -> Array:
        """Over the trajectories of a sample."""
        return each.reshape(self.batch, self.count, *each.shape[1:]).mean(1)

    def _descending(self, wires: Iterable[Wire]) -> list[Wire]:
        """Wires by their axes, the last, least significant, axis first."""
        return sorted(wires, key=self.wires.index, reverse=True)

    def _term(self, term: Term) -> Array:
        n = len(self.wires)
        letters = dict(term.paulis)
        wires = self._descending(letters)
        axes = [self.wires.index(w) for w in reversed(wires)]
        flips = sum(1 << j for j, w in enumerate(wires) if letters[w] in "XY")
        phases = pauli_phases([letters[w] for w in wires])
        entries = q.overlaps(self.t, None, False, n, axes, flips)
        return self._number(term.coefficient) * self._mean((entries @ phases).real)

    def _populations(self, x: low.Populations) -> None:
        n, wires = len(self.wires), list(x.wires)
        extra = [w for c in x.bits for w in c.wires]
        involved = self._descending({*wires, *extra})
        axes = [self.wires.index(w) for w in reversed(involved)]
        rows = q.overlaps(self.t, None, False, n, axes, 0).real
        index = np.arange(2 ** len(involved))
        outcome = np.zeros_like(index)
        for j, wire in enumerate(wires):
            outcome |= ((index >> involved.index(wire)) & 1) << j
        for j, condition in enumerate(x.bits):
            at = np.zeros_like(index)
            for i, wire in enumerate(condition.wires):
                at |= ((index >> involved.index(wire)) & 1) << i
            outcome |= condition.holds[at].astype(np.int64) << (len(wires) + j)
        count = 2 ** (len(wires) + len(x.bits))
        found = self._mean(rows @ (outcome[:, None] == np.arange(count)).astype(float))
        self.values[x.ref] = (found if x.value is None else found[:, x.value]), True


def _rows(each: Array) -> Array:
    return each[:, None, None, None]
