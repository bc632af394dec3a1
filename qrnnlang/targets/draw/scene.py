"""A cell as a scene: rows for wires, columns of glyphs, and the lines of the classical part."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import prod
from typing import Literal, TypeAlias

from ...ir.operands import bits_in, bits_read, values_read, wires_of
from ...sema.closed import (
    Alloc,
    ApplyUnitary,
    Barrier,
    Bit,
    BitCarry,
    CarryIn,
    Channel,
    ClosedCell,
    Discard,
    Elem,
    Evolve,
    Expect,
    Gate,
    Gather,
    Input,
    Measure,
    Op,
    Param,
    Postselect,
    Prepare,
    Prob,
    QubitCarry,
    RealCarry,
    Ref,
    Reset,
    Scalar,
    Term,
    Wire,
)
from .formula import Formulas, shape_of, subscript

Role: TypeAlias = Literal["carry", "fresh"]
Kind: TypeAlias = Literal["box", "dot", "open", "plus", "cross", "read", "state", "end"]
#: What a gate depends on, which gives its colour.
Tone: TypeAlias = Literal["plain", "param", "input", "feedback", "read", "noise"]

#: A drawing ends after this many operations, and says so.
LIMIT = 4000

_SYMBOLS = {"sdg": "S†", "tdg": "T†", "sx": "√X", "sxdg": "√X†", "u": "U", "id": "I"}


@dataclass(frozen=True)
class Glyph:
    """One sign on one row, or a box from `row` to `last`."""

    kind: Kind
    row: int
    text: str = ""
    sub: str = ""
    last: int | None = None


@dataclass(frozen=True)
class Item:
    """What one operation is drawn as. `when`: the condition on bits it stands under."""

    glyphs: tuple[Glyph, ...]
    column: int
    tone: Tone = "plain"
    link: bool = False
    when: str = ""

    @property
    def rows(self) -> tuple[int, int]:
        return (
            min(g.row for g in self.glyphs),
            max(g.row if g.last is None else g.last for g in self.glyphs),
        )


@dataclass(frozen=True)
class Row:
    """A wire. `end`: the column after which it is no more, None for one that is carried on.

    `leads`: where a carried wire goes on at the next step, if that is another place.
    """

    label: str
    register: str
    role: Role
    end: int | None = None
    leads: str = ""


@dataclass(frozen=True)
class Scene:
    """`loops`: carried registers, with the rows they enter on and leave on.

    `lines`: (what it is, text) of the classical part; `looped`: its carried values.
    """

    title: str
    doc: str
    rows: tuple[Row, ...]
    items: tuple[Item, ...]
    barriers: tuple[tuple[int, int, int], ...]
    loops: tuple[tuple[str, tuple[int, ...], tuple[int, ...]], ...]
    lines: tuple[tuple[str, str], ...]
    looped: tuple[str, ...]
    columns: int


def scene(cell: ClosedCell, instance: str = "") -> Scene:
    """The scene of a cell; names lose the prefix of the instance that the cell is."""
    return _Builder(cell, f"{instance}." if instance else "").build()


@dataclass
class _Builder:
    cell: ClosedCell
    prefix: str
    items: list[Item] = field(default_factory=list)
    barriers: list[tuple[int, int, int]] = field(default_factory=list)
    ends: dict[Wire, int] = field(default_factory=dict)
    ready: dict[Ref, int] = field(default_factory=dict)
    bit_ready: dict[int, int] = field(default_factory=dict)
    hamiltonians: dict[tuple[Term, ...], str] = field(default_factory=dict)

    def build(self) -> Scene:
        cell = self.cell
        registers = sorted(cell.registers, key=lambda r: r.role != "fresh")
        known = {w for r in registers for w in r.wires}
        order = [w for r in registers for w in r.wires]
        order += [w for op in cell.ops if isinstance(op, Alloc) for w in op.wires if w not in known]
        self.row = {w: i for i, w in enumerate(order)}
        self.level = [0] * len(order)
        self.words = Formulas(cell, self.prefix, *self._names())
        for ref, op in enumerate(cell.ops):
            if len(self.items) >= LIMIT:
                break
            self._operation(ref, op)
        columns = max(self.level, default=0)
        lines = self._lines()
        leads = self._leads()
        rows = []
        for r in registers:
            name = self.words.bare(r.name)
            for i, w in enumerate(r.wires):
                label = f"{name}[{i}]" if len(r.wires) > 1 else name
                rows.append(Row(label, name, r.role, self.ends.get(w), leads.get(w, "")))
        rows += [Row("", "", "fresh", self.ends.get(w)) for w in order if w not in known]
        return Scene(
            f"cell {cell.name}",
            cell.doc.strip().partition("\n\n")[0].replace("\n", " "),
            tuple(rows),
            tuple(self.items),
            tuple(self.barriers),
            tuple(
                (
                    self.words.bare(c.name),
                    tuple(self.row[w] for w in c.wires),
                    tuple(self.row[w] for w in c.out),
                )
                for c in cell.carries
                if isinstance(c, QubitCarry) and c.wires
            ),
            tuple(lines),
            tuple(
                self.words.bare(c.name) for c in cell.carries if isinstance(c, RealCarry | BitCarry)
            ),
            columns,
        )

    # --- names --------------------------------------------------------------------------------

    def _names(self) -> tuple[dict[Ref, str], dict[int, str]]:
        """What the values read off the state are called, and the bits."""
        ops = self.cell.ops
        outputs = {o.ref: o.name for o in self.cell.outputs}
        reads: dict[Ref, str] = {}
        scopes: dict[str, int] = {}
        self.entries: dict[tuple[Ref, int], str] = {}
        for output in self.cell.outputs:
            source = ops[output.ref]
            if isinstance(source, Gather) and len(source.sources) > 1:
                self._filled(output.name, source)
        for ref, op in enumerate(ops):
            if not isinstance(op, Expect | Prob | Postselect):
                continue
            scope = self.cell.origins[ref].scope
            base = outputs.get(ref) or (scope + ".").removeprefix(self.prefix).rstrip(".")
            if not base:
                base = "p" if isinstance(op, Prob | Postselect) else "r"
            scopes[base] = scopes.get(base, 0) + 1
            reads[ref] = base if scopes[base] == 1 else f"{base}′{scopes[base]}"
        bits: dict[int, str] = {}
        for carry in self.cell.carries:
            if isinstance(carry, BitCarry):
                bits.update(self._numbered(carry.name, carry.bits))
        for op in ops:
            if isinstance(op, Measure):
                bits.update(self._numbered(op.name or "measured", op.bits))
        return reads, bits

    def _filled(self, name: str, op: Gather) -> None:
        """An output filled entry by entry names the entries of the reads it is filled from."""
        flat = [(s, i) for s in op.sources for i in range(prod(shape_of(self.cell.ops[s])))]
        for place, k in enumerate(op.index):
            self.entries[flat[k]] = name + subscript(place, op.shape)

    def _numbered(self, name: str, bits: Iterable[int]) -> dict[int, str]:
        found = list(bits)
        name = name.removeprefix(self.prefix)
        return {b: f"{name}[{i}]" if len(found) > 1 else name for i, b in enumerate(found)}

    def _leads(self) -> dict[Wire, str]:
        found: dict[Wire, str] = {}
        for c in self.cell.carries:
            if isinstance(c, QubitCarry):
                for i, (w, out) in enumerate(zip(c.wires, c.out, strict=True)):
                    if w != out:
                        name = self.words.bare(c.name)
                        found[out] = f"{name}[{i}]" if len(c.wires) > 1 else name
        return found

    # --- operations ---------------------------------------------------------------------------

    def _operation(self, ref: Ref, op: Op) -> None:
        row = self.row
        match op:
            case Gate(name="gphase", wires=()):
                pass
            case Gate():
                self._gate(op)
            case Discard(wires=wires):
                for w in wires:
                    self.ends[w] = self.level[row[w]]
            case Reset(wires=wires):
                self._put([Glyph("state", row[w], "|0⟩") for w in wires], op)
            case Barrier(wires=wires):
                rows = sorted(row[w] for w in wires)
                column = max(self.level[r] for r in rows)
                self.barriers.append((column, rows[0], rows[-1]))
                for r in rows:
                    self.level[r] = column
            case Measure(wires=wires, bits=bits):
                names = [self.words.bits[b] for b in bits]
                glyphs = [Glyph("read", row[w], "M", n) for w, n in zip(wires, names, strict=True)]
                column = self._put(glyphs, op, "read")
                self.bit_ready.update(dict.fromkeys(bits, column + 1))
            case Postselect(wires=wires, values=values):
                glyphs = [
                    Glyph("state", row[w], f"⟨{self.words.angle(v, 12)}|")
                    for w, v in zip(wires, values, strict=True)
                ]
                self.ready[ref] = self._put(glyphs, op, self._tone(values)) + 1
            case Prepare(wires=wires):
                self._block("prepare", self.words.array(op.re)[0], wires, op, "input")
            case ApplyUnitary(name=name, wires=wires, adjoint=adjoint, ctrl=ctrl):
                text = self.words.bare(name) + ("†" if adjoint else "")
                self._controlled(ctrl, wires, text, "", op, "plain")
            case Evolve(time=time):
                tone = self._tone((time, *(t.coefficient for t in op.terms)))
                sub = f"t={self.words.angle(time)}" + (f" /{op.steps}" if op.steps else "")
                name = self._hamiltonian(op)
                self._block(f"exp(−i{name}t)", sub, wires_of(op), op, tone)
            case Channel(name=name, rates=rates, wires=wires):
                sub = ",".join(self.words.angle(r) for r in rates)
                glyphs = [Glyph("box", row[w], name.replace("_", " "), sub) for w in wires]
                self._put(glyphs, op, "noise", link=len(wires) > 1)
            case Expect():
                self._expect(ref, op)
            case Prob(wires=wires) if wires:
                name = self.words.reads[ref]
                text = "P" if op.value is None else f"P({op.value})"
                glyphs = [Glyph("read", row[w], text, name) for w in wires]
                self.ready[ref] = self._put(glyphs, op, "read", link=len(wires) > 1) + 1
            case _:
                self.ready[ref] = max((self.ready.get(r, 0) for r in values_read(op)), default=0)

    def _gate(self, op: Gate) -> None:
        n, wires = len(op.ctrl), op.wires
        sub = ",".join(self.words.angle(p) for p in op.params)
        tone = self._tone(op.params)
        match op.name:
            case "swap" | "cswap":
                extra = wires[n : len(wires) - 2]
                marks = [*self._controls(op.ctrl + "1" * len(extra), wires[:-2])]
                marks += [Glyph("cross", self.row[w]) for w in wires[-2:]]
                self._put(marks, op, tone, link=True)
            case "cz" | "ccz":
                rest = [Glyph("dot", self.row[w]) for w in wires[n:]]
                self._put([*self._controls(op.ctrl, wires), *rest], op, tone, link=True)
            case "rxx" | "ryy" | "rzz" | "rzx" | "iswap" | "ecr":
                texts = {"iswap": ("iSW", "iSW"), "ecr": ("ECR", "ECR")}.get(
                    op.name, (op.name[1].upper(), op.name[2].upper())
                )
                pair = [
                    Glyph("box", self.row[w], t, sub if i == 0 else "")
                    for i, (w, t) in enumerate(zip(wires[n:], texts, strict=True))
                ]
                self._put([*self._controls(op.ctrl, wires), *pair], op, tone, link=True)
            case name:
                inner = 2 if name == "ccx" else int(name in _CONTROLLED)
                base = name[inner:]
                if n + inner and base == "x":
                    marks = [*self._controls(op.ctrl + "1" * inner, wires)]
                    marks += [Glyph("plus", self.row[wires[-1]])]
                    self._put(marks, op, tone, link=True)
                else:
                    text = _SYMBOLS.get(base, base.upper())
                    self._controlled(op.ctrl + "1" * inner, wires, text, sub, op, tone)

    def _controls(self, ctrl: str, wires: tuple[Wire, ...]) -> list[Glyph]:
        return [
            Glyph("dot" if c == "1" else "open", self.row[w])
            for c, w in zip(ctrl, wires, strict=False)
        ]

    def _controlled(
        self, ctrl: str, wires: tuple[Wire, ...], text: str, sub: str, op: Op, tone: Tone
    ) -> None:
        inner = wires[len(ctrl) :]
        rows = sorted(self.row[w] for w in inner)
        self._put([*self._controls(ctrl, wires), *_boxes(rows, text, sub)], op, tone, link=True)

    def _block(self, text: str, sub: str, wires: tuple[Wire, ...], op: Op, tone: Tone) -> None:
        rows = sorted(self.row[w] for w in wires)
        if rows:
            self._put(_boxes(rows, text, sub), op, tone, link=True)

    def _expect(self, ref: Ref, op: Expect) -> None:
        name = self.words.reads[ref]
        letters: dict[Wire, list[str]] = {}
        owners: dict[Wire, list[int]] = {}
        joint = False
        for i, terms in enumerate(op.observables):
            for term in terms:
                joint = joint or len(term.paulis) > 1
                for w, p in term.paulis:
                    if p not in letters.setdefault(w, []):
                        letters[w].append(p)
                    if i not in owners.setdefault(w, []):
                        owners[w].append(i)
        glyphs = []
        for w, found in letters.items():
            label = name
            if len(owners[w]) == 1:
                i = owners[w][0]
                label = self.entries.get((ref, i), name + subscript(i, op.shape))
            glyphs.append(Glyph("read", self.row[w], f"⟨{','.join(found)}⟩", label))
        if glyphs:
            self.ready[ref] = self._put(glyphs, op, "read", link=joint) + 1

    def _put(self, glyphs: list[Glyph], op: Op, tone: Tone = "plain", link: bool = False) -> int:
        """Adds an item in the first column where all of its rows are free; gives the column."""
        if not glyphs:
            return 0
        when = getattr(op, "when", None)
        item = Item(tuple(glyphs), 0, tone, link)
        lo, hi = item.rows
        rows = range(lo, hi + 1) if link else sorted({g.row for g in glyphs})
        column = max(self.level[r] for r in rows)
        column = max([column, *(self.ready.get(r, 0) for r in values_read(op))])
        column = max([column, *(self.bit_ready.get(b, 0) for b in bits_read(op))])
        for r in rows:
            self.level[r] = column + 1
        text = f"if {self.words.condition(when)}" if when is not None else ""
        self.items.append(Item(tuple(glyphs), column, tone, link, text))
        return column

    def _tone(self, scalars: Iterable[Scalar]) -> Tone:
        found = set[str]()
        stack = [self.words.origin(s) for s in scalars if isinstance(s, Elem)]
        while stack:
            ref = stack.pop()
            match self.cell.ops[ref]:
                case Input():
                    found.add("input")
                case Param():
                    found.add("param")
                case CarryIn() | Expect() | Prob() | Postselect():
                    found.add("feedback")
                case op:
                    stack += values_read(op)
        order: tuple[Tone, ...] = ("feedback", "input", "param")
        return next((t for t in order if t in found), "plain")

    def _hamiltonian(self, op: Evolve) -> str:
        """`H`, or `H2` for another one, with a line that says what it is."""
        if op.terms not in self.hamiltonians:
            count = len(self.hamiltonians) + 1
            name = "H" if count == 1 else f"H{count}"
            self.hamiltonians[op.terms] = name
            self.words.lines.append((name, self._sum(op.terms)))
        return self.hamiltonians[op.terms]

    # --- the classical part -------------------------------------------------------------------

    def _lines(self) -> list[tuple[str, str]]:
        words, cell = self.words, self.cell
        found = [("input", words.bare(p.name) + _type(p.shape, p.labels)) for p in cell.inputs]
        found += [
            ("param" if p.trained else "fixed", words.bare(p.name) + _type(p.shape))
            for p in cell.params
        ]
        after: list[tuple[str, str]] = []
        for carry in cell.carries:
            match carry:
                case RealCarry(name=name, shape=shape, out=out):
                    found.append(("carry", words.bare(name) + _type(shape)))
                    if not (isinstance(op := cell.ops[out], CarryIn) and op.name == name):
                        after.append(("next", f"{words.bare(name)} = {words.array(out)[0]}"))
                case BitCarry(name=name, bits=bits, out=out_bits):
                    size = f"[{len(bits)}]" if len(bits) > 1 else ""
                    found.append(("carry", f"{words.bare(name)}: bit{size}"))
                    for i, e in enumerate(out_bits):
                        if e != Bit(bits[i]) and bits_in(e):
                            place = f"[{i}]" if len(bits) > 1 else ""
                            text = words.condition(e)
                            after.append(("next", f"{words.bare(name)}{place} = {text}"))
        for output in cell.outputs:
            name = words.bare(output.name)
            text = self._output(output.ref)
            after.append(("output", f"{name} = {text}" if text else name + _type(output.shape)))
        found += [("let", f"{name} = {text}") for name, text in words.lines]
        total = len([op for op in cell.ops if wires_of(op)])
        if len(self.items) >= LIMIT:
            after.append(("note", f"drawn are the first {LIMIT} of {total} operations"))
        return found + after

    def _output(self, ref: Ref) -> str:
        """The formula of an output; "" for one that is filled from reads alone."""
        op = self.cell.ops[ref]
        if isinstance(op, Gather) and any((s, 0) in self.entries for s in op.sources):
            return ""
        if isinstance(op, Expect):
            return self._observables(op)
        if isinstance(op, Prob):
            names = [self._label(w) for w in op.wires]
            names += [self.words.condition(b) for b in op.bits]
            inside = ", ".join(names) + ("" if op.value is None else f" = {op.value}")
            return f"P({inside})"
        return self.words.array(ref)[0]

    def _observables(self, op: Expect) -> str:
        texts = [f"⟨{self._sum(terms)}⟩" for terms in op.observables[:3]]
        more = ", …" if len(op.observables) > 3 else ""
        inside = ", ".join(texts) + more
        return f"[{inside}]" if op.shape else inside

    def _sum(self, terms: tuple[Term, ...]) -> str:
        parts = []
        for term in terms[:4]:
            factor = self.words.scalar(term.coefficient)[0]
            pauli = " ".join(f"{p}({self._label(w)})" for w, p in term.paulis) or "1"
            parts.append(pauli if factor == "1" else f"{factor} {pauli}")
        return " + ".join(parts) + (" + …" if len(terms) > 4 else "")

    def _label(self, wire: Wire) -> str:
        for r in self.cell.registers:
            if wire in r.wires:
                name = self.words.bare(r.name)
                return f"{name}[{r.wires.index(wire)}]" if len(r.wires) > 1 else name
        return f"w{wire}"


_CONTROLLED = frozenset("cx cy cz ch cp crx cry crz cs csdg csx".split())  # noqa: SIM905


def _boxes(rows: list[int], text: str, sub: str) -> list[Glyph]:
    """One box over neighbouring rows; separate ones where others lie between."""
    if rows[-1] - rows[0] == len(rows) - 1:
        return [Glyph("box", rows[0], text, sub, rows[-1])]
    return [Glyph("box", r, text, sub if r == rows[0] else "") for r in rows]


def _type(shape: tuple[int, ...], labels: int | None = None) -> str:
    if labels is not None:
        return f": class[{labels}]"
    return f": real[{', '.join(map(str, shape))}]" if shape else ": real"
