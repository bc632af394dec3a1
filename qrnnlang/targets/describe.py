"""The measurement plan of a model as plain data: which circuits give which outputs."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from .outputs import Basis
from .plan import CircuitPlan
from .unroll import Unrolled


def measurement_plan(unrolled: Unrolled) -> list[dict[str, Any]]:
    """Kinds of circuits of a full evaluation, in the order of `circuits`.

    Each has `circuits` (how many of the kind), `steps` (the first and last step that one of them
    ends with), `whole` (whether it runs over all steps), and `outputs`: for each name the `steps`
    that these circuits give and the `bases` in which its qubits are measured. Neighbouring circuits
    that measure the same in the same bases, only at other steps, are one kind.
    """
    every = unrolled.full()
    names = unrolled.along.register_names
    rows = [(_kind(plan, names), plan) for plan in every]
    found: list[dict[str, Any]] = []
    for (whole, kinds), group in groupby(rows, key=lambda row: row[0]):
        plans = [plan for _, plan in group]
        ends = [max(key[2] for key in plan.atoms) for plan in plans if plan.atoms]
        outputs = {}
        for name, bases in kinds:
            at = sorted({k[2] for p in plans for k in p.atoms if names[k[0], k[1]] == name})
            outputs[name] = {"steps": at, "bases": list(bases)}
        found.append(
            {
                "circuits": len(plans),
                "whole": whole,
                "steps": [min(ends, default=0), max(ends, default=0)],
                "outputs": outputs,
            }
        )
    return found


def _kind(
    plan: CircuitPlan, names: dict[tuple[int, str], str]
) -> tuple[bool, tuple[tuple[str, tuple[str, ...]], ...]]:
    bases: dict[str, dict[str, None]] = {}
    for key, atoms in plan.atoms.items():
        held = bases.setdefault(names[key[0], key[1]], {})
        held.update((_letters(atom.basis), None) for atom in atoms)
    return plan.run is None, tuple((name, tuple(held)) for name, held in sorted(bases.items()))


def _letters(basis: Basis) -> str:
    """`ZX`: the Paulis of a product in its order; `b` for a bit that is there already."""
    return "".join(letter or "b" for _, letter in basis)
