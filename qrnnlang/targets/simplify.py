"""What Qiskit's expressions can add in reasonable time.

`ParameterExpression` simplifies as it adds: it tries every pair of subterms, which takes time
exponential in the number of leaves when both summands are products or functions of sums (0.8 s for
two products of two sums of five terms, 20 times as much for each term more; Qiskit 2.6, see
github.com/Qiskit/qiskit/issues/16520).
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from .errors import BIND, target_error
from .symbols import Expr, Fn, Leaf, fold

#: Leaves under products and functions of sums, of the smaller of two summands.
MOST = 8


@dataclass(frozen=True, slots=True)
class Weight:
    """Of an expression: its leaves, those under products or functions of sums, if it is a sum."""

    leaves: int
    entangled: int
    is_sum: bool = False


Memo = dict[Hashable, tuple[Expr, Weight]]


def check_sums(angle: Expr, memo: Memo) -> None:
    """Raises CompileError, E0602, for an angle that would take minutes to years to add up."""
    fold(angle, _weight, memo)


def _weight(node: Expr, args: tuple[Weight, ...]) -> Weight:
    if isinstance(node, float):
        return Weight(0, 0)
    if isinstance(node, Leaf) or not isinstance(node, Fn):
        return Weight(1, 0)
    leaves = sum(a.leaves for a in args)
    match node.fn:
        case "add" | "sub":
            if min(a.entangled for a in args) > MOST:
                raise target_error(
                    "E0602",
                    "an angle is a sum of products of sums, too long for Qiskit's expressions",
                    None,
                    f"{leaves} parameters and inputs in one angle",
                    help=BIND,
                )
            return Weight(leaves, max(a.entangled for a in args), True)
        case "mul" | "div" if sum(a.is_sum for a in args) < 2 and not any(
            a.entangled for a in args
        ):
            return Weight(leaves, 0, any(a.is_sum for a in args))
        case "neg":
            return args[0]
        case _:
            composite = any(a.is_sum or a.entangled for a in args)
            return Weight(leaves, leaves if composite else 0)
