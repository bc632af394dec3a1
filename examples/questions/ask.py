"""Three claims and three challenges of the field, asked of five models on the same tasks.

`python examples/questions/ask.py` measures everything and writes README.md and its pictures anew.
What is measured is kept in results/, by question: an interrupted run goes on there, and `--fresh`
begins anew.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import qrnnlang as qr
from qrnnlang.analysis import analyze
from qrnnlang.analysis.compare import compare
from qrnnlang.analysis.finding import Curve, Panel
from qrnnlang.analysis.plots import drawn
from qrnnlang.runtime.files import write_bytes, write_text
from qrnnlang.runtime.series import SERIES

HERE = Path(__file__).parent
MODELS = ("emc", "qlstm", "reservoir", "rnn", "lstm")
TASKS = ("narma", "sunspots")
#: Of every comparison: trainings of a model, and their length.
SEEDS, EPOCHS = 10, 60
#: Arguments of the quantities: smaller than the defaults where five models are measured.
OPTIONS: dict[str, dict[str, Any]] = {
    "flow": {"steps": 20, "sequences": 2, "seeds": 6},
    "contraction": {"steps": 16, "sequences": 1, "seeds": 4},
    "capacity": {"samples": 2000, "washout": 100, "delays": 12, "seeds": 3},
    "expressibility": {},
    "fisher": {"steps": 10, "sequences": 8, "seeds": 6},
    "plateau": {"starts": 60},
    "cost": {},
}
#: What each question is answered with: the quantity, the number in it, and the column's heading.
TABLES = {
    "gradients": [
        ("flow", "factor of dy/dx", "∂y/∂x, factor a step"),
        ("flow", "factor of dy/ds", "∂y/∂state, factor a step"),
        ("contraction", "largest sigma_1", "largest σ₁ of a step"),
        ("contraction", "lyapunov", "Lyapunov exponent"),
    ],
    "representation": [
        ("capacity", "total", "memory capacity, all"),
        ("capacity", "degree 1", "linear"),
        ("capacity", "readouts", "readouts"),
        ("expressibility", "divergence", "expressibility"),
        ("fisher", "effective dimension", "effective dimension"),
        ("fisher", "of parameters", "parameters"),
    ],
    "cost": [
        ("cost", "flop a step", "flop a step"),
        ("cost", "bytes carried", "bytes carried"),
        ("cost", "shots", "shots"),
        ("cost", "seconds on a device at the longest T", "device, T = 50, seconds"),
    ],
    "qubits": [("cost", "fidelity at the longest T", "nothing fails, T = 50")],
    "trainability": [
        ("plateau", "exponent per qubit", "exponent per qubit"),
        ("plateau", "exponent per step", "exponent per step"),
    ],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fresh", action="store_true", help="forget what was measured before")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    args = parser.parse_args()
    write_tasks(HERE)
    measured, tasks = everything(args.seeds, args.epochs, args.fresh)
    pictures(measured, tasks)
    write_text(HERE / "README.md", page(measured, tasks))


def everything(
    seeds: int = SEEDS, epochs: int = EPOCHS, fresh: bool = False
) -> tuple[dict[str, Any], dict[str, Any]]:
    """By model what was measured, by task how the models compare."""
    measured = {name: analysed(name, fresh) for name in MODELS}
    tasks = {}
    for task in TASKS:

        def train(task: str = task) -> Any:
            models = {n: qr.load(HERE / f"{n}.qrnn") for n in MODELS}
            data = HERE / f"{task}.csv"
            return compare(models, data=data, seeds=seeds, epochs=epochs, tell=say).as_json()

        tasks[task] = kept(f"{task}-{seeds}-{epochs}", train, fresh)
    return measured, tasks


def write_tasks(folder: Path) -> None:
    """Both tasks as files with the columns `u` and `y`: real data are forecast a year ahead."""
    narma = SERIES["narma"](points=420, order=5)
    spots = SERIES["sunspots"]()["v"]
    for name, u, y in (
        ("narma", narma["u"], narma["y"]),
        ("sunspots", spots[:-1], spots[1:]),
    ):
        lines = ["u,y", *(f"{a!r},{b!r}" for a, b in zip(u.tolist(), y.tolist(), strict=True))]
        write_text(folder / f"{name}.csv", "\n".join(lines) + "\n")


def analysed(name: str, fresh: bool) -> dict[str, Any]:
    """The quantities of one model, each kept as soon as it is there."""
    model = qr.load(HERE / f"{name}.qrnn")
    data = model.data()
    found: dict[str, Any] = {"findings": {}, "undefined": {}}
    for quantity, options in OPTIONS.items():

        def measure(quantity: str = quantity, options: Any = options) -> Any:
            say(f"{name}: {quantity}")
            given = None if quantity in ("capacity", "plateau") else data
            return analyze(model, [quantity], data=given, options={quantity: options}).as_json()

        part = kept(f"{name}-{quantity}", measure, fresh)
        found["findings"] |= part["findings"]
        found["undefined"] |= part["undefined"]
    return found


def kept(name: str, measure: Callable[[], Any], fresh: bool) -> Any:
    """A result that is there already, or measured now."""
    path = HERE / "results" / f"{name}.json"
    if fresh or not path.is_file():
        write_text(path, json.dumps(measure(), indent=1, ensure_ascii=False) + "\n")
    return json.loads(path.read_text(encoding="utf-8"))


def page(measured: dict[str, Any], tasks: dict[str, Any]) -> str:
    """README.md: the template with every table filled from what was measured."""
    text = (HERE / "questions.md").read_text(encoding="utf-8")
    for question, columns in TABLES.items():
        text = text.replace(f"[[{question}]]", table(measured, columns))
    for task, found in tasks.items():
        text = text.replace(f"[[{task}]]", compared(found))
    assert "[[" not in text, "a table of the template has no measurement"
    return text


def table(measured: dict[str, Any], columns: list[tuple[str, str, str]]) -> str:
    rows = [["model", *(head for *_, head in columns)], ["---"] * (1 + len(columns))]
    for name, found in measured.items():
        rows.append([f"`{name}`", *(cell(found, q, value) for q, value, _ in columns)])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def cell(found: dict[str, Any], quantity: str, value: str) -> str:
    """A number with its interval; a dash where it has no meaning."""
    if quantity not in found["findings"] or value not in found["findings"][quantity]["values"]:
        return "–"
    e = found["findings"][quantity]["values"][value]
    if e["value"] is None:
        return "–"
    if e["method"] == "exact" or e["low"] is None or e["high"] is None:
        return f"{e['value']:.3g}"
    return f"{e['value']:.3g} [{e['low']:.3g}, {e['high']:.3g}]"


def compared(found: dict[str, Any]) -> str:
    """The models of a comparison with median, quartiles and rate, then the decided pairs."""
    lines = ["| model | parameters | rate | nmse, median [quartiles] |", "|---|---|---|---|"]
    for name, parameters, _, rate, mid, low, high, _ in found["tables"]["models"]["rows"]:
        shown = "closed form" if rate is None else f"{rate:g}"
        lines.append(f"| `{name}` | {parameters} | {shown} | {mid:.3g} [{low:.3g}, {high:.3g}] |")
    pairs = found["tables"]["pairs"]["rows"]
    decided = [f"`{b}` (against {', '.join(_losers(pairs, b))})" for b in _winners(pairs)]
    lines.append("")
    lines.append(f"Better by the paired test: {'; '.join(decided) or 'none of any pair'}.")
    return "\n".join(lines)


def _winners(pairs: list[list[Any]]) -> list[str]:
    return list(dict.fromkeys(row[6] for row in pairs if row[6] != "undecided"))


def _losers(pairs: list[list[Any]], winner: str) -> list[str]:
    return [f"`{a if b == winner else b}`" for a, b, *_, better in pairs if better == winner]


def pictures(measured: dict[str, Any], tasks: dict[str, Any]) -> None:
    """All models in one picture each: gradient flow, capacity by delay, fidelity against T; and

    the learning curves of every task.
    """
    panels = []
    for quantity, place, title in (
        ("flow", 0, "‖∂y_T/∂x_{T−k}‖ against the lag k"),
        ("capacity", 0, "Memory capacity, degree 1, by delay"),
        ("cost", 2, "Nothing fails on the stated device"),
    ):
        curves, last = [], None
        for name, found in measured.items():
            parts = found["findings"].get(quantity, {}).get("panels", [])
            if place < len(parts):
                last = parts[place]
                curves.append(replace(curve(last["curves"][0]), label=name, low=None, high=None))
        if last is not None:
            panels.append(replace(panel(last), title=title, curves=tuple(curves)))
    write_bytes(HERE / "questions.svg", drawn(tuple(panels)))
    for task, found in tasks.items():
        write_bytes(HERE / f"{task}.svg", drawn(tuple(map(panel, found["panels"]))))


def panel(kept: dict[str, Any]) -> Panel:
    """A panel from its JSON."""
    return Panel(**{**kept, "curves": tuple(map(curve, kept["curves"]))})


def curve(kept: dict[str, Any]) -> Curve:
    """A curve from its JSON, in which what is no number is null."""
    numbers = {k: kept[k] for k in ("x", "y", "low", "high") if kept[k] is not None}
    return Curve(
        **{
            **kept,
            **{k: [np.nan if v is None else v for v in found] for k, found in numbers.items()},
        }
    )


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
