"""What a circuit asks, in bytes: the same for the same model, in every session.

Not a circuit of Qiskit's: parameters have random identifiers there, and the sums that a transpiler
makes of them come in the order of these.
"""

from __future__ import annotations

from hashlib import sha256

import numpy as np

from ...targets.program import Program


def digest(program: Program) -> bytes:
    """Registers, instructions and unitaries; not where in a source they come from."""
    made = sha256()
    made.update(repr((program.qubits, program.clbits, program.qregs, program.cregs)).encode())
    for i in program.instrs:
        made.update(repr((i.name, i.qubits, i.angles, i.clbits, i.when, i.value)).encode())
    for name, custom in sorted(program.customs.items()):
        made.update(name.encode())
        made.update(np.ascontiguousarray(custom.matrix).tobytes())
    return made.digest()
