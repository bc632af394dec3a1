"""The model as a user holds it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..sema import Program
from ..sema.closed import ClosedModel
from . import arrays
from .externs import declared
from .init import init
from .running import Batch, Runner

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from .data import Dataset, Scale
    from .executor import Executor
    from .sampled import Outputs
    from .training import Run
    from .trajectories import Sampled

Array = NDArray[Any]
Params = Mapping[str, Any]
Fresh = Literal["reuse", "expand"]


class Model:
    """A compiled model: initial parameters, outputs, gradients, training, circuits.

    Made by `load`, `loads` and `open`. Arrays are NumPy in, NumPy out, with the batch axis first
    and the time axis second.
    """

    def __init__(
        self,
        program: Program,
        folder: Path | None,
        precision: Literal["float64", "float32"],
        externs: Mapping[str, Callable[..., Any]],
    ):
        self.program = program
        self.closed: ClosedModel = program.model
        self.folder = folder
        self.precision = precision
        self.externs = declared(program, externs)
        self.runner = Runner(program.model, precision, self.externs)
        #: How the data block scaled inputs and targets; set when its data are read.
        self.scales: dict[str, Scale] = {}
        #: The name of the device whose noise is in it; see `noisy`.
        self.noise: str | None = None

    def __repr__(self) -> str:
        inputs = ", ".join(p.name for p in self.closed.inputs)
        outputs = ", ".join(o.name for o in self.closed.outputs)
        size = sum(int(np.prod(s.shape)) for s in self.closed.params if s.trained)
        return f"<Model {self.closed.name}({inputs}) -> {outputs}, {size} parameters>"

    def __reduce__(self) -> tuple[Any, ...]:
        """Copies get the source, and compile it. Raises TypeError with `extern` functions

        or a device's noise.
        """
        from .load import unpickled

        if self.externs:
            raise TypeError("a model with `extern` functions cannot be copied or sent")
        if self.noise is not None:
            raise TypeError("a model with the noise of a device cannot be copied or sent")
        p = self.program
        texts = (p.text, dict(p.imports), p.entry, dict(p.hyper), self.precision)
        return unpickled, (*texts, f"{p.entry}.qrnn", self.folder, self.scales)

    # --- parameters -------------------------------------------------------------------------------

    def init(self, seed: int = 0) -> dict[str, Array]:
        """Starting values by parameter path, float64; `fixed` values are drawn by the same rule."""
        return dict(init(self.closed.params, arrays.whole("seed", seed, 0)))

    @property
    def executable(self) -> Any:
        """The exact engine's form of the model, built when first needed."""
        return self.runner.executable

    @property
    def trained(self) -> frozenset[str]:
        """The paths of trained parameters."""
        return self.runner.trained

    # --- running ----------------------------------------------------------------------------------

    def apply(
        self, params: Params, x: Any = None, lengths: Any = None, steps: int | None = None
    ) -> dict[str, Any]:
        """Outputs as a pure, traceable function: `jax.jit`, `grad` and `vmap` work on it.

        Values are not checked: one outside the domain of a function gives NaN in its sample.
        """
        shaped = arrays.shaped("input", self.closed.inputs, {} if x is None else x)
        arrays.names_of_params(self.closed, params)
        found: dict[str, Any] = self.runner.executable.apply(params, shaped, lengths, steps)
        return found

    def __call__(
        self,
        params: Params,
        x: Any = None,
        lengths: Any = None,
        state: Any = None,
        return_state: bool = False,
        steps: int | None = None,
    ) -> Any:
        """Outputs by name: (batch, steps, …), or (batch, …) where the model says `last(…)`.

        Args:
            x: inputs, (batch, steps, …), or a dict by name.
            lengths: steps of each sequence that count, (batch,); known where x is a list of
                sequences of different length.
            state: the state to start from, as `return_state` or `step` gave it.
            return_state: give (outputs, state after the last step).
            steps: how many steps to run a model that has no input.

        Raises ValueError for wrong names and shapes, DataError for values that are not finite or
        outside the domain of a function.
        """
        x, lengths = arrays.evened("input", self.closed.inputs, x, lengths)
        checked, inputs = self.runner.params(params), self.runner.inputs(x, steps)
        sizes = self.runner.lengths(inputs, lengths)
        if state is None and not return_state:
            return self.runner.outputs(checked, inputs, sizes, steps)
        outputs, after = self.runner.outputs_and_state(checked, inputs, state, sizes, steps)
        return (outputs, after) if return_state else outputs

    def step(
        self, params: Params, x: Any = None, state: Any = None
    ) -> tuple[dict[str, Array], Any]:
        """One step: inputs (batch, …) without the axis of steps; gives outputs and the new state.

        `state` None: the state before the first step.
        """
        return self.runner.step(self.runner.params(params), x, state)

    def states(self, params: Params, x: Any = None, steps: int | None = None) -> dict[str, Array]:
        """What is carried after every step, by path: (batch, steps, …).

        A register is its density matrix (2^n, 2^n), q[0] least significant, and several of an
        instance stand together under `a+b`, too; bits are probabilities (2^n,), reals as declared.
        """
        from .states import named_states

        checked, inputs = self.runner.params(params), self.runner.inputs(x, steps)
        return named_states(self.closed, self.runner.states(checked, inputs, steps))

    def value_and_grad(
        self, params: Params, x: Any, y: Any = None, lengths: Any = None
    ) -> tuple[float, dict[str, Array]]:
        """The model's loss on a batch, and its gradient for every trained parameter.

        `lengths`: steps of each sequence that count, (batch,). Raises ValueError without a loss.
        """
        self.need_loss()
        return self.runner.value_and_grad(self.runner.params(params), self.batch(x, y, lengths))

    def batch(self, x: Any, y: Any, lengths: Any = None) -> Batch:
        """Checked inputs, targets and lengths of a batch, by name."""
        return self.runner.batch(x, y, lengths)

    def need_loss(self) -> None:
        """Raises ValueError for a model without a loss."""
        if self.closed.loss is None:
            raise ValueError(
                f"`{self.closed.name}` has no loss: add `loss mse(prediction, target);` to a model"
            )

    def rollout(
        self,
        params: Params,
        prime: Any,
        steps: int,
        feed: Callable[[dict[str, Array]], Any] | None = None,
        seed: int | None = None,
    ) -> dict[str, Array]:
        """Outputs of `steps` steps, (batch, steps, …): the first is that of the prime's last step,

        each of the others follows from the output before it, fed back as input.

        The one output of the input's shape is fed back, or `feed(outputs of the step)`, which gives
        the next input (a dict by name where there are several). Models with functions over time,
        such as `last`, slide the prime's window. Probabilities of a label or of bits are fed back
        as their likeliest outcome, with `seed` as one that is drawn. Raises ValueError when it is
        not clear what to feed back.
        """
        from .rollout import rollout

        return rollout(self, params, prime, steps, feed, seed)

    def run(
        self,
        params: Params,
        x: Any = None,
        backend: Any = None,
        shots: int | None = 4096,
        seed: int | None = None,
        steps: int | None = None,
        fresh: Fresh = "reuse",
        jobs: str | Path | None = None,
        progress: bool = False,
        zne: Sequence[int] | None = None,
        fit: Literal["linear", "richardson"] = "linear",
        readout: bool = False,
        decoupling: bool = False,
        executor: Executor | None = None,
    ) -> Outputs:
        """Outputs from shots, shaped as `model(params, x)`, with `.std_error` by name.

        All sequences go out together, as sets of angles of the same few circuits.

        Args:
            backend: any Qiskit BackendV2, or the name of one (`qrnnc run --backend`); None is
                Qiskit Aer.
            shots: of every circuit.
            seed: of the transpiler and, on simulators, of the shots.
            fresh: "reuse" resets the qubits of `fresh` registers, "expand" takes new ones.
            jobs: a folder that keeps every job and its result. The same call, made again after an
                interruption, takes up what is there.
            progress: show on a terminal how many circuits are done.
            zne: zero-noise extrapolation: scales of the noise, odd numbers such as (1, 3, 5), each
                a run of its own; `fit` is how outputs are taken back to no noise.
            readout: take back the flips of measured bits, by two calibration circuits and mthree
                (`pip install 'qrnnlang[mitigation]'`).
            decoupling: pulses on qubits that wait, where the backend says how long its gates last.
            executor: what carries out the jobs of a simulator that is given by name, as
                `runtime.executor.connect(workers=4)` gives it; default: this process. Results are
                the same.

        Raises CompileError for what a circuit, or the backend, cannot express; RunError when a
        backend keeps failing, or a job ends its workers; ExecutorError when the executor cannot go
        on; DataError when no shot passes a postselection.
        """
        from .sampled import run_sampled

        if shots is None:
            raise ValueError("shots is a number; exact values come from `model(params, x)`")
        return run_sampled(
            self,
            params,
            x,
            backend=backend,
            shots=shots,
            seed=seed,
            steps=steps,
            fresh=fresh,
            jobs=jobs,
            progress=progress,
            zne=zne,
            fit=fit,
            readout=readout,
            decoupling=decoupling,
            executor=executor,
        )

    def noisy(self, backend: Any) -> Model:
        """The same model on a noisy device, exactly: density matrices, with gradients.

        Its gates are those of the backend, every one followed by depolarising and relaxation, and
        its reads are wrong as often as the backend's; docs/devices.md says how. Parameters, inputs
        and outputs are the model's own; what `save` writes is the model without the noise.

        Args:
            backend: a Qiskit BackendV2, or the name of one.

        Raises CompileError for a backend that says nothing about its errors, and for what a circuit
        cannot express; ValueError for a model with noise of a device.
        """
        from .noisy import noisy

        return noisy(self, backend)

    def trajectories(
        self,
        params: Params,
        x: Any = None,
        count: int = 1000,
        seed: int = 0,
        lengths: Any = None,
        steps: int | None = None,
    ) -> Sampled:
        """Outputs from sampled quantum trajectories, as `model(params, x)` has them, with errors.

        For cells whose density matrix does not fit in memory: a trajectory is a state vector.
        `.std_error` holds the standard errors by name.

        Args:
            count: trajectories of every sequence.
            seed: the same seed gives the same outputs.
            lengths, steps: as for `model(params, x)`.

        Raises ValueError and DataError as `model(params, x)`, CompileError when the state vectors
        do not fit in memory either.
        """
        from .trajectories import trajectories

        return trajectories(self, params, x, count, seed, lengths, steps)

    # --- training ---------------------------------------------------------------------------------

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        *,
        validation: Any = None,
        test: Any = None,
        epochs: int | None = None,
        batch: int | None = None,
        optimizer: Any = None,
        lr: float | None = None,
        schedule: Any = None,
        seed: int | None = None,
        seeds: int | Iterable[int] | None = None,
        clip: float | None = None,
        clip_value: float | None = None,
        patience: int | None = None,
        shuffle: bool | None = None,
        lengths: Any = None,
        params: Params | None = None,
        data: Dataset | None = None,
        progress: bool | Callable[[dict[str, float]], None] = True,
        checkpoint: str | Path | None = None,
        checkpoint_every: float = 30.0,
        resume: bool = False,
        callbacks: Iterable[Any] = (),
        backend: Any = None,
        shots: int | None = None,
        jobs: str | Path | None = None,
        shot_budget: int | None = None,
        noise_from: Any = None,
        executor: Executor | None = None,
    ) -> Run:
        """Trains; every option defaults to the file's `train` block.

        Args:
            x, y: inputs and targets, (batch, steps, …), or dicts by name; from the file's `data`
                block when both are left out.
            validation, test: (x, y) or (x, y, lengths). With validation, the parameters of its best
                epoch are kept, else those of the last.
            optimizer: a name, (name, arguments), or an optax transformation; `schedule` likewise.
            seeds: how many seeds to train from, `seed` the first, or a list of them: all at once,
                each as it would alone; the best is given back, with the others (`Run.runs`).
            clip: bound of the gradient's global norm; `clip_value`: of each of its elements.
            patience: epochs without a better validation loss (training loss without validation)
                after which training stops.
            shuffle: whether the order of the training samples changes every epoch.
            lengths: steps of each training sequence that count; known where x is a list of
                sequences of different length.
            params: start values, all or some; the rest is drawn from the seed.
            data: a `Dataset` in place of x and y.
            progress: show epochs on standard error, or a function that gets each epoch's values.
            checkpoint: a folder for the run's files; `resume` goes on from the checkpoint in it,
                bit for bit. One is written every `checkpoint_every` seconds, for a better
                validation loss, and at the end.
            callbacks: objects with any of `on_start(info)`, `on_epoch(epoch, metrics)`,
                `on_parameters(epoch, parameters)`, `on_end(run)` and `on_error(error)`; see
                `runtime.training.callbacks`.
            backend: a Qiskit BackendV2 or the name of one: losses and gradients come from circuits
                on it, by parameter shifts, or by SPSA where that is the optimizer. `shots`: of
                every circuit, 1024 by default; `jobs`: a folder that keeps every job, by default
                `jobs` beside the checkpoint; `shot_budget`: of the whole run, which ends before an
                update that it is not enough for; `executor`: as for `run`.
            noise_from: a Qiskit BackendV2 or the name of one: losses and gradients are those of
                `noisy(noise_from)`, exactly. Metrics are too.

        Raises:
            ValueError: wrong arguments, shapes or names; a model without a loss.
            CompileError: wrong values in the file's blocks.
            DataError: data that cannot be read, are not finite or outside a domain.
            TrainingError: a loss that stops being finite, with the last good parameters.
        """
        from .fit import OPTIONS, Given, OnBackend, Place, fit

        given = {name: value for name, value in locals().items() if name in OPTIONS}
        place = Place(progress, checkpoint, resume, checkpoint_every, callbacks)
        of_backends = {
            "shots": shots,
            "jobs": jobs,
            "shot_budget": shot_budget,
            "executor": executor,
        }
        said = next((name for name, value in of_backends.items() if value is not None), None)
        if backend is None and said is not None:
            raise ValueError(
                f"{said}= is for training on a backend: give backend=, or leave it out"
            )
        device = None
        if backend is not None:
            each = 1024 if shots is None else shots
            device = OnBackend(backend, each, jobs, shot_budget, executor)
        data_given = Given(x, y, lengths, validation, test, data)
        if noise_from is None:
            return fit(self, data_given, params, given, seeds, place, device)
        if device is not None:
            raise ValueError("a backend has noise of its own: give backend= or noise_from=")
        noisy = self.noisy(noise_from)
        run = fit(noisy, data_given, params, given, seeds, place)
        self.scales = noisy.scales
        return run

    def data(self, source: str | Path | None = None) -> Dataset:
        """The data of the file's `data` block; `source`, a CSV or NPZ file, replaces its own."""
        from .fit import block_data

        return block_data(self, source)

    def known_scales(self) -> dict[str, Scale]:
        """`scales`; where the data block scales and its data were not read yet, they are now.

        Data that cannot be read leave the scales unknown, with a warning.
        """
        from .fit import scales_of

        return scales_of(self)

    # --- circuits ---------------------------------------------------------------------------------

    def to_qiskit(
        self,
        steps: int,
        params: Params | None = None,
        x: Any = None,
        fresh: Fresh = "reuse",
        **options: Any,
    ) -> QuantumCircuit:
        """One Qiskit circuit over `steps` steps; `x` is one sequence, (steps, …).

        What is not given stays a parameter; docs/circuits.md lays down registers, names and
        metadata. Raises CompileError E06xx for what a circuit cannot express.
        """
        from .circuits import to_qiskit

        return to_qiskit(self, steps, params, x, fresh=fresh, **options)

    def to_qasm(
        self,
        version: Literal[2, 3] = 3,
        steps: int = 1,
        params: Params | None = None,
        x: Any = None,
        fresh: Fresh = "reuse",
        rolled: bool = False,
        **options: Any,
    ) -> str:
        """The circuit of `to_qiskit` as OpenQASM text; `rolled`: as a loop, version 3 only."""
        from .circuits import to_qasm

        return to_qasm(self, version, steps, params, x, rolled, fresh=fresh, **options)

    def circuits(
        self, steps: int, params: Params | None = None, x: Any = None, **options: Any
    ) -> list[QuantumCircuit]:
        """All circuits that a full evaluation of `steps` steps needs."""
        from .circuits import circuits

        return circuits(self, steps, params, x, **options)

    def parameter_order(self, steps: int) -> list[str]:
        """The names of the parameters of `to_qiskit(steps)`, in their order."""
        from .circuits import parameter_order

        return parameter_order(self, steps)

    def draw(self, path: str | Path | None = None) -> str:
        """The cells as a picture: SVG text, also written to `path` (.svg, .png or .txt)."""
        from .drawing import draw

        return draw(self, path)

    def _repr_svg_(self) -> str:
        """What a notebook shows where it shows no HTML."""
        return self.draw()

    def _repr_html_(self) -> str:
        """What a notebook shows: the model in one line, and the picture of its cells."""
        from html import escape

        return f"<div><code>{escape(repr(self)[1:-1])}</code></div>{self.draw()}"

    # --- the rest ---------------------------------------------------------------------------------

    def info(self, steps: int = 10) -> dict[str, Any]:
        """Parameters, qubits, depth, gate counts, circuits per evaluation and the engine's plan."""
        from .info import info

        return info(self, steps)

    def save(
        self, path: str | Path, params: Params, metrics: Mapping[str, Any] | None = None
    ) -> None:
        """Writes a `.qrnnz` artefact: source, parameters, scaling; nothing that executes."""
        from .artefact import save

        save(self, path, arrays.checked_params(self.closed, params), metrics)
