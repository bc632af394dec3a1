"""The measurements of one circuit, and the metadata that says what its registers mean."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..sema.closed import Bit, BitExpr, Prob, Ref
from .lines import Line, Time
from .outputs import Key, Needed, Slot, scaled_terms
from .plan import CircuitPlan
from .program import Instr, Program
from .symbols import Affine, Expr, Read
from .text import plain

_CHANGE = {"X": ("h",), "Y": ("sdg", "h"), "Z": (), "": ()}


@dataclass
class Readout:
    """Where a plan's atoms go. Registers are made when a step begins, in order of the outputs."""

    program: Program
    plan: CircuitPlan
    needs: Mapping[Key, Needed]
    names: Mapping[Key, str]  # the register's name without the step
    parts: Mapping[Key, tuple[int, int]]  # which of how many circuits this one is, for an output
    run: int
    registers: dict[Key, tuple[str, tuple[int, ...]]] = field(default_factory=dict)
    first: int = 0  # bit of this step
    _by_time: dict[Time, list[Key]] = field(default_factory=dict)
    _copies: dict[tuple[int, int], list[tuple[Key, Slot]]] = field(default_factory=dict)
    _done: set[tuple[Key, Slot]] = field(default_factory=set)
    _rotated: set[Slot] = field(default_factory=set)
    _told: dict[object, dict[str, Any]] = field(default_factory=dict)  # by kind of need

    def begin(self, t: int) -> None:
        """The registers of step t."""
        self.first = self.program.clbits
        for key in self.plan.keys(self.run, t):
            need, atoms = self.needs[key], self.plan.atoms[key]
            self.registers[key] = self.program.new_clbits(self.names[key], t, len(need.slots))
            for time in dict.fromkeys(a.time for a in atoms):
                self._by_time.setdefault(time, []).append(key)
                op = need.ops[time[1]]
                if isinstance(op, Prob):
                    self._copy(key, time, op)
            self.program.metadata["outputs"][self.registers[key][0]] = self._meaning(need)

    def alike(self, t: int) -> Hashable | None:
        """What this step writes, if only the numbers of its bits can differ; else None."""
        found = []
        for key in self.plan.keys(self.run, t):
            need = self.needs[key]
            whole = len(self.plan.atoms[key]) == len(need.atoms)
            if need.kind is None or not whole or not self._rotated.isdisjoint(need.slots):
                return None
            found.append(need.kind)
        return tuple(found)

    def again(self, t: int) -> None:
        """Step t reads as another one that is `alike`."""
        for key in self.plan.keys(self.run, t):
            self._rotated.update(self.needs[key].slots)

    def _copy(self, key: Key, time: Time, op: Prob) -> None:
        """Bits that are plain results are measured a second time, where they are measured."""
        if all(isinstance(b, Bit) for b in op.bits):
            for i, bit in enumerate(op.bits):
                assert isinstance(bit, Bit)
                self._copies.setdefault((time[0], bit.id), []).append((key, ("bit", time[1], i)))

    def copies(self, t: int, bit: int) -> list[int]:
        """Where the result `bit` of an unconditional measurement goes besides its own register."""
        found = self._copies.pop((t, bit), [])
        self._done.update(found)
        return [self._clbit(key, slot) for key, slot in found]

    def post(self, t: int, ref: Ref, posts: tuple[str, ...]) -> dict[int, list[int]]:
        """Where bit i of a postselection goes besides its own register."""
        found: dict[int, list[int]] = {}
        for key in self._by_time.get((t, ref), ()):
            self._keep(key, posts)
            for slot in self.needs[key].slots:
                if isinstance(slot, tuple) and slot[:2] == ("post", ref):
                    found.setdefault(slot[2], []).append(self._clbit(key, slot))
        return found

    def read(
        self,
        t: int,
        ref: Ref,
        where: Mapping[Line, int],
        bits: list[BitExpr],
        posts: tuple[str, ...],
    ) -> list[Instr]:
        """The measurements that stand at a read-out."""
        out: list[Instr] = []
        for key in self._by_time.get((t, ref), ()):
            self._keep(key, posts)
            for atom in self.plan.atoms[key]:
                if atom.time != (t, ref):
                    continue
                for slot, letter in atom.basis:
                    if (key, slot) in self._done:
                        continue
                    self._done.add((key, slot))
                    clbit = self._clbit(key, slot)
                    if isinstance(slot, tuple):
                        out.append(Instr("store", clbits=(clbit,), value=bits[slot[2]]))
                        continue
                    qubit = where[slot]
                    if slot not in self._rotated:
                        self._rotated.add(slot)
                        out += [Instr(name, (qubit,)) for name in _CHANGE[letter]]
                    out.append(Instr("measure", (qubit,), clbits=(clbit,)))
        return out

    def _clbit(self, key: Key, slot: Slot) -> int:
        return self.registers[key][1][self.needs[key].slots.index(slot)]

    def _keep(self, key: Key, posts: tuple[str, ...]) -> None:
        entry = self.program.metadata["outputs"][self.registers[key][0]]
        entry["postselections"] = list(posts)

    # --- metadata -----------------------------------------------------------------------------

    def _meaning(self, need: Needed) -> dict[str, Any]:
        run, name, t = need.key
        part, parts = self.parts[need.key]
        chosen = None if parts == 1 else self.plan.chosen(need.key)
        found: dict[str, Any] = {
            "output": self.names[need.key],
            "step": t,
            "terms": None,
            "postselections": [],
            "kind": "expect",
            "shape": list(need.shape),
            "run": run,
            "cell_output": name,
        }
        if parts > 1:
            found["part"] = [part, parts]
        told = None if need.kind is None or parts > 1 else self._told.get(need.kind)
        if told is None:
            told = self._tell(need, chosen, part, parts)
            if need.kind is not None and parts == 1:
                self._told[need.kind] = told
        found.update((name, _copied(v) if type(v) is list else v) for name, v in told.items())
        return found

    def _tell(self, need: Needed, chosen: Any, part: int, parts: int) -> dict[str, Any]:
        """What is the same for all needs of a kind."""
        found: dict[str, Any] = {}
        if need.selection is not None and parts == 1:
            found["kind"] = "prob"
            found["terms"] = [[1.0, list(range(len(need.slots)))]]
            if need.selection != tuple(range(2 ** len(need.slots))):
                found["values"] = list(need.selection)
                if len(need.selection) == 1:
                    found["value"] = need.selection[0]
        elif need.affine is not None:
            lists = [self._terms(scaled_terms(a, need, chosen, part == 0)) for a in need.affine]
            found["terms"] = lists[0] if len(lists) == 1 else lists
        else:
            found["reads"] = [
                {"ref": r.ref, "component": r.component, "terms": self._read_terms(need, r, chosen)}
                for r in need.reads
            ]
        return found

    def _read_terms(self, need: Needed, read: Read, chosen: Any) -> list[list[Any]]:
        return self._terms(scaled_terms(Affine(0.0, {read: 1.0}), need, chosen, True))

    def _terms(self, terms: list[tuple[Expr, tuple[int, ...]]]) -> list[list[Any]]:
        return [
            [c if isinstance(c, float) else plain(c, self.program.names), list(bits)]
            for c, bits in terms
        ]


def _copied(lists: list[Any]) -> list[Any]:
    return [_copied(x) if type(x) is list else x for x in lists]
