"""Models: sequences, instances, outputs, losses, metrics, `data` and `train`."""

from __future__ import annotations

from dataclasses import dataclass

from .blocks import data, train
from .calls import use
from .numbers import number
from .scope import CellSort, Real, Scope, Shape, indent, typed

LOSSES = ("mse", "mae", "rmse", "huber", "nmse", "r2")


@dataclass(frozen=True)
class Seq:
    """A value with one entry a step; `steps` of `all` says which steps are kept."""

    text: str
    shape: Shape
    kept: str = "all"


def model(scope: Scope, cells: list[CellSort]) -> list[str]:
    with scope.block(
        kind="model", reads=False, instances=[], labels=[], views=[], bits=[], observables=[]
    ):
        return _Model(scope, cells).write()


class _Model:
    def __init__(self, scope: Scope, cells: list[CellSort]) -> None:
        self.scope, self.cells = scope, cells
        self.lines: list[str] = []
        self.seqs: list[Seq] = []
        self.singles: list[Real] = []
        self.ports: list[tuple[str, Shape | int]] = []

    def write(self) -> list[str]:
        scope, rng = self.scope, self.scope.rng
        self.name = scope.name("Model")
        for _ in range(rng.randint(1, 2)):
            self._input(rng.choice(((), (1,), (2,), (2, 2))), seq=True)
        if scope.chance(0.3):
            self._input((), seq=False)
        if scope.chance(0.4):
            name = scope.name("bias")
            self.lines.append(f"param {name}: real = 0.5;")
            scope.reals.append(Real(name, ()))
        for sort in rng.sample(self.cells, min(len(self.cells), rng.randint(1, 2))):
            self._run(sort)
        for _ in range(rng.randint(0, 2)):
            self._let()
        if scope.chance(0.7):
            self._head()
        outputs = self._outputs()
        if scope.chance(0.8):
            self._loss(outputs)
        if scope.chance(0.5) and all(len(s) < 2 for _, s in self.ports if isinstance(s, tuple)):
            self.lines += data(scope, self.ports)
        if scope.chance(0.5) and any(line.startswith("loss ") for line in self.lines):
            self.lines += train(scope)
        return [f"model {self.name} {{", *indent(self.lines), "}"]

    def _input(self, shape: Shape, *, seq: bool) -> None:
        scope = self.scope
        name = scope.name("x")
        self.ports.append((name, shape))
        self.lines.append(f"input {name}: {'seq ' if seq else ''}{typed('real', shape)};")
        if seq:
            self.seqs.append(Seq(name, shape))
        else:
            self.singles.append(Real(name, shape))
            scope.reals.append(Real(name, shape))

    def _run(self, sort: CellSort) -> None:
        """An instance along the sequences; for its labels there is an input of its own."""
        scope = self.scope
        name = scope.name("run")
        given = []
        for port, shape in sort.inputs:
            if isinstance(shape, int):
                label = scope.name("label")
                self.lines.append(f"input {label}: seq class[{shape}];")
                self.ports.append((label, shape))
                given.append((port, label))
            else:
                given.append((port, self._seq(shape)))
        if not sort.inputs:
            return
        self.lines.append(use(scope, name, sort))
        call = (
            ", ".join(f"{p} = {v}" for p, v in given)
            if scope.chance(0.3)
            else ", ".join(v for _, v in given)
        )
        bound = scope.name("s")
        self.lines.append(f"let {bound} = {name}({call});")
        for output, shape in sort.outputs:
            text = f"{bound}.{output}" if len(sort.outputs) > 1 or scope.chance(0.3) else bound
            self.seqs.append(Seq(text, shape))

    def _seq(self, shape: Shape, kept: str = "all") -> str:
        """A sequence of this shape, made of one of the model's."""
        scope, rng = self.scope, self.scope.rng
        fitting = [s for s in self.seqs if s.kept == kept]
        same = [s for s in fitting if s.shape == shape]
        source = rng.choice(same or fitting)
        if source in same and scope.chance(0.6):
            return source.text
        factor = number(scope, (), 1)
        if source.shape == shape:
            return rng.choice(
                ("tanh({s})", "{s} * ({f})", "0.5 * {s} - sin({s})", "({f}) + tanh({s})")
            ).format(s=source.text, f=factor)
        one = (
            f"{source.text}[{', '.join('0' for _ in source.shape)}]"
            if source.shape
            else source.text
        )
        if not shape:
            return one
        if len(shape) == 1:
            return f"[{', '.join([one] * int(shape[0]))}]"
        return f"{one} * ones({', '.join(map(str, shape))})"

    def _let(self) -> None:
        scope, rng = self.scope, self.scope.rng
        source = rng.choice(self.seqs)
        name = scope.name("v")
        if source.kept == "all":
            fn, kept = rng.choice(
                (
                    ("last({}, 2)", "two"),
                    ("first({}, 2)", "first two"),
                    ("skip({}, 1)", "but one"),
                    ("reverse({})", "all"),
                    ("last({})", ""),
                    ("first({})", ""),
                    ("mean({})", ""),
                )
            )
        else:
            fn, kept = rng.choice((("last({})", ""), ("mean({})", "")))
        self.lines.append(f"let {name} = {fn.format(source.text)};")
        if kept:
            self.seqs.append(Seq(name, source.shape, kept))
        else:
            self.singles.append(Real(name, source.shape))
            scope.reals.append(Real(name, source.shape))

    def _head(self) -> None:
        scope, rng = self.scope, self.scope.rng
        vectors = [s for s in self.seqs if len(s.shape) == 1]
        if not vectors:
            return
        source = rng.choice(vectors)
        (n,) = source.shape
        name, k = scope.name("head"), rng.randint(1, 3)
        bias = rng.choice(("", ", bias = false", ", bias = true"))
        self.lines.append(f"use {name} = Linear(inputs = {n}, outputs = {k}{bias});")
        self.seqs.append(Seq(f"{name}({source.text})", (k,), source.kept))

    def _outputs(self) -> list[Seq | Real]:
        scope, rng = self.scope, self.scope.rng
        found: list[Seq | Real] = []
        for _ in range(rng.randint(1, 2)):
            name = scope.name("pred")
            if self.singles and scope.chance(0.3):
                single = rng.choice(self.singles)
                self.lines.append(f"output {name} = {single.text};")
                found.append(Real(name, single.shape))
                continue
            source = rng.choice(self.seqs)
            self.lines.append(f"output {name} = {self._seq(source.shape, source.kept)};")
            found.append(Seq(name, source.shape, source.kept))
        return found

    def _loss(self, outputs: list[Seq | Real]) -> None:
        scope, rng = self.scope, self.scope.rng
        terms = []
        for output in outputs:
            target = scope.name("y")
            if isinstance(output, Seq):
                terms.append(self._over_time(output, target))
            elif len(output.shape) == 1 and scope.chance(0.5):
                terms.append(self._label(output.text, target, output.shape, seq=False))
            else:
                self._target(target, typed("real", output.shape), output.shape)
                terms.append(f"{rng.choice(LOSSES)}({output.text}, {target})")
        extra = rng.choice(("", " + 1e-3", f" + 1e-2 * ({number(scope, (), 1)}) ** 2"))
        self.lines.append(f"loss {terms[0]}{extra};")
        for term in terms:
            self.lines.append(f"metric {term};")

    def _target(self, name: str, type_: str, shape: Shape | int) -> None:
        self.lines.append(f"target {name}: {type_};")
        self.ports.append((name, shape))

    def _over_time(self, output: Seq, target: str) -> str:
        scope, rng = self.scope, self.scope.rng
        text = output.text
        same = {
            "all": "{}",
            "two": "last({}, 2)",
            "first two": "first({}, 2)",
            "but one": "skip({}, 1)",
        }[output.kept]
        if len(output.shape) == 1 and scope.chance(0.4):
            return self._label(text, target, output.shape, seq=True, cut=same)
        self._target(target, typed("seq real", output.shape), output.shape)
        if scope.chance(0.3):
            return f"{rng.choice(LOSSES[:4])}(last({text}), last({target}))"
        if scope.chance(0.2):
            return f"binary_cross_entropy(sigmoid({text}), sigmoid({same.format(target)}))"
        return f"{rng.choice(LOSSES)}({text}, {same.format(target)})"

    def _label(self, text: str, target: str, shape: Shape, *, seq: bool, cut: str = "{}") -> str:
        (k,) = shape
        assert isinstance(k, int)
        self._target(target, f"{'seq ' if seq else ''}class[{k}]", k)
        forms = (
            "cross_entropy_logits({s}, {y})",
            "cross_entropy(softmax({s}), {y})",
            "nll(softmax({s}), {y})",
            "accuracy({s}, {y})",
        )
        return self.scope.rng.choice(forms).format(s=text, y=cut.format(target))
