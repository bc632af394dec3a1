"""One exact training step, loss and all gradients in float64, against hand-written JAX.

    python bench/train.py                # prints the table
    python bench/train.py --write        # and writes bench/results/train.md

The workload is the exchange-memory cell: one data qubit uploaded three times, two carried qubits,
three layers. Losses and gradients of all contenders are compared before anything is measured; then
the contenders take turns, call by call.
"""

from __future__ import annotations

import argparse
import os
import platform
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from qrnnlang.engine import build
from qrnnlang.engine.native import library
from qrnnlang.runtime.init import init
from qrnnlang.sema import load_text

jax.config.update("jax_enable_x64", True)

RESULTS = Path(__file__).parent / "results" / "train.md"
ROUNDS = 60

EMC = """qrnn 1.0;
cell Emc {
    input x: real;
    carry m: qubit[2];
    fresh e: qubit;
    param enc: angle[3, 2] ~ uniform(0, tau);
    param rot: angle[3, 3, 3] ~ uniform(0, tau);
    param out: angle ~ uniform(0, tau);
    ry(x) e;
    for u in 0..3 { rx(enc[u, 0]) e; rz(enc[u, 1]) e; ry(x) e; }
    for l in 0..3 {
        let q = [e, m];
        rx(rot[l, .., 0]) q;
        rz(rot[l, .., 1]) q;
        rx(rot[l, .., 2]) q;
        cz e, m[0];
        cz e, m[1];
    }
    rx(out) e;
    output y = expect(Z(e));
}
model M { use c = Emc(); input x: seq real; target y: seq real; output p = c(x); loss mse(p, y); }
"""


def rx(a: Any) -> Any:
    c, s = jnp.cos(a / 2) + 0j, -1j * jnp.sin(a / 2)
    return jnp.stack([jnp.stack([c, s]), jnp.stack([s, c])])


def ry(a: Any) -> Any:
    c, s = jnp.cos(a / 2) + 0j, jnp.sin(a / 2) + 0j
    return jnp.stack([jnp.stack([c, -s]), jnp.stack([s, c])])


def rz(a: Any) -> Any:
    return jnp.diag(jnp.stack([jnp.exp(-0.5j * a), jnp.exp(0.5j * a)]))


CZ = np.diag([1, 1, 1, -1]).astype(complex).reshape(2, 2, 2, 2)


def circuit(params: Any, x: Any) -> list[tuple[Any, tuple[int, ...]]]:
    """The gates of a step, on qubits 0 (data), 1 and 2 (memory): encoding first."""
    gates: list[tuple[Any, tuple[int, ...]]] = [(ry(x), (0,))]
    for u in range(3):
        enc = params["c.enc"][u]
        gates += [(rx(enc[0]), (0,)), (rz(enc[1]), (0,)), (ry(x), (0,))]
    return gates + layers(params)


def layers(params: Any) -> list[tuple[Any, tuple[int, ...]]]:
    gates: list[tuple[Any, tuple[int, ...]]] = []
    for layer in range(3):
        for k, gate in enumerate((rx, rz, rx)):
            gates += [(gate(params["c.rot"][layer, q, k]), (q,)) for q in range(3)]
        gates += [(CZ, (0, 1)), (CZ, (0, 2))]
    return [*gates, (rx(params["c.out"]), (0,))]


def on_axes(gate: Any, t: Any, axes: tuple[int, ...]) -> Any:
    k = len(axes)
    moved = jnp.tensordot(gate, t, (tuple(range(k, 2 * k)), axes))
    return jnp.moveaxis(moved, tuple(range(k)), axes)


def gate_by_gate(params: Any, inputs: Any, targets: Any) -> Any:
    """Each gate on the rows and the columns of a density matrix; vmap and scan."""
    zero = jnp.array([[1, 0], [0, 0]], complex)

    def step(memory: Any, x: Any) -> Any:
        rho = jnp.tensordot(zero, memory.reshape(2, 2, 2, 2), 0).transpose(0, 2, 3, 1, 4, 5)
        for gate, qubits in circuit(params, x):
            rho = on_axes(gate, rho, qubits)
            rho = on_axes(jnp.conj(gate), rho, tuple(3 + q for q in qubits))
        whole = rho.reshape(2, 4, 2, 4)
        z = jnp.trace(whole[0, :, 0] - whole[1, :, 1]).real
        return whole[0, :, 0] + whole[1, :, 1], z

    start = jnp.zeros((4, 4), complex).at[0, 0].set(1)
    found = jax.vmap(lambda xs: jax.lax.scan(step, start, xs)[1])(inputs["x"])
    return jnp.mean((found - targets["y"]) ** 2)


def fused(params: Any, inputs: Any, targets: Any) -> Any:
    """As an expert writes it: one unitary for the layers, all Kraus operators at once."""
    unitary = jnp.eye(8, dtype=complex).reshape(2, 2, 2, 8)
    for gate, qubits in layers(params):
        unitary = on_axes(gate, unitary, qubits)
    unitary = unitary.reshape(2, 4, 2, 4)
    x = inputs["x"]
    half = x / 2
    c, s = jnp.cos(half) + 0j, jnp.sin(half) + 0j
    ket = jnp.stack([c, s], -1)
    for u in range(3):
        enc = params["c.enc"][u]
        ket = ket @ (rz(enc[1]) @ rx(enc[0])).T
        ket = jnp.stack([c * ket[..., 0] - s * ket[..., 1], s * ket[..., 0] + c * ket[..., 1]], -1)
    kraus = jnp.einsum("ancm,btc->tbanm", unitary, ket)

    def step(rho: Any, k: Any) -> Any:
        each = k @ rho[:, None] @ jnp.conj(k).swapaxes(-1, -2)
        weight = jnp.trace(each, axis1=-2, axis2=-1).real
        return each.sum(1), weight[:, 0] - weight[:, 1]

    start = jnp.zeros((len(x), 4, 4), complex).at[:, 0, 0].set(1)
    found = jax.lax.scan(step, start, kraus)[1]
    return jnp.mean((found.T - targets["y"]) ** 2)


def contenders() -> dict[str, Callable[..., Any]]:
    model = load_text(EMC)

    def ours(executor: str) -> Callable[..., Any]:
        executable = build(model, executor=executor)
        return lambda p, x, y: executable.evaluate(p, x, y)[1]

    return {
        "qrnnlang, native kernel": ours("native"),
        "qrnnlang, XLA": ours("xla"),
        "JAX, fused Kraus operators, by hand": fused,
        "JAX, gate by gate on the density matrix": gate_by_gate,
    }


def measured(batch: int, steps: int) -> list[str]:
    rng = np.random.default_rng(1)
    params = {k: np.asarray(v) for k, v in init(load_text(EMC).params, 0).items()}
    given = (params, {"x": rng.normal(size=(batch, steps))}, {"y": rng.normal(size=(batch, steps))})
    calls, first, results = {}, {}, {}
    for name, loss in contenders().items():
        calls[name] = jax.jit(jax.value_and_grad(loss))
        start = perf_counter()
        results[name] = jax.block_until_ready(calls[name](*given))
        first[name] = perf_counter() - start
    wanted = results["qrnnlang, XLA"]
    for found in results.values():
        np.testing.assert_allclose(found[0], wanted[0], rtol=1e-10)
        for key in params:
            np.testing.assert_allclose(found[1][key], wanted[1][key], rtol=1e-8, atol=1e-12)
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name, call in calls.items():
            start = perf_counter()
            jax.block_until_ready(call(*given))
            times[name].append(perf_counter() - start)
    ours = float(np.median(times["qrnnlang, native kernel"]))
    lines = [
        f"Batch {batch}, {steps} steps:",
        "",
        "| | minimum | lower quartile | median | upper quartile | ratio | first gradient |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, found in times.items():
        ms = 1e3 * np.quantile(found, [0, 0.25, 0.5, 0.75])
        row = " | ".join(f"{t:.3g} ms" for t in ms)
        ratio = float(np.median(found)) / ours
        lines.append(f"| {name} | {row} | {ratio:.2g} | {first[name]:.2f} s |")
    return [*lines, ""]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write {RESULTS.name}")
    args = parser.parse_args()
    library.load()  # compiling the kernel is no part of a first gradient
    lines = [
        "# One training step of the exchange-memory cell",
        "",
        f"`python bench/train.py --write`; {platform.machine()}, JAX {jax.__version__}, "
        f"{ROUNDS} rounds, contenders taking turns. Losses agree to 1e-10 and gradients to 1e-8.",
        f"Load average at the start {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors: above "
        "their number, other jobs were running and the times are upper bounds.",
        "The first gradient includes tracing and compiling; the kernel itself was compiled before.",
        "",
        *measured(32, 20),
        *measured(1, 20),
    ]
    print("\n".join(lines))
    if args.write:
        RESULTS.write_text("\n".join(lines).rstrip() + "\n")


if __name__ == "__main__":
    main()
