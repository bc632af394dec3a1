"""What the rest of the project calls: circuits, their parameters, and counts."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from numpy.typing import ArrayLike

from ..diagnostics import Diagnostic
from ..passes import LEVELS, Settings, Watch
from ..sema.closed import ClosedModel
from .binding import bind
from .classical import Externs
from .errors import target_error
from .layout import Fresh
from .pause import uncollected
from .symbols import Read
from .unroll import Device, Unrolled

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

Arrays = Mapping[str, ArrayLike]


class Options(TypedDict, total=False):
    """fixed: the `fixed` values, where `params` does not hold them.

    drop_noise: leave noise channels out instead of refusing them. externs: `extern def` functions.
    reads: read-outs already measured, for evaluating an ensemble feedback step by step. optimize:
    0 to 3, what the compiler does to a step (see `docs/compiler.md`). watch: told of every pass.

    backend: a Qiskit `BackendV2`, or the name of one (`devices.backend_by_name`): the circuit is
    placed and routed on it, one step for all. budget: of that search, about in seconds; the same
    number gives the same circuit; None: 5 at level 3, 0.05 below. search_seed: its seed. tell:
    called with its work so far and the work allowed. report: called with what the metadata's
    `device` holds. warn: called with W0601 for outputs that take other circuits.
    """

    fixed: Arrays | None
    drop_noise: bool
    externs: Externs | None
    reads: Mapping[Read, float] | None
    optimize: int
    watch: tuple[Watch, ...]
    backend: Any
    budget: float | None
    search_seed: int
    tell: Callable[[int, int], None] | None
    report: Callable[[Mapping[str, Any]], None] | None
    warn: Callable[[Diagnostic], None] | None


#: How long to search for a place on a device, by level, about in seconds.
BUDGETS = {0: 0.05, 1: 0.05, 2: 0.05, 3: 5.0}


def unroll(
    model: ClosedModel,
    steps: int,
    params: Arrays | None = None,
    inputs: Arrays | None = None,
    fresh: Fresh = "reuse",
    **options: Unpack[Options],
) -> Unrolled:
    """A model over `steps` steps, with what is bound. See `to_qiskit` for the arguments."""
    wrong = ", ".join(f"`{name}`" for name in options if name not in Options.__annotations__)
    if wrong:
        raise TypeError(f"unexpected argument {wrong}")
    if not isinstance(fresh, str) or fresh not in ("reuse", "expand"):
        raise ValueError(f'fresh must be "reuse" or "expand", not {fresh!r}')
    binding = bind(
        model,
        steps,
        params,
        inputs,
        options.get("fixed"),
        options.get("externs"),
        options.get("reads"),
    )
    level = options.get("optimize", 1)
    if not isinstance(level, int) or level not in LEVELS:
        raise ValueError(f"optimize must be 0, 1, 2 or 3, not {level!r}")
    device = None
    if options.get("backend") is not None:
        device = _device(fresh, level, **options)
    settings = Settings(level, options.get("watch", ()))
    made = Unrolled(model, binding, fresh, options.get("drop_noise", False), settings, device)
    made.warn = options.get("warn")
    return made


def _device(fresh: Fresh, level: int, **options: Unpack[Options]) -> Device:
    backend, budget = options["backend"], options.get("budget")
    if budget is None:
        budget = BUDGETS[level]
    if not 0 <= budget < 1e6:
        raise ValueError(f"budget must be seconds from 0, not {budget!r}")
    if isinstance(backend, str):
        from .devices import backend_by_name

        backend = backend_by_name(backend)
    if fresh == "expand":
        raise target_error(
            "E0612",
            f"backend `{backend.name}` gets one step that repeats, so fresh qubits are reused",
            help='leave `fresh` at "reuse", or compile without a backend and transpile with Qiskit',
        )
    return Device(
        backend,
        budget,
        options.get("search_seed", 0),
        options.get("tell"),
        report=options.get("report"),
    )


@uncollected()
def to_qiskit(
    model: ClosedModel,
    steps: int,
    params: Arrays | None = None,
    inputs: Arrays | None = None,
    fresh: Fresh = "reuse",
    **options: Unpack[Options],
) -> QuantumCircuit:
    """One circuit over all steps, with every output that one circuit can give.

    Args:
        params: arrays by parameter path. What is missing stays a `ParameterVector` (a `Parameter`
            for a scalar), except `fixed` values, which must be here or in `fixed`.
        inputs: by input name, (T, *shape) with T ≥ steps; (*shape) for one that is not a sequence.
        fresh: "reuse" resets the qubits of `fresh` registers, "expand" takes new ones.

    Raises:
        CompileError: E0601 to E0606, for what a circuit cannot express.
        ValueError: wrong names or shapes.
        DataError: data outside the domain of a function.
    """
    from .qiskit_circuit import circuit_of

    unrolled = unroll(model, steps, params, inputs, fresh, **options)
    return circuit_of(unrolled.programs([unrolled.whole()])[0])


@uncollected()
def circuits(
    model: ClosedModel,
    steps: int,
    params: Arrays | None = None,
    inputs: Arrays | None = None,
    fresh: Fresh = "reuse",
    **options: Unpack[Options],
) -> list[QuantumCircuit]:
    """All circuits that a full evaluation needs, the one of `to_qiskit` first if it gives anything.

    An output that needs several is the sum of its parts: the metadata of each holds the terms that
    it gives, and `"part": [i, n]`.
    """
    from .qiskit_circuit import circuit_of

    unrolled = unroll(model, steps, params, inputs, fresh, **options)
    return [circuit_of(p) for p in unrolled.programs(unrolled.full())]


@uncollected()
def qasm3_text(
    model: ClosedModel,
    steps: int,
    params: Arrays | None = None,
    inputs: Arrays | None = None,
    fresh: Fresh = "reuse",
    rolled: bool = False,
    **options: Unpack[Options],
) -> str:
    """The circuit of `to_qiskit` as OpenQASM 3; unbound data are `input float[64]` declarations.

    `rolled`: a loop over time, with one register array per output; E0610 for what OpenQASM 3 cannot
    compute in it.
    """
    if not rolled:
        from .qasm3 import qasm3

        unrolled = unroll(model, steps, params, inputs, fresh, **options)
        return qasm3(unrolled.programs([unrolled.whole()])[0])
    if options.get("backend") is not None:
        raise target_error(
            "E0612",
            "a loop over the steps has no backend",
            help="leave `rolled` away, or the backend",
        )
    if fresh != "reuse":
        raise ValueError('a loop reuses its qubits: fresh must be "reuse" when rolled')
    from .rolled import qasm3_rolled

    given = unroll(model, steps, params, inputs, fresh, **options)
    binding = replace(given.binding, inputs={}, rolled=True)
    return qasm3_rolled(replace(given, binding=binding), given.binding.inputs)


@uncollected()
def qasm2_text(
    model: ClosedModel,
    steps: int,
    params: Arrays | None = None,
    inputs: Arrays | None = None,
    fresh: Fresh = "reuse",
    **options: Unpack[Options],
) -> str:
    """The circuit of `to_qiskit` as OpenQASM 2; parameters and inputs must be bound (E0608)."""
    from .qasm2 import qasm2

    unrolled = unroll(model, steps, params, inputs, fresh, **options)
    if unrolled.device is not None:  # conditions on single bits of registers cannot be said
        unrolled.device = replace(unrolled.device, dynamic=False)
    return qasm2(unrolled.programs([unrolled.whole()])[0])


def parameter_order(model: ClosedModel, steps: int, **options: Unpack[Options]) -> list[str]:
    """The names of `to_qiskit(model, steps).parameters`, in their order."""
    return [p.name for p in to_qiskit(model, steps, **options).parameters]


def to_qpy_bytes(circuit: QuantumCircuit | list[QuantumCircuit]) -> bytes:
    """Circuits in Qiskit's binary format."""
    from qiskit import qpy

    out = io.BytesIO()
    qpy.dump(circuit, out)
    return out.getvalue()


def circuit_stats(
    model: ClosedModel,
    steps: int,
    params: Arrays | None = None,
    inputs: Arrays | None = None,
    fresh: Fresh = "reuse",
    **options: Unpack[Options],
) -> dict[str, Any]:
    """`qubits depth gates two_qubit` of the whole circuit, and `circuits` per full evaluation.

    `gates` counts operations by name, `measurements` is `describe.measurement_plan`.
    """
    from .describe import measurement_plan
    from .qiskit_circuit import circuit_of

    unrolled = unroll(model, steps, params, inputs, fresh, **options)
    circuit = circuit_of(unrolled.programs([unrolled.whole()])[0].shape())
    measurements = measurement_plan(unrolled)
    return {
        "qubits": circuit.num_qubits,
        "depth": circuit.depth(),
        "gates": dict(sorted(circuit.count_ops().items())),
        "two_qubit": circuit.num_nonlocal_gates(),
        "circuits": sum(kind["circuits"] for kind in measurements),
        "measurements": measurements,
    }
