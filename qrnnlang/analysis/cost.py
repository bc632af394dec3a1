"""What a model costs, simulated and on a device, against the number of steps; baselines beside it.

- flop: real operations of one sequence without gradient, from the plan (quantum part) and from the
  step's classical functions (a product of m×k by k×n counts 2mkn, an element of anything else 1);
- memory: bytes of the carried state, 16 · 4^h for h qubits (complex double), 8 a real;
- qubits, depth, two-qubit gates: of the whole circuit over T steps, before it is routed;
- shots: σ²/ε² for the standard error ε, σ² the variance of one shot of the output that varies most,
  bounded by that of a ±1 observable with the exact expectation where the output is one, else by 1;
- run time: shots · circuits · (gate times along the circuit's depth + read-out), and fidelity: the
  product of (1 − error) over all gates and read-outs, both for the stated device figures. The
  fidelity is the chance that nothing went wrong, a lower estimate of what outputs keep.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..diagnostics import CompileError
from ..sema.closed import Call, ClosedCell
from .alone import size_of_state
from .circuit_counts import Circuit, Device, NoCircuit, circuit_of
from .family import qubits, remade, trained, whole_numbers
from .finding import Curve, Estimate, Finding, Panel, Table, exact
from .on_backend import on_backend
from .subject import Subject

#: Step counts that are tabulated.
STEPS = (1, 2, 5, 10, 20, 50)


def cost(
    subject: Subject,
    steps: Sequence[int] = STEPS,
    standard_error: float = 0.01,
    device: Device | None = None,
    vary: Mapping[str, Sequence[int]] | None = None,
    backend: Any = None,
    seed: int = 0,
) -> Finding:
    """Costs against T, and against the hyperparameters in `vary` (default: the first that changes

    the qubits, and the first other that changes the circuit) at the middle T. `backend`, a Qiskit
    BackendV2 or the name of one: also those of the circuit that is placed and routed there.
    """
    given = device or Device()
    model = subject.model
    shots = needed_shots(subject, standard_error, seed)
    flops = flops_per_step(subject)
    rows: list[tuple[Any, ...]] = []
    made: list[Circuit | None] = []
    notes: tuple[str, ...] = ()
    for t in steps:
        try:
            circuit = circuit_of(model.closed, t, model.init(seed), model.trained)
        except NoCircuit as error:
            rows.append((t, flops * t, *[None] * 6))
            notes = (f"its circuits are not counted: {error}",)
            continue
        made.append(circuit)
        rows.append(_row(t, flops, circuit, given, shots))
    base = baselines(trained(model), _width(subject))
    names = ("T", "flop", "qubits", "depth", "two-qubit gates", "circuits", "seconds", "fidelity")
    tables = {"against T": Table(names, tuple(rows))}
    tables["beside classical cells"] = Table(
        ("cell", "parameters", "flop a step", "bytes carried"),
        ((subject.name, trained(model), flops, carried_bytes(subject)), *base),
    )
    for name, values in (_sizes(subject) if vary is None else vary).items():
        tables[f"against {name}"] = _against(
            subject, name, values, steps[len(steps) // 2], given, shots
        )
    values_: dict[str, Estimate] = {
        "flop a step": exact(flops),
        "bytes carried": exact(carried_bytes(subject)),
        "shots": Estimate(shots, shots, shots, unit=f"for a standard error of {standard_error:g}"),
    }
    panels = [
        Panel("Simulation", "T", "flop", _flop_curves(steps, flops, subject.name, base), True, True)
    ]
    quantum = [c for c in made if c is not None]
    if quantum:
        at = [c.steps for c in quantum]
        values_ |= {
            "fidelity at the longest T": exact(quantum[-1].fidelity(given)),
            "seconds on a device at the longest T": exact(quantum[-1].seconds(given, shots), "s"),
        }
        panels += [
            Panel(
                "Circuit",
                "T",
                "",
                (
                    Curve("depth", at, [c.depth for c in quantum]),
                    Curve("two-qubit gates", at, [c.two_qubit for c in quantum]),
                    Curve("qubits", at, [c.qubits for c in quantum]),
                ),
                True,
                True,
            ),
            Panel(
                "Fidelity on the stated device",
                "T",
                "probability that nothing fails",
                (Curve("fidelity", at, [c.fidelity(given) for c in quantum]),),
                True,
                False,
            ),
        ]
    if backend is not None and quantum:
        params = model.init(seed)
        fixed = {k: v for k, v in params.items() if k not in model.trained}
        there = on_backend(model.closed, steps, fixed, backend, shots)
        if isinstance(there, str):
            notes = (*notes, f"not on the backend: {there}")
        else:
            values_ |= there[0]
            tables["on the backend"] = there[1]
    conditions = {
        "device": given.__dict__,
        "standard error": standard_error,
        "seed": seed,
        "routing": "none",
    }
    return Finding("cost", "Cost", values_, conditions, tuple(panels), tables, notes)


def needed_shots(subject: Subject, standard_error: float, seed: int = 0) -> float:
    """Shots of each circuit for the standard error of the output that varies most."""
    from ..sema.closed import Expect, Term

    cell = subject.run.cell
    if not cell.registers and not any(isinstance(op, Expect) for op in cell.ops):
        return 0.0
    widest = 1.0
    plain = True
    for op in cell.ops:
        if isinstance(op, Expect):
            for terms in op.observables:
                sizes = [
                    abs(t.coefficient)
                    if isinstance(t, Term) and isinstance(t.coefficient, float | int)
                    else 1.0
                    for t in terms
                ]
                widest = max(widest, float(np.sum(sizes)))
                plain = plain and len(terms) == 1
    x = subject.inputs(8, 8, seed)
    found = subject.machine().apply(subject.params(seed), x, None, 8)
    least = min(float(np.min(np.abs(np.asarray(y)))) for y in found.values())
    variance = widest**2 - (least**2 if plain and widest == 1.0 and not cell.carries else 0.0)
    return float(np.ceil(max(variance, 0.0) / standard_error**2))


# --- simulation ---------------------------------------------------------------------------------


def flops_per_step(subject: Subject) -> int:
    """Real operations of one step of one sequence, without gradient."""
    entries = subject.machine().describe(batch=1, steps=1)
    quantum = sum(int(str(e["flops"])) for e in entries)
    return quantum + classical_flops(subject.run.cell)


def classical_flops(cell: ClosedCell) -> int:
    """2mkn for a product of m×k by k×n, 1 for every element of any other function's result."""
    total = 0
    shapes: dict[int, tuple[int, ...]] = {}
    for ref, op in enumerate(cell.ops):
        shape = getattr(op, "shape", None)
        if shape is not None:
            shapes[ref] = shape
        if isinstance(op, Call):
            size = int(np.prod(op.shape))
            if op.fn in ("matmul", "dot", "outer"):
                inner = shapes[op.args[0]][-1] if shapes[op.args[0]] else 1
                size *= 1 if op.fn == "outer" else 2 * inner
            total += size
    return total


def carried_bytes(subject: Subject) -> int:
    """Memory of the state between steps, double precision."""
    held, bits, reals = size_of_state(subject.run)
    return (16 * 4**held * 2**bits if held or bits else 0) + 8 * reals


def baselines(parameters: int, width: int) -> list[tuple[str, int, int, int]]:
    """`(cell, parameters, flop a step, bytes carried)` of classical cells of about as many

    parameters, with `width` inputs and PyTorch's two biases.
    """
    rows = []
    for name, gates, states in (("Rnn", 1, 1), ("Lstm", 4, 2), ("Gru", 3, 1)):

        def count(h: int, g: int = gates) -> int:
            return g * (h * width + h * h + 2 * h)

        hidden = min(range(1, 257), key=lambda h: abs(count(h) - parameters))
        flops = gates * (2 * hidden * width + 2 * hidden * hidden + 4 * hidden) + 4 * hidden
        rows.append((f"{name}({hidden})", count(hidden), flops, 8 * states * hidden))
    return rows


def _width(subject: Subject) -> int:
    return max(1, sum(int(np.prod(p.shape)) for p in subject.closed.inputs))


def _row(
    t: int, flops: int, circuit: Circuit | None, device: Device, shots: float
) -> tuple[Any, ...]:
    if circuit is None:
        return (t, flops * t, 0, 0, 0, 0, 0.0, 1.0)
    seconds, fidelity = circuit.seconds(device, shots), circuit.fidelity(device)
    return (
        t,
        flops * t,
        circuit.qubits,
        circuit.depth,
        circuit.two_qubit,
        circuit.circuits,
        seconds,
        fidelity,
    )


def _flop_curves(steps: Sequence[int], flops: int, name: str, base: Any) -> tuple[Curve, ...]:
    own = Curve(name, list(steps), [flops * t for t in steps])
    return (
        own,
        *(Curve(n, list(steps), [f * t for t in steps], style="dashed") for n, _, f, _ in base),
    )


def _sizes(subject: Subject) -> dict[str, tuple[int, ...]]:
    """The first hyperparameter that changes the qubits, and the first other one of the circuit."""
    found: dict[str, tuple[int, ...]] = {}
    model = subject.model
    now, counted = qubits(model), trained(model)
    kinds: set[str] = set()
    for name, value in whole_numbers(model).items():
        if value < 1:
            continue
        try:
            other = remade(model, **{name: value + 1})
        except CompileError:
            continue
        kind = "qubits" if qubits(other) != now else "layers" if trained(other) != counted else ""
        if kind and kind not in kinds:
            kinds.add(kind)
            found[name] = tuple(range(max(1, value - 2), value + 2))
    return found


def _against(
    subject: Subject, name: str, values: Sequence[int], steps: int, device: Device, shots: float
) -> Table:
    from .subject import subject as make

    rows = []
    for n in values:
        model = remade(subject.model, **{name: n})
        other = make(model, subject.run.instance or subject.run.cell.name, domain=subject.domain)
        flops = flops_per_step(other)
        row: tuple[Any, ...]
        try:
            circuit = circuit_of(model.closed, steps, model.init(0), model.trained)
            row = _row(steps, flops, circuit, device, shots)
        except NoCircuit:
            row = (steps, flops * steps, *[None] * 6)
        rows.append((n, trained(model), carried_bytes(other), *row[1:]))
    columns = (
        name,
        "parameters",
        "bytes carried",
        f"flop, T = {steps}",
        "qubits",
        "depth",
        "two-qubit gates",
        "circuits",
        "seconds",
        "fidelity",
    )
    return Table(columns, tuple(rows))
