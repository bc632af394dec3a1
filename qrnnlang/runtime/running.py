"""Running a model on checked arrays: compiled functions, and why a result is not finite."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..ir.asked import behind
from ..sema.closed import ClosedModel, SeqFn
from . import arrays
from .diagnosis import refuse_bad, refuse_loss

Array = NDArray[Any]
Batch = tuple[arrays.Arrays, arrays.Arrays, NDArray[np.int64] | None]


@dataclass(frozen=True)
class Runner:
    """A model, its precision and its external functions, compiled as it is used."""

    closed: ClosedModel
    precision: str
    externs: Mapping[str, Callable[..., Any]]

    @cached_property
    def executable(self) -> Any:
        """The exact engine's form of the model."""
        from ..engine import build

        return build(self.closed, precision=self.precision, externs=self.externs)

    @cached_property
    def epochs(self) -> dict[Any, Any]:
        """Compiled epochs of training, by what they depend on."""
        return {}

    @cached_property
    def readouts(self) -> dict[Any, Any]:
        """What the closed form compiles, by the method that it was made for."""
        return {}

    @cached_property
    def machines(self) -> dict[Any, Any]:
        """The model as circuits, by the number of steps and what else they depend on."""
        return {}

    @cached_property
    def trained(self) -> frozenset[str]:
        return frozenset(s.name for s in self.closed.params if s.trained)

    # --- arguments --------------------------------------------------------------------------------

    def params(self, params: Mapping[str, Any]) -> arrays.Arrays:
        return arrays.checked_params(self.closed, params)

    def inputs(self, x: Any, steps: int | None = None) -> arrays.Arrays:
        """Checked inputs. Raises ValueError, too, where nothing says how many steps to run."""
        if steps is not None and arrays.whole("steps", steps) >= 2**31:
            raise ValueError(f"steps is below 2147483648, not {steps}")
        inputs = arrays.checked("input", self.closed.inputs, {} if x is None else x)
        known = any(p.seq for p in self.closed.inputs)
        if steps is None and not known and any(o.seq for o in self.closed.outputs):
            raise ValueError(f"`{self.closed.name}` has no sequence among its inputs: give steps=")
        return inputs

    def batch(self, x: Any, y: Any, lengths: Any = None) -> Batch:
        """Checked inputs, targets and lengths of as many samples."""
        x, lengths = arrays.evened("input", self.closed.inputs, {} if x is None else x, lengths)
        y, lengths = arrays.evened("target", self.closed.targets, {} if y is None else y, lengths)
        inputs = arrays.checked("input", self.closed.inputs, x)
        targets = arrays.checked("target", self.closed.targets, y)
        arrays.agree((*self.closed.inputs, *self.closed.targets), {**inputs, **targets})
        return inputs, targets, self.lengths(inputs, lengths, judged=True)

    def lengths(
        self, inputs: arrays.Arrays, lengths: Any, judged: bool = False
    ) -> NDArray[np.int64] | None:
        """Checked lengths, long enough for the outputs and, if `judged`, for loss and metrics."""
        if lengths is None:
            return None
        first = next((p.name for p in self.closed.inputs if p.seq), None)
        if first is None:
            raise ValueError(f"`{self.closed.name}` reads no sequence: leave out lengths=")
        batch, steps = inputs[first].shape[:2]
        found = arrays.checked_lengths(lengths, batch, steps)
        asked = [o.ref for o in self.closed.outputs]
        if judged:
            asked += [ref for _, ref in self.closed.metrics]
            asked += [] if self.closed.loss is None else [self.closed.loss]
        for ref in sorted(behind(self.closed, asked)):
            op = self.closed.ops[ref]
            if isinstance(op, SeqFn) and op.fn == "last" and op.k is not None:
                short = [i for i, n in enumerate(found) if n < op.k]
                if short:
                    raise ValueError(
                        f"`last(…, {op.k})` needs {op.k} steps, sample {short[0]} has "
                        f"{found[short[0]]}"
                    )
        return found

    def check_state(self, params: arrays.Arrays, state: Any, batch: int) -> None:
        """Raises ValueError or TypeError unless it is a state of the model for a batch."""
        if state is None:
            return
        import jax

        if batch not in self._shapes:
            start = partial(self.executable.initial_state, batch=batch)
            self._shapes[batch] = _shapes(jax.eval_shape(start, params))
        wanted = self._shapes[batch]
        try:
            given = _shapes(state)
        except (TypeError, AttributeError):
            given = {}
        if given == wanted:
            return
        sizes = {shape[0] for shape in given.values() if shape}
        if len(sizes) == 1 and {k: (batch, *s[1:]) for k, s in given.items()} == wanted:
            raise ValueError(f"the state is of a batch of {sizes.pop()}, the inputs are of {batch}")
        raise ValueError(
            f"state= is a state as `step` and `return_state=True` give it, with {wanted}; "
            f"got {given or type(state).__name__}"
        )

    @cached_property
    def _shapes(self) -> dict[int, dict[str, tuple[int, ...]]]:
        return {}

    # --- results ----------------------------------------------------------------------------------

    def outputs(
        self, params: arrays.Arrays, inputs: arrays.Arrays, lengths: Any, steps: int | None
    ) -> dict[str, Array]:
        found = _host(self._apply(params, inputs, lengths, steps=steps))
        return self._finite(found, params, inputs, lengths)

    def outputs_and_state(
        self,
        params: arrays.Arrays,
        inputs: arrays.Arrays,
        state: Any,
        lengths: Any,
        steps: int | None,
    ) -> tuple[dict[str, Array], Any]:
        size = len(next(iter(inputs.values()))) if inputs else 1
        self.check_state(params, state, size)
        state = _real_where_it_is(state)
        found, after = self._apply_with_state(params, inputs, state, lengths, steps=steps)
        return self._finite(_host(found), params, inputs, lengths), _host(after)

    def step(self, params: arrays.Arrays, x: Any, state: Any) -> tuple[dict[str, Array], Any]:
        ports = self.closed.inputs
        seqs = {p.name for p in ports if p.seq}
        named = arrays.by_name("input", ports, {} if x is None else x)
        whole = {
            name: np.expand_dims(value, 1) if name in seqs and value.ndim else value
            for name, value in (
                (name, arrays.rectangular("input", name, v)) for name, v in named.items()
            )
        }
        inputs = arrays.checked("input", ports, whole)
        one = {name: a[:, 0] if name in seqs else a for name, a in inputs.items()}
        self.check_state(params, state, len(next(iter(one.values()))) if one else 1)
        state = _real_where_it_is(state)
        found, after = self._step(params, one, state)
        return self._finite(_host(found), params, inputs, None), _host(after)

    def states(self, params: arrays.Arrays, inputs: arrays.Arrays, steps: int | None) -> Any:
        return self._states(params, inputs, steps=steps)

    def value_and_grad(self, params: arrays.Arrays, batch: Batch) -> tuple[float, dict[str, Array]]:
        trained = {k: v for k, v in params.items() if k in self.trained}
        fixed = {k: v for k, v in params.items() if k not in self.trained}
        value, found = self._gradient(trained, fixed, *batch)
        grads = {k: np.asarray(v, dtype=np.float64) for k, v in found.items()}
        if not np.isfinite(value):
            self.explain(params, batch, f"the loss is {value:g}")
        if wrong := [f"`{k}`" for k, v in grads.items() if not np.isfinite(v).all()]:
            self.explain(params, batch, f"the gradient of {', '.join(wrong)} is not finite")
        return float(value), grads

    def judge(
        self, trained: Mapping[str, Any], fixed: Mapping[str, Any], batch: Batch
    ) -> dict[str, float]:
        """Loss and metrics on a whole set; parameters may lie in either dict."""
        found = self._judge(trained, fixed, batch)
        # Compiled functions give dicts in alphabetical order.
        names = ["loss", *(name for name, _ in self.closed.metrics)]
        return {name: float(found[name]) for name in names if name in found}

    def explain(self, params: arrays.Arrays, batch: Batch, text: str) -> None:
        """Raises DataError about a batch whose loss, or what `text` says, is not finite."""
        self.blame(params, batch, certain=False)
        refuse_loss(self.closed, self.externs, text, params, *batch)

    def blame(self, params: arrays.Arrays, batch: Batch, *, certain: bool = True) -> None:
        """Raises DataError if an output is not finite; `certain`: only if it is known why."""
        outputs = _host(self._apply(params, batch[0], batch[2], steps=None))
        refuse_bad(self.closed, self.externs, outputs, params, *batch, certain=certain)

    def _finite(
        self, outputs: dict[str, Array], params: arrays.Arrays, inputs: arrays.Arrays, lengths: Any
    ) -> dict[str, Array]:
        if not all(np.isfinite(values).all() for values in outputs.values()):
            refuse_bad(self.closed, self.externs, outputs, params, inputs, None, lengths)
        return outputs

    # --- compiled functions -----------------------------------------------------------------------

    @cached_property
    def _apply(self) -> Any:
        return self._compiled("apply")

    @cached_property
    def _apply_with_state(self) -> Any:
        return self._compiled("apply_with_state")

    @cached_property
    def _states(self) -> Any:
        return self._compiled("states")

    @cached_property
    def _step(self) -> Any:
        import jax

        return jax.jit(self.executable.step)

    @cached_property
    def _gradient(self) -> Any:
        import jax

        def loss(trained: Any, fixed: Any, inputs: Any, targets: Any, lengths: Any) -> Any:
            return self.executable.loss({**fixed, **trained}, inputs, targets, lengths)

        return jax.jit(jax.value_and_grad(loss))

    @cached_property
    def _judge(self) -> Any:
        import jax

        def judged(trained: Any, fixed: Any, batch: Any) -> dict[str, Any]:
            _, loss, metrics = self.executable.evaluate({**fixed, **trained}, *batch)
            return {"loss": loss, **metrics}

        return jax.jit(judged)

    def _compiled(self, name: str) -> Any:
        import jax

        return jax.jit(getattr(self.executable, name), static_argnames="steps")


def _shapes(tree: Any, path: str = "") -> dict[str, tuple[int, ...]]:
    """The shapes of nested dicts of arrays, by path. Raises TypeError for anything else in them."""
    if not isinstance(tree, Mapping):
        if np.result_type(tree).kind not in "fiubc":
            raise TypeError
        return {path: tuple(np.shape(tree))}
    return {
        k: v
        for name, inner in tree.items()
        for k, v in _shapes(inner, f"{path}/{name}" if path else str(name)).items()
    }


def _real_where_it_is(state: Any) -> Any:
    """A state without imaginary parts that are all 0, so that real circuits stay real."""
    if isinstance(state, Mapping):
        return {name: _real_where_it_is(value) for name, value in state.items()}
    if state is None:
        return None
    array = np.asarray(state)
    return array.real if np.iscomplexobj(array) and not array.imag.any() else array


def _host(found: Any) -> Any:
    """Nested dicts of arrays as NumPy."""
    if isinstance(found, Mapping):
        return {key: _host(value) for key, value in found.items()}
    return np.asarray(found)
