"""All quantities together, their text, JSON and pictures, and the command."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import qrnnlang as qr
from analysis.cells import of
from qrnnlang.analysis import QUANTITIES, analyze, picture
from qrnnlang.analysis.circuit_counts import Circuit, Device
from qrnnlang.analysis.cost import baselines, classical_flops, cost
from qrnnlang.analysis.finding import plain
from qrnnlang.cli.main import main

SOURCE = """qrnn 1.0;
cell A(memory: int = 2) {
    input x: real;
    carry m: qubit[memory];
    fresh e: qubit;
    param w: angle[memory];
    ry(x) e;
    for (i, q) in enumerate(m) { rx(w[i]) q; cz e, q; }
    h e;
    output y = expect(Z(e));
}
"""


@pytest.mark.long
def test_everything_is_measured_or_said_to_have_no_meaning(tmp_path: Path) -> None:
    model = qr.loads(SOURCE)
    quick = {
        "flow": {"steps": 4, "seeds": 2},
        "contraction": {"steps": 4, "seeds": 1, "sequences": 1},
        "plateau": {"starts": 6, "vary": {"memory": (1, 2)}},
        "fisher": {"steps": 2, "sequences": 2, "seeds": 2},
        "capacity": {"samples": 900, "washout": 10, "seeds": 1, "delays": 6},
        "fourier": {"seeds": 2},
        "entanglement": {"steps": 3, "seeds": 2, "sequences": 1},
        "cost": {"steps": (1, 2)},
    }
    told: list[str] = []
    found = analyze(model, options=quick, tell=told.append)
    assert told == list(QUANTITIES)
    assert found.undefined == {"landscape": "it needs a loss and data"}
    assert set(found.findings) | set(found.undefined) == set(QUANTITIES)
    text = json.dumps(found.as_json(), allow_nan=False)
    assert "NaN" not in text
    for finding in found.findings.values():
        assert finding.panels
        assert picture(finding).startswith(b"<?xml")
        assert picture(finding) == picture(finding)
        for name, value in finding.values.items():
            assert value.low <= value.value <= value.high or np.isnan(value.value), name


@pytest.mark.long
def test_the_same_seed_gives_the_same_numbers() -> None:
    model = qr.loads(SOURCE)
    options = {"flow": {"steps": 3, "seeds": 2}}
    first, second = (analyze(model, ["flow"], options=options, seed=5).as_json() for _ in range(2))
    assert first == second
    assert first != analyze(model, ["flow"], options=options, seed=6).as_json()


def test_names_that_do_not_exist() -> None:
    model = qr.loads(SOURCE)
    with pytest.raises(ValueError, match="no quantity `flo`; there are flow"):
        analyze(model, ["flo"])
    with pytest.raises(ValueError, match="has no cell `B`"):
        analyze(model, ["cost"], cell="B")


def test_plain_values() -> None:
    assert plain({"a": np.float64("inf"), "b": (np.int64(1), np.array([1.5]))}) == {
        "a": None,
        "b": [1, [1.5]],
    }


def test_fidelity_and_time_are_products_and_sums() -> None:
    device = Device(
        one_qubit_error=0.1,
        two_qubit_error=0.2,
        readout_error=0.5,
        two_qubit_time=1,
        readout_time=2,
        reset_time=1,
        shot_overhead=3,
    )
    circuit = Circuit(
        steps=4, qubits=2, depth=10, one_qubit=2, two_qubit=1, readouts=1, resets=0, circuits=2
    )
    assert circuit.fidelity(device) == pytest.approx(0.9**2 * 0.8 * 0.5)
    assert circuit.seconds(device, 5) == pytest.approx(5 * 2 * (10 + 2 + 3))


def test_flops_of_classical_cells_follow_from_their_shapes() -> None:
    """Rnn(1 → 5): two products (2·5·1 + 2·5·5), sums of 5 and a tanh of 5."""
    model = qr.loads(
        "qrnn 1.0; import std.cells; model M { input x: seq real[1]; use c = Rnn(inputs = 1, hidden = 5); output y = c(x); }"
    )
    from qrnnlang.analysis.subject import subject

    flops = classical_flops(subject(model).run.cell)
    assert flops == 2 * 5 * 1 + 2 * 5 * 5 + 3 * 5 + 5
    rows = {name.partition("(")[0]: row for name, *row in baselines(126, 1)}
    assert rows["Lstm"][0] == 112  # hidden 4: 4·(4 + 16 + 8)
    assert abs(rows["Rnn"][0] - 126) <= 12


def test_a_circuit_costs_what_it_holds() -> None:
    found = cost(of(SOURCE.removeprefix("qrnn 1.0;")), steps=(1, 3), vary={"memory": (1, 2)})
    one, three = found.tables["against T"].rows
    assert (one[2], one[4], three[4]) == (3, 2, 6)
    assert three[1] == 3 * one[1]
    assert found.tables["against memory"].rows[0][1] == 1


def test_what_has_no_circuit_of_gates_is_not_counted_as_one() -> None:
    """An exact `evolve` of terms that do not commute: simulated, but nothing a device could run."""
    model = "cell A { input x: real; carry m: qubit[2]; rx(x) m[0]; evolve(X(m[0]) * X(m[1]) + Z(m[0]), 1.0STEPS); output y = expect(Z(m[0])); }"
    found = cost(of(model.replace("STEPS", "")), steps=(1, 2), vary={})
    assert found.tables["against T"].rows[0][2:] == (None,) * 6
    assert "fidelity at the longest T" not in found.values
    assert len(found.notes) == 1 and "terms that commute" in found.notes[0]
    split = cost(of(model.replace("STEPS", ", steps = 3")), steps=(1, 2), vary={})
    one, two = split.tables["against T"].rows
    assert one[4] >= 3 and two[4] == 2 * one[4]
    assert split.notes == ()


def test_a_backend_adds_what_routing_and_its_own_errors_cost() -> None:
    """T steps take T times as long as one, and succeed with its chance to the power of T."""
    found = cost(of(SOURCE.removeprefix("qrnn 1.0;")), steps=(1, 3), vary={}, backend="line_3")
    (one, three), plain = found.tables["on the backend"].rows, found.tables["against T"].rows
    assert (one[0], three[0]) == (1, 3)
    assert one[2] >= plain[0][4] == 2  # never fewer two-qubit gates than before routing
    step = found.values["success of a step on generic_backend_3q"].value
    assert 0 < step < 1
    assert (one[5], three[5]) == pytest.approx((step, step**3))
    seconds = found.values["seconds of a step on generic_backend_3q"].value
    shots = found.values["shots"].value
    assert three[4] == pytest.approx(3 * shots * three[3] * seconds)
    unlike = cost(
        of("cell A { input x: real; carry h: real = 0; next h = x; output y = h; }"),
        backend="line_3",
    )
    assert "on the backend" not in unlike.tables


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "a.qrnn"
    source.write_text(SOURCE)
    out = tmp_path / "out"
    assert (
        main(["analyze", str(source), "--only", "cost", "--only", "landscape", "-o", str(out)]) == 0
    )
    text = capsys.readouterr().out
    assert text.startswith("A, cell A\n\nCost\n  flop a step")
    assert "against T:" in text
    assert "landscape: it needs a loss and data" in text
    assert sorted(p.name for p in out.iterdir()) == ["analysis.json", "cost.svg"]
    assert main(["analyze", str(source), "--only", "cost", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(
        (out / "analysis.json").read_text()
    ) | {"undefined": {}}


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--only", "nothing"], 1, "no quantity `nothing`"),
        (["--vary", "memory"], 2, "expected `--vary name=1,2,3`"),
        (
            ["--vary", "layers=1,2", "--only", "plateau"],
            1,
            "no int hyperparameter `layers`; it has `memory`",
        ),
        (["--data", "x.csv"], 2, "needs a `data` block"),
        (["--inputs", "1,0"], 2, "no interval"),
        (["--backend", "nowhere", "--only", "cost"], 1, "there is no backend `nowhere`"),
        (["--along", "1", "--only", "flow"], 1, "`along` is at least 2"),
        (["--cell", "B"], 1, "no cell `B`"),
    ],
)
def test_wrong_commands(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], code: int, message: str
) -> None:
    source = tmp_path / "a.qrnn"
    source.write_text(SOURCE)
    assert main(["analyze", str(source), *options]) == code
    assert message in capsys.readouterr().err
