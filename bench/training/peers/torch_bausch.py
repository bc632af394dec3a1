"""Bausch's cell in PyTorch in the manner of the paper: every gate on a state with all ancillas.

Written anew from the paper's description: an operator is a tensor that is contracted with the
lanes it acts on, a multi-controlled rotation being a matrix on all of its lanes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..workloads import Workload
from .jax_bausch import LANES, WIDTH, WORKSPACE, sets
from .jax_common import start

ANCILLAS = (LANES, LANES + 1)


def make(workload: Workload) -> Callable[[], Any]:
    import numpy as np
    import torch

    torch.set_num_threads(2)
    torch.set_default_dtype(torch.float64)
    inputs, targets = workload.data()
    x, observed = torch.tensor(inputs["x"]), torch.tensor(inputs["observed"])
    label = torch.tensor(targets["label"])
    params = {k: torch.tensor(v, requires_grad=True) for k, v in start(workload).items()}
    total = LANES + len(ANCILLAS)
    pi = torch.tensor(np.pi)

    def ry(angle: Any, controls: int = 0) -> Any:
        c, s = torch.cos(angle / 2), torch.sin(angle / 2)
        turn = torch.stack([torch.stack([c, -s]), torch.stack([s, c])])
        idle = torch.eye(2 ** (controls + 1) - 2)
        return torch.block_diag(idle, turn) if controls else turn

    def apply(op: Any, state: Any, lanes: Sequence[int]) -> Any:
        k = len(lanes)
        axes = [1 + q for q in lanes]
        op = op.reshape((2,) * (2 * k))
        moved = torch.tensordot(op, state, (list(range(k, 2 * k)), axes))
        return torch.movedim(moved, tuple(range(k)), tuple(axes))

    def postselect(state: Any, lane: int) -> Any:
        kept = state.select(1 + lane, 0)
        norm = kept.reshape(len(kept), -1).norm(dim=1).reshape(-1, *(1,) * (total - 1))
        kept = kept / norm
        return torch.stack([kept, torch.zeros_like(kept)], 1 + lane)

    def rotations(state: Any, theta: Any, phi: Any, sources: list[int], sign: int) -> Any:
        gates = [(phi[i], [sources[j] for j in s]) for i, s in enumerate(sets(len(sources)))]
        gates += [(pi / 2, []), (theta, [])]
        for angle, lanes in gates[::sign]:
            state = apply(ry(sign * angle, len(lanes)), state, [*lanes, ANCILLAS[0]])
        return state

    def level(state: Any, depth: int, sign: int, neuron: Any) -> Any:
        theta, phi, sources, lane = neuron
        if depth == 0:
            return rotations(state, theta, phi, sources, sign)
        # A projection stands at the end, and at the beginning of the adjoint.
        if sign < 0:
            for anc in ANCILLAS[:depth]:
                state = postselect(state, anc)
        goal = [*ANCILLAS, lane][depth] if depth < len(ANCILLAS) else lane
        state = level(state, depth - 1, 1, neuron)
        state = apply(ry(sign * pi, 1), state, [ANCILLAS[depth - 1], goal])
        state = level(state, depth - 1, -1, neuron)
        if sign > 0:
            for anc in ANCILLAS[:depth]:
                state = postselect(state, anc)
        return state

    def neurons(state: Any, theta: Any, phi: Any, lanes: Sequence[int], rest: list[int]) -> Any:
        numbered = list(enumerate(lanes))
        # The workspace in order, the bits that are read from the most significant one on.
        for i, lane in numbered if lanes[0] < WORKSPACE else reversed(numbered):
            sources = [q for q in lanes if q != lane] + rest
            state = level(state, len(ANCILLAS), 1, (theta[i], phi[i], sources, lane))
        return state

    def write(state: Any, bits: Any) -> Any:
        for j in range(WIDTH):
            axis = 1 + WORKSPACE + j
            on = bits[:, j].reshape(-1, *(1,) * total).bool()
            state = torch.where(on, state.flip(axis), state)
        return state

    def call() -> Any:
        for p in params.values():
            p.grad = None
        work, io = list(range(WORKSPACE)), list(range(WORKSPACE, LANES))
        state = torch.zeros((len(x),) + (2,) * total)
        state.reshape(len(x), -1)[:, 0] = 1
        found = []
        for t in range(workload.steps):
            state = write(state, x[:, t])
            state = neurons(state, params["c.theta"][0], params["c.phi"][0], work, io)
            for q in work:
                state = apply(ry(params["c.turn"][0][q]), state, [q])
            state = neurons(state, params["c.theta"][1], params["c.phi"][1], work, io)
            state = write(state, x[:, t])
            state = neurons(state, params["c.theta_io"], params["c.phi_io"], io, work)
            chance = (state**2).reshape(len(x), 2**WORKSPACE, 2, 2, 4).sum((1, 4))
            chance = chance / chance.sum((1, 2), keepdim=True)
            found.append(chance.transpose(1, 2).reshape(len(x), 4))
            state = write(state, observed[:, t])
            for lane in io:
                state = postselect(state, lane)
        p = torch.stack(found, 1)
        loss = torch.nn.functional.cross_entropy(p.reshape(-1, 4), label.reshape(-1))
        loss.backward()
        return loss.item(), {k: p.grad.numpy() for k, p in params.items()}

    return call
