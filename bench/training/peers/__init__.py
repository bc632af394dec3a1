"""Who is measured: each contender, its table, and the workloads it takes part in."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

OURS, EXPERT, FRAMEWORK, AUTHORS, MACHINE = "ours", "expert", "framework", "authors", "machine"

MIXED = ("emc", "emc1", "ring", "cell42", "wide")
ALL = (*MIXED, "bausch", "qlstm", "qlstm1", "pure")
NUMERIC = ("numpy", "jax")


@dataclass(frozen=True)
class Peer:
    """A contender: `where` is its module and function; `env` is set for its process."""

    title: str
    table: str
    where: str
    workloads: tuple[str, ...]
    imports: tuple[str, ...] = NUMERIC
    env: Mapping[str, str] = field(default_factory=dict)

    def load(self) -> Callable[..., Any]:
        module, _, name = self.where.partition(":")
        found: Callable[..., Any] = getattr(
            importlib.import_module(f".{module}", __name__), name or "make"
        )
        return found


_AVX2 = {"QRNNLANG_MARCH": "x86-64-v3", "XLA_FLAGS": "--xla_cpu_max_isa=AVX2"}
_OWN = (*NUMERIC, "optax", "qrnnlang.engine")

PEERS: dict[str, Peer] = {
    "ours": Peer("qrnnlang", OURS, "ours", ALL, _OWN),
    "avx2": Peer("qrnnlang, AVX2 at most", OURS, "ours", ALL, _OWN, _AVX2),
    "xla": Peer("qrnnlang, XLA executor", OURS, "ours:make_xla", ALL, _OWN),
    "jax_fused": Peer("JAX by hand, fused Kraus operators", EXPERT, "jax_fused", MIXED),
    "jax_fused_avx2": Peer(
        "JAX by hand, fused Kraus operators, AVX2 at most", EXPERT, "jax_fused", MIXED, env=_AVX2
    ),
    "numpy": Peer(
        "NumPy by hand, Kraus operators, own adjoint", EXPERT, "numpy_kraus", MIXED, ("numpy",)
    ),
    "tc_fused": Peer(
        "TensorCircuit-NG, fused Kraus operators",
        EXPERT,
        "tensorcircuit_density:make_fused",
        MIXED,
        (*NUMERIC, "tensorcircuit"),
    ),
    "tc": Peer(
        "TensorCircuit-NG, DMCircuit",
        FRAMEWORK,
        "tensorcircuit_density",
        MIXED,
        (*NUMERIC, "tensorcircuit"),
    ),
    "pennylane": Peer(
        "PennyLane default.mixed, JAX",
        FRAMEWORK,
        "pennylane_density",
        MIXED,
        (*NUMERIC, "pennylane"),
    ),
    "jax_gates": Peer("JAX by hand, gate by gate", FRAMEWORK, "jax_density", MIXED),
    "jax_bausch": Peer(
        "JAX by hand, closed form of a neuron", EXPERT, "jax_bausch", ("bausch",), NUMERIC
    ),
    "torch_bausch": Peer(
        "PyTorch in the manner of the paper",
        AUTHORS,
        "torch_bausch",
        ("bausch",),
        ("numpy", "torch"),
    ),
    "jax_qlstm": Peer(
        "JAX by hand, real amplitudes, fused matrices",
        EXPERT,
        "jax_qlstm",
        ("qlstm", "qlstm1"),
        (*NUMERIC, "optax"),
    ),
    "tc_qlstm": Peer(
        "TensorCircuit-NG",
        FRAMEWORK,
        "frameworks_qlstm:make_tensorcircuit",
        ("qlstm", "qlstm1"),
        (*NUMERIC, "optax", "tensorcircuit"),
    ),
    "pennylane_qlstm": Peer(
        "PennyLane default.qubit, JAX",
        FRAMEWORK,
        "frameworks_qlstm:make_pennylane",
        ("qlstm", "qlstm1"),
        (*NUMERIC, "optax", "pennylane"),
    ),
    "torch_qlstm": Peer(
        "PennyLane and PyTorch in the manner of the paper",
        AUTHORS,
        "torch_qlstm",
        ("qlstm1",),
        ("numpy", "torch", "pennylane"),
    ),
    "jax_merged": Peer(
        "JAX by hand, merged gates as matrices on half the qubits",
        EXPERT,
        "jax_state:make_merged",
        ("pure",),
    ),
    "jax_state": Peer("JAX by hand, gate by gate", FRAMEWORK, "jax_state", ("pure",)),
    "tc_pure": Peer(
        "TensorCircuit-NG",
        FRAMEWORK,
        "tensorcircuit_density:make_pure",
        ("pure",),
        (*NUMERIC, "tensorcircuit"),
    ),
    "pennylane_pure": Peer(
        "PennyLane default.qubit, JAX",
        FRAMEWORK,
        "pennylane_density:make_pure",
        ("pure",),
        (*NUMERIC, "pennylane"),
    ),
    "lightning": Peer(
        "PennyLane lightning.qubit, adjoint",
        FRAMEWORK,
        "pennylane_density:make_lightning",
        ("pure",),
        ("numpy", "pennylane"),
    ),
    "zgemm": Peer("NumPy zgemm 1000x1000", MACHINE, "zgemm", ALL, ("numpy",)),
    "zgemm_avx2": Peer(
        "NumPy zgemm 1000x1000, AVX2 at most",
        MACHINE,
        "zgemm",
        ALL,
        ("numpy",),
        {"OPENBLAS_CORETYPE": "Haswell"},
    ),
}


def taking_part(workload: str) -> list[str]:
    return [key for key, peer in PEERS.items() if workload in peer.workloads]
