"""From a cell's values to the angles of circuits, and back along the same way for gradients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...sema.closed import ClosedModel, Prepare, Ref, RunCell
from ...targets.along import Along
from ...targets.preparation import encoding_angles
from ...targets.symbols import Expr, Leaf
from .classical import Classical, Place, classical
from .stencil import Use

Array = Any
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Angles:
    """The angles of some uses of stencils, as polynomials in the values of cells.

    All values of a batch lie in one array (batch, entries), laid out by `_begin`; then follow the
    angles of amplitude encodings and, last, the number 1.
    """

    model: ClosedModel
    along: Along
    uses: Sequence[Use]

    @cached_property
    def _needed(self) -> tuple[list[Place], list[tuple[Ref, int, Ref]]]:
        """The values that angles are made of, and the amplitude encodings: run, step, operation."""
        places: dict[Place, None] = {}
        encodings: dict[tuple[Ref, int, Ref], None] = {}
        for use in self.uses:
            for leaf in _leaves(use):
                run, ref = map(int, leaf.name.split(":"))
                step = _step(leaf, use)
                if leaf.kind == "prepare":
                    encodings[run, step, ref] = None
                    op = self._operation(run, step, ref)
                    assert isinstance(op, Prepare)
                    places[run, op.re, step < 0] = None
                    if op.im is not None:
                        places[run, op.im, step < 0] = None
                else:
                    places[run, ref, step < 0] = None
        return list(places), list(encodings)

    def _operation(self, run: Ref, step: int, ref: Ref) -> Any:
        op = self.model.ops[run]
        assert isinstance(op, RunCell)
        return op.cell.init[ref] if step < 0 else op.cell.ops[ref]

    @cached_property
    def classical(self) -> Classical:
        """The model around the circuits, giving what the angles are made of."""
        return classical(self.model, self._needed[0])

    # --- the layout -------------------------------------------------------------------------------

    @cached_property
    def _begin(self) -> dict[Place, tuple[int, int]]:
        """Where the entries of a value begin, and how many there are for one step."""
        found: dict[Place, tuple[int, int]] = {}
        end = 0
        shapes = {o.name: o.shape for o in self.classical.model.outputs}
        for place, name in self.classical.values.items():
            size = prod(shapes[name])
            found[place] = end, size
            end += size * self.along.runs[place[0]].steps
        return found

    @cached_property
    def values(self) -> int:
        """How many entries the values have in all."""
        if not self._begin:
            return 0
        (begin, size), place = max((v, k) for k, v in self._begin.items())
        return begin + size * self.along.runs[place[0]].steps

    @cached_property
    def _encoded(self) -> dict[tuple[Ref, int, Ref], tuple[int, int]]:
        found, end = {}, self.values
        for run, step, ref in self._needed[1]:
            op = self._operation(run, step, ref)
            n = len(encoding_angles(np.ones(2 ** len(op.wires)) + 0j, op.im is None))
            found[run, step, ref] = end, n
            end += n
        return found

    @cached_property
    def one(self) -> int:
        return self.values + sum(n for _, n in self._encoded.values())

    def _index(self, leaf: Leaf, use: Use) -> int:
        run, ref = map(int, leaf.name.split(":"))
        step = _step(leaf, use)
        if leaf.kind == "prepare":
            return self._encoded[run, step, ref][0] + (leaf.index or 0)
        begin, size = self._begin[run, ref, step < 0]
        return begin + size * max(step, 0) + (leaf.index or 0)

    @cached_property
    def first(self) -> list[int]:
        """Where the angles of each use begin, and where those of the last one end."""
        ends = np.cumsum([0, *(len(u.stencil.slots) for u in self.uses)])
        return [int(e) for e in ends]

    @cached_property
    def _table(self) -> tuple[Floats, NDArray[np.int64], NDArray[np.int64]]:
        """Coefficients, factors and angles of all products."""
        rows: list[tuple[float, list[int], int]] = []
        for use, first in zip(self.uses, self.first, strict=False):
            for k, slot in enumerate(use.stencil.slots):
                for c, leaves in slot.terms:
                    rows.append((c, [self._index(x, use) for x in leaves], first + k))
        width = max((len(f) for _, f, _ in rows), default=0)
        factors = np.full((len(rows), width), self.one)
        for i, (_, found, _) in enumerate(rows):
            factors[i, : len(found)] = found
        return (
            np.array([c for c, _, _ in rows]),
            factors,
            np.array([k for _, _, k in rows], dtype=np.int64),
        )

    # --- numbers ----------------------------------------------------------------------------------

    def flat(self, outputs: Mapping[str, Array]) -> Array:
        """The values that the classical model gives, (batch, entries)."""
        import jax.numpy as jnp

        parts = [outputs[name] for name in self.classical.values.values()]
        size = next(iter(outputs.values())).shape[0]
        return jnp.concatenate([jnp.zeros((size, 0)), *(p.reshape(size, -1) for p in parts)], 1)

    def encodings(self, flat: Floats) -> Floats:
        """The angles of amplitude encodings, (batch, angles), from the values."""
        found = np.zeros((len(flat), self.one - self.values))
        for (run, step, ref), (begin, n) in self._encoded.items():
            op = self._operation(run, step, ref)
            amplitudes = self._entries(flat, run, op.re, step).astype(np.complex128)
            if op.im is not None:
                amplitudes += 1j * self._entries(flat, run, op.im, step)
            norms = np.linalg.norm(amplitudes, axis=1, keepdims=True)
            # A zero vector is reported where the outputs are looked at.
            amplitudes = amplitudes / np.where(norms > 0, norms, 1.0)
            at = begin - self.values
            for row, vector in zip(found, amplitudes, strict=True):
                row[at : at + n] = encoding_angles(vector, op.im is None)
        return found

    def _entries(self, flat: Floats, run: Ref, ref: Ref, step: int) -> Floats:
        begin, size = self._begin[run, ref, step < 0]
        begin += size * max(step, 0)
        return flat[:, begin : begin + size]

    def angles(self, flat: Array, encoded: Array) -> Array:
        """All angles, (batch, angles), in the order of the uses; traceable."""
        import jax
        import jax.numpy as jnp

        coefficients, factors, slots = self._table
        size = flat.shape[0]
        whole = jnp.concatenate([flat, encoded, jnp.ones((size, 1))], 1)
        shown = coefficients * jnp.prod(whole[:, factors], axis=-1)
        return jax.vmap(lambda row: jax.ops.segment_sum(row, slots, self.first[-1]))(shown)

    def expected(self, flat: Floats, use: Use) -> dict[str, NDArray[np.int64]]:
        """What postselections on data are to read, (batch,) by register."""
        found = {}
        for name, bits in use.stencil.program.expected.items():
            number = np.zeros(len(flat), dtype=np.int64)
            for i, bit in enumerate(bits):
                number += np.rint(self._bit(flat, bit, use)).astype(np.int64) << i
            found[name] = number
        return found

    def _bit(self, flat: Floats, bit: Expr, use: Use) -> Floats:
        if isinstance(bit, float):
            return np.full(len(flat), bit)
        assert isinstance(bit, Leaf)
        return flat[:, self._index(bit, use)]

    def moving(self, use: Use, moved: frozenset[Place]) -> list[bool]:
        """Which angles of a use depend on a value in `moved`."""
        return [
            any(_place(x) in moved for _, leaves in slot.terms for x in leaves)
            for slot in use.stencil.slots
        ]


def _place(leaf: Leaf) -> Place | None:
    """The value that a leaf is an entry of; None for an angle of an amplitude encoding."""
    if leaf.kind != "value":
        return None
    assert isinstance(leaf.step, int)
    run, ref = map(int, leaf.name.split(":"))
    return run, ref, leaf.step < 0


def _leaves(use: Use) -> list[Leaf]:
    found = [x for slot in use.stencil.slots for _, leaves in slot.terms for x in leaves]
    for bits in use.stencil.program.expected.values():
        found += [b for b in bits if isinstance(b, Leaf)]
    return found


def _step(leaf: Leaf, use: Use) -> int:
    """The step whose value it is; −1 for a value of `init`."""
    assert isinstance(leaf.step, int)
    return leaf.step if leaf.step < 0 else leaf.step + use.step
