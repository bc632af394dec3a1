"""Running a registered plan from JAX, forwards and in reverse."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from functools import cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.custom_derivatives import SymbolicZero

from . import library
from .cell import Native


@cache
def _registered() -> None:
    lib = library.load()
    for name in ("qrnn_kept", "qrnn_trailed"):
        getattr(lib, name).restype = ctypes.c_int64
    for name in ("qrnn_forward", "qrnn_reverse"):
        capsule = jax.ffi.pycapsule(getattr(lib, name))
        jax.ffi.register_ffi_target(name, capsule, platform="cpu")


def _kind(*shape: int) -> Any:
    return jax.ShapeDtypeStruct(shape, jnp.float64)


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def sweep(native: Native, params: Any, inputs: Any, initial: Any) -> tuple[Any, Any]:
    """Outputs (steps, batch, n) and the last state (batch, carried).

    `initial`: (batch, carried), one row for all sequences, or a column more: the steps that each
    has, beyond which its last outputs are repeated and its state stays. `params`: flat arrays in
    the program's order. Under `jax.vmap` it stays one call.
    """
    outputs, last = _swept(native, params, inputs, initial)[0]
    return outputs, last


def _forward(native: Native, params: Any, inputs: Any, initial: Any) -> Any:
    return _swept(native, tuple(x.value for x in params), inputs.value, initial.value)


def _swept(native: Native, params: Any, inputs: Any, initial: Any) -> Any:
    _registered()
    steps, batch, _ = inputs.shape
    call = jax.ffi.ffi_call(
        "qrnn_forward",
        (
            _kind(steps, batch, native.made),
            _kind(batch, native.carried),
            _kind(native.trailed(steps, batch)),
            _kind(native.kept()),
        ),
        vmap_method="expand_dims",
    )
    ragged = initial.shape[-1] > native.carried
    numbers = {"key": np.int64(native.key), "ragged": np.int64(ragged)}
    outputs, last, trail, fixed = call(inputs, initial, *params, **numbers)
    return (outputs, last), (inputs, trail, fixed, params, initial)


def _reverse(native: Native, kept: Any, given: Any) -> tuple[Any, Any, Any]:
    inputs, trail, fixed, params, initial = kept
    outputs, last = given
    if isinstance(outputs, SymbolicZero):
        outputs = jnp.zeros((*inputs.shape[:2], native.made))
    if isinstance(last, SymbolicZero):
        last = jnp.zeros((0, native.carried))
    call = jax.ffi.ffi_call(
        "qrnn_reverse",
        (
            _kind(*inputs.shape),
            _kind(*initial.shape),
            *(_kind(*x.shape) for x in params),
        ),
        vmap_method="expand_dims",
    )
    ragged = initial.shape[-1] > native.carried
    numbers = {"key": np.int64(native.key), "ragged": np.int64(ragged)}
    d_inputs, d_initial, *d_params = call(inputs, trail, fixed, outputs, last, **numbers)
    return tuple(d_params), d_inputs, d_initial


sweep.defvjp(_forward, _reverse, symbolic_zeros=True)


def run_native(
    native: Native,
    params: Mapping[str, Any],
    inputs: Mapping[str, tuple[Any, bool]],
    steps: int,
    batch: int,
    bases: tuple[Any, ...],
    reals: tuple[Any, ...],
    handed: tuple[list[Any], list[Any]] = ([], []),
    lengths: Any = None,
) -> tuple[dict[str, Any], tuple[Any, ...], tuple[Any, ...]]:
    """Outputs (steps, batch, *shape) by name, and the carried bases and reals at the end.

    `bases`, `reals`: as they are before the first step, of every sequence or one for all.
    `handed`: what XLA has computed, as flat arrays: once, and for all steps and sequences.
    `lengths`, (batch,): how many steps of each sequence there are, all if None.
    """
    fixed = [jnp.asarray(params[n]).reshape(-1) for n in native.params]
    fixed += [inputs[n][0].reshape(-1) for n in native.fixed_inputs]
    given = [inputs[n][0].reshape(steps, batch, -1) for n in native.inputs]
    fixed += handed[0]
    given += [x.reshape(steps, batch, -1) for x in handed[1]]
    start = []
    for base, (_, complex_) in zip(bases, native.bases, strict=True):
        start.append(base.real.reshape(len(base), -1))
        if complex_:
            start.append(base.imag.reshape(len(base), -1))
    start += [x.reshape(len(x), -1) for x in reals]
    rows = len(start[0]) if start else batch
    if lengths is not None:
        start = [jnp.broadcast_to(x, (batch, x.shape[1])) for x in start]
        rows = batch
        start.append(jnp.asarray(lengths, jnp.float64).reshape(batch, 1))
    outputs, last = sweep(
        native,
        tuple(fixed),
        _joined(given, 2, (steps, batch)),
        _joined(start, 1, (rows,)),
    )
    found = {}
    for name, shape, at in native.outputs:
        size = int(np.prod(shape, dtype=int))
        found[name] = outputs[..., at : at + size].reshape(steps, batch, *shape)
    place = 0

    def taken(size: int) -> Any:
        nonlocal place
        place += size
        return last[:, place - size : place]

    ends = []
    for shape, complex_ in native.bases:
        size = int(np.prod(shape))
        whole = taken(size)
        if complex_:
            whole = jax.lax.complex(whole, taken(size))
        ends.append(whole.reshape(batch, *shape))
    after = tuple(
        taken(int(np.prod(x.shape[1:], dtype=int))).reshape(batch, *x.shape[1:]) for x in reals
    )
    return found, tuple(ends), after


def _joined(parts: list[Any], axis: int, lead: tuple[int, ...]) -> Any:
    if not parts:
        return jnp.zeros((*lead, 0))
    return parts[0] if len(parts) == 1 else jnp.concatenate(parts, axis)
