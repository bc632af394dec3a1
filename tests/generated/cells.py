"""Cells: declarations, a body, outputs, and what is carried on."""

from __future__ import annotations

from .bits import bit_expression
from .calls import applied, use
from .numbers import number
from .scope import BitName, CellSort, Real, Scope, Shape, View, Whole, indent, typed
from .statements import statements


def cell(scope: Scope, known: list[CellSort], *, small: bool) -> tuple[list[str], CellSort]:
    """A cell, and how others use it. A small one has at most a qubit or two and no state."""
    with scope.block(
        kind="cell", reads=True, looped=False, under_bits=False, measured=[0], lent=[0], instances=[], labels=[], unitaries=[],
        views=[], bits=[], switches=list(scope.switches),
    ):  # fmt: skip
        return _Cell(scope, known, small).write()


class _Cell:
    def __init__(self, scope: Scope, known: list[CellSort], small: bool) -> None:
        self.scope, self.known, self.small = scope, known, small
        self.lines: list[str] = []
        self.inputs: list[tuple[str, Shape | int]] = []
        self.outputs: list[tuple[str, Shape]] = []
        self.registers: dict[str, tuple[int | None, list[int]]] = {}
        self.params: list[tuple[str, Shape]] = []
        self.carried: list[str] = []
        self.real_carries: list[tuple[str, Shape]] = []
        self.bit_carries: list[tuple[str, int | None]] = []
        self.wires = 0
        self.arguments: list[str] = []
        self.optional: list[str] = []
        self.stateful_use: list[tuple[str, CellSort]] = []

    def write(self) -> tuple[list[str], CellSort]:
        scope = self.scope
        name = scope.name("Cell")
        hyper = self._hyper()
        for declare in (self._inputs, self._params, self._carry, self._fresh, self._uses):
            declare()
        self.lines += statements(scope, scope.rng.randint(1, 3 if self.small else 6))
        self._stateful_calls()
        self.lines += statements(scope, scope.rng.randint(0, 2))
        self._outputs()
        self._next()
        head = f"({', '.join(hyper)})" if hyper or scope.chance(0.3) else ""
        docs = ["/// A cell of the generator."] if scope.chance(0.3) else []
        sort = CellSort(
            name, tuple(self.arguments), tuple(self.optional), tuple(self.inputs), tuple(self.outputs),
            bool(self.carried or self.real_carries or self.bit_carries or self.stateful_use),
            self.wires + scope.lent[0],
            bool(self.wires),
        )  # fmt: skip
        return [*docs, f"cell {name}{head} {{", *indent(self.lines), "}"], sort

    # --- declarations -----------------------------------------------------------------------

    def _hyper(self) -> list[str]:
        """Numbers, switches and words; `int`s keep the value that sizes rely on."""
        scope, rng = self.scope, self.scope.rng
        found = []
        for _ in range(rng.randint(0, 3)):
            kind = rng.choice(("int", "real", "bool", "string"))
            name = scope.name("hyper")
            if kind == "int":
                value = rng.randint(0, 3)
                scope.wholes.append(Whole(name, value, value))
                given = str(value)
            elif kind == "real":
                given = rng.choice(("0.5", "-1.25", "pi / 3", "2"))
                scope.reals.append(Real(name, (), True))
            elif kind == "bool":
                given = rng.choice(("true", "false"))
                scope.switches.append(name)
            else:
                given = rng.choice(('"on"', '"off"'))
                scope.switches.append(f'{name} == "on"')
            default = self.small is False or scope.chance(0.7)
            found.append(f"{name}: {kind}" + (f" = {given}" if default else ""))
            (self.optional if default else self.arguments).append(f"{name} = {given}")
        return found

    def _inputs(self) -> None:
        scope, rng = self.scope, self.scope.rng
        for _ in range(rng.randint(0 if not self.small else 1, 2)):
            name = scope.name(rng.choice(("x", "u")))
            if scope.chance(0.2) and not self.small:
                k = rng.randint(1, 3)
                self.inputs.append((name, k))
                scope.labels.append((name, k))
                self.lines.append(f"input {name}: class[{k}];")
                continue
            shape = rng.choice(((), (), (1,), (2,), (3,), (2, 2)))
            self.inputs.append((name, shape))
            scope.reals.append(Real(name, shape))
            self.lines.append(
                f"input {name}: {typed(rng.choice(('real', 'real', 'angle')), shape)};"
            )

    def _params(self) -> None:
        scope, rng = self.scope, self.scope.rng
        for _ in range(rng.randint(0, 3)):
            name, word = scope.name("w"), rng.choice(("param", "param", "fixed"))
            if word == "fixed" and scope.chance(0.5):
                n = rng.randint(1, 2)
                scope.unitaries.append((name, n))
                self.lines.append(f"fixed {name}: unitary[{n}] ~ haar;")
                continue
            shapes = [(), (2,), (3,), (1, 2), (2, 2), *((k, 2) for _, k in scope.labels)]
            shape = rng.choice(shapes)
            starts = [
                "",
                "",
                " ~ uniform(-pi, pi)",
                " ~ normal(0, 0.1)",
                f" = {number(scope, shape, 1, constant=True)}",
                f" = {number(scope, (), 1, constant=True)}",
            ]
            self.lines.append(
                f"{word} {name}: {typed(rng.choice(('angle', 'real')), shape)}{rng.choice(starts)};"
            )
            scope.reals.append(Real(name, shape))
            self.params.append((name, shape))

    def _register(self, word: str, most: int) -> str:
        scope = self.scope
        name = scope.name("m" if word == "carry" else "e")
        length = scope.rng.choice((None, 1, *range(1, most + 1)))
        n = length or 1
        wires = list(range(self.wires, self.wires + n))
        self.wires += n
        self.registers[name] = (length, wires)
        size = length
        text = "" if size is None else f"[{self._size(size)}]"
        self.lines.append(f"{word} {name}: qubit{text};")
        return name

    def _size(self, n: int) -> str:
        fitting = [w.text for w in self.scope.wholes if w.low == w.high == n]
        return self.scope.rng.choice([str(n), *fitting])

    def _view(self, name: str) -> View:
        length, wires = self.registers[name]
        return View(name, length, frozenset(wires), None, tuple(wires))

    def _carry(self) -> None:
        scope, rng = self.scope, self.scope.rng
        if self.small:
            return
        for _ in range(rng.randint(0, 2)):
            if self.wires < 3:
                name = self._register("carry", 2)
                self.carried.append(name)
                if scope.chance(0.4):
                    constants = [r for r in scope.reals if r.constant]
                    with scope.block(
                        kind="start",
                        reads=False,
                        views=[self._view(name)],
                        bits=[],
                        reals=constants,
                    ):
                        body = statements(scope, rng.randint(1, 2), 1)
                    self.lines[-1] = self.lines[-1][:-1] + " {"
                    self.lines += [*indent(body), "}"]
                scope.views.append(self._view(name))
        for _ in range(rng.randint(0, 1)):
            name, shape = scope.name("c"), rng.choice(((), (2,), (2, 2)))
            starts = [
                "",
                f" = {number(scope, (), 1, constant=True)}",
                f" = {number(scope, shape, 1, constant=True)}",
            ]
            starts += [f" = {name}" for name, found in self.params if found == shape]
            self.lines.append(f"carry {name}: {typed('real', shape)}{rng.choice(starts)};")
            self.real_carries.append((name, shape))
            scope.reals.append(Real(name, shape))
        if scope.chance(0.4):
            name, length = scope.name("flag"), rng.choice((None, 1, 2))
            self.lines.append(f"carry {name}: bit{'' if length is None else f'[{length}]'};")
            self.bit_carries.append((name, length))
            scope.bits.append(BitName(name, length))
            scope.measured[0] += length or 1

    def _fresh(self) -> None:
        scope = self.scope
        least = 1 if not self.wires and scope.chance(0.9) else 0
        for _ in range(scope.rng.randint(least, 2)):
            if self.wires < (2 if self.small else 4):
                name = self._register("fresh", 2)
                scope.views.append(self._view(name))

    def _uses(self) -> None:
        scope, rng = self.scope, self.scope.rng
        for sort in rng.sample(self.known, min(len(self.known), rng.randint(0, 2))):
            labels = [s for _, s in sort.inputs if isinstance(s, int)]
            if any(all(k > wanted for _, k in scope.labels) for wanted in labels):
                continue
            if sort.qubits + self.wires > 5 or (sort.stateful and self.small):
                continue
            name = scope.name("inner")
            self.lines.append(use(scope, name, sort))
            if sort.stateful:
                self.stateful_use.append((name, sort))

    # --- the end ----------------------------------------------------------------------------

    def _stateful_calls(self) -> None:
        """Each instance with a state is applied once."""
        scope = self.scope
        for name, sort in self.stateful_use:
            bound = scope.name("r")
            self.lines.append(f"let {bound} = {applied(scope, name, sort, 1)};")
            for output, shape in sort.outputs:
                text = f"{bound}.{output}" if len(sort.outputs) > 1 or scope.chance(0.3) else bound
                scope.reals.append(Real(text, shape))

    def _outputs(self) -> None:
        scope, rng = self.scope, self.scope.rng
        for _ in range(rng.randint(1, 2)):
            name, shape = scope.name("y"), rng.choice(((), (), (2,), (2, 2), (3,)))
            self.outputs.append((name, shape))
            if not shape or scope.chance(0.5):
                self.lines.append(f"output {name} = {number(scope, shape, 2)};")
                continue
            self.lines.append(f"output {name}: {typed('real', shape)};")
            n = shape[0]
            assert isinstance(n, int)
            if scope.chance(0.5):
                i = scope.name("i")
                with scope.block(looped=True):
                    scope.wholes.append(Whole(i, 0, n - 1))
                    row = (
                        f"{name}[{i}]"
                        if len(shape) == 1 or scope.chance(0.5)
                        else f"{name}[{i}, ..]"
                    )
                    self.lines.append(
                        f"for {i} in 0..{n} {{ output {row} = {number(scope, shape[1:], 2)}; }}"
                    )
            else:
                for i in range(n):
                    self.lines.append(
                        f"output {name}[{rng.choice((i, i - n))}] = {number(scope, shape[1:], 1)};"
                    )

    def _next(self) -> None:
        scope, rng = self.scope, self.scope.rng
        for name, shape in self.real_carries:
            if scope.chance(0.4) and shape:
                n = shape[0]
                assert isinstance(n, int)
                for i in rng.sample(range(n), rng.randint(1, n)):
                    self.lines.append(f"next {name}[{i}] = tanh({number(scope, shape[1:], 2)});")
            elif scope.chance(0.8):
                self.lines.append(f"next {name} = tanh({number(scope, shape, 2)});")
        for name, length in self.bit_carries:
            self._next_bits(name, length)
        self._relabel()

    def _next_bits(self, name: str, length: int | None) -> None:
        scope, rng = self.scope, self.scope.rng
        if length is None or scope.chance(0.5):
            place = name if length is None else f"{name}[{rng.randrange(length)}]"
            value = bit_expression(scope)
            if scope.views and scope.chance(0.3) and scope.measured[0] < 3:
                from .views import qubit

                found = qubit(scope)
                value = f"measure {found.text}" if found else value
                scope.measured[0] += 1
            self.lines.append(f"next {place} = {value};")
            if scope.chance(0.3):
                self.lines[-1] = (
                    f"if ({bit_expression(scope)}) {{ next {place} = {bit_expression(scope)}; }}"
                )
            return
        self.lines.append(
            f"next {name} = [{', '.join(bit_expression(scope, 1) for _ in range(length))}];"
        )

    def _relabel(self) -> None:
        """Some carried registers continue on other wires."""
        moved = [c for c in self.carried if self.scope.chance(0.4)]
        kept = {w for c in self.carried if c not in moved for w in self.registers[c][1]}
        names = {}
        for name, (length, wires) in self.registers.items():
            for i, wire in enumerate(wires):
                names[wire] = name if length is None else f"{name}[{i}]"
        free = [w for w in names if w not in kept]
        self.scope.rng.shuffle(free)
        for name in moved:
            length, wires = self.registers[name]
            chosen, free = free[: len(wires)], free[len(wires) :]
            texts = [names[w] for w in chosen]
            value = (
                texts[0]
                if length is None or (length == 1 and self.scope.chance(0.5))
                else f"[{', '.join(texts)}]"
            )
            self.lines.append(f"next {name} = {value};")
