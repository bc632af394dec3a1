"""How many steps the operands of a loss have, in the words of the model."""

from __future__ import annotations

from collections.abc import Sequence

from ..sema.closed import ClosedModel, Input, LossFn, Ref, SeqFn


def same_steps(model: ClosedModel, op: LossFn, steps: Sequence[int | None]) -> None:
    """Raises ValueError where sequences of different lengths are compared; None: no sequence."""
    found = [
        (_shown(model, ref), n) for ref, n in zip(op.args, steps, strict=True) if n is not None
    ]
    if len({n for _, n in found}) > 1:
        (a, m), (b, n) = found[:2]
        raise ValueError(
            f"`{op.fn}` compares {m} steps of {a} with {n} of {b}: take the same steps of both"
        )


def _shown(model: ClosedModel, ref: Ref) -> str:
    """An operand as it is written, as far as names say."""
    name = _written(model, ref)
    return f"`{name}`" if name else "an expression"


def _written(model: ClosedModel, ref: Ref) -> str:
    output = next((o.name for o in model.outputs if o.ref == ref), "")
    match model.ops[ref]:
        case _ if output:
            return output
        case Input(name=name):
            return name
        case SeqFn(fn=fn, arg=arg, k=k):
            inner = _written(model, arg) or "…"
            return f"{fn}({inner})" if k is None else f"{fn}({inner}, {k})"
    return ""
