"""The steps of a plan: plain data, no JAX.

Every step writes one slot. A slot's **level** says how often it is computed: `STATIC` once a call
(it depends on parameters alone), `GIVEN` for all samples and steps at once, before the recurrence
(it depends on inputs), `RECURRENT` within the recurrence.

What slots hold, x being the axis of samples (of samples and steps for `GIVEN`, of length 1 for
`STATIC`):

- values: arrays of the value's shape, with x in front unless `STATIC`;
- kets: (x, N, E, H): row i of 2^n = N rows, the first wire most significant; E environment states
  that have been traced out; H columns, one for each basis state of the density matrix that the
  step began with (the **base**). The state is Σ_E V·base·V†;
- bases: (x, H, H); densities: (x, N·N, 1, 1), row wires before column wires;
- tables: pairs (diag, cross) of (x, G, 2^k); starts: (x, G, 2); matrices: (x, N, C);
- reads: (x, n); weights: (x,).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ..sema.closed import ClassicalOp, Shape

Slot: TypeAlias = int
Level: TypeAlias = int
Ints: TypeAlias = npt.NDArray[np.int64]
Reals: TypeAlias = npt.NDArray[np.float64]

#: The slot of a step that has not been given one yet.
NEW: Slot = -1

STATIC: Level = 0
GIVEN: Level = 1
RECURRENT: Level = 2


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a flat value."""

    slot: Slot
    index: int


Number: TypeAlias = float | Entry


@dataclass(frozen=True, slots=True)
class Compute:
    """A classical operation."""

    out: Slot
    op: ClassicalOp
    args: tuple[Slot, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Angles:
    """U different angles and where they are used.

    Angle u is `scale[u]` times R factors: `index`, (R, U, 2), says which of the `sources` and which
    of its entries; one source past the last stands for 1. `which`, (K, G), is the angle of factor k
    of entry g; U where it has none.
    """

    scale: Reals
    index: Ints
    which: Ints
    sources: tuple[Slot, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Merged pairs on k wires each: entry g flips its first `flips[g]` wires.

    `diag` and `cross`: (3, K, G, 2^k), the coefficients of 1, cos and sin of each of K factors.
    """

    out: Slot
    flips: tuple[int, ...]
    diag: npt.NDArray[Any]
    cross: npt.NDArray[Any]
    angles: Angles


@dataclass(frozen=True, slots=True, eq=False)
class Rotation:
    """A table of one entry, cos η + sin η·turn: a rotation by a sum of angles.

    η(s) = Σ_u weights[s, u]·(angle u) for each setting s of the wires that are not flipped; `turn`,
    (2^f), goes by the flipped ones, which are first, and is in the diagonal if there are none.
    """

    out: Slot
    turn: npt.NDArray[Any]
    weights: Reals
    angles: Angles
    gates: int


@dataclass(frozen=True, slots=True)
class Multiplexed:
    """A table of one entry that flips its first wire, from a ket of two columns.

    Row i, read as the entry's local index, holds what comes of the first wire in |0⟩ and in |1⟩.
    """

    out: Slot
    ket: Slot


@dataclass(frozen=True, slots=True)
class Use:
    """Entry `entry` of a table on the rows' bits: local bit j sits at axis `axes[j]`."""

    table: Slot
    entry: int
    flips: int
    axes: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Gates:
    """Merged pairs, one after the other, with a coefficient for every row: (3, K, G, N).

    Gate g takes row i from rows i and `other[g, i]`. They depend on static values alone.
    """

    diag: npt.NDArray[Any]
    cross: npt.NDArray[Any]
    other: Ints
    angles: Angles


@dataclass(frozen=True, slots=True)
class Zeros:
    """n wires in |0…0⟩."""

    out: Slot
    n: int


@dataclass(frozen=True, slots=True)
class Identity:
    out: Slot
    n: int


@dataclass(frozen=True, slots=True)
class Ones:
    """All amplitudes of n wires 1: all basis states side by side."""

    out: Slot
    n: int


@dataclass(frozen=True, slots=True)
class Merge:
    """The product of kets (or of densities, whose wires keep the order row, column by part)."""

    out: Slot
    parts: tuple[Slot, ...]


@dataclass(frozen=True, slots=True)
class MergeBases:
    out: Slot
    parts: tuple[Slot, ...]


@dataclass(frozen=True, slots=True)
class Permute:
    """New row axis j is old axis `order[j]`; then the last `env` axes join the environment."""

    out: Slot
    ket: Slot
    order: tuple[int, ...]
    env: int = 0


@dataclass(frozen=True, slots=True)
class Apply:
    """One pair on a ket of n wires; `conj` for the column wires of a density.

    Noise and projected ancillas are no unitary pairs.
    """

    out: Slot
    ket: Slot
    n: int
    use: Use
    conj: bool = False
    unitary: bool = True


@dataclass(frozen=True, slots=True)
class Sweep:
    """Many pairs on a ket of n wires, as a loop over their table."""

    out: Slot
    ket: Slot
    n: int
    uses: tuple[Use, ...]
    conj: bool = False
    unitary: bool = True


@dataclass(frozen=True, slots=True)
class Run:
    """Many input-independent pairs on a ket, as a loop."""

    out: Slot
    ket: Slot
    gates: Gates
    conj: bool = False
    unitary: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Starts:
    """One-qubit kets: |0⟩ after K factors each, `diag` and `cross`, (3, K, G, 2), as in `Table`."""

    out: Slot
    diag: npt.NDArray[Any]
    cross: npt.NDArray[Any]
    angles: Angles


@dataclass(frozen=True, slots=True)
class Start:
    """Entry `entry` of one-qubit kets."""

    starts: Slot
    entry: int


@dataclass(frozen=True, slots=True)
class Product:
    """The product of one-qubit kets, most significant first."""

    out: Slot
    parts: tuple[Start, ...]


@dataclass(frozen=True, slots=True)
class MatrixUse:
    """A matrix on the rows' axes `axes`, most significant first."""

    matrix: Slot
    axes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Fuse:
    """Gates and matrices multiplied into one matrix; column j is basis state `columns[j]`."""

    out: Slot
    n: int
    parts: tuple[Gates | MatrixUse, ...]
    columns: tuple[int, ...]
    unitary: bool = True


@dataclass(frozen=True, slots=True)
class FuseAll:
    """R matrices of circuits of the same form, (R, N, C): the gates of all, run by run."""

    out: Slot
    n: int
    runs: int
    gates: Gates
    columns: tuple[int, ...]
    unitary: bool = True


@dataclass(frozen=True, slots=True)
class Choose:
    """One of several matrices."""

    out: Slot
    matrices: Slot
    index: int


@dataclass(frozen=True, slots=True)
class Multiply:
    """A matrix on the leading wires of a ket, times the identity on `wide` basis states of a base.

    The matrix has 2^m columns for the ket's leading wires, then those of the base: rows of the
    result are the matrix's, then the ket's remaining wires. `ket` None: the base alone.
    """

    out: Slot
    matrix: Slot
    ket: Slot | None
    lead: int
    wide: int = 1
    conj: bool = False


@dataclass(frozen=True, slots=True)
class Stored:
    """A unitary from a parameter of shape (2^n, 2^n, 2), whose wires[0] is least significant."""

    out: Slot
    name: str
    n: int
    adjoint: bool


@dataclass(frozen=True, slots=True, eq=False)
class Exponential:
    """exp(−i·time·Σ c_k P_k): P_k has `phases[k, i]` in row i and column i ^ `flips[k]`."""

    out: Slot
    phases: npt.NDArray[np.complex128]
    flips: tuple[int, ...]
    coefficients: tuple[Number, ...]
    time: Number


@dataclass(frozen=True, slots=True, eq=False)
class Controlled:
    """A matrix where `holds` is true of further, more significant wires, else the identity."""

    out: Slot
    matrix: Slot
    holds: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Weighted:
    """V·base."""

    out: Slot
    ket: Slot
    base: Slot


@dataclass(frozen=True, slots=True)
class Density:
    """Σ_E W·V† as a density, from V and W = V·base (None: W = V)."""

    out: Slot
    ket: Slot
    weighted: Slot | None


@dataclass(frozen=True, slots=True)
class BaseDensity:
    """A base as a density."""

    out: Slot
    base: Slot


@dataclass(frozen=True, slots=True)
class TraceOut:
    """Traces pairs of axes (row, column) of a density out."""

    out: Slot
    density: Slot
    n: int
    rows: tuple[int, ...]
    columns: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Pick:
    """Axes of a ket taken at a value each; a number that is not fixed is 0 or 1 at run time."""

    out: Slot
    ket: Slot
    n: int
    axes: tuple[int, ...]
    values: tuple[Number, ...]


@dataclass(frozen=True, slots=True)
class BasisKet:
    """Wires in |v⟩, most significant first."""

    out: Slot
    values: tuple[Number, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Mask:
    """Rows kept where axes read `values`, or where `holds` is false of `condition` axes.

    `condition[j]` is bit j of the index into `holds`.
    """

    out: Slot
    ket: Slot
    n: int
    axes: tuple[int, ...]
    values: tuple[Number, ...]
    condition: tuple[int, ...]
    holds: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Weight:
    """The trace of a state after a projection; NaN below `least` of the trace `before` (None: 1).

    `weighted` as for `Density`; `mixed`: `ket` is a density, of n wires.
    """

    out: Slot
    ket: Slot
    weighted: Slot | None
    mixed: bool
    n: int
    before: Slot | None
    least: float = 1e-12


@dataclass(frozen=True, slots=True)
class Ratio:
    """A postselection's probability, `now` / `before`: a value of shape ()."""

    out: Slot
    now: Slot
    before: Slot | None


@dataclass(frozen=True, slots=True)
class Certain:
    """A value of `shape` or, where that is None, a base: NaN where one of the weights is."""

    out: Slot
    held: Slot
    shape: Shape | None
    weights: tuple[Slot, ...]


@dataclass(frozen=True, slots=True)
class WeightProduct:
    out: Slot
    parts: tuple[Slot, ...]


@dataclass(frozen=True, slots=True)
class Amplitudes:
    """The ket normalize(re + i·im) of n wires, wires[0] least significant."""

    out: Slot
    n: int
    re: Slot
    im: Slot | None


@dataclass(frozen=True, slots=True, eq=False)
class LoadWhere:
    """Axes `axes` (most significant first), in |0…0⟩ where the condition holds, loaded there."""

    out: Slot
    ket: Slot
    n: int
    amplitudes: Slot
    axes: tuple[int, ...]
    condition: tuple[int, ...]
    holds: npt.NDArray[np.bool_]
    conj: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Noise:
    """A noise channel on axes `rows` and `columns` of a density of n axes."""

    out: Slot
    density: Slot
    n: int
    name: str
    rates: tuple[Number, ...]
    rows: tuple[int, ...]
    columns: tuple[int, ...]
    condition: tuple[int, ...]
    holds: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Paulis:
    """Expectations of Pauli products: string s has row phases `phases[s]` and flips `flips[s]`.

    They act on the row axes `axes` of n, most significant first; the others are traced out.
    `weighted` and `mixed` as for `Weight`; divided by `weight` where there is one.
    """

    out: Slot
    ket: Slot
    weighted: Slot | None
    mixed: bool
    n: int
    axes: tuple[int, ...]
    flips: tuple[int, ...]
    phases: npt.NDArray[np.complex128]
    weight: Slot | None


@dataclass(frozen=True, slots=True, eq=False)
class Observables:
    """U†PU for Pauli products P, with phases and flips as in `Paulis`, and U one of `matrices`.

    As a real matrix (2·M², n·4^few) for densities ρ of the first `few` wires and σ of the others,
    M rows: ρ's entries on and above the diagonal weigh it as `Observed` says, σ's real parts come
    first, then their imaginary parts.
    """

    out: Slot
    matrices: tuple[Slot, ...]
    which: tuple[int, ...]
    flips: tuple[int, ...]
    phases: npt.NDArray[np.complex128]
    few: int


@dataclass(frozen=True, slots=True)
class Observed:
    """Expectations of `observables` in a density; divided by `weight` where there is one.

    `other`: a density that it is in a product with. Its diagonal, and twice the real and then the
    imaginary parts of what is above, are the weights of the observables' columns.
    """

    out: Slot
    density: Slot
    other: Slot | None
    observables: Slot
    weight: Slot | None


@dataclass(frozen=True, slots=True, eq=False)
class Chances:
    """Probabilities of 2^k outcomes: `outcome[i]` is that of setting i of the row axes `axes`."""

    out: Slot
    ket: Slot
    weighted: Slot | None
    mixed: bool
    n: int
    axes: tuple[int, ...]
    outcome: Ints
    k: int
    weight: Slot | None


@dataclass(frozen=True, slots=True)
class ReadTerm:
    """`coefficient` times entries of reads."""

    coefficient: Number
    reads: tuple[tuple[Slot, int], ...]


@dataclass(frozen=True, slots=True)
class ExpectValue:
    """Sums of terms, one an observable, as a value of `shape`."""

    out: Slot
    observables: tuple[tuple[ReadTerm, ...], ...]
    shape: Shape


@dataclass(frozen=True, slots=True, eq=False)
class ProbValue:
    """The product of independent chances, outcome i of the result being entry `order[i]`."""

    out: Slot
    parts: tuple[Slot, ...]
    order: Ints
    value: int | None


@dataclass(frozen=True, slots=True, eq=False)
class NextBase:
    """A density as a base: divided by its weight, `mask` keeping what is diagonal in the bits."""

    out: Slot
    density: Slot
    n: int
    weight: Slot | None
    mask: npt.NDArray[np.bool_] | None


@dataclass(frozen=True, slots=True)
class NextKet:
    """A ket as a base: divided by the root of its weight."""

    out: Slot
    ket: Slot
    weight: Slot | None


Step: TypeAlias = (
    Compute
    | Table
    | Starts
    | Product
    | Zeros
    | Identity
    | Ones
    | Rotation
    | Multiplexed
    | Merge
    | MergeBases
    | Permute
    | Apply
    | Sweep
    | Run
    | Fuse
    | FuseAll
    | Choose
    | Multiply
    | Stored
    | Exponential
    | Controlled
    | Weighted
    | Density
    | BaseDensity
    | TraceOut
    | Pick
    | BasisKet
    | Mask
    | Weight
    | Ratio
    | Certain
    | WeightProduct
    | Amplitudes
    | LoadWhere
    | Noise
    | Paulis
    | Observables
    | Observed
    | Chances
    | ExpectValue
    | ProbValue
    | NextBase
    | NextKet
)

_SLOT_FIELDS: dict[type, tuple[str, ...]] = {
    Compute: ("args",),
    Table: ("angles",),
    Rotation: ("angles",),
    Multiplexed: ("ket",),
    Merge: ("parts",),
    MergeBases: ("parts",),
    Permute: ("ket",),
    Apply: ("ket", "use"),
    Sweep: ("ket", "uses"),
    Run: ("ket", "gates"),
    Starts: ("angles",),
    Product: ("parts",),
    Fuse: ("parts",),
    FuseAll: ("gates",),
    Choose: ("matrices",),
    Multiply: ("matrix", "ket"),
    Exponential: ("coefficients", "time"),
    Controlled: ("matrix",),
    Weighted: ("ket", "base"),
    Density: ("ket", "weighted"),
    BaseDensity: ("base",),
    TraceOut: ("density",),
    Pick: ("ket", "values"),
    BasisKet: ("values",),
    Mask: ("ket", "values"),
    Weight: ("ket", "weighted", "before"),
    Ratio: ("now", "before"),
    Certain: ("held", "weights"),
    WeightProduct: ("parts",),
    Amplitudes: ("re", "im"),
    LoadWhere: ("ket", "amplitudes"),
    Noise: ("density", "rates"),
    Paulis: ("ket", "weighted", "weight"),
    Observables: ("matrices",),
    Observed: ("density", "other", "observables", "weight"),
    Chances: ("ket", "weighted", "weight"),
    ExpectValue: ("observables",),
    ProbValue: ("parts",),
    NextBase: ("density", "weight"),
    NextKet: ("ket", "weight"),
}


def reads(step: Step) -> tuple[Slot, ...]:
    """The slots that a step needs, each once."""
    names = _SLOT_FIELDS.get(type(step), ())
    return tuple(dict.fromkeys(s for name in names for s in _slots(getattr(step, name))))


def _slots(value: object) -> Iterator[Slot]:
    match value:
        case int():
            yield value
        case Entry(slot=slot) | Use(table=slot) | MatrixUse(matrix=slot) | Start(starts=slot):
            yield slot
        case Angles(sources=sources) | Gates(angles=Angles(sources=sources)):
            yield from sources
        case ReadTerm(coefficient=coefficient, reads=found):
            yield from _slots(coefficient)
            yield from (slot for slot, _ in found)
        case tuple():
            for item in value:
                yield from _slots(item)
