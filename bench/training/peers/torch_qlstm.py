"""QLSTM as in the paper's experiments: PennyLane circuits in PyTorch, one window at a time.

Written anew from the paper's description (arXiv 2009.01783).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..circuits import staircase
from ..workloads import Workload
from .jax_common import start
from .qlstm import HIDDEN, NAMES
from .rmsprop import DECAY, EPS, RATE

N = 6


def make(workload: Workload) -> Callable[[], Any]:
    import pennylane as qml
    import torch

    from .pennylane_density import play

    torch.set_num_threads(2)
    torch.set_default_dtype(torch.float64)
    device = qml.device("default.qubit", wires=N)

    @qml.qnode(device, interface="torch", diff_method="backprop")
    def circuit(w: Any, v: Any) -> Any:
        for q in range(N):
            qml.Hadamard(q)
            qml.RY(v[q], wires=q)
        play(staircase(w, N))
        return [qml.expval(qml.PauliZ(q)) for q in range(N)]

    def window(params: Any, xs: Any) -> Any:
        h = c = torch.zeros(HIDDEN)
        for x in xs:
            v = torch.cat([x, h])
            z = [torch.stack(circuit(params[f"c.{k}.w"], v))[:HIDDEN] for k in NAMES]
            f, i, o = (torch.sigmoid(z[k]) for k in (0, 1, 3))
            c = f * c + i * torch.tanh(z[2])
            h = o * torch.tanh(c)
        return params["head.W"] @ h + params["head.b"]

    x, y = workload.data()
    shape = (workload.updates, workload.batch)
    xs = torch.tensor(x["x"]).reshape(*shape, *x["x"].shape[1:])
    ys = torch.tensor(y["y"]).reshape(*shape, *y["y"].shape[1:])

    def call() -> Any:
        params = {k: torch.tensor(v, requires_grad=True) for k, v in start(workload).items()}
        follow = torch.optim.RMSprop(params.values(), lr=RATE, alpha=DECAY, eps=EPS)
        losses = []
        for rows, wanted in zip(xs, ys, strict=True):
            follow.zero_grad()
            found = torch.stack([window(params, row) for row in rows])
            loss = torch.nn.functional.mse_loss(found, wanted)
            loss.backward()
            follow.step()
            losses.append(loss.item())
        after = {k: p.detach().numpy() for k, p in params.items()}
        return sum(losses) / len(losses), after

    return call
