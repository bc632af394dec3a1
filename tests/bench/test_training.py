"""The benchmark's parts that need no peer installed: what is compared is the same computation."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))

from training import flops, growth, report
from training.peers import PEERS, jax_fused, numpy_kraus, ours, taking_part
from training.workloads import WORKLOADS, Workload, by_key, ring

jax.config.update("jax_enable_x64", True)


@pytest.mark.parametrize(
    "workload", [by_key("emc:1:3:2"), ring("ring", 2, 1, 3, 2)], ids=lambda w: w.family
)
def test_contenders_agree(workload: Workload) -> None:
    results = [peer.make(workload)() for peer in (ours, numpy_kraus, jax_fused)]
    loss, grads = results[0]
    for value, found in results[1:]:
        assert float(value) == pytest.approx(float(loss), abs=1e-12)
        for name, grad in found.items():
            np.testing.assert_allclose(grad, grads[f"c.{name}"], atol=1e-12)


def test_every_workload_has_peers_to_be_compared_with() -> None:
    for name in WORKLOADS:
        tables = {PEERS[key].table for key in taking_part(name)}
        assert "ours" in tables and len(tables) > 2, name


def test_useful_operations_are_those_of_the_cheaper_form() -> None:
    # K 4·8·8·64·8, W and half of it, 2·W and half of it, the way back to U: by hand for 3+3.
    assert flops.kraus(3, 3, True) == 4 * 4096 * 2 + 8 * 4096 * 4
    assert flops.pauli(1, 1, False) == 6 * 4 * 16 + 6 * 16
    assert flops.useful(WORKLOADS["emc"]) == flops.kraus(1, 2, False) * 20 * 32
    assert flops.useful(WORKLOADS["pure"]) is None


def _contender(seconds: list[float], lost: str | None = None) -> dict[str, Any]:
    times = {} if lost else {"first_s": 1.0, "process_s": 2.0, "peak_mib": 100.0}
    return {"lost": lost, "seconds": seconds, "cold": seconds, **times}


def test_a_peer_that_is_not_there_is_a_line_of_the_table() -> None:
    found = {
        "when": "now",
        "machine": {"processor": "p", "family": "f", "instructions": "i", "cores": 2, "load": 0,
                    "packages": {}},
        "compared": 2,
        "revision": "abc",
        "contenders": {
            "ours": _contender([0.001]),
            "jax_fused": _contender([0.01]),
            "tc": _contender([], "tensorcircuit is not installed"),
        },
    }  # fmt: skip
    text = report.report({"emc": found}, {"steps": {"ours": {"10": 0.1, "20": 0.2}}}, {})
    assert "| TensorCircuit-NG, DMCircuit | tensorcircuit is not installed |" in text
    assert (
        "| `emc` | 1 ms | 10 × [10 ×] (JAX by hand, 10 ms) | tensorcircuit is not installed |"
        in text
    )
    assert text.rstrip().endswith("| 1.00 |")


def test_curves_have_a_quick_form() -> None:
    assert growth.QUICK.keys() == growth.AXES.keys()
