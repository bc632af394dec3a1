"""What users of other tools write, and what it is called here; what the standard library holds."""

from __future__ import annotations

OTHER_GATES = {
    "cnot": "cx",
    "hadamard": "h",
    "toffoli": "ccx",
    "rot": "u",
    "u3": "u",
    "phase": "p",
    "zz": "rzz",
    "xx": "rxx",
    "measure_all": "measure",
    "sdag": "sdg",
    "tdag": "tdg",
    "fredkin": "cswap",
    "cphase": "cp",
    "i": "id",
    "u1": "p",
}

FUNCTIONS = {
    "acos": "arccos",
    "asin": "arcsin",
    "atan": "arctan",
    "ln": "log",
    "expval": "expect",
    "probs": "prob",
    "concat": "[a, b]",
    "concatenate": "[a, b]",
    "norm": "normalize",
    "one_hot": "onehot",
    "size": "len",
    "comb": "choose",
    "floor_div": "div",
}

#: Constants, by what others call them.
NUMBERS = {"pi": "pi", "π": "pi", "m_pi": "pi", "math_pi": "pi", "two_pi": "tau", "twopi": "tau"}

#: Prefixes under which other languages keep functions and constants.
PACKAGES = ("np", "numpy", "math", "jnp", "jax", "torch", "qml", "qiskit", "Math")

STD_CELLS = (
    *("Emc", "Takaki", "LiPlain", "LiStaggered", "Bausch", "Qlstm", "LinearQlstm", "Qgru"),
    *("Qfwp", "Reservoir", "FeedbackReservoir", "Rnn", "Lstm", "Gru"),
)

#: Gates of the standard library, with their modules.
STD_GATES = {
    "basic_entangler": "ansatz",
    "strongly_entangling": "ansatz",
    "hardware_efficient": "ansatz",
    "brick_wall": "ansatz",
    "rotations": "ansatz",
    "angle_encode": "encoding",
    "arccos_encode": "encoding",
    "bits_encode": "encoding",
}
