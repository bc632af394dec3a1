"""Gates as products of simpler gates: controlled gates, and definitions that a format lacks.

A recipe lists gates in the order they act. Angles are affine in the gate's own parameters, so one
recipe serves every value. Recipes are exact, global phase included: a control would make a lost
phase a wrong gate.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import pi
from typing import TypeAlias

#: Σ coefficient × parameter; the index None stands for the number 1.
Angle: TypeAlias = tuple[tuple[float, int | None], ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One gate of a recipe, on operands of the gate that it makes up."""

    name: str
    qubits: tuple[int, ...]
    angles: tuple[Angle, ...] = ()


Recipe: TypeAlias = tuple[Step, ...]


def const(value: float) -> Angle:
    return ((value, None),)


def times(factor: float, *params: int) -> Angle:
    """factor × (the sum of parameters)."""
    return tuple((factor, p) for p in params)


def g(name: str, *qubits: int, angles: tuple[Angle, ...] = ()) -> Step:
    return Step(name, qubits, angles)


def r(name: str, angle: Angle, *qubits: int) -> Step:
    return Step(name, qubits, (angle,))


_THETA = times(1.0, 0)

#: Uncontrolled gates by simpler ones. The outer, mutually inverse gates are never controlled.
DEFINITIONS: dict[str, Recipe] = {
    "sx": (g("h", 0), g("s", 0), g("h", 0)),
    "sxdg": (g("h", 0), g("sdg", 0), g("h", 0)),
    "swap": (g("cx", 1, 0), g("cx", 0, 1), g("cx", 1, 0)),
    "cs": (r("cp", const(pi / 2), 0, 1),),
    "csdg": (r("cp", const(-pi / 2), 0, 1),),
    "csx": (g("h", 1), r("cp", const(pi / 2), 0, 1), g("h", 1)),
    "crx": (g("h", 1), r("crz", _THETA, 0, 1), g("h", 1)),
    "cry": (r("ry", times(0.5, 0), 1), g("cx", 0, 1), r("ry", times(-0.5, 0), 1), g("cx", 0, 1)),
    "ccz": (g("h", 2), g("ccx", 0, 1, 2), g("h", 2)),
    "cswap": (g("cx", 2, 1), g("ccx", 0, 1, 2), g("cx", 2, 1)),
    "rzz": (g("cx", 0, 1), r("rz", _THETA, 1), g("cx", 0, 1)),
    "rxx": (
        g("h", 0),
        g("h", 1),
        g("cx", 0, 1),
        r("rz", _THETA, 1),
        g("cx", 0, 1),
        g("h", 1),
        g("h", 0),
    ),
    "ryy": (
        r("rx", const(pi / 2), 0),
        r("rx", const(pi / 2), 1),
        g("cx", 0, 1),
        r("rz", _THETA, 1),
        g("cx", 0, 1),
        r("rx", const(-pi / 2), 1),
        r("rx", const(-pi / 2), 0),
    ),
    "rzx": (g("h", 1), g("cx", 0, 1), r("rz", _THETA, 1), g("cx", 0, 1), g("h", 1)),
    "ecr": (
        g("h", 1),
        g("cx", 0, 1),
        r("rz", const(pi / 4), 1),
        g("cx", 0, 1),
        g("h", 1),
        g("x", 0),
        g("h", 1),
        g("cx", 0, 1),
        r("rz", const(-pi / 4), 1),
        g("cx", 0, 1),
        g("h", 1),
    ),
    "iswap": (g("s", 0), g("s", 1), g("h", 0), g("cx", 0, 1), g("cx", 1, 0), g("h", 1)),
}

#: Named gates that are a controlled base gate: base, number of controls.
_CONTROLLED = {
    "cx": ("x", 1),
    "ccx": ("x", 2),
    "cy": ("y", 1),
    "cz": ("z", 1),
    "ccz": ("z", 2),
    "ch": ("h", 1),
    "cp": ("p", 1),
    "crx": ("rx", 1),
    "cry": ("ry", 1),
    "crz": ("rz", 1),
    "cs": ("s", 1),
    "csdg": ("sdg", 1),
    "csx": ("sx", 1),
    "cswap": ("swap", 1),
}
_NAMED = {v: k for k, v in _CONTROLLED.items()}
_PHASES = {"z": pi, "s": pi / 2, "sdg": -pi / 2, "t": pi / 4, "tdg": -pi / 4}
_INVERSE = {"s": "sdg", "sdg": "s", **{n: n for n in ("h", "x", "y", "z", "cx", "cz", "swap")}}


@cache
def recipe(name: str, ctrl: str, params: int, operands: int) -> Recipe:
    """A gate under extra controls (`Gate.ctrl`) as gates without; controls come first.

    What comes out are the gates of `sema.gates.GATES` and `mcx`, an X with three controls or more.
    """
    if not ctrl:
        return (Step(name, tuple(range(operands)), tuple(times(1.0, i) for i in range(params))),)
    flips = tuple(g("x", i) for i, c in enumerate(ctrl) if c == "0")
    base, already = _CONTROLLED.get(name, (name, 0))
    return (*flips, *_controlled(base, len(ctrl) + already, params, operands - already), *flips)


def _controlled(base: str, k: int, params: int, operands: int) -> Recipe:
    """`base` on its operands, which follow k controls."""
    controls = tuple(range(k))
    target = k
    named = _NAMED.get((base, k))
    if named is not None:
        angles = tuple(times(1.0, i) for i in range(params))
        return (Step(named, tuple(range(k + operands)), angles),)
    cx = Step("mcx" if k > 2 else _NAMED["x", k], (*controls, target))
    match base:
        case "x":
            return (cx,)
        case "id":
            return ()
        case "y":
            return (g("sdg", target), cx, g("s", target))
        case "z":
            return (g("h", target), cx, g("h", target))
        case "h":
            z = _controlled("z", k, 0, 1)
            return (r("ry", const(-pi / 4), target), *z, r("ry", const(pi / 4), target))
        case "s" | "sdg" | "t" | "tdg":
            return _phase(const(_PHASES[base]), controls, target)
        case "p":
            return _phase(_THETA, controls, target)
        case "gphase":
            return _phase(_THETA, controls[:-1], controls[-1])
        case "rx":
            return (g("h", target), *_controlled("rz", k, 1, 1), g("h", target))
        case "ry" | "rz":
            half, back = r(base, times(0.5, 0), target), r(base, times(-0.5, 0), target)
            return (half, cx, back, cx)
        case "u":
            return _controlled_u(cx, controls, target)
        case "swap":
            a, b = k, k + 1
            return (g("cx", b, a), *_controlled("x", k + 1, 0, 1), g("cx", b, a))
        case _:
            return _control_each(DEFINITIONS[base], k)


def _controlled_u(cx: Step, controls: tuple[int, ...], target: int) -> Recipe:
    """u(θ, φ, λ) = e^{i(φ+λ)/2} A X B X C with ABC = 1, so only the two X are controlled."""
    return (
        r("rz", ((0.5, 2), (-0.5, 1)), target),
        cx,
        r("rz", times(-0.5, 1, 2), target),
        r("ry", times(-0.5, 0), target),
        cx,
        r("ry", times(0.5, 0), target),
        r("rz", times(1.0, 1), target),
        *_phase(times(0.5, 1, 2), controls[:-1], controls[-1]),
    )


def _phase(angle: Angle, controls: tuple[int, ...], target: int) -> Recipe:
    """e^{i·angle} where all of `controls` and `target` are |1⟩."""
    if not controls:
        return (r("p", angle, target),)
    if len(controls) == 1:
        return (r("cp", angle, *controls, target),)
    *rest, last = controls
    half = tuple((0.5 * c, p) for c, p in angle)
    back = tuple((-0.5 * c, p) for c, p in angle)
    flip = Step("mcx" if len(rest) > 2 else _NAMED["x", len(rest)], (*rest, last))
    return (
        r("cp", half, last, target),
        flip,
        r("cp", back, last, target),
        flip,
        *_phase(half, tuple(rest), target),
    )


def _control_each(steps: Recipe, k: int) -> Recipe:
    """A product under control. Outer gates that undo each other stay as they are."""
    outer = 0
    while 2 * outer + 1 < len(steps) and _undoes(steps[outer], steps[-1 - outer]):
        outer += 1
    inner = steps[outer : len(steps) - outer]
    out: list[Step] = [_shifted(s, k) for s in steps[:outer]]
    for step in inner:
        where = (*range(k), *(q + k for q in step.qubits))
        base, already = _CONTROLLED.get(step.name, (step.name, 0))
        part = _controlled(base, k + already, len(step.angles), len(step.qubits) - already)
        out += [
            Step(
                s.name, tuple(where[q] for q in s.qubits), tuple(_within(a, step) for a in s.angles)
            )
            for s in part
        ]
    return (*out, *(_shifted(s, k) for s in steps[len(steps) - outer :]))


def _shifted(step: Step, k: int) -> Step:
    return Step(step.name, tuple(q + k for q in step.qubits), step.angles)


def _within(angle: Angle, outer: Step) -> Angle:
    """An angle in the parameters of a step, in terms of the step's own angles."""
    found: list[tuple[float, int | None]] = []
    for factor, param in angle:
        found += (
            [(factor, None)] if param is None else [(factor * c, p) for c, p in outer.angles[param]]
        )
    return tuple(found)


def _undoes(a: Step, b: Step) -> bool:
    if a.qubits != b.qubits:
        return False
    if a.angles or b.angles:
        negated = tuple(tuple((-c, p) for c, p in angle) for angle in a.angles)
        return a.name == b.name and negated == b.angles
    return _INVERSE.get(a.name) == b.name
