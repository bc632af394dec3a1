"""Sunspots, one year ahead: a quantum cell and a classical network, both in the same language.

Run by `make demo`. Prints the test errors beside the persistence forecast, writes the learning
curves, the forecast and the circuit with the trained parameters as OpenQASM 3.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from qrnnlang.runtime.plots import curves, forecast
from qrnnlang.runtime.predict import in_units
from qrnnlang.runtime.train import train_file

HERE = Path(__file__).resolve().parent
OUT = HERE / "out"
SKIPPED = 8  # steps of a window that the loss leaves out, in both models


def main() -> int:
    started = time.monotonic()
    runs: dict[str, Any] = {}
    print("sunspots 1700 to 2008, one year ahead; windows of 24 years, the last are the test\n")
    for name, label in (("emc", "quantum cell, 1 + 2 qubits"), ("rnn", "classical network")):
        print(f"training {label} ({name}.qrnn)", flush=True)
        model, run, data, _ = train_file(HERE / f"{name}.qrnn", folder=OUT / name)
        runs[label] = (model, run, data)

    rows, predictions = [], {}
    for label, (model, run, data) in runs.items():
        truth = in_units(model, "next_year", data.test.targets["y"])[:, SKIPPED:]
        seen = in_units(model, "next_year", data.test.inputs["x"])[:, SKIPPED:]
        outputs = model(run.params, data.test.inputs)["next_year"]
        predicted = in_units(model, "next_year", outputs)[:, SKIPPED:, 0]
        size = sum(v.size for k, v in run.params.items() if k in model.trained)
        rows.append((label, size, rmse(predicted, truth), run.seconds))
        predictions[label] = predicted
    rows.append(("persistence: next year as this one", 0, rmse(seen, truth), 0.0))

    print(f"\n{'':38}{'parameters':>10}{'test RMSE':>12}{'trained in':>12}")
    for label, size, error, seconds in rows:
        print(f"{label:38}{size or '':>10}{error:>12.2f}{f'{seconds:.1f} s' if size else '':>12}")

    years = last_years(truth)
    write(
        "forecast.png",
        forecast(
            years,
            series(truth),
            {k: series(v) for k, v in predictions.items()},
            title="Sunspots, forecast one year ahead (test years)",
            xlabel="year",
            ylabel="yearly mean sunspot number",
        ),
    )
    histories = {label: run.history for label, (_, run, _) in runs.items()}
    write("curves.png", curves(histories, "Sunspots: learning curves"))
    model, run, data = next(iter(runs.values()))
    text = model.to_qasm(3, steps=10, params=run.params, x=data.test.inputs["x"][0, :10])
    write("ten_steps.qasm", text.encode())
    print(f"\n{OUT.relative_to(Path.cwd()) if OUT.is_relative_to(Path.cwd()) else OUT} holds")
    print("  forecast.png    the forecasts against the observed numbers")
    print("  curves.png      loss against epoch, training and validation")
    print("  ten_steps.qasm  ten steps of the trained quantum cell, OpenQASM 3")
    print("  emc/, rnn/      the trained models (model.qrnnz), histories, metrics")
    print(f"\ndone in {time.monotonic() - started:.0f} s")
    return 0


def rmse(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.sqrt(np.mean((a - b) ** 2)))


def series(windows: np.ndarray) -> np.ndarray:
    """Overlapping windows, a stride of 4 years apart, as one series: the last 4 years of each."""
    return np.concatenate([windows[0], *(w[-4:] for w in windows[1:])])


def last_years(windows: np.ndarray) -> np.ndarray:
    """The years that `series` covers; the last predicted year is 2008."""
    n = len(series(windows))
    return np.arange(2008 - n + 1, 2009)


def write(name: str, data: bytes) -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / name).write_bytes(data)


if __name__ == "__main__":
    sys.exit(main())
