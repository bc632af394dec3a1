"""The sunspot demo on two snapshots of devices with their noise, from the command line.

What comes back is held against the exact distribution of the very circuit that ran: density
matrices of Aer's with the device's noise, read-outs flipped as the device's are.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import qrnnlang as qr
from qrnnlang.cli.main import main
from qrnnlang.runtime.shots.backend import Backend

PROGRAM = Path(__file__).parents[2] / "examples" / "sunspots" / "emc.qrnn"
SHOTS = 1000


def exactly(circuit: Any, backend: Any) -> np.ndarray:
    """P(0) − P(1) of what each measurement of a circuit reads, (measurements,)."""
    from qiskit.circuit import QuantumCircuit
    from qiskit_aer import AerSimulator
    from qiskit_aer.noise import NoiseModel

    noise = NoiseModel.from_backend(backend)
    shown = QuantumCircuit(circuit.num_qubits)
    flips = []
    for item in circuit.data:
        qubits = [circuit.find_bit(q).index for q in item.qubits]
        if item.operation.name == "measure":
            shown.save_probabilities(qubits, label=f"m{len(flips)}")
            flips.append(noise._local_readout_errors[tuple(qubits)].probabilities)
        else:
            shown.append(item.operation, qubits)
    simulator = AerSimulator(method="density_matrix", noise_model=noise)
    data = simulator.run(shown, shots=1).result().data()
    state = np.array([data[f"m{i}"] for i in range(len(flips))])
    # Row j of a device's table: what a qubit in |j⟩ reads.
    reads = np.einsum("mj,mjr->mr", state, np.array(flips))
    return np.asarray(reads[:, 0] - reads[:, 1])


@pytest.mark.long
def test_trained_here_and_run_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("qiskit_ibm_runtime", reason="the snapshots come with qrnnlang[devices]")
    monkeypatch.chdir(tmp_path)
    assert main(["train", str(PROGRAM), "--epochs", "20", "--quiet", "-o", "run"]) == 0
    model, params = qr.open("run/model.qrnnz")
    x = model.data().test.inputs["x"][:2]
    np.savez("x.npz", x=x)
    ideal = model(params, x)["next_year"]
    weight, bias = params["head.W"][0, 0], params["head.b"][0]
    circuits: list[tuple[Any, Any]] = []
    run = Backend.run

    def watched(self: Backend, requests: Any, shots: int) -> Any:
        for r in requests:
            circuit = self.circuit(r.stencil)
            for angles in r.angles:
                values = {p: angles[p.index] for p in circuit.parameters}
                circuits.append((self.backend, circuit.assign_parameters(values)))
        return run(self, requests, shots)

    monkeypatch.setattr(Backend, "run", watched)
    for backend in ("fake_manila", "fake_lagos"):
        circuits.clear()
        given = ["run", str(PROGRAM), "--params", "run/model.qrnnz", "--inputs", "x.npz"]
        capsys.readouterr()
        given += ["--backend", backend, "--shots", str(SHOTS), "--seed", "1", "--jobs", backend]
        assert main(given) == 0
        written = capsys.readouterr()
        assert "note: 2 circuits from 1 template, 1000 shots each, in 1 job\n" in written.err
        assert len(list(Path(backend).glob("*.npz"))) == 1
        said = json.loads(written.out)
        found, errors = np.array(said["next_year"]), np.array(said["std_error"]["next_year"])
        want = np.stack([weight * exactly(c, on) + bias for on, c in circuits])[..., None]
        z = (found - want) / errors
        assert np.abs(z).max() < 5
        assert 0.7 < np.sqrt(np.mean(z**2)) < 1.3
        # The noise is not nothing, and what is forecast is still the forecast.
        assert np.abs(want - ideal).mean() > 3 * errors.mean() / np.sqrt(z.size)
        assert np.corrcoef(want.ravel(), ideal.ravel())[0, 1] > 0.9
        # Flips of bits taken back: nearer to the exact forecast.
        assert main([*given, "--readout"]) == 0
        taken = np.array(json.loads(capsys.readouterr().out)["next_year"])
        assert np.corrcoef(taken.ravel(), found.ravel())[0, 1] > 0.999
        assert np.abs(taken - found).max() > 1e-3
