"""Random circuits, with resets, noise and measurements, against Qiskit's own density matrices."""

import numpy as np
import pytest
from qiskit.circuit.library import get_standard_gate_name_mapping
from qiskit.quantum_info import DensityMatrix, Kraus, Operator, Pauli

from qrnnlang.ir.hamiltonian import kraus
from qrnnlang.ir.interpreter import run_cell
from qrnnlang.sema.closed import (
    Alloc,
    Bit,
    Channel,
    Discard,
    Evolve,
    Expect,
    Gate,
    Measure,
    Op,
    Postselect,
    Prob,
    Reset,
    Term,
)
from qrnnlang.sema.gates import GATES

from .cells import graph

QISKIT = get_standard_gate_name_mapping()
WIRES = 4
RATES = {"bit_flip": 1, "depolarizing": 1, "amplitude_damping": 1, "pauli_channel": 3}


def random_gate(rng: np.random.Generator) -> Gate:
    name = rng.choice([g for g in GATES if g != "gphase"])
    info = GATES[name]
    ctrl = "".join(rng.choice(["0", "1"], size=rng.integers(0, WIRES - info.qubits + 1)))
    wires = rng.permutation(WIRES)[: info.qubits + len(ctrl)]
    params = tuple(rng.uniform(-4, 4, info.params).tolist())
    return Gate(str(name), params, tuple(wires.tolist()), ctrl)


def random_op(rng: np.random.Generator) -> Op:
    kind = rng.choice(
        ["gate", "reset", "channel", "evolve", "postselect"], p=[0.7, 0.1, 0.1, 0.05, 0.05]
    )
    wire = int(rng.integers(WIRES))
    match kind:
        case "gate":
            return random_gate(rng)
        case "reset":
            return Reset((wire,))
        case "channel":
            name = str(rng.choice(list(RATES)))
            return Channel(name, tuple(rng.uniform(0, 0.3, RATES[name]).tolist()), (wire,))
        case "evolve":
            return Evolve(tuple(random_term(rng) for _ in range(3)), float(rng.normal()))
        case _:
            return Postselect((wire,), (float(rng.integers(2)),))


def random_term(rng: np.random.Generator) -> Term:
    wires = rng.permutation(WIRES)[: rng.integers(1, WIRES + 1)]
    paulis = tuple((int(w), str(rng.choice(list("XYZ")))) for w in wires)
    return Term(float(rng.normal()), paulis)


def qiskit_pauli(term: Term) -> Pauli:
    letters = dict(term.paulis)
    return Pauli("".join(letters.get(w, "I") for w in reversed(range(WIRES))))


def step(rho: DensityMatrix, op: Op) -> DensityMatrix:
    """One operation as Qiskit does it."""
    match op:
        case Gate(name=name, params=params, wires=wires, ctrl=ctrl):
            gate = QISKIT[name].base_class(*params)
            if ctrl:
                gate = gate.control(len(ctrl), ctrl_state=ctrl[::-1], annotated=False)
            return rho.evolve(Operator(gate), list(wires))
        case Reset(wires=wires):
            return rho.reset(list(wires))
        case Channel(name=name, rates=rates, wires=(wire,)):
            return rho.evolve(Kraus(kraus(name, rates)), [wire])
        case Evolve(terms=terms, time=time):
            h = sum(t.coefficient * qiskit_pauli(t).to_matrix() for t in terms)
            energies, states = np.linalg.eigh(h)
            u = states @ np.diag(np.exp(-1j * time * energies)) @ states.conj().T
            return rho.evolve(Operator(u))
        case Postselect(wires=(wire,), values=(value,)):
            projector = np.diag([1 - value, value])
            projected = rho.evolve(Operator(projector), [wire])
            return DensityMatrix(projected.data / projected.trace().real)
    raise TypeError(op)


@pytest.mark.parametrize("seed", range(12))
def test_random_circuit(seed):
    rng = np.random.default_rng(seed)
    ops = [random_op(rng) for _ in range(30)]
    terms = [random_term(rng) for _ in range(5)]
    order = tuple(rng.permutation(WIRES).tolist())

    rho = DensityMatrix.from_label("0" * WIRES)
    kept: list[Op] = []
    for op in ops:
        if (
            isinstance(op, Postselect)
            and rho.probabilities([op.wires[0]])[int(op.values[0])] < 0.01
        ):
            continue
        rho = step(rho, op)
        kept.append(op)

    wires = tuple(range(WIRES))
    whole = [
        Alloc(wires),
        *kept,
        Expect(tuple((t,) for t in terms), (5,)),
        Prob(order),
        Discard(wires),
    ]
    n = len(kept)
    cell = graph(whole, {"e": (n + 1, (5,)), "p": (n + 2, (2**WIRES,))})
    out, _ = run_cell(cell, {}, {}, steps=1)
    wanted = [t.coefficient * rho.expectation_value(qiskit_pauli(t)).real for t in terms]
    np.testing.assert_allclose(out["e"][0], wanted, atol=1e-12)
    np.testing.assert_allclose(out["p"][0], rho.probabilities(list(order)), atol=1e-12)


@pytest.mark.parametrize("seed", range(6))
def test_measurement_and_feedback_are_deferred_measurement_and_control(seed):
    """Measuring a wire and acting on its bit equals copying it to an ancilla that controls."""
    rng = np.random.default_rng(100 + seed)
    before = [random_gate(rng) for _ in range(8)]
    inside = Gate("u", tuple(rng.uniform(-3, 3, 3).tolist()), (1,))
    after = [random_gate(rng) for _ in range(8)]
    term = random_term(rng)
    wires = tuple(range(WIRES))

    measured = [*before, Measure((0,), (0,)), Gate("u", inside.params, (1,), when=Bit(0)), *after]
    ancilla = (*wires, WIRES)
    deferred = [
        *before,
        Gate("cx", (), (0, WIRES)),
        Gate("u", inside.params, (WIRES, 1), "1"),
        *after,
    ]

    found = []
    for alive, ops in ((wires, measured), (ancilla, deferred)):
        whole = [Alloc(alive), *ops, Expect(((term,),), (1,)), Prob(wires), Discard(alive)]
        n = len(ops)
        cell = graph(whole, {"e": (n + 1, (1,)), "p": (n + 2, (2**WIRES,))})
        found.append(run_cell(cell, {}, {}, steps=1)[0])
    for name in ("e", "p"):
        np.testing.assert_allclose(found[0][name], found[1][name], atol=1e-13)
