"""Verify: a step before and after a pass does the same, by the interpreter on random data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from ..diagnostics import DataError
from ..ir.classical import Externs
from ..ir.graph import CellGraph
from ..ir.interpreter import run_cell
from ..ir.verifier import verify
from .as_graph import as_graph
from .line import Step

TOLERANCE = 1e-10

#: Passes after which carried qubits may hold something else, which nothing can feel.
_UNFELT = frozenset(("light-cone",))
#: A density operator on more qubits than this takes too long.
_MOST = 8


#: Outputs by name, and what is carried by the values of the bits.
_Result: TypeAlias = tuple[dict[str, Any], dict[tuple[int, ...], Any]]


class PassError(Exception):
    """A pass has changed what a step does; an error of the compiler, not of the program."""


@dataclass
class Verifier:
    """A watch of the pipeline that runs two steps before and after every pass.

    `params`: what is bound; the rest is drawn from `seed`. `unchecked` counts the passes over steps
    that are too wide, or whose random data meets a postselection of an impossible event.
    """

    params: Mapping[str, Any] = field(default_factory=dict)
    externs: Externs | None = None
    seed: int = 0
    steps: int = 2
    checked: int = 0
    unchecked: int = 0
    _bits: bool | None = None  # whether inputs must be bits; what the first run shows
    _last: tuple[Step, _Result] | None = None

    def __call__(self, name: str, before: Step, after: Step, seconds: float) -> None:
        graph = as_graph(after)
        verify(graph)
        if name == "boundary" or before == after:
            return  # at a boundary, half of the work is done by the neighbouring steps
        wires = {w for _, item in before.line for w in getattr(item, "wires", ())}
        try:
            if len(wires | set(before.graph.carried_wires)) > _MOST:
                raise DataError("too wide")
            mine, mine_left = self._result(before)
            other, other_left = self._result(after, graph)
        except DataError:
            self.unchecked += 1
            return
        self.checked += 1
        for output, values in mine.items():
            if not np.allclose(values, other[output], rtol=0, atol=TOLERANCE):
                raise PassError(f"pass `{name}` changes the output `{output}`")
        if name not in _UNFELT:
            for key, rho in mine_left.items():
                if not np.allclose(rho, other_left[key], rtol=0, atol=TOLERANCE):
                    raise PassError(f"pass `{name}` changes what is carried on")

    def _result(self, step: Step, graph: CellGraph | None = None) -> _Result:
        """What a step does; of the last one, which the next pass starts from, kept."""
        if self._last is None or self._last[0] is not step:
            self._last = step, self._run(graph or as_graph(step))
        return self._last[1]

    def _run(self, graph: CellGraph) -> _Result:
        rng = np.random.default_rng(self.seed)
        params = {}
        for spec in graph.params:
            drawn = rng.uniform(-2, 2, spec.shape)
            if spec.kind == "unitary":
                unitary = np.linalg.qr(drawn[..., 0] + 1j * drawn[..., 1])[0]
                drawn = np.stack([unitary.real, unitary.imag], -1)
            params[spec.name] = self.params.get(spec.name, drawn)
        inputs: dict[str, Any] = {}
        for port in graph.inputs:
            shape = (self.steps, *port.shape)
            inputs[port.name] = (
                rng.uniform(0.1, 0.9, shape)
                if port.labels is None
                else rng.integers(port.labels, size=shape)
            )
        if self._bits is None:
            try:
                found = self._ran(graph, params, inputs)
            except DataError:
                self._bits = True
            else:
                self._bits = False
                return found
        if self._bits:
            inputs = {name: np.round(values) for name, values in inputs.items()}
        return self._ran(graph, params, inputs)

    def _ran(self, graph: CellGraph, params: Any, inputs: Any) -> _Result:
        outputs, state = run_cell(graph, params, inputs, None, self.steps, self.externs)
        return outputs, state.densities
