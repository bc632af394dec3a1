"""`evolve(H, t);` and its Trotter product `evolve(H, t, steps = k, order = 1);`."""

from __future__ import annotations

from ..diagnostics import Span
from ..syntax.tree import Argument
from .cell import touched
from .closed import Evolve
from .limits import check_operations
from .observables import as_observable
from .report import suggestion
from .scope import Env
from .values import Observables, describe

_NAMES = ("steps", "order")


def evolve(env: Env, args: tuple[Argument, ...], span: Span) -> None:
    """exp(−i H t) on the qubits that H names."""
    from .expr import evaluate, integer, numeric, shape_of

    given = {a.name.text: a for a in args if a.name is not None}
    plain = [a for a in args if a.name is None]
    for name, argument in given.items():
        if name not in _NAMES:
            assert argument.name is not None
            env.report.fail(
                "E0206",
                f"`evolve` has no parameter `{name}`",
                argument.name.span,
                "unknown parameter",
                help=suggestion(name, _NAMES) or "parameters: `steps`, `order`",
            )
    if len(plain) != 2:
        env.report.fail(
            "E0207" if len(plain) < 2 else "E0208",
            "`evolve` takes a Hamiltonian and a time",
            span,
            f"found {len(plain)} arguments",
            help="write `evolve(H, t);` or `evolve(H, t, steps = 4);`",
        )
    h = as_observable(evaluate(env, plain[0].value))
    if not isinstance(h, Observables) or h.shape not in ((), (1,)):
        env.report.fail(
            "E0302",
            "`evolve` needs a Hamiltonian: one sum of Pauli products",
            plain[0].span,
            f"found {describe(h)}",
            help=f"sum them: `sum({plain[0].span.text})`" if isinstance(h, Observables) else "",
        )
    time = numeric(env, evaluate(env, plain[1].value), plain[1].span)
    if shape_of(time) not in ((), (1,)):
        env.report.fail("E0301", "the time is a scalar", plain[1].span, f"found {describe(time)}")
    steps = integer(env, given["steps"].value) if "steps" in given else None
    order = integer(env, given["order"].value) if "order" in given else 1
    if steps is not None and steps < 1:
        env.report.fail("E0308", f"{steps} Trotter steps", given["steps"].span, "at least 1")
    if order not in (1, 2):
        env.report.fail(
            "E0308", f"a Trotter product of order {order}", given["order"].span, "1 or 2"
        )
    if "order" in given and steps is None:
        env.report.fail(
            "E0207", "`order` needs `steps`", given["order"].span, "exact evolution has no order"
        )
    check_operations(env, len(h.items[0]) * (steps or 1), span)
    (t,) = env.builder.scalars(time)
    touched(env, tuple(w for term in h.items[0] for w, _ in term.paulis))
    env.builder.quantum(Evolve(h.items[0], t, steps, order))
