"""Functions over time and losses: what a model says about whole sequences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from ..diagnostics import Label as Place
from ..diagnostics import Span
from .closed import Call, CellOutput, Extern, Gather, Input, LossFn, RunCell, SeqFn, TimeFn
from .scope import Env
from .values import Array, Label, Value, count, describe, type_name

NAMES: dict[str, TimeFn] = {name: name for name in get_args(TimeFn)}
#: Losses and metrics, and whether the second argument is a label.
LOSSES: dict[str, bool] = {
    "mse": False,
    "mae": False,
    "rmse": False,
    "huber": False,
    "nmse": False,
    "r2": False,
    "binary_cross_entropy": False,
    "cross_entropy": True,
    "cross_entropy_logits": True,
    "nll": True,
    "accuracy": True,
}


def is_seq(args: list[tuple[Value, Span]]) -> bool:
    """Whether the first argument is a sequence."""
    if not args:
        return False
    match args[0][0]:
        case Array(owner=owner, ref=ref) | Label(owner=owner, ref=ref):
            return owner.types[ref].seq
    return False


def function(env: Env, name: str, args: list[tuple[Value, Span]], span: Span) -> Value:
    """`last(s)`, `last(s, k)`, `skip(s, k)`, …"""
    value, where = args[0]
    assert isinstance(value, Array | Label)
    k: int | None = None
    if name == "shift":
        env.report.fail("E0502", "`shift` stands only in a `data` block", span)
    if len(args) > 2 or (len(args) == 2 and name in ("reverse", "mean")):
        env.report.fail("E0208", f"too many arguments for `{name}`", span)
    if len(args) == 2:
        number, k_span = args[1]
        if isinstance(number, bool) or not isinstance(number, int) or number < (name != "skip"):
            env.report.fail(
                "E0302",
                f"`{name}` needs a number of steps known at compile time",
                k_span,
                f"found {describe(number)}",
            )
        k = number
    elif name == "skip":
        env.report.fail("E0207", "`skip` needs the number of steps to leave out", span)
    builder = env.builder
    ref = builder.ref(value) if isinstance(value, Array) else value.ref
    if isinstance(value, Label) and name == "mean":
        env.report.fail("E0302", "a label has no mean", where)
    kept = k is not None or name == "reverse"
    shape = builder.types[ref].shape
    made = builder.emit(SeqFn(NAMES[name], ref, k), shape, kept, builder.types[ref].batch)
    if isinstance(value, Label):
        return Label(builder, made, value.classes)
    return builder.array(made, shape)


def loss(env: Env, name: str, args: list[tuple[Value, Span]], span: Span) -> Array:
    """A loss or metric: one number for the batch."""
    if env.kind != "model":
        env.report.fail("E0405", f"`{name}` stands only in a `model`", span)
    if len(args) != 2:
        env.report.fail(
            "E0208" if len(args) > 2 else "E0207",
            f"`{name}` takes 2 arguments, not {len(args)}",
            span,
        )
    (a, a_span), (b, b_span) = args
    if LOSSES[name] and (isinstance(b, Label) or name != "accuracy"):
        return _with_label(env, name, a, a_span, b, b_span, span)
    from .expr import numeric, shape_of

    x, y = numeric(env, a, a_span), numeric(env, b, b_span)
    sx, sy = shape_of(x), shape_of(y)
    if sx != sy and {sx, sy} != {(), (1,)}:
        env.report.fail(
            "E0301",
            f"`{name}` of `{type_name(sx)}` and `{type_name(sy)}`",
            span,
            "operands of a loss need the same shape",
            labels=(Place(a_span, f"`{type_name(sx)}`"), Place(b_span, f"`{type_name(sy)}`")),
        )
    if sx != sy:
        view = env.builder.read(y)
        y = Array(view.owner, view.ref, view.index.reshape(sx))
    refs = (env.builder.ref(x), env.builder.ref(y))
    _same_time(env, name, refs, a_span, b_span, span)
    return env.builder.array(env.builder.emit(LossFn(name, refs)), ())


def _with_label(
    env: Env, name: str, a: Value, a_span: Span, b: Value, b_span: Span, span: Span
) -> Array:
    from .expr import numeric, shape_of

    if not isinstance(b, Label):
        env.report.fail(
            "E0302",
            f"the second argument of `{name}` is a label",
            b_span,
            f"found {describe(b)}",
            help="declare the target as `class[k]`",
        )
    scores = numeric(env, a, a_span)
    shape = shape_of(scores)
    if shape != (b.classes,) and not (
        name == "accuracy" and b.classes == 2 and shape in ((), (1,))
    ):
        env.report.fail(
            "E0301",
            f"`{name}` of `{type_name(shape)}` for {b.classes} classes",
            span,
            f"needs `real[{b.classes}]`, one entry a class",
            labels=(Place(a_span, f"`{type_name(shape)}`"), Place(b_span, f"`class[{b.classes}]`")),
        )
    refs = (env.builder.ref(scores), b.ref)
    _same_time(env, name, refs, a_span, b_span, span)
    return env.builder.array(env.builder.emit(LossFn(name, refs)), ())


def _same_time(
    env: Env, name: str, refs: tuple[int, int], a_span: Span, b_span: Span, span: Span
) -> None:
    seqs = [env.builder.types[r].seq for r in refs]
    if seqs[0] != seqs[1] and all(env.builder.types[r].batch for r in refs):
        kinds = ["one value a step" if s else "one value a sequence" for s in seqs]
        env.report.fail(
            "E0301",
            f"`{name}` of a sequence and a single value",
            span,
            "operands of a loss need the same shape",
            labels=(Place(a_span, kinds[0]), Place(b_span, kinds[1])),
            help="`last(…)` takes the last step of a sequence",
        )
    if all(seqs):
        _same_length(env, name, refs, a_span, b_span, span)


def _same_length(
    env: Env, name: str, refs: tuple[int, int], a_span: Span, b_span: Span, span: Span
) -> None:
    """E0301 where the steps of two sequences cannot agree, whatever the data."""
    known = _lengths(env, max(refs))
    a, b = (known[ref] for ref in refs)
    if a is None or b is None or a == b or a.whole != b.whole:
        return
    help = "take the same steps of both"
    if a.whole and b.steps == 0:
        help = f"skip `{b_span.text}` too: `skip({b_span.text}, {a.steps})`"
    elif b.whole and a.steps == 0:
        help = f"skip `{a_span.text}` too: `skip({a_span.text}, {b.steps})`"
    env.report.fail(
        "E0301",
        f"`{name}` of sequences of different lengths",
        span,
        "operands of a loss need the same shape",
        labels=(Place(a_span, a.text), Place(b_span, b.text)),
        help=help,
    )


@dataclass(frozen=True, slots=True)
class _Length:
    """Steps of a sequence. `whole`: all steps of the data but so many, else just so many."""

    whole: bool
    steps: int

    @property
    def text(self) -> str:
        if not self.whole:
            return count(self.steps, "step")
        return f"all steps but {self.steps}" if self.steps else "all steps"


def _lengths(env: Env, last: int) -> list[_Length | None]:
    """What is known of the lengths of values up to `last`, before there are data; None: nothing."""
    found: list[_Length | None] = []
    for ref in range(last + 1):
        op, known = env.builder.ops[ref], None
        if env.builder.types[ref].seq:
            match op:
                case Input():
                    known = _Length(True, 0)
                case SeqFn(arg=arg):
                    known = _after(op, found[arg])
                case (
                    Call(args=args) | Extern(args=args) | Gather(sources=args) | RunCell(args=args)
                ):
                    each = {found[a] for a in args if env.builder.types[a].seq}
                    known = each.pop() if len(each) == 1 else None
                case CellOutput(run=run):
                    known = found[run]
        found.append(known)
    return found


def _after(op: SeqFn, before: _Length | None) -> _Length | None:
    if before is None or op.fn == "reverse" or op.k is None:
        return before
    if op.fn != "skip":
        return _Length(False, op.k)
    return _Length(before.whole, before.steps + (op.k if before.whole else -op.k))
