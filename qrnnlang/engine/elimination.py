"""Ancillas that are projected out again leave a map of the other wires behind.

A circuit that borrows wires in |0…0⟩, acts on other wires under their control, and projects the
borrowed ones on |0…0⟩ again, is a map M on the others: M = ⟨0…0|V|0…0⟩. Where V never flips a wire
(a **source**), M is block diagonal in it; so with a single flipped wire, the target, M is a table
of 2×2 matrices, one for each setting of the sources. The quantum neuron is the example
(arXiv 2006.14619): its nested ancillas disappear, whatever its order.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, replace

from ..sema.closed import Const, Param, Ref, Wire
from . import instructions as low
from .staging import refs, touched

#: No table is built for more sources than this.
MOST_SOURCES = 10

#: No block borrows more ancillas than this.
MOST_ANCILLAS = 6


def eliminated(program: low.Program, read: Set[Ref]) -> low.Program:
    """The program with such circuits as filters.

    `read`: values that something beside the instructions reads; a projection whose probability is
    read stays as it is. Only circuits that depend on parameters alone are replaced: their tables
    are built once per update of the parameters.
    """
    instructions = program.instructions
    wanted = set(read).union(*(refs(x) for x in instructions))
    scan = _Scan(instructions, wanted, static_values(instructions), set())
    found: list[low.Instruction] = []
    at = 0
    while at < len(instructions):
        filter_, after = scan.block(at)
        if filter_ is None:
            scan.passed(instructions[at])
            found.append(instructions[at])
            at += 1
            continue
        found += [x for x in instructions[at:after] if isinstance(x, low.Value)]
        found.append(filter_)
        at = after
    return replace(program, instructions=_weighed(found))


@dataclass
class _Scan:
    """`clean`: wires known to be in |0⟩ so far."""

    instructions: Sequence[low.Instruction]
    wanted: Set[Ref]
    static: Set[Ref]
    clean: set[Wire]

    def passed(self, x: low.Instruction) -> None:
        match x:
            case low.Fresh(wires=wires):
                self.clean |= set(wires)
            case low.Project(wires=wires) if _on_zero(x):
                self.clean |= set(wires)
            case low.Expectation() | low.Populations() | low.Value():
                pass
            case _:
                self.clean -= touched(x)

    def block(self, start: int) -> tuple[low.Filter | None, int]:
        """The filter that begins at an instruction, and where the program goes on after it."""
        none = None, start
        if not isinstance(self.instructions[start], low.Unitary):
            return none
        borrowed = self._borrowed(start)
        if not borrowed:
            return none
        dirty: set[Wire] = set()
        body: list[low.Unitary | low.Project] = []
        for at in range(start, len(self.instructions)):
            match x := self.instructions[at]:
                case low.Value():
                    continue
                case low.Unitary() if refs(x) <= self.static:
                    dirty |= touched(x) & borrowed
                case low.Project(ref=ref, wires=wires) if (
                    _on_zero(x) and ref not in self.wanted and borrowed.issuperset(wires)
                ):
                    dirty -= set(wires)
                case _:
                    return none
            body.append(x)
            if not dirty:
                made = _filter(body, borrowed) if isinstance(x, low.Project) else None
                return (made, at + 1) if made else none
        return none

    def _borrowed(self, start: int) -> set[Wire]:
        """Clean wires that the next instructions touch and project on |0⟩, before anything else."""
        seen: set[Wire] = set()
        for x in self.instructions[start:]:
            match x:
                case low.Value():
                    continue
                case low.Unitary():
                    seen |= touched(x) & self.clean
                case low.Project(wires=wires) if _on_zero(x) and seen.issuperset(wires):
                    more = self._projected_next(start, seen)
                    return more if len(more) <= MOST_ANCILLAS else set()
                case _:
                    return set()
        return set()

    def _projected_next(self, start: int, seen: set[Wire]) -> set[Wire]:
        """Of the wires seen, those that the run of gates and projections ever projects."""
        found: set[Wire] = set()
        for x in self.instructions[start:]:
            match x:
                case low.Value() | low.Unitary():
                    continue
                case low.Project(wires=wires) if _on_zero(x):
                    found |= set(wires) & self.clean
                case _:
                    break
        return found


def _on_zero(x: low.Project) -> bool:
    return x.when is None and all(v == 0.0 for v in x.values)


def static_values(instructions: Sequence[low.Instruction]) -> set[Ref]:
    """Values that depend on parameters alone."""
    found: set[Ref] = set()
    for x in instructions:
        if isinstance(x, low.Value) and (
            isinstance(x.op, Const | Param) or ((needed := refs(x)) and needed <= found)
        ):
            found.add(x.ref)
    return found


def _filter(body: Sequence[low.Unitary | low.Project], borrowed: set[Wire]) -> low.Filter | None:
    wires: dict[Wire, None] = {}
    flipped: set[Wire] = set()
    for x in body:
        match x:
            case low.Unitary(pairs=pairs):
                wires |= dict.fromkeys(w for pair in pairs for w in pair.wires)
                flipped |= {w for pair in pairs for w in pair.flips}
            case low.Project():
                pass
    ancillas = tuple(w for w in wires if w in borrowed)
    others = tuple(w for w in wires if w not in borrowed)
    targets = tuple(w for w in others if w in flipped)
    sources = tuple(w for w in others if w not in flipped)
    if len(targets) != 1 or len(sources) > MOST_SOURCES:
        return None
    return low.Filter(targets[0], sources, ancillas, tuple(body))


def _weighed(instructions: Sequence[low.Instruction]) -> tuple[low.Instruction, ...]:
    """With the weight of the state taken after filters, once before anything looks at it."""
    found: list[low.Instruction] = []
    open_: list[tuple[set[Wire], int]] = []

    def close() -> None:
        found.extend(low.Weigh(min(wires), events) for wires, events in open_)
        open_.clear()

    for x in instructions:
        match x:
            case low.Filter(body=body):
                wires, events = touched(x), sum(isinstance(i, low.Project) for i in body)
                meeting = [o for o in open_ if o[0] & wires]
                open_ = [o for o in open_ if not o[0] & wires]
                events += sum(o[1] for o in meeting)
                open_.append((wires.union(*(o[0] for o in meeting)), events))
            case low.Value() | low.Fresh() | low.Unitary():
                pass
            case _:
                close()
        found.append(x)
    close()
    return tuple(found)
