"""Where the time of `fit` goes: compiled code or Python; and ten seeds at once against ten runs.

    python bench/loop.py                      # one sequence a batch, 20 steps; ten seeds
    python bench/loop.py --steps 50 --batch 8
    python bench/loop.py --file examples/qlstm/qlstm.qrnn --steps 4 --batch 32 --epochs 20

A model (the exchange–memory circuit of `examples/emc`) on 32 sequences of random numbers. What is
compiled is kept with the model, so the first `fit`, which compiles, is not counted. "Compiled" is
the time from the call of a block of updates until its results are there, "Python" the rest of
`fit`; "native kernel" is what JAX's profiler saw of the compiled time, in a turn of its own, in
calls of the kernel. Repeated in turns; the least and the median of each are shown.
"""

from __future__ import annotations

import argparse
import gzip
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import qrnnlang as qr
from qrnnlang.runtime.training import loop

FILE = Path(__file__).parents[1] / "examples" / "emc" / "emc.qrnn"
SEQUENCES = 32


class Clock:
    """Adds up the time of compiled blocks."""

    def __init__(self) -> None:
        self.seconds, self.calls = 0.0, 0

    def around(self, compiled: Callable[..., Any]) -> Callable[..., Any]:
        """`compiled` of `training.block`, with blocks that are timed."""
        import jax

        def made(*args: Any) -> Callable[..., Any]:
            block = compiled(*args)

            def timed(*given: Any) -> Any:
                begun = time.perf_counter()
                found = jax.block_until_ready(block(*given))
                self.seconds += time.perf_counter() - begun
                self.calls += 1
                return found

            return timed

        return made


def shown(what: str, seconds: list[float]) -> str:
    """The least and the median."""
    return f"{what:<24}{min(seconds):8.3f} s {statistics.median(seconds):8.3f} s"


def random_data(model: qr.Model, steps: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Inputs and targets by name, uniform in [−1, 1]."""
    rng = np.random.default_rng(0)

    def drawn(ports: Any) -> dict[str, Any]:
        lead = {True: (SEQUENCES, steps), False: (SEQUENCES,)}
        return {p.name: rng.uniform(-1, 1, (*lead[p.seq], *p.shape)) for p in ports}

    return drawn(model.closed.inputs), drawn(model.closed.targets)


def in_kernel(run: Callable[[], tuple[float, Clock]]) -> float:
    """The share of the compiled time that calls of the native kernel take."""
    import jax

    with tempfile.TemporaryDirectory() as folder:
        with jax.profiler.trace(folder):
            _, clock = run()
        (file,) = Path(folder).rglob("*.trace.json.gz")
        events = json.loads(gzip.decompress(file.read_bytes()))["traceEvents"]
    calls = (e["dur"] for e in events if e.get("name", "").startswith("ffi_call") and "dur" in e)
    return float(sum(calls)) / 1e6 / clock.seconds


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--file", type=Path, default=FILE, help="a model with a train block")
    parser.add_argument("--steps", type=int, default=20, help="of a sequence")
    parser.add_argument("--batch", type=int, default=1, help="sequences of an update")
    parser.add_argument("--epochs", type=int, default=50, help=f"of {SEQUENCES} sequences")
    parser.add_argument("--seeds", type=int, default=10, help="at once, and one after the other")
    parser.add_argument("--repeat", type=int, default=5)
    args = parser.parse_args()
    model = qr.load(args.file)
    x, y = random_data(model, args.steps)
    original = loop.compiled

    def fit(**more: Any) -> tuple[float, Clock]:
        clock = Clock()
        loop.compiled = clock.around(original)
        begun = time.perf_counter()
        model.fit(x, y, epochs=args.epochs, batch=args.batch, progress=False, **more)
        return time.perf_counter() - begun, clock

    wholes, compiled, together, apart = [], [], [], []
    fit(seed=0), fit(seeds=args.seeds)  # compile
    for _ in range(args.repeat):
        whole, clock = fit(seed=0)
        wholes.append(whole)
        compiled.append(clock.seconds)
        together.append(fit(seeds=args.seeds)[0])
        apart.append(sum(fit(seed=seed)[0] for seed in range(args.seeds)))
    updates = args.epochs * -(-SEQUENCES // args.batch)
    print(
        f"{updates} updates, batch {args.batch}, {args.steps} steps; {clock.calls} compiled calls"
    )
    print(f"{'':24}     least     median")
    print(shown("fit, one seed", wholes))
    print(shown("  compiled", compiled))
    print(shown("  Python", [w - c for w, c in zip(wholes, compiled, strict=True)]))
    share = statistics.median(c / w for w, c in zip(wholes, compiled, strict=True))
    print(f"  compiled: {share:.0%} of the time, {1e6 * min(wholes) / updates:.0f} µs an update")
    print(f"  native kernel: {in_kernel(lambda: fit(seed=0)):.0%} of what is compiled")
    print(shown(f"{args.seeds} seeds at once", together))
    print(f"  native kernel: {in_kernel(lambda: fit(seeds=args.seeds)):.0%} of what is compiled")
    print(shown(f"{args.seeds} runs", apart))
    print(f"  ratio: {min(together) / min(apart):.2f}")


if __name__ == "__main__":
    main()
