"""The page of the field's questions says what was measured, and the models are those of the page."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import qrnnlang as qr
from qrnnlang.analysis import QUANTITIES
from qrnnlang.analysis.family import trained

FOLDER = Path(__file__).parents[2] / "examples" / "questions"


@pytest.fixture(scope="module")
def ask() -> ModuleType:
    spec = importlib.util.spec_from_file_location("ask", FOLDER / "ask.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_made_of_the_results(ask: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Written anew from results/, without measuring, README.md is the same to the byte."""

    def stored(name: str, measure: object, fresh: bool) -> Any:
        return json.loads((FOLDER / "results" / f"{name}.json").read_text(encoding="utf-8"))

    monkeypatch.setattr(ask, "kept", stored)
    measured, tasks = ask.everything()
    assert ask.page(measured, tasks) == (FOLDER / "README.md").read_text(encoding="utf-8")
    assert set(ask.OPTIONS) <= set(QUANTITIES)


def test_as_many_parameters_as_the_page_says(ask: ModuleType) -> None:
    """Within a fifth of the first model's, after matching, and the same in both tasks."""
    counts = []
    for path in sorted((FOLDER / "results").glob(f"*-{ask.SEEDS}-{ask.EPOCHS}.json")):
        rows = json.loads(path.read_text())["tables"]["models"]["rows"]
        assert [row[0] for row in rows] == list(ask.MODELS)
        counts.append([row[1] for row in rows])
    assert len(counts) == 2 and counts[0] == counts[1]
    first = trained(qr.load(FOLDER / f"{ask.MODELS[0]}.qrnn"))
    assert counts[0][0] == first
    assert all(abs(n / first - 1) <= 0.2 for n in counts[0]), counts[0]


def test_the_answers_follow_from_the_figures(ask: ModuleType) -> None:
    """Every comparison that the page makes in words, made again with the stored numbers."""
    results = {p.stem: json.loads(p.read_text()) for p in (FOLDER / "results").glob("*.json")}

    def value(model: str, quantity: str, name: str) -> Any:
        return results[f"{model}-{quantity}"]["findings"][quantity]["values"].get(name)

    for name in ("factor of dy/dx", "factor of dy/ds"):
        flow = {m: value(m, "flow", name) for m in ask.MODELS}
        assert all(f["high"] < 1 for f in flow.values())
        for quantum in ("emc", "reservoir"):
            assert all(flow[quantum]["low"] > flow[m]["high"] for m in ("qlstm", "rnn"))
        assert flow["emc"]["low"] < flow["lstm"]["high"]
    haar = value("emc", "expressibility", "of Haar states")["value"]
    spread = value("emc", "expressibility", "divergence")
    assert spread["low"] < haar < spread["high"]
    dimension = {m: value(m, "fisher", "effective dimension") for m in ask.MODELS}
    assert all(dimension["emc"]["low"] > d["high"] for m, d in dimension.items() if m != "emc")
    share = {
        m: value(m, "capacity", "total")["value"] / value(m, "capacity", "readouts")["value"]
        for m in ask.MODELS
    }
    assert 0.5 < share.pop("reservoir") < 0.6 and min(share.values()) > 0.85
    flops = {m: value(m, "cost", "flop a step")["value"] for m in ask.MODELS}
    assert 200 < flops["emc"] / flops["rnn"] < 1000 and flops["qlstm"] > 50 * flops["lstm"]
    assert 80 < flops["reservoir"] / flops["emc"] < 120
    assert value("emc", "cost", "fidelity at the longest T")["value"] < 0.1
    assert value("emc", "plateau", "exponent per qubit")["low"] > 0.69
    assert value("qlstm", "plateau", "exponent per qubit")["low"] > 0
    assert value("emc", "plateau", "exponent per step")["low"] > 0
    assert all(
        value(m, "plateau", "exponent per step")["high"] < 0 for m in ("qlstm", "rnn", "lstm")
    )
    better = {
        task: {
            (row[6], row[0] if row[6] == row[1] else row[1])
            for row in results[f"{task}-{ask.SEEDS}-{ask.EPOCHS}"]["tables"]["pairs"]["rows"]
            if row[6] != "undecided"
        }
        for task in ask.TASKS
    }
    others = set(ask.MODELS) - {"reservoir"}
    narma = {("reservoir", m) for m in others} | {("emc", "qlstm"), ("emc", "lstm")}
    assert better["narma"] == narma
    assert better["sunspots"] == {(a, b) for a in ("reservoir", "rnn") for b in ("emc", "qlstm")}
