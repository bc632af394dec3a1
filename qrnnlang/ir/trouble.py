"""What goes wrong with data while a program runs, and how the user is told where."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from ..diagnostics.errors import DataError
from ..sema.closed import CellOutput, Input, ModelOp, Op, Ref, RunCell, SeqFn
from .operands import values_read


class Trouble(Exception):
    """Something is wrong with a value; whoever knows the place turns it into a `DataError`."""


def data_error(
    text: str, inputs: Iterable[str] = (), sample: int | None = None, step: int | None = None
) -> DataError:
    """A `DataError` that names the inputs behind the value, the sample and the step (from 0)."""
    places = [f"input `{name}`" for name in inputs]
    if sample is not None:
        places.append(f"sample {sample}")
    if step is not None:
        places.append(f"step {step}")
    return DataError(f"{text} ({', '.join(places)})" if places else text)


def inputs_behind(op_at: Callable[[Ref], Op | ModelOp], ref: Ref) -> tuple[str, ...]:
    """The inputs from which a value is computed classically, in the order they are found."""
    ops = map(op_at, behind(op_at, [ref]))
    return tuple(dict.fromkeys(op.name for op in ops if isinstance(op, Input)))


def behind(op_at: Callable[[Ref], Op | ModelOp], refs: Iterable[Ref]) -> list[Ref]:
    """Values and what they are computed from classically, each once, in the order of discovery."""
    seen: dict[Ref, None] = {}
    waiting = list(refs)
    while waiting:
        here = waiting.pop()
        if here not in seen:
            seen[here] = None
            waiting += reversed(list(_sources(op_at(here))))
    return list(seen)


def _sources(op: Op | ModelOp) -> Iterator[Ref]:
    match op:
        case RunCell(args=args):
            yield from args
        case CellOutput(run=run):
            yield run
        case SeqFn(arg=arg):
            yield arg
        case _:
            yield from values_read(op)  # type: ignore[arg-type]
