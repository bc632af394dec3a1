"""From a model to the programs of its circuits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from ..diagnostics import Diagnostic
from ..passes import Settings, Stamp, Step
from ..sema.closed import ClosedModel, Origin
from .along import Along, Run
from .angles import angle
from .binding import Binding
from .errors import costs_circuits
from .kinds import Kinds
from .layout import Fresh, Layout
from .measurement import Readout
from .outputs import Key, Needed
from .plan import CircuitPlan, full, whole
from .program import Names, Program
from .seams import tidy, unfelt
from .stamp import Stamper
from .variants import Variants

_AS_WRITTEN = Settings(level=0)
#: Of the search on a device, the share of the step without tours, which may be woven, where there
#: are two.
_FIRST = 0.75


@dataclass(frozen=True)
class Device:
    """A backend, and how long to search for a place on it; see `devices.on_device`."""

    backend: Any
    budget: float = 5.0
    seed: int = 0
    tell: Callable[[int, int], None] | None = None
    dynamic: bool = True
    report: Callable[[Mapping[str, Any]], None] | None = None


@dataclass
class Unrolled:
    """A model at a number of steps, with what is bound."""

    model: ClosedModel
    binding: Binding
    fresh: Fresh = "reuse"
    drop_noise: bool = False
    settings: Settings = _AS_WRITTEN
    device: Device | None = None
    warn: Callable[[Diagnostic], None] | None = None
    _variants: dict[tuple[int, bool], Variants] = field(default_factory=dict)

    @cached_property
    def along(self) -> Along:
        return Along(self.model, self.binding, self.drop_noise)

    @cached_property
    def needs(self) -> list[Needed]:
        """What the model's outputs need measured, step by step, in the order of the outputs."""
        along, kinds, found = self.along, Kinds(), []
        for ref in along.quantum:
            check_angles(along.runs[ref], self.binding.rolled)
        order = {
            (ref, o.name): (i, j)
            for i, ref in enumerate(along.quantum)
            for j, o in enumerate(along.runs[ref].op.cell.outputs)
        }
        sources = {
            (ref, o.name): o for ref in along.quantum for o in along.runs[ref].op.cell.outputs
        }
        keys = {k for k in along.demand() if k[:2] in order}
        if self.binding.rolled:  # in a loop all steps are alike
            found_in = {key[:2] for key in keys}
            keys = {(r, name, t) for r, name in found_in for t in range(along.runs[r].steps)}
        for key in sorted(keys, key=lambda k: (k[2], order[k[0], k[1]])):
            run = along.runs[key[0]]
            source = sources[key[:2]]
            values = run.values[key[2]]
            need = kinds.needed(run.template, run.lines, key, values[source.ref], values)
            if need.atoms:
                found.append(need)
        return found

    def whole(self) -> CircuitPlan:
        """The circuit of `to_qiskit`."""
        return whole(self.needs)

    def full(self) -> list[CircuitPlan]:
        """The circuits of a full evaluation."""
        return full(self.needs)

    def programs(
        self, plans: Sequence[CircuitPlan], needs: Sequence[Needed] | None = None
    ) -> list[Program]:
        """The programs of some plans; outputs spread over several of them are numbered as parts.

        On a device if there is one.

        `needs`: what the plans were made for, if not for the model's outputs.
        """
        by_key = {n.key: n for n in (self.needs if needs is None else needs)}
        counts = Counter(key for plan in plans for key in plan.atoms)
        seen: Counter[Key] = Counter()
        found = []
        for plan in plans:
            parts = {key: (seen[key], counts[key]) for key in plan.atoms}
            seen.update(plan.atoms.keys())
            program = self.program(plan, parts, by_key)
            if self.device is not None:
                program = self._best_placed(program, plan, parts, by_key, len(plans))
            found.append(program)
        return found

    def _best_placed(
        self,
        program: Program,
        plan: CircuitPlan,
        parts: Mapping[Key, tuple[int, int]],
        needs: Mapping[Key, Needed],
        share: int,
    ) -> Program:
        """On the device; at level 3 also with tours of CX in place of gates that commute.

        A tour takes fewer gates, but in one order only.
        """
        programs = [program]
        if self.settings.level > 2:
            other = self.program(plan, parts, needs, tours=True)
            if [(i.name, i.qubits) for i in other.instrs] != [
                (i.name, i.qubits) for i in program.instrs
            ]:
                if "elsewhere" in program.metadata:
                    other.metadata["elsewhere"] = program.metadata["elsewhere"]
                programs.append(other)
        portions = [_FIRST, 1 - _FIRST] if len(programs) > 1 else [1.0]
        placed = [
            self._placed(p, portion / share, weave=p is program)
            for p, portion in zip(programs, portions, strict=True)
        ]
        best = min(placed, key=lambda p: _price(p.metadata.get("device")))
        assert self.device is not None
        if self.device.report is not None and "device" in best.metadata:
            self.device.report(best.metadata["device"])
        return best

    def _placed(self, program: Program, share: float, weave: bool) -> Program:
        from .devices import on_device

        assert self.device is not None
        given = self.device
        budget = given.budget * share
        if self.settings.level > 1:
            unfelt(program)
        return on_device(
            program,
            program.bounds,
            given.backend,
            budget,
            given.seed,
            given.tell,
            given.dynamic and self.settings.level > 1,
            weave and self.settings.level > 2,
        )

    def program(
        self,
        plan: CircuitPlan,
        parts: Mapping[Key, tuple[int, int]],
        needs: Mapping[Key, Needed],
        tours: bool | None = None,
    ) -> Program:
        """The program of one plan, before it is placed on a device.

        `tours`: see `passes.parities`; None: where there is no device.
        """
        tours = self.device is None if tours is None else tours
        program = new_program(self.model, self.binding.steps)
        if plan.run is None and not (tours and self.device is not None):
            program.metadata["elsewhere"] = self.elsewhere(plan, needs)
        for ref in self.along.quantum:
            if plan.run in (None, ref):
                readout = self.readout(program, plan, parts, needs, ref)
                run = self.along.runs[ref]
                layout = Layout(program, self.fresh, always=self.device is not None)
                steps = range(plan.start, min(run.steps, plan.cut[0] + 1))
                lines = self.variants(ref, tours).lines(plan, steps)
                stamp_run(run, program, layout, readout, self.binding, plan, lines)
        if self.settings.level > 0 and self.device is None:
            tidy(program, self.settings.level)
        return program

    def variants(self, ref: int, tours: bool = True) -> Variants:
        """The lines of a run's steps."""
        if (ref, tours) not in self._variants:
            settings = replace(self.settings, tours=tours)
            self._variants[ref, tours] = Variants(self.along.runs[ref], settings)
        return self._variants[ref, tours]

    def elsewhere(self, plan: CircuitPlan, keys: Collection[Key]) -> dict[str, list[int]]:
        """Those of the outputs `keys` that take other circuits, with their steps."""
        names, found = self.along.register_names, dict[str, list[int]]()
        measured = {n.key: n for n in self.needs}
        places: dict[str, Origin] = {}
        for key in sorted(k for k in keys if k in measured and k not in plan.atoms):
            found.setdefault(names[key[0], key[1]], []).append(key[2])
            _, ref = measured[key].atoms[0].time
            places.setdefault(names[key[0], key[1]], self.along.runs[key[0]].template.origin(ref))
        if self.warn is not None and found:
            count = len(self.full())
            for name, steps in found.items():
                self.warn(costs_circuits(name, steps, count, places[name]))
        return found

    def readout(
        self,
        program: Program,
        plan: CircuitPlan,
        parts: Mapping[Key, tuple[int, int]],
        needs: Mapping[Key, Needed],
        run: int,
    ) -> Readout:
        """The measurements of one run in one circuit."""
        known = self.along.register_names
        names = {key: known.get((key[0], key[1]), key[1]) for key in needs}
        return Readout(program, plan, needs, names, parts, run)


def _price(report: Mapping[str, Any] | None) -> float:
    """Of a step on a device, as its search reckons it: gates, and some of their depth."""
    from .devices.router import DEPTH

    return report["two_qubit"] + DEPTH * report["two_qubit_depth"] if report else 0.0


def check_angles(run: Run, rolled: bool) -> None:
    """Refuses angles that no circuit can have, before anything is said about outputs.

    The second step shows what the recurrence brings.
    """
    for t in range(min(run.steps, 2)):
        for ref, item in run.template.line:
            if isinstance(item, Stamp):
                for polynomial in item.angles:
                    angle(polynomial, run.values[t], run.template.origin(ref), t, rolled)


def new_program(model: ClosedModel, steps: int) -> Program:
    """A program without instructions yet."""
    shapes = {p.name: p.shape for p in model.params} | {p.name: p.shape for p in model.inputs}
    program = Program(model.name, Names(shapes, len(str(steps - 1))))
    program.metadata = {
        "model": model.name,
        "steps": steps,
        "outputs": {},
        "postselections": {},
    }
    return program


def stamp_run(
    run: Run,
    program: Program,
    layout: Layout,
    readout: Readout,
    binding: Binding,
    plan: CircuitPlan,
    lines: Sequence[Step],
) -> None:
    """Every step of a run from the plan's start, up to its cut; `lines` are those of the steps."""
    stamper = Stamper(
        program, run.template, layout, readout, run.lines, binding.params, open=binding.open
    )
    stamper.begin(run.prepared)
    for t, step in enumerate(lines, plan.start):
        readout.begin(t)
        program.bounds.append(len(program.instrs))
        stamper.stamp(t, step, run.values[t], plan.cut)
