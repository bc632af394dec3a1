"""Quantum trajectories: sampled pure states in the place of a density matrix.

A density matrix of n qubits has 4^n entries, a trajectory 2^n. What a density matrix loses by a
trace, a trajectory loses by chance: a wire that is discarded or reset is measured, and each channel
applies one of its Kraus operators, drawn by its probability (Dalibard, Castin and Mølmer 1992).
Reads are means over the trajectories of a sample, and so is what is fed back. A postselection
projects every trajectory, which then counts by what is left of it; at the end of a step they are
drawn anew by these weights (systematic resampling).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jax

from ..ir.graph import CellGraph
from ..sema.closed import RealCarry
from . import instructions as low
from .lowering import lower, lower_start
from .memory import require
from .trajectory_steps import Sampler, touched_last

Array = Any


@dataclass(frozen=True)
class _Carried:
    """Kets (X, 2^h) of all trajectories of all samples, and the carried reals (B, *shape)."""

    kets: Array
    reals: tuple[Array, ...]


jax.tree_util.register_dataclass(_Carried, data_fields=["kets", "reals"], meta_fields=[])


def run_trajectories(
    graph: CellGraph,
    params: Mapping[str, Array],
    inputs: Mapping[str, tuple[Array, bool]],
    steps: int,
    batch: int,
    externs: Mapping[str, Callable[..., Any]],
    real: Any,
    count: int,
    key: Array,
) -> dict[str, Array]:
    """The outputs by name, (steps, batch, *shape), as means over `count` trajectories a sample.

    `inputs` as for `cells.run_plan`. Raises CompileError when the kets do not fit in memory.
    """
    step, start = lower(graph), lower_start(graph)
    # A ket, the one after a gate, and one in between.
    need = 3 * 16 * 2 ** max(most_wires(step), most_wires(start)) * batch * count
    require(need, f"{batch} × {count} trajectories of cell `{graph.name}`")
    carries = [c for c in graph.carries if isinstance(c, RealCarry)]
    weighted = any(isinstance(i, low.Project) for i in step.instructions)

    def sampler(key: Array, kets: Array | None, given: Any, carried: Any) -> Sampler:
        return Sampler(params, given, carried, externs, real, batch, count, key, kets)

    fixed = {n: (x, False) for n, (x, varies) in inputs.items() if not varies}
    first_key, key = jax.random.split(key)
    before = sampler(first_key, None, {}, {})
    before.perform(start, graph.init)
    initial = tuple(before.rows(c.initial, c.shape) for c in carries)

    def one(state: _Carried, moving: Any) -> tuple[_Carried, dict[str, Array]]:
        key, here = moving
        given = {**fixed, **{n: (x, True) for n, x in here.items()}}
        reals = {c.name: x for c, x in zip(carries, state.reals, strict=True)}
        now = sampler(key, state.kets, given, reals)
        now.perform(step, ())
        outputs = {o.name: now.rows(o.ref, o.shape) for o in graph.outputs}
        kets = now.resampled() if weighted else now.left()
        return _Carried(kets, tuple(now.rows(c.out, c.shape) for c in carries)), outputs

    moving = {n: x for n, (x, varies) in inputs.items() if varies}
    keys = jax.random.split(key, steps)
    _, found = jax.lax.scan(one, _Carried(before.left(), initial), (keys, moving), length=steps)
    return dict(found)


def most_wires(program: low.Program) -> int:
    """The most wires that are alive at once."""
    last = touched_last(program)
    alive, most = set(program.enter), len(program.enter)
    for now, instruction in enumerate(program.instructions):
        if isinstance(instruction, low.Fresh):
            alive |= {w for w in instruction.wires if w in last}
        most = max(most, len(alive))
        alive -= {w for w in alive if last.get(w, -1) == now and w not in program.leave}
    return most
