"""Stamping: one run of a cell written into a program, step after step."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..diagnostics import DataError
from ..ir.operands import bits_in
from ..passes import Stamp, Step
from ..sema.closed import (
    Alloc,
    ApplyUnitary,
    Barrier,
    Bit,
    BitCarry,
    BitExpr,
    Discard,
    Expect,
    Measure,
    Op,
    Origin,
    Postselect,
    Prepare,
    Prob,
    QubitCarry,
    Ref,
    Reset,
    Wire,
)
from .angles import angle, unknown
from .binding import value_name
from .bits import FALSE, substitute
from .classical import Value, known
from .layout import Layout, Placed
from .lines import Lines, Time
from .measurement import Readout
from .outputs import scalar
from .preparation import encoding, prepare
from .program import Custom, Instr, Program
from .standing import Standing
from .symbols import Expr, Leaf, add, mul
from .tape import Spot, Tape, Tapes
from .template import Template

_NOWHERE = Origin(None)

#: Bit expressions longer than this are stored into a register of their own.
_LONGEST = 4


@dataclass
class Stamper:
    """Writes one run, step after step.

    `rolled`: for the body of a loop, where carried bits live in a register that is written anew.
    `open`: bits to postselect and amplitudes to prepare may be open.
    """

    program: Program
    template: Template
    layout: Layout
    readout: Readout
    lines: Lines
    unitaries: Mapping[str, Value]
    bits: dict[int, BitExpr] = field(default_factory=dict)
    posts: list[str] = field(default_factory=list)
    rolled: bool = False
    open: bool = False
    step: int = -1
    seen: Mapping[Ref, Mapping[Wire, Wire]] = field(default_factory=dict)
    origin: Origin = _NOWHERE
    standing: Standing = field(default_factory=Standing)
    tapes: Tapes = field(default_factory=Tapes)
    placed: Placed | None = None  # of the layout, if that is known

    def begin(self, values: Mapping[Ref, Value]) -> None:
        """The carried registers and their preparation."""
        carries = self.template.graph.carries
        self.layout.carry([c for c in carries if isinstance(c, QubitCarry)])
        for carry in carries:
            if isinstance(carry, BitCarry):
                start: list[BitExpr] = [FALSE] * len(carry.bits)
                if self.rolled:
                    _, clbits = self.program.new_clbits(carry.name, None, len(carry.bits))
                    start = [Bit(c) for c in clbits]
                self.bits.update(zip(carry.bits, start, strict=True))
        for _, item in self.template.init:
            self._item(-1, item, values, _NOWHERE)

    def stamp(self, t: int, step: Step, values: Mapping[Ref, Value], cut: Time) -> None:
        """Step t, whose line is that of `step`, up to the operation at `cut`."""
        self.step = t
        self.seen = step.seen
        self.measured: dict[str, int] = {}
        self.post = 0
        alike = self.readout.alike(t) if self._plain(t, step, cut) else None
        self.program.shapes.append(None)
        if alike is not None:
            self._by_tape(t, step, values, alike)
            return
        self.placed = None
        if not self._stamp(t, step, values, cut):
            return
        self._carry_bits()
        self.layout.next_step([c for c in step.carries if isinstance(c, QubitCarry)])

    def _plain(self, t: int, step: Step, cut: Time) -> bool:
        """Whether a step may be written as an earlier one was."""
        whole = cut[0] > t and self.layout.fresh == "reuse" and not self.rolled
        return whole and not self.bits and not self.posts and self.tapes.plain(step)

    def _by_tape(self, t: int, step: Step, values: Mapping[Ref, Value], alike: Hashable) -> None:
        """A step of gates and read-outs; taken down if there was none like it."""
        before = self.layout.placed() if self.placed is None else self.placed
        key = id(step), alike, before
        first, instrs = self.readout.first, self.program.instrs
        tape = self.tapes.find(key)
        if tape is None:
            start, spots, qubits = len(instrs), list[Spot](), self.program.qubits
            for ref, item in step.line:
                if isinstance(item, Stamp):
                    spots.append((len(instrs) - start, ref, item))
                    if self._again(item, values):
                        continue
                self._item(ref, item, values, self.template.origin(ref))
            self.layout.next_step([c for c in step.carries if isinstance(c, QubitCarry)])
            after = self.layout.placed()
            tape = Tape.of(instrs[start:], spots, first, values, after, self.template)
            if self.program.qubits == qubits:
                self.tapes.keep(key, tape)
        else:
            instrs += tape.play(t, first, values)
            if tape.after is not before:
                self.layout.place(tape.after)
            self.readout.again(t)
        self.placed = tape.after
        self.program.shapes[-1] = tape

    def _stamp(self, t: int, step: Step, values: Mapping[Ref, Value], cut: Time) -> bool:
        """The line of a step; False if it is cut off."""
        line, k, ends = step.line, 0, cut[0] <= t
        stretches = {} if ends else self.standing.of(step, self.layout.where)
        found: list[Stamp] = []  # again, just before `k`

        def close() -> None:
            instrs = self.program.instrs
            made = self.standing.stretch(found, instrs[len(instrs) - len(found) :], values)
            if made is not None:
                stretches[k - len(found)] = made
            found.clear()

        while k < len(line):
            stretch = stretches.pop(k, None)
            if stretch is not None and stretch.holds(self.layout.where, values):
                close()
                stretches[k] = stretch
                self.program.instrs += stretch.instrs
                self.layout.touch(stretch.qubits)
                k += len(stretch.instrs)
                continue
            ref, item = line[k]
            if ends and (t, ref) > cut:
                return False
            if isinstance(item, Stamp) and self._again(item, values):
                found.append(item)
            else:
                close()
                self._item(ref, item, values, self.template.origin(ref))
            k += 1
        close()
        return True

    # --- operations ---------------------------------------------------------------------------

    def _item(
        self, ref: Ref, item: Stamp | Op, values: Mapping[Ref, Value], origin: Origin
    ) -> None:
        self.origin = origin
        match item:
            case Stamp():
                self._gate(item, values, origin)
            case Alloc(wires=wires, register=register):
                name = register or "q"
                if self.layout.fresh == "expand":
                    name = self.program.names.step(name, self.step)
                for qubit in self.layout.alloc(wires, name):
                    self._emit("reset", (qubit,))
            case Discard(wires=wires):
                self.layout.discard(wires)
            case Reset():
                self._reset(item)
            case Barrier():
                self._emit("barrier", self._qubits(item.wires))
            case Measure():
                self._measure(item)
            case Postselect():
                self._postselect(ref, item, values, origin)
            case Prepare():
                self._prepare(ref, item, values, origin)
            case ApplyUnitary():
                self._unitary(item)
            case Expect() | Prob():
                self._read(ref, item)
            case _:
                raise AssertionError(item)

    def _emit(
        self,
        name: str,
        qubits: tuple[int, ...],
        angles: tuple[Expr, ...] = (),
        clbits: tuple[int, ...] = (),
        when: BitExpr | None = None,
    ) -> None:
        if when == FALSE:
            return
        if when is not None and not bits_in(when):
            when = None
        origin = self.origin if when is not None else None
        self.program.instrs.append(Instr(name, qubits, angles, clbits, when, origin=origin))
        if name not in ("barrier", "reset"):
            self.layout.touch(qubits)

    def _qubits(self, wires: tuple[int, ...]) -> tuple[int, ...]:
        where = self.layout.where
        return tuple(where[w] for w in wires)

    def _when(self, when: BitExpr | None) -> BitExpr | None:
        return None if when is None else substitute(when, self.bits)

    def _again(self, item: Stamp, values: Mapping[Ref, Value]) -> bool:
        """Writes a gate that is as it was at an earlier step; False if it is not."""
        where = self.layout.where
        qubits = tuple([where[w] for w in item.wires])
        same = self.standing.find(item, qubits, values)
        if same is None:
            return False
        self.program.instrs.append(same)
        self.layout.touch(qubits)
        return True

    def _gate(self, item: Stamp, values: Mapping[Ref, Value], origin: Origin) -> None:
        angles = tuple(angle(a, values, origin, self.step, self.rolled) for a in item.angles)
        if item.name == "gphase":
            if item.when is None:
                self.program.phase = add(self.program.phase, angles[0])
            return  # under a condition on bits it changes nothing that can be seen
        self._emit(item.name, self._qubits(item.wires), angles, when=self._when(item.when))
        if item.when is None:
            self.standing.keep(item, self.program.instrs[-1], values)

    def _reset(self, item: Reset) -> None:
        if self.layout.fresh == "expand" and item.when is None:
            touched = [w for w in item.wires if self.layout.where[w] in self.layout.dirty]
            self.layout.discard(tuple(touched))
            if touched:
                self.layout.alloc(tuple(touched), self.program.names.step("reset", self.step))
            return
        when = self._when(item.when)
        for qubit in self._qubits(item.wires):
            self._emit("reset", (qubit,), when=when)
            if when is None:
                self.layout.dirty.discard(qubit)

    def _measure(self, item: Measure) -> None:
        base = item.name or "measured"
        again = self.measured.get(base, 0)
        self.measured[base] = again + 1
        base = f"{base}_{again}" if again else base
        _, clbits = self.program.new_clbits(base, self.step, len(item.bits))
        when = self._when(item.when)
        for qubit, clbit in zip(self._qubits(item.wires), clbits, strict=True):
            self._emit("measure", (qubit,), clbits=(clbit,), when=when)
        self.bits.update((b, Bit(c)) for b, c in zip(item.bits, clbits, strict=True))
        if item.when is None:
            for i, bit in enumerate(item.bits):
                for clbit in self.readout.copies(self.step, bit):
                    self._emit("measure", self._qubits(item.wires[i : i + 1]), clbits=(clbit,))

    def _postselect(
        self, ref: Ref, item: Postselect, values: Mapping[Ref, Value], origin: Origin
    ) -> None:
        expected = [scalar(values, v) for v in item.values]
        if not all(isinstance(v, float) for v in expected):
            if not self.open:
                raise unknown("`postselect` on bits that are not known", origin, self.rolled)
            self._project(ref, item, expected)
            return
        odd = [v for v in expected if v not in (0.0, 1.0)]
        if odd:
            where = f" at step {self.step}" if self.step >= 0 else ""
            raise DataError(f"a qubit cannot be postselected on {odd[0]}: expected 0 or 1{where}")
        name, clbits = self.program.new_clbits(f"post_{self.post}", self.step, len(item.wires))
        self.post += 1
        when, qubits = self._when(item.when), self._qubits(item.wires)
        copies = self.readout.post(self.step, ref, tuple(self.posts))
        wanted = sum(2**i for i, v in enumerate(expected) if v != 0.0)
        for i, (qubit, clbit) in enumerate(zip(qubits, clbits, strict=True)):
            # Where the branch is not taken the register stays 0, so 0 has to mean success.
            flip = item.when is not None and expected[i] != 0.0
            if flip:
                self._emit("x", (qubit,), when=when)
            self._emit("measure", (qubit,), clbits=(clbit,), when=when)
            for copy in copies.get(i, ()):
                self._emit("measure", (qubit,), clbits=(copy,), when=when)
            if flip:
                self._emit("x", (qubit,), when=when)
            on_device = self.layout.always and not self.rolled
            if on_device and item.when is None and item.values[i] == 0.0:
                self._emit("renew", (qubit,))  # what counts is in |0⟩: it may go on anywhere
        self.program.metadata["postselections"][name] = {
            "step": self.step,
            "value": wanted if item.when is None else 0,
        }
        self.posts.append(name)

    def _project(self, ref: Ref, item: Postselect, expected: list[Expr]) -> None:
        """A postselection on bits that differ from sequence to sequence."""
        name, clbits = self.program.new_clbits(f"post_{self.post}", self.step, len(item.wires))
        self.post += 1
        when, qubits = self._when(item.when), self._qubits(item.wires)
        copies = self.readout.post(self.step, ref, tuple(self.posts))
        for i, (qubit, clbit) in enumerate(zip(qubits, clbits, strict=True)):
            # As in `_postselect`; the flip is a rotation by π times the bit.
            flip = (mul(np.pi, expected[i]),)
            if when is not None:
                self._emit("rx", (qubit,), flip, when=when)
            for target in (clbit, *copies.get(i, ())):
                self._emit("measure", (qubit,), clbits=(target,), when=when)
            if when is not None:
                self._emit("rx", (qubit,), flip, when=when)
        self.program.metadata["postselections"][name] = {"step": self.step, "value": 0}
        if when is None:
            self.program.expected[name] = tuple(expected)
        self.posts.append(name)

    def _prepare(
        self, ref: Ref, item: Prepare, values: Mapping[Ref, Value], origin: Origin
    ) -> None:
        parts = [values[r] for r in (item.re, item.im) if r is not None]
        if not all(map(known, parts)):
            if not self.open:
                raise unknown("`prepare` of amplitudes that are not known", origin, self.rolled)
            self._encode(ref, item)
            return
        amplitudes = parts[0].ravel().astype(np.complex128)
        if len(parts) == 2:
            amplitudes += 1j * parts[1].ravel()
        norm = float(np.linalg.norm(amplitudes))
        if norm == 0.0:
            raise DataError(f"`prepare` of a zero vector at step {self.step}")
        qubits, when = self._qubits(item.wires), self._when(item.when)
        for step in prepare(amplitudes / norm):
            angles = tuple(float(sum(c for c, _ in a)) for a in step.angles)
            self._emit(step.name, tuple(qubits[q] for q in step.qubits), angles, when=when)

    def _encode(self, ref: Ref, item: Prepare) -> None:
        """An amplitude encoding whose angles differ from sequence to sequence."""
        qubits, when = self._qubits(item.wires), self._when(item.when)
        name, count = value_name(self.readout.run, ref), 0
        for step in encoding(len(qubits), item.im is None):
            angles: tuple[Expr, ...] = ()
            if step.angles:
                angles, count = (Leaf("prepare", name, count, self.step),), count + 1
            self._emit(step.name, tuple(qubits[q] for q in step.qubits), angles, when=when)

    def _unitary(self, item: ApplyUnitary) -> None:
        name = item.name + ("_dg" if item.adjoint else "") + (f"_c{item.ctrl}" if item.ctrl else "")
        if name not in self.program.customs:
            pair = self.unitaries[item.name]
            matrix = pair[..., 0] + 1j * pair[..., 1]
            matrix = matrix.conj().T if item.adjoint else matrix
            self.program.customs[name] = Custom(_controlled(matrix, item.ctrl), len(item.wires))
        self._emit(name, self._qubits(item.wires), when=self._when(item.when))

    def _read(self, ref: Ref, item: Expect | Prob) -> None:
        at = self.lines.at[self.step, ref]
        seen = self.seen.get(ref, {})
        where = {line: self.layout.where[seen.get(w, w)] for w, line in at.items()}
        bits = [substitute(b, self.bits) for b in item.bits] if isinstance(item, Prob) else []
        for instr in self.readout.read(self.step, ref, where, bits, tuple(self.posts)):
            self.program.instrs.append(instr)
            self.layout.touch(instr.qubits)

    def _carry_bits(self) -> None:
        carries = [c for c in self.template.graph.carries if isinstance(c, BitCarry)]
        after: dict[int, BitExpr] = {}
        writes: list[tuple[int, BitExpr]] = []
        for carry in carries:
            out = [substitute(e, self.bits) for e in carry.out]
            if self.rolled:
                own = [self.bits[b] for b in carry.bits]
                writes += [
                    (bit.id, e) for bit, e in zip(own, out, strict=True) if isinstance(bit, Bit)
                ]
                out = own
            elif any(len(bits_in(e)) > _LONGEST for e in out):
                _, clbits = self.program.new_clbits(carry.name, self.step, len(out))
                for clbit, e in zip(clbits, out, strict=True):
                    self._store(clbit, e)
                out = [Bit(c) for c in clbits]
            after.update(zip(carry.bits, out, strict=True))
        self._write_at_once([(c, e) for c, e in writes if e != Bit(c)])
        self.bits = after

    def _write_at_once(self, writes: list[tuple[int, BitExpr]]) -> None:
        """Bits that are written from each other go by way of others."""
        earlier: set[int] = set()
        clash = False
        for clbit, e in writes:
            clash = clash or bool(earlier & set(bits_in(e)))
            earlier.add(clbit)
        if clash:
            _, others = self.program.new_clbits("next_bits", None, len(writes))
            for other, (_, e) in zip(others, writes, strict=True):
                self._store(other, e)
            writes = [(c, Bit(o)) for (c, _), o in zip(writes, others, strict=True)]
        for clbit, e in writes:
            self._store(clbit, e)

    def _store(self, clbit: int, value: BitExpr) -> None:
        self.program.instrs.append(Instr("store", clbits=(clbit,), value=value))


def _controlled(matrix: NDArray[np.complex128], ctrl: str) -> NDArray[np.complex128]:
    """The matrix under controls, which are the least significant qubits."""
    if not ctrl:
        return matrix
    k = 2 ** len(ctrl)
    pattern = sum(2**i for i, c in enumerate(ctrl) if c == "1")
    whole = np.eye(matrix.shape[0] * k, dtype=np.complex128)
    whole[pattern::k, pattern::k] = matrix
    return whole
