"""Models as circuits: Qiskit, OpenQASM 3 and 2, QPY. Qiskit is imported when a circuit is made."""

from .api import (
    circuit_stats,
    circuits,
    parameter_order,
    qasm2_text,
    qasm3_text,
    to_qiskit,
    to_qpy_bytes,
    unroll,
)
from .template import optimised_graph

__all__ = [
    "circuit_stats",
    "circuits",
    "optimised_graph",
    "parameter_order",
    "qasm2_text",
    "qasm3_text",
    "to_qiskit",
    "to_qpy_bytes",
    "unroll",
]
