"""The closed cell and the closed model: what elaboration leaves of a program.

A closed cell is one time step as a straight line of operations. Loops are unrolled, gates and
called cells inlined, shapes concrete, names resolved. An operation that yields a value is referred
to by its position, a `Ref`. Values are real arrays (float64); a label is an array of whole numbers.

Quantum operations act on **wires**. A wire is a qubit line: it begins at the cell's boundary (a
carried register) or at an `Alloc`, and ends at a `Discard` or at the boundary again. Bits are
written once: every `Measure` gives new ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from ..diagnostics.source import Span

Ref: TypeAlias = int
Wire: TypeAlias = int
Shape: TypeAlias = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Elem:
    """One entry of a value: flat C-order index `index` of the value `ref`."""

    ref: Ref
    index: int


Scalar: TypeAlias = float | Elem


# --- bit expressions -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Bit:
    """A measured or carried bit."""

    id: int


@dataclass(frozen=True, slots=True)
class BitConst:
    value: bool


@dataclass(frozen=True, slots=True)
class BitNot:
    a: BitExpr


@dataclass(frozen=True, slots=True)
class BitOp:
    op: Literal["and", "or", "xor"]
    a: BitExpr
    b: BitExpr


BitExpr: TypeAlias = "Bit | BitConst | BitNot | BitOp"


# --- classical operations --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Const:
    """A constant array; `values` in C order."""

    values: tuple[float, ...]
    shape: Shape


@dataclass(frozen=True, slots=True)
class Input:
    """This step's value of an input. `labels` is k for a `class[k]` input, else None."""

    name: str
    shape: Shape
    labels: int | None = None


@dataclass(frozen=True, slots=True)
class Param:
    """A trained or fixed array, by its full path (`forget.w`)."""

    name: str
    shape: Shape


@dataclass(frozen=True, slots=True)
class CarryIn:
    """The value of a carried real array as it was when the step began."""

    name: str
    shape: Shape


@dataclass(frozen=True, slots=True)
class Gather:
    """Entries `index` of the flattened, concatenated `sources`, as an array of `shape`.

    Indexing, slicing, transposing, reshaping, concatenating and stacking are all this.
    """

    sources: tuple[Ref, ...]
    index: tuple[int, ...]
    shape: Shape


@dataclass(frozen=True, slots=True)
class Call:
    """A classical function of values, by its name in `sema.functions.FUNCTIONS`."""

    fn: str
    args: tuple[Ref, ...]
    shape: Shape


@dataclass(frozen=True, slots=True)
class Extern:
    """A function bound from Python."""

    name: str
    args: tuple[Ref, ...]
    shape: Shape


# --- quantum operations ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Alloc:
    """New wires in |0…0⟩."""

    wires: tuple[Wire, ...]
    register: str = ""


@dataclass(frozen=True, slots=True)
class Discard:
    """Traces wires out; they are not used afterwards."""

    wires: tuple[Wire, ...]


@dataclass(frozen=True, slots=True)
class Gate:
    """A standard gate, with extra controls.

    `wires` are the extra controls first, one for each character of `ctrl` ("1": acts on |1⟩, "0":
    on |0⟩), then the gate's own operands in Qiskit's order (`cx`: control, target). `params` in
    radians. `gphase` without controls has no wires.
    """

    name: str
    params: tuple[Scalar, ...]
    wires: tuple[Wire, ...]
    ctrl: str = ""
    when: BitExpr | None = None


@dataclass(frozen=True, slots=True)
class Reset:
    """Each wire traced out and replaced by |0⟩."""

    wires: tuple[Wire, ...]
    when: BitExpr | None = None


@dataclass(frozen=True, slots=True)
class Measure:
    """Computational basis; `bits[i]` is new and belongs to `wires[i]`. `name` is for registers."""

    wires: tuple[Wire, ...]
    bits: tuple[int, ...]
    name: str = ""
    when: BitExpr | None = None


@dataclass(frozen=True, slots=True)
class Postselect:
    """Projects `wires[i]` on the bit `values[i]` (0 or 1) and renormalises.

    Its value, shape (), is the probability of the event.
    """

    wires: tuple[Wire, ...]
    values: tuple[Scalar, ...]
    when: BitExpr | None = None


@dataclass(frozen=True, slots=True)
class Prepare:
    """Amplitude encoding of normalize(re + i·im) on wires in |0…0⟩; wires[0] least significant."""

    wires: tuple[Wire, ...]
    re: Ref
    im: Ref | None = None
    when: BitExpr | None = None


@dataclass(frozen=True, slots=True)
class ApplyUnitary:
    """A fixed unitary by its path; its parameter has shape (2^n, 2^n, 2), last axis (re, im)."""

    name: str
    wires: tuple[Wire, ...]
    adjoint: bool = False
    ctrl: str = ""
    when: BitExpr | None = None


@dataclass(frozen=True, slots=True)
class Term:
    """`coefficient` × a product of Paulis, one (wire, "X"|"Y"|"Z") per wire; none: the identity."""

    coefficient: Scalar
    paulis: tuple[tuple[Wire, str], ...]


@dataclass(frozen=True, slots=True)
class Evolve:
    """exp(−i·time·Σ terms): exactly when `steps` is None, else its Trotter product."""

    terms: tuple[Term, ...]
    time: Scalar
    steps: int | None = None
    order: int = 1
    when: BitExpr | None = None


@dataclass(frozen=True, slots=True)
class Channel:
    """A noise channel of `language.md`, section 5.

    It acts on one wire; `depolarizing` may act on several together, which with probability p are
    replaced by the maximally mixed state.
    """

    name: str
    rates: tuple[Scalar, ...]
    wires: tuple[Wire, ...]
    when: BitExpr | None = None


@dataclass(frozen=True, slots=True)
class Barrier:
    wires: tuple[Wire, ...]


@dataclass(frozen=True, slots=True)
class Expect:
    """Ensemble expectations, one per observable, as an array of `shape`; the state is unchanged."""

    observables: tuple[tuple[Term, ...], ...]
    shape: Shape


@dataclass(frozen=True, slots=True)
class Prob:
    """Probabilities of reading `wires` (or `bits`) as an integer, wires[0] least significant.

    Shape (2^n,), or () when `value` names one outcome.
    """

    wires: tuple[Wire, ...]
    bits: tuple[BitExpr, ...] = ()
    value: int | None = None


ClassicalOp: TypeAlias = Const | Input | Param | CarryIn | Gather | Call | Extern
QuantumOp: TypeAlias = (
    Alloc
    | Discard
    | Gate
    | Reset
    | Measure
    | Postselect
    | Prepare
    | ApplyUnitary
    | Evolve
    | Channel
    | Barrier
)
ReadOp: TypeAlias = Expect | Prob
Op: TypeAlias = ClassicalOp | QuantumOp | ReadOp


# --- the boundary of a cell ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class QubitCarry:
    """A carried register: `wires` as the step begins, `out` the wires it continues on."""

    name: str
    wires: tuple[Wire, ...]
    out: tuple[Wire, ...]


@dataclass(frozen=True, slots=True)
class RealCarry:
    """A carried array. `initial` is a value of the cell's `init`, `out` one of its `ops`."""

    name: str
    shape: Shape
    initial: Ref
    out: Ref


@dataclass(frozen=True, slots=True)
class BitCarry:
    """Carried bits, 0 before the first step."""

    name: str
    bits: tuple[int, ...]
    out: tuple[BitExpr, ...]


Carry: TypeAlias = QubitCarry | RealCarry | BitCarry


@dataclass(frozen=True, slots=True)
class Output:
    name: str
    shape: Shape
    ref: Ref


@dataclass(frozen=True, slots=True)
class Port:
    """An input or target. `seq`: one value per step (always so for the inputs of a cell)."""

    name: str
    shape: Shape
    labels: int | None = None
    seq: bool = True
    doc: str = ""


@dataclass(frozen=True, slots=True)
class ParamSpec:
    """How a parameter starts.

    `start` is ("uniform", a, b), ("normal", mean, std), ("values", (v, …)) in C order with one
    entry meaning all equal, or ("haar",).
    """

    name: str
    shape: Shape
    trained: bool
    kind: Literal["real", "angle", "unitary"]
    start: tuple[object, ...]
    doc: str = ""
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class RegisterInfo:
    """A named register, for reports, drawings and circuits. `wires` as declared."""

    name: str
    role: Literal["carry", "fresh"]
    wires: tuple[Wire, ...]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an operation comes from: its place in the source, and the instance path."""

    span: Span | None
    scope: str = ""


@dataclass(frozen=True)
class ClosedCell:
    """One time step, closed. `ops[r]` computes the value `r`; `init` is a second, separate line

    that runs once before the first step: it may act on the carried wires and gives the carried
    reals their first value (`RealCarry.initial` refers into it).
    """

    name: str
    inputs: tuple[Port, ...]
    params: tuple[ParamSpec, ...]
    ops: tuple[Op, ...]
    origins: tuple[Origin, ...]
    outputs: tuple[Output, ...]
    carries: tuple[Carry, ...] = ()
    registers: tuple[RegisterInfo, ...] = ()
    init: tuple[Op, ...] = ()
    doc: str = ""


# --- models ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RunCell:
    """A cell applied to its inputs: along time if any argument is a sequence, else once.

    It has no array value itself: `CellOutput` reads one of its outputs.
    """

    instance: str
    cell: ClosedCell
    args: tuple[Ref, ...]  # in the order of cell.inputs


@dataclass(frozen=True, slots=True)
class CellOutput:
    run: Ref
    name: str


TimeFn: TypeAlias = Literal["last", "first", "skip", "reverse", "mean", "shift"]


@dataclass(frozen=True, slots=True)
class SeqFn:
    """A function over time: `last first skip reverse mean`. `k` None: a single step, not a seq."""

    fn: TimeFn
    arg: Ref
    k: int | None = None


@dataclass(frozen=True, slots=True)
class LossFn:
    """A loss or metric that reduces over batch, time and components to one number."""

    fn: str
    args: tuple[Ref, ...]


ModelOp: TypeAlias = (
    Const | Input | Param | Gather | Call | Extern | RunCell | CellOutput | SeqFn | LossFn
)


@dataclass(frozen=True, slots=True)
class ValueType:
    """Type of a model value: component shape, whether it has one value per step, and whether it

    differs from sample to sample (`batch`; parameters and reduced losses do not).
    """

    shape: Shape
    seq: bool
    batch: bool


@dataclass(frozen=True, slots=True)
class ModelOutput:
    name: str
    shape: Shape
    seq: bool
    ref: Ref


@dataclass(frozen=True, slots=True)
class Setting:
    """A value in a `data` or `train` block: a call `name(args, key = …)`, or a plain value.

    `value`: int, float, bool, str, a tuple of settings, or None when it is a call.
    """

    span: Span
    value: object = None
    call: str | None = None
    args: tuple[Setting, ...] = ()
    kwargs: tuple[tuple[str, Setting], ...] = ()


@dataclass(frozen=True)
class DataBlock:
    """`columns` are the bindings of inputs and targets, `options` the rest."""

    source: Setting  # a call: csv("…"), npz("…"), series.NAME(…)
    columns: tuple[tuple[str, Setting], ...]
    options: tuple[tuple[str, Setting], ...]


@dataclass(frozen=True)
class TrainBlock:
    options: tuple[tuple[str, Setting], ...]


@dataclass(frozen=True)
class ClosedModel:
    """A model, closed: a straight line of operations on whole sequences.

    `ops[r]` computes value `r` with type `types[r]`. `Input` operations stand for inputs and
    targets alike. `loss` and `metrics` refer to values without component axes.
    """

    name: str
    inputs: tuple[Port, ...]
    targets: tuple[Port, ...]
    params: tuple[ParamSpec, ...]
    ops: tuple[ModelOp, ...]
    types: tuple[ValueType, ...]
    outputs: tuple[ModelOutput, ...]
    loss: Ref | None = None
    metrics: tuple[tuple[str, Ref], ...] = ()
    data: DataBlock | None = None
    train: TrainBlock | None = None
    doc: str = ""
