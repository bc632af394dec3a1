"""A model run from shots: on Qiskit Aer, on a simulated device or on a real one."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial, reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..diagnostics import DataError
from . import arrays
from .files import as_path
from .progress import Bar

if TYPE_CHECKING:
    from .executor import Executor
    from .model import Fresh, Model
    from .shots.device import Device
    from .shots.folding import Fit
    from .shots.machine import Machine

Floats = NDArray[np.float64]


class Outputs(dict[str, Floats]):
    """Outputs by name, with what shots add to them.

    `std_error`: by name, of the same shape. `success`: by postselection, the share of shots that
    passed it, of those that came so far, averaged over the batch; several with no read-out between
    them are one, under the name of the last. `circuits`: how many were run, each with its own
    angles; `templates`: how many they were made from; `jobs`: in how many jobs.
    """

    def __init__(
        self,
        values: Mapping[str, Floats],
        std_error: Mapping[str, Floats],
        success: Mapping[str, float],
        circuits: int,
        templates: int = 0,
        jobs: int = 0,
    ):
        super().__init__(values)
        self.std_error = dict(std_error)
        self.success = dict(success)
        self.circuits = circuits
        self.templates = templates
        self.jobs = jobs


def run_sampled(
    model: Model,
    params: Mapping[str, Any],
    x: Any,
    *,
    backend: Any,
    shots: int,
    seed: int | None,
    steps: int | None,
    fresh: Fresh,
    jobs: str | Path | None = None,
    progress: bool = False,
    zne: Sequence[int] | None = None,
    fit: Fit = "linear",
    readout: bool = False,
    decoupling: bool = False,
    executor: Executor | None = None,
) -> Outputs:
    """See `Model.run`."""
    from .shots.folding import checked_scales, weights

    shots = arrays.whole("shots", shots)
    if seed is not None:
        seed = arrays.whole("seed", seed, 0)
    if jobs is not None:
        jobs = as_path("jobs", jobs, "a folder")
    given, inputs = model.runner.params(params), model.runner.inputs(x, steps)
    seqs = [p.name for p in model.closed.inputs if p.seq]
    steps = inputs[seqs[0]].shape[1] if seqs else (steps or 1)
    size = len(next(iter(inputs.values()))) if inputs else 1
    given_backend = named(backend)
    made = machine(model, given, steps, fresh, judged=False, noise=samples_noise(given_backend))
    scales = (1,) if zne is None else checked_scales(zne)
    shares = weights(scales, fit)
    if len(made.rounds) > 1:
        print(f"note: {cost(made, size)}", file=sys.stderr, flush=True)
    place = workers_for(backend, given_backend, executor)
    with Bar("circuit", size * len(made.uses), progress, lines=False) as bar:
        tell = partial(_told, bar) if progress else None
        found = [
            _evaluated(
                model,
                made,
                given,
                inputs,
                size,
                device_of(given_backend, seed, jobs, tell, s, readout, decoupling, place),
                shots,
            )
            for s in scales
        ]
    return _extrapolated(found, shares)


def _evaluated(
    model: Model,
    made: Machine,
    params: Mapping[str, Any],
    inputs: Mapping[str, Any],
    size: int,
    device: Device,
    shots: int,
) -> Outputs:
    from .shots.device import Counting
    from .shots.errors import Errors
    from .shots.machine import ENOUGH

    counting = Counting(device)
    measured = made.measure(params, inputs, size, counting, shots, ENOUGH)
    found = made.compiled_outputs(params, inputs, measured.means)
    names = [o.name for o in model.closed.outputs]
    values = {n: np.asarray(found[n], dtype=np.float64) for n in names}
    for name, value in values.items():
        if not np.isfinite(value).all():
            sample = int(np.argwhere(~np.isfinite(value))[0][0])
            raise DataError(
                f"output `{name}` of sample {sample} is not a number: "
                "what was measured lies outside the domain of a function"
            )
    return Outputs(
        values,
        Errors(made, model.externs).of(params, inputs, measured),
        made.success(measured.means),
        counting.tally.circuits,
        len(counting.tally.templates),
        counting.tally.jobs,
    )


def _extrapolated(found: Sequence[Outputs], shares: Floats) -> Outputs:
    """Σ share × outputs of each scale of the noise; the shots of scales are independent."""
    if len(found) == 1:
        return found[0]
    first = found[0]
    return Outputs(
        {n: sum(w * f[n] for w, f in zip(shares, found, strict=True)) for n in first},
        {
            n: np.sqrt(sum((w * f.std_error[n]) ** 2 for w, f in zip(shares, found, strict=True)))
            for n in first
        },
        first.success,
        sum(f.circuits for f in found),
        sum(f.templates for f in found),
        sum(f.jobs for f in found),
    )


def machine(
    model: Model,
    params: Mapping[str, Any],
    steps: int,
    fresh: Fresh,
    judged: bool = True,
    noise: bool = True,
) -> Machine:
    """The model's circuits at a number of steps, made once for all parameters and inputs.

    Without `judged` for its outputs alone, whatever its loss and metrics read. `noise`: channels
    are sampled, by gates on ancillas; otherwise they are an error.
    """
    from .shots.machine import Machine

    fixed = {p.name: np.asarray(params[p.name]) for p in model.closed.params if not p.trained}
    key = (steps, fresh, judged, noise, *(v.tobytes() for v in fixed.values()))
    kept: dict[Any, Machine] = model.runner.machines
    if key not in kept:
        closed = model.closed if judged else replace(model.closed, loss=None, metrics=())
        if noise:
            from ..targets.noise.dilation import dilated_model

            closed = dilated_model(closed)
        kept[key] = Machine(closed, steps, fixed, model.externs, fresh)
    return kept[key]


def device_of(
    backend: Any,
    seed: int | None = None,
    jobs: str | Path | None = None,
    tell: Callable[[int, int], None] | None = None,
    scale: int = 1,
    readout: bool = False,
    decoupling: bool = False,
    place: tuple[str, Executor] | None = None,
) -> Device:
    """What runs circuits: a backend, the name of one, None for Aer, or a `Device` as it is.

    `scale`: of its noise, by folding. `readout`: with its readout errors taken back. `decoupling`:
    with pulses on qubits that wait. `place`: the name that workers know the backend by, and what
    carries out its jobs; see `workers_for`.
    """
    from .shots import decoupling as pulses
    from .shots.backend import Backend
    from .shots.folding import folding
    from .shots.ledger import Ledger
    from .shots.readout import need_mthree

    backend = named(backend)
    if backend is not None and not hasattr(backend, "target"):
        if not hasattr(backend, "run"):
            raise TypeError(f"backend is a Qiskit BackendV2 or the name of one, not {backend!r}")
        if scale != 1 or readout or decoupling:
            raise TypeError("error mitigation needs a Qiskit BackendV2, or the name of one")
        device: Device = backend
        return device
    if readout:
        need_mthree()
    made = Backend(backend, seed, None if jobs is None else Ledger(Path(jobs)), tell)
    made.readout = readout
    if place is not None:
        made.name, made.executor = place
    steps = [folding(scale, made.backend)] if scale != 1 else []
    steps += [pulses.decoupling(made.backend)] if decoupling else []
    if steps:
        made.marks = f"folded {scale}" + ", decoupled" * decoupling
        made.prepare = lambda circuit: reduce(lambda c, step: step(c), steps, circuit)
    return made


def workers_for(given: Any, backend: Any, executor: Executor | None) -> tuple[str, Executor] | None:
    """The name by which an executor's workers make a backend again, with the executor.

    None without one, and for what they cannot have: jobs go out from this process then, which is
    said. `given` is what the user gave, `backend` what that is.
    """
    from .shots.facts import facts_of

    if executor is None:
        return None
    if isinstance(given, str | None) and (backend is None or facts_of(backend).local):
        return given or "aer", executor
    name = getattr(backend, "name", type(backend).__name__)
    why = "is an object of this process" if not isinstance(given, str) else "has jobs of its own"
    print(
        f"note: backend `{name}` {why}: its jobs go out from here, not from {executor.name}; "
        "workers take simulators that are given by name",
        file=sys.stderr,
        flush=True,
    )
    return None


def named(backend: Any) -> Any:
    """A backend by its name; anything else as it is."""
    if not isinstance(backend, str):
        return backend
    from ..targets.devices import backend_by_name

    return backend_by_name(backend)


def samples_noise(backend: Any) -> bool:
    """Whether a program's channels are sampled there: on simulators; a device has its own noise."""
    from .shots.facts import facts_of

    return backend is None or not hasattr(backend, "target") or facts_of(backend).everything


def cost(machine: Machine, batch: int) -> str:
    """What an evaluation takes, in words, before it starts."""
    n = batch * len(machine.uses)
    text = f"{n} circuit{'s' if n != 1 else ''} from {_templates(machine)}"
    rounds = len(machine.rounds)
    return (
        text if rounds < 2 else f"{text}, in {rounds} rounds: each needs what was measured before"
    )


def _templates(machine: Machine) -> str:
    n = len(machine.stencils)
    return f"{n} template{'s' if n != 1 else ''}"


def _told(bar: Bar, done: int, total: int) -> None:
    bar.at(done, total=total)
