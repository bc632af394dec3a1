"""The sunspot forecast on two devices with their noise: trained here, exactly, and run there.

    python examples/sunspots/devices.py

Snapshots of two devices of IBM's, with the noise that they had; they come with
`pip install 'qrnnlang[data,devices,mitigation]'`. Prints the error of the forecasts in sunspot
numbers: from exact values, from exact values with a device's typical noise, and from shots on the
devices, as they come and with the flips of measured bits taken back. Jobs are kept in `out/jobs`: a
run that was interrupted goes on from there.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np

import qrnnlang as qr
from qrnnlang.runtime.predict import in_units
from qrnnlang.runtime.train import train_file

HERE = Path(__file__).resolve().parent
OUT = HERE / "out"
BACKENDS = ("fake_manila", "fake_lagos")
SKIPPED = 8  # steps of a window that the loss leaves out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shots", type=int, default=1000, help="of every circuit")
    parser.add_argument("--windows", type=int, help="of the test years; default: all")
    shots, windows = vars(parser.parse_args()).values()
    model, run, data, _ = train_file(HERE / "emc.qrnn", folder=OUT / "emc")
    x = data.test.inputs["x"][:windows]
    truth = in_units(model, "next_year", data.test.targets["y"][:windows])
    exact = model(run.params, x)["next_year"]
    say("exact values", model, exact, truth, exact)
    say("next year as this one", model, None, truth, exact, in_units(model, "next_year", x))
    for backend in BACKENDS:
        typical = model.noisy(backend)(run.params, x)["next_year"]
        say(f"{backend}: its typical noise, exactly", model, typical, truth, exact)
        started = time.monotonic()
        for label, options in {"": {}, ", readout errors taken back": {"readout": True}}.items():
            found = model.run(
                run.params, x, backend, shots, seed=1, jobs=OUT / "jobs" / backend, **options
            )
            say(f"{backend}: shots{label}", model, found["next_year"], truth, exact)
        error = found.std_error["next_year"].mean()
        print(
            f"  {found.circuits} circuits from {found.templates} template, {shots} shots each, in "
            f"{found.jobs} job{'s' * (found.jobs != 1)}; standard error {spots(model, error):.1f}; "
            f"{time.monotonic() - started:.0f} s"
        )


def say(
    label: str, model: qr.Model, values: Any, truth: Any, exact: Any, forecast: Any = None
) -> None:
    """The error of a forecast, and how far it is from the exact one, in sunspot numbers."""
    off = "" if values is None else f"{spots(model, np.abs(values - exact).mean()):14.1f}"
    if forecast is None:
        forecast = in_units(model, "next_year", values)[..., 0]
    missed = (forecast - truth)[:, SKIPPED:]
    print(f"{label:48}{np.sqrt(np.mean(missed**2)):8.1f}{off}", flush=True)


def spots(model: qr.Model, difference: float) -> float:
    """A difference of scaled values in sunspot numbers."""
    ends = in_units(model, "next_year", np.array([[0.0], [1.0]]))
    return float(difference * (ends[1, 0] - ends[0, 0]))


if __name__ == "__main__":
    print(f"{'':48}{'RMSE':>8}{'off exact by':>14}")
    main()
