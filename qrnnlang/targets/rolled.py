"""OpenQASM 3 with a loop over time.

The body holds as many steps as a relabelling needs to come back. Registers and inputs are arrays
indexed by step, carried bits and reals are variables. What does not fill a turn, and the last step
where only that step's carried qubits are read, follows the loop.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..sema.closed import Origin, RealCarry, Shape
from .angles import check, feedback
from .classical import Value, entry
from .definitions import define
from .periods import generalised
from .program import Instr, Program
from .qasm3 import STDGATES, definition_text, indented, known_gates, statements
from .qasm_names import QASM3_WORDS, Names
from .rolled_parts import Part, part_of
from .symbols import Expr, Leaf, Read, leaves
from .text import header, number, render
from .unroll import Unrolled


def qasm3_rolled(unrolled: Unrolled, data: Mapping[str, Value]) -> str:
    """The text of a model whose inputs are left open; `data` holds those that are known.

    Raises:
        CompileError: E0604 for ensemble feedback, E0610 for what a loop cannot compute.
    """
    plan = unrolled.whole()
    parts = [part_of(unrolled, unrolled.along.runs[ref], plan) for ref in unrolled.along.quantum]
    return _Writer(unrolled, parts, data).text()


@dataclass
class _Writer:
    unrolled: Unrolled
    parts: list[Part]
    data: Mapping[str, Value]

    def text(self) -> str:
        merged = Program("", self.parts[0].loop.names)
        for part in self.parts:
            for program in (part.loop, part.end):
                merged.instrs += program.instrs
                merged.customs.update(program.customs)
        self.names = Names(set(QASM3_WORDS | STDGATES))
        self.customs = {name: self.names.fresh(name) for name in merged.customs}
        definitions = define(merged, known_gates(merged.instrs), self.customs)
        self.names.taken |= {d.name for d in definitions}
        self.variable = self.names.fresh("step")
        self.arrays: dict[tuple[str, str], str] = {}
        self.lines: list[str] = []
        self.registers: list[str] = []
        for part in self.parts:
            self._part(part)
        head = [
            "OPENQASM 3.0;",
            'include "stdgates.inc";',
            *header(self.unrolled.model.name, self._metadata(), "rolled"),
        ]
        head += [definition_text(d) for d in definitions]
        return "\n".join([*head, *self._declarations(), *self.registers, *self.lines]) + "\n"

    def _metadata(self) -> dict[str, Any]:
        unrolled = self.unrolled
        missing = unrolled.elsewhere(unrolled.whole(), unrolled.along.demand())
        return {"steps": unrolled.binding.steps, "elsewhere": missing}

    # --- declarations ---------------------------------------------------------------------------

    def _array(self, leaf: Leaf) -> str:
        """The name of the array that a leaf is in."""
        key = (leaf.kind, leaf.name)
        if key not in self.arrays:
            self.arrays[key] = self.names.fresh(leaf.name)
        return self.arrays[key]

    def _declarations(self) -> Iterator[str]:
        """Parameters, then inputs, in the order of the model."""
        model = self.unrolled.model
        for spec in model.params:
            if ("param", spec.name) in self.arrays:
                yield f"input {_type(spec.shape)} {self.arrays['param', spec.name]};"
        for port in model.inputs:
            if ("input", port.name) in self.arrays:
                shape = (self.unrolled.binding.steps, *port.shape) if port.seq else port.shape
                name = self.arrays["input", port.name]
                if port.name in self.data:
                    yield f"{_type(shape)} {name} = {_literal(self.data[port.name])};"
                else:
                    yield f"input {_type(shape)} {name};"

    def _declare(self, part: Part) -> dict[str, str]:
        """The registers of a run; gives the text of each of their base names."""
        both = (part.loop, part.end) if part.turns else (part.end,)
        for name, ids in both[0].qregs:
            self.names.registers[name] = self.names.fresh(name)
            self.registers.append(f"qubit[{len(ids)}] {self.names.registers[name]};")
            self.names.qubits.update(
                (q, f"{self.names.registers[name]}[{i}]") for i, q in enumerate(ids)
            )
        bases: dict[str, str] = {}
        for program in both:
            for register, ids in program.cregs:
                base, step = program.bases[register]
                if base in bases:
                    continue
                bases[base] = self.names.fresh(base)
                n = len(ids)
                self.registers.append(
                    f'bit[{n}] {bases[base]} = "{"0" * n}";'
                    if step is None
                    else f"array[bit[{n}], {part.run.steps}] {bases[base]};"
                )
        return bases

    # --- one run ----------------------------------------------------------------------------------

    def _part(self, part: Part) -> None:
        bases = self._declare(part)
        carried = self._carried(part)
        for carry in carried:
            shape = carry.shape
            name = self._array(Leaf("carry", carry.name))
            self.registers.append(f"{_type(shape)} {name};")
        self._bits(part.loop if part.turns else part.end, bases, "")
        self.names.leaf = lambda leaf: self._leaf(leaf, "")
        self.lines += statements(part.prepared, self.names, self.customs)
        for carry in carried:
            initial = part.run.prepared[carry.initial]
            self.lines += self._assigned(carry, initial)
        if part.turns:
            last = (part.turns - 1) * part.period
            steps = f"0:{last}" if part.period == 1 else f"0:{part.period}:{last}"
            self.lines.append(f"for uint {self.variable} in [{steps}] {{")
            self._bits(part.loop, bases, self.variable)
            self.names.leaf = lambda leaf: self._leaf(leaf, self.variable)
            self.lines += indented(self._steps(part, part.body, carried, looped=True))
            self.lines.append("}")
        self._bits(part.end, bases, "")
        self.names.leaf = lambda leaf: self._leaf(leaf, "")
        self.lines += self._steps(part, part.tail, carried, looped=False)

    def _steps(
        self, part: Part, steps: list[list[Instr]], carried: list[RealCarry], looped: bool
    ) -> Iterator[str]:
        first = 0 if looped else part.turns * part.period
        for i, instrs in enumerate(steps):
            yield from statements(instrs, self.names, self.customs)
            values = part.run.values[first + i]
            if not looped:
                yield from self._updates(carried, values)
                continue
            later = part.run.values[i + part.period]
            both = (
                (generalised_value(values[c.out], later[c.out], part.period), c) for c in carried
            )
            yield from self._updates(carried, {c.out: v for v, c in both})

    def _updates(self, carried: list[RealCarry], values: Mapping[int, Value]) -> Iterator[str]:
        """Carried arrays take their next values, all at once."""
        writes: list[tuple[Leaf, Expr]] = []
        for c in carried:
            own = [Leaf("carry", c.name, i if c.shape else None) for i in range(values[c.out].size)]
            new = [entry(values[c.out], i) for i in range(len(own))]
            writes += [(a, e) for a, e in zip(own, new, strict=True) if a != e]
        earlier: set[Leaf] = set()
        clash = False
        for target, e in writes:
            clash = clash or bool(earlier & leaves(e))
            earlier.add(target)
        texts = [render(e, self.names.leaf) for _, e in writes]
        if clash:
            for i, text in enumerate(texts):
                yield f"float[64] next_{i} = {text};"
            texts = [f"next_{i}" for i in range(len(texts))]
        for (target, _), text in zip(writes, texts, strict=True):
            yield f"{self.names.leaf(target)} = {text};"

    def _assigned(self, carry: RealCarry, value: Value) -> Iterator[str]:
        for i in range(value.size):
            target = Leaf("carry", carry.name, i if carry.shape else None)
            yield f"{self.names.leaf(target)} = {render(entry(value, i), self.names.leaf)};"

    def _carried(self, part: Part) -> list[RealCarry]:
        """The carried arrays that some angle depends on.

        Raises:
            CompileError: E0604 where one depends on what is measured.
        """
        carries = [c for c in part.run.template.graph.carries if isinstance(c, RealCarry)]
        used: set[str] = set()
        exprs = [a for p in (part.loop, part.end) for i in p.instrs for a in i.angles]
        while True:
            found = {
                x.name
                for e in exprs
                for x in leaves(e)
                if isinstance(x, Leaf) and x.kind == "carry"
            }
            if found <= used:
                return [c for c in carries if c.name in used]
            used |= found
            for c in carries:
                if c.name in found:
                    value = part.run.values[0][c.out]
                    exprs += [entry(value, i) for i in range(value.size)]
            for e in exprs:
                reads = [x for x in leaves(e) if isinstance(x, Read)]
                if reads:
                    raise feedback(reads[0], part.run.template.origin(reads[0].ref))
                if not isinstance(e, float):
                    check(e, Origin(None), rolled=True)

    # --- names in a place -----------------------------------------------------------------------

    def _bits(self, program: Program, bases: Mapping[str, str], variable: str) -> None:
        """The text of the classical bits, in the loop or after it."""
        for register, ids in program.cregs:
            base, step = program.bases[register]
            at = "" if step is None else f"[{_index((1, step), variable)}]"
            self.names.clbits.update((b, f"{bases[base]}{at}[{i}]") for i, b in enumerate(ids))

    def _leaf(self, leaf: Leaf, variable: str) -> str:
        index: list[str] = []
        if isinstance(leaf.step, tuple):
            index.append(_index(leaf.step, variable))
        elif leaf.step is not None:
            index.append(str(leaf.step))
        if leaf.index is not None:
            index += _unravelled(leaf.index, self._shape(leaf))
        return self._array(leaf) + (f"[{', '.join(index)}]" if index else "")

    def _shape(self, leaf: Leaf) -> Shape:
        if leaf.kind != "carry":
            return self.parts[0].loop.names.shapes[leaf.name]
        carries = (c for p in self.parts for c in p.run.template.graph.carries)
        return next(c.shape for c in carries if isinstance(c, RealCarry) and c.name == leaf.name)


def generalised_value(first: Value, second: Value, apart: int) -> Value:
    """A value of a loop's body, from its first and second turn."""
    from .classical import array

    made = [
        generalised(Instr("", (), (entry(first, i),)), Instr("", (), (entry(second, i),)), apart)
        for i in range(first.size)
    ]
    return array([m.angles[0] for m in made], first.shape)


def _index(step: tuple[int, int], variable: str) -> str:
    """`step + 2`, `19 - step`; a number where there is no variable."""
    a, b = step
    if not variable:
        return str(b)
    if a < 0:
        return f"{b} - {variable}"
    return f"{variable} + {b}" if b > 0 else variable if b == 0 else f"{variable} - {-b}"


def _unravelled(index: int, shape: Shape) -> Iterable[str]:
    import numpy as np

    return (str(int(i)) for i in np.unravel_index(index, shape))


def _type(shape: Shape) -> str:
    return f"array[float[64], {', '.join(map(str, shape))}]" if shape else "float[64]"


def _literal(value: Value) -> str:
    if value.ndim == 0:
        return number(float(value))
    return "{" + ", ".join(_literal(v) for v in value) + "}"
