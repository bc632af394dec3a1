"""An expert's NumPy: Kraus operators from one fused unitary, and the adjoint written by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import circuits
from ..workloads import Workload
from .jax_common import Problem

PAULI = {"rx": np.array([[0, 1], [1, 0]]), "ry": np.array([[0, -1j], [1j, 0]])}
PAULI["rz"] = np.diag([1.0, -1.0])


def make(workload: Workload) -> Callable[[], Any]:
    problem = Problem.of(workload)
    d, h = workload.fresh, workload.carried
    F, N = 2**d, 2**h
    params = problem.params
    x = np.swapaxes(problem.x, 0, 1)
    y = np.swapaxes(problem.y, 0, 1)
    steps, batch = x.shape[:2]
    signs = 1.0 - 2.0 * ((np.arange(F)[:, None] >> np.arange(d)[None, ::-1]) & 1)
    places = _places(params)

    def gates() -> tuple[list[Any], list[Any]]:
        indices = {k: _Named(k, v) for k, v in params.items()}
        layers = circuits.layers(workload.family, indices, d, h, workload.layers)
        return circuits.encoding(workload.family, indices, x, d, h), layers

    def call() -> Any:
        encode, layers = gates()
        grads = np.zeros(sum(v.size for v in map(np.asarray, params.values())))
        unitary = np.eye(F * N, dtype=complex)
        for gate in layers:
            unitary = _on_rows(gate, unitary, params)
        ket = np.zeros((steps, batch, F), complex)
        ket[..., 0] = 1
        for gate in encode:
            ket = _on_last(gate, ket, params, d)
        tall = unitary.reshape(F * N, F, N).transpose(0, 2, 1).reshape(-1, F)
        kraus = (ket.reshape(-1, F) @ tall.T).reshape(steps, batch, F * N, N)
        rho = np.zeros((batch, N, N), complex)
        rho[:, 0, 0] = 1
        kept, chance = [], np.empty((steps, batch, F))
        for t in range(steps):
            half = kraus[t] @ rho
            kept.append(half)
            wide = kraus[t].reshape(batch, F, N, N)
            parts = half.reshape(batch, F, N, N)
            chance[t] = np.einsum("bamn,bamn->ba", parts, wide.conj()).real
            left = parts.transpose(0, 2, 1, 3).reshape(batch, N, F * N)
            right = wide.transpose(0, 2, 1, 3).reshape(batch, N, F * N)
            rho = left @ right.conj().swapaxes(1, 2)
        error = chance @ signs - y
        weights = (2 / error.size) * (error @ signs.T)
        back = np.zeros((batch, N, N), complex)
        made = np.empty_like(kraus)
        eye = np.eye(N)
        for t in reversed(range(steps)):
            each = back[:, None] + weights[t][:, :, None, None] * eye
            made[t] = 2 * (each @ kept[t].reshape(batch, F, N, N)).reshape(batch, F * N, N)
            half = each @ kraus[t].reshape(batch, F, N, N)
            tall_k = kraus[t]
            back = tall_k.conj().swapaxes(1, 2) @ half.reshape(batch, F * N, N)
        flat = made.reshape(steps * batch, -1)
        pulled = (flat.T @ ket.reshape(-1, F).conj()).reshape(F * N, N, F)
        bar = pulled.transpose(0, 2, 1).reshape(F * N, F * N)
        for gate in reversed(layers):
            unitary = _on_rows(gate, unitary, params, inverse=True)
            bar = _on_rows(gate, bar, params, inverse=True)
            _slope(gate, unitary, bar, grads, places)
        if any(isinstance(angle, _Named) for _, angle, _ in encode):
            bar = (flat @ tall.conj()).reshape(steps * batch, F).T
            now = ket.reshape(-1, F).T
            for gate in reversed(encode):
                now, bar = (
                    _on_last(gate, v.T.reshape(ket.shape), params, d, True).reshape(-1, F).T
                    for v in (now, bar)
                )
                _slope(gate, now, bar, grads, places)
        loss = np.mean(error**2)
        return loss, {
            k: grads[at : at + np.size(v)].reshape(np.shape(v))
            for (k, v), at in zip(params.items(), places.values(), strict=True)
        }

    return call


class _Named:
    """A parameter that remembers how it was indexed."""

    def __init__(self, name: str, value: Any, index: tuple[int, ...] = ()) -> None:
        self.name, self.value, self.index = name, value, index

    def __getitem__(self, index: Any) -> Any:
        return _Named(self.name, self.value, (*self.index, *np.atleast_1d(index)))


def _places(params: dict[str, Any]) -> dict[str, int]:
    sizes = np.cumsum([0, *(np.size(v) for v in params.values())])
    return dict(zip(params, map(int, sizes), strict=False))


def _angle(angle: Any, params: dict[str, Any]) -> Any:
    return params[angle.name][angle.index] if isinstance(angle, _Named) else angle


def _on_rows(gate: Any, t: Any, params: dict[str, Any], inverse: bool = False) -> Any:
    """A gate on the rows of a matrix, the first qubit most significant."""
    name, angle, qubits = gate
    n = t.shape[0].bit_length() - 1
    if name in PAULI:
        (q,) = qubits
        a = _angle(angle, params) * (-1 if inverse else 1)
        m = np.cos(a / 2) * np.eye(2) - 1j * np.sin(a / 2) * PAULI[name]
        return (m @ t.reshape(2**q, 2, -1)).reshape(t.shape)
    parity = _parity(n, qubits, name)
    if name == "cz":
        return parity[:, None] * t
    a = _angle(angle, params) * (-1 if inverse else 1)
    return np.exp(-0.5j * a * parity)[:, None] * t


def _parity(n: int, qubits: tuple[int, ...], name: str) -> Any:
    bits = [(np.arange(2**n) >> (n - 1 - q)) & 1 for q in qubits]
    both = bits[0] & bits[1] if name == "cz" else bits[0] ^ bits[1]
    return 1.0 - 2.0 * both


def _on_last(gate: Any, ket: Any, params: dict[str, Any], d: int, inverse: bool = False) -> Any:
    """A one-qubit gate on the last axis; its angle is a number or one for each ket."""
    name, angle, (q,) = gate
    a = np.asarray(_angle(angle, params)) * (-1 if inverse else 1)
    a = a[..., None, None] if a.ndim else a
    parted = ket.reshape(*ket.shape[:-1], 2**q, 2, 2 ** (d - 1 - q))
    up, down = parted[..., 0, :], parted[..., 1, :]
    c, s, m = np.cos(a / 2), np.sin(a / 2), PAULI[name]
    new_up = c * up - 1j * s * (m[0, 0] * up + m[0, 1] * down)
    new_down = c * down - 1j * s * (m[1, 0] * up + m[1, 1] * down)
    return np.stack([new_up, new_down], -2).reshape(ket.shape)


def _slope(gate: Any, before: Any, bar: Any, grads: Any, places: Any) -> None:
    """Adds Re tr(bar† dU before) for the gate's parameter.

    State and cotangent have both been taken back through the gate, with which its generator
    commutes.
    """
    name, angle, qubits = gate
    if not isinstance(angle, _Named):
        return
    n = len(before).bit_length() - 1
    if name in PAULI:
        (q,) = qubits
        parted = before.reshape(2**q, 2, -1)
        turned = (PAULI[name] @ parted).reshape(before.shape)
    else:
        turned = _parity(n, qubits, name)[:, None] * before
    place = places[angle.name] + int(
        np.ravel_multi_index(angle.index, np.shape(angle.value)) if angle.index else 0
    )
    grads[place] += np.real(np.vdot(bar, -0.5j * turned))
