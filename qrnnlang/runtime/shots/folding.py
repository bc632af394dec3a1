"""Zero-noise extrapolation: circuits with their noise scaled up, and outputs scaled back to none.

Global folding U → U (U† U)^k multiplies the noise of U by 2k + 1 and leaves its meaning alone
(Giurgica-Tiron et al., IEEE QCE (2020), 306). A circuit with resets and measurements on its way
has no inverse as a whole: what lies between them is folded, piece by piece.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import index
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

Fit = Literal["linear", "richardson"]

#: What is not folded, and ends a piece.
_FIXED = frozenset(
    ("measure", "reset", "barrier", "if_else", "store", "delay", "switch_case", "for_loop")
)


def folding(scale: int, backend: Any) -> Callable[[QuantumCircuit], QuantumCircuit]:
    """What folds a circuit in the backend's gates, and gives one in the backend's gates."""

    def fold(circuit: QuantumCircuit) -> QuantumCircuit:
        if scale == 1:
            return circuit
        from qiskit import transpile

        out = circuit.copy_empty_like()
        piece: list[Any] = []
        for item in circuit.data:
            if item.operation.name in _FIXED:
                _fold_piece(out, piece, scale)
                piece = []
                out._append(item)
            else:
                piece.append(item)
        _fold_piece(out, piece, scale)
        # Inverses such as √X† are no gates of a device. Level 0 translates and cancels nothing.
        made: QuantumCircuit = transpile(out, backend, optimization_level=0)
        return made

    return fold


def _fold_piece(out: QuantumCircuit, piece: Sequence[Any], scale: int) -> None:
    for item in piece:
        out._append(item)
    for _ in range(scale // 2):
        for item in reversed(piece):
            out._append(item.replace(operation=item.operation.inverse()))
        for item in piece:
            out._append(item)


def checked_scales(scales: Iterable[int]) -> tuple[int, ...]:
    """Raises ValueError unless there are two or more odd numbers, each once, with 1 among them."""
    try:
        found = tuple(index(s) for s in scales)
    except TypeError:
        found = ()
    odd = all(s > 0 and s % 2 for s in found)
    if not odd or len(set(found)) != len(found) or len(found) < 2 or 1 not in found:
        raise ValueError(
            f"scales are odd numbers such as (1, 3), each once, with 1 among them, not {scales!r}"
        )
    return found


def weights(scales: Sequence[int], fit: Fit) -> NDArray[np.float64]:
    """The value at no noise is Σ weight × value at each scale.

    "linear": the intercept of the line of least squares. "richardson": that of the polynomial
    through all points.
    """
    s = np.asarray(scales, dtype=np.float64)
    match fit:
        case "linear":
            centred = s - s.mean()
            spread = float(centred @ centred) or 1.0  # one scale alone is taken as it is
            found: NDArray[np.float64] = 1 / len(s) - s.mean() * centred / spread
            return found
        case "richardson":
            return np.array([np.prod([b / (b - a) for b in s if b != a]) for a in s])
    raise ValueError(f'fit is "linear" or "richardson", not {fit!r}')
