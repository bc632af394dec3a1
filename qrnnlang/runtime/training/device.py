"""Training on a device: gradients from shifted circuits, or SPSA, update by update."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...diagnostics import CompileError, DataError
from ...sema.training import METHODS
from ..arrays import Arrays
from ..init import generator
from ..running import Batch, Runner
from ..shots.device import Counting, Device
from ..shots.gradient import Gradients
from ..shots.machine import Machine
from ..shots.shifts import circuits
from .objective import follower
from .options import TrainOptions
from .progress import Progress
from .run import Run, TrainingError

Floats: TypeAlias = NDArray[np.float64]


@dataclass
class OnDevice:
    """Losses and gradients from shots. `shots`: of every circuit; `budget`: of the whole run."""

    runner: Runner
    machine: Machine
    device: Counting
    shots: int
    options: TrainOptions
    budget: int | None = None
    spread: list[float] = field(default_factory=list)

    @cached_property
    def gradients(self) -> Gradients:
        return Gradients(self.machine, self.runner.trained)

    @cached_property
    def spsa(self) -> bool:
        return self.options.optimizer.name == "spsa"

    def circuits(self, batch: int) -> int:
        """How many circuits an update of `batch` sequences takes."""
        if self.spsa:
            return 2 * batch * len(self.machine.uses)
        return circuits(self.machine, batch)

    def behind(self, data: Mapping[str, Batch]) -> int:
        """How many circuits come after the last update: its validation, and the run's metrics."""
        sizes = {part: _size(batch) for part, batch in data.items()}
        return len(self.machine.uses) * (sum(sizes.values()) + sizes.get("validation", 0))

    def affords(self, circuits: int) -> bool:
        """Whether the budget has the shots for so many circuits more."""
        return self.budget is None or (
            self.device.tally.shots + circuits * self.shots <= self.budget
        )

    def judged(self, trained: Arrays, fixed: Arrays, batch: Batch) -> dict[str, float]:
        """Loss and metrics of a whole set."""
        params = {**fixed, **trained}
        inputs, targets, lengths = batch
        means = self.machine.measure(params, inputs, _size(batch), self.device, self.shots).means
        found = self._judge(params, inputs, targets, lengths, means)
        names = ["loss", *(n for n, _ in self.machine.model.metrics)]
        return {n: float(found[n]) for n in names if n in found}

    @cached_property
    def _judge(self) -> Any:
        import jax

        m = self.machine

        def judge(params: Any, inputs: Any, targets: Any, lengths: Any, means: Any) -> Any:
            given = {**inputs, **m.reads(means)}
            _, loss, metrics = m.executable.evaluate(params, given, targets, lengths)
            return {"loss": loss, **metrics}

        return jax.jit(judge)

    def direction(
        self, trained: Arrays, fixed: Arrays, batch: Batch, update: int
    ) -> tuple[float, Arrays]:
        """Loss and gradient, or SPSA's estimate of it."""
        if self.spsa:
            return self._two_losses(trained, fixed, batch, update)
        inputs, targets, lengths = batch
        found = self.gradients.value_and_grad(
            {**fixed, **trained}, inputs, targets, lengths, self.device, self.shots, update
        )
        norm = math.sqrt(sum(float(np.sum(e**2)) for e in found.std_error.values()))
        self.spread.append(norm)
        return found.value, found.grads

    def _two_losses(
        self, trained: Arrays, fixed: Arrays, batch: Batch, update: int
    ) -> tuple[float, Arrays]:
        """Spall, IEEE Trans. Autom. Control 37 (1992) 332; gains as in `objective`."""
        given = self.options.optimizer.arguments(METHODS)
        width = given["c"] / (update + 1.0) ** given["gamma"]
        draw = generator(self.options.seed, f"signs of update {update + 1}")
        signs = {k: draw.choice([-1.0, 1.0], size=np.shape(v)) for k, v in trained.items()}
        ends = [
            self.judged({k: v + s * width * signs[k] for k, v in trained.items()}, fixed, batch)
            for s in (1.0, -1.0)
        ]
        slope = (ends[0]["loss"] - ends[1]["loss"]) / (2 * width)
        mean = (ends[0]["loss"] + ends[1]["loss"]) / 2
        return mean, {k: slope * s for k, s in signs.items()}


def train_on_device(
    runner: Runner,
    machine: Machine,
    device: Device,
    params: Arrays,
    data: Mapping[str, Batch],
    options: TrainOptions,
    shots: int,
    progress: Progress,
    budget: int | None = None,
) -> Run:
    """As `loop.train`, with everything from shots: losses, metrics and gradients.

    The loss of the history is the mean over the batches of an epoch, at the parameters that each
    began with. There is no checkpoint: all draws follow from the seed, so that a run that is made
    again goes by the jobs that are on disk, up to where it was interrupted. With a budget of shots
    it ends before the first update that there are none left for. Raises ValueError for optimisers
    that need exact values (`lbfgs`, `ridge`), and for a budget that is not enough for an update.
    """
    import jax.numpy as jnp
    import optax

    if options.optimizer.name in ("lbfgs", "ridge"):
        raise ValueError(
            f"`{options.optimizer.name}` needs exact values: on a device take adam, sgd, rmsprop "
            "or spsa"
        )
    _make(machine)
    started = time.monotonic()
    current = {k: jnp.asarray(v) for k, v in params.items() if k in runner.trained}
    fixed = {k: v for k, v in params.items() if k not in runner.trained}
    samples = _size(data["train"])
    size = min(options.batch, samples)
    counting = Counting(device)
    work = OnDevice(runner, machine, counting, shots, options, budget)
    follow = follower(options, math.ceil(samples / size))
    state, updates = follow.init(current), 0
    best, best_epoch, least = current, 0, math.inf
    history: dict[str, list[float]] = {"epoch": []}
    behind = work.behind(data)
    if not work.affords(work.circuits(size) + behind):
        raise ValueError(
            f"an update and the metrics of the run take {work.circuits(size) + behind} circuits of "
            f"{shots} shots: more than the budget of {budget} shots"
        )
    if progress.enabled:
        print(f"note: {_cost(work, data, size, options)}", file=sys.stderr, flush=True)
    stopped = "epochs"
    with progress:
        try:
            for epoch in range(1, options.epochs + 1):
                losses, work.spread = [], []
                for rows in _order(options, epoch, samples, size):
                    if not work.affords(work.circuits(len(rows)) + behind):
                        stopped = "budget"
                        break
                    here = _host(current)
                    batch = _picked(data["train"], rows)
                    value, grads = work.direction(here, fixed, batch, updates)
                    if not math.isfinite(value):
                        raise TrainingError(
                            f"the loss is {value:g} at epoch {epoch}; try a smaller learning rate, "
                            "or clip the gradient with `clip = 1.0`",
                            {**fixed, **here},
                        )
                    losses.append(value)
                    tree = {k: jnp.asarray(v) for k, v in grads.items()}
                    changes, state = follow.update(tree, state, current)
                    current = optax.apply_updates(current, changes)
                    updates += 1
                if not losses:
                    break
                values = {"loss": float(np.mean(losses))}
                if work.spread:
                    values["grad_error"] = float(np.mean(work.spread))
                if "validation" in data:
                    found = work.judged(_host(current), fixed, data["validation"])
                    values |= {f"val_{k}": v for k, v in found.items()}
                for name, shown in {"epoch": float(epoch), **values}.items():
                    history.setdefault(name, []).append(shown)
                watched = values.get("val_loss", values["loss"])
                better = watched < least
                least = min(watched, least)
                if better or ("val_loss" not in values and options.patience is None):
                    best, best_epoch = current, epoch
                progress.epoch(epoch, values)
                if stopped == "budget":
                    break
                if options.patience is not None and epoch - best_epoch >= options.patience:
                    stopped = "patience"
                    break
        except KeyboardInterrupt:
            stopped = "interrupted"
    made = {**fixed, **_host(best)}
    metrics = {}
    if stopped != "interrupted":
        metrics = {part: work.judged(_host(best), fixed, d) for part, d in data.items()}
    return Run(
        {name: made[name] for name in params},
        history,
        metrics,
        best_epoch,
        stopped,
        time.monotonic() - started,
        device={
            "circuits": counting.tally.circuits,
            "jobs": counting.tally.jobs,
            "shots": counting.tally.shots,
        },
    )


def _cost(work: OnDevice, data: Mapping[str, Batch], size: int, options: TrainOptions) -> str:
    """What the training takes, in words, before it starts."""
    one = work.circuits(1)
    epoch = one * _size(data["train"])
    if "validation" in data:
        epoch += len(work.machine.uses) * _size(data["validation"])
    last = len(work.machine.uses) * sum(map(_size, data.values()))
    kind = "SPSA" if work.spsa else "parameter shifts"
    within = "" if work.budget is None else f", {work.budget} shots at most"
    return (
        f"{kind}: {one * size} circuits an update of {size} sequences, {epoch} an epoch, "
        f"{epoch * options.epochs + last} in {options.epochs} epochs with the metrics at the end, "
        f"{work.shots} shots each{within}"
    )


def _order(options: TrainOptions, epoch: int, samples: int, size: int) -> list[NDArray[np.int64]]:
    """The rows of each update of an epoch."""
    order = np.arange(samples)
    if options.shuffle:
        order = generator(options.seed, f"order of epoch {epoch}").permutation(samples)
    return [order[at : at + size] for at in range(0, samples, size)]


def _picked(batch: Batch, rows: NDArray[np.int64]) -> Batch:
    inputs, targets, lengths = batch
    return (
        {k: v[rows] for k, v in inputs.items()},
        {k: v[rows] for k, v in targets.items()},
        None if lengths is None else lengths[rows],
    )


def _size(batch: Batch) -> int:
    return next((len(v) for part in batch[:2] for v in part.values()), 1)


def _make(machine: Machine) -> None:
    """Makes the circuits. Where an evolution has none, E0605 also says how it is trained."""
    try:
        _ = machine.uses
    except CompileError as error:
        other = (
            ", with parameter shifts; as it stands it is trained on exact values, with SPSA by "
            "`qrnnc train FILE --optimizer spsa`"
        )
        told = [replace(d, help=d.help + other * (d.code == "E0605")) for d in error.diagnostics]
        raise CompileError(told) from None


def _host(tree: Mapping[str, Any]) -> Arrays:
    return {k: np.asarray(v, dtype=np.float64) for k, v in tree.items()}


def same_steps(machine_steps: int, data: Mapping[str, Batch], seqs: list[str]) -> None:
    """Raises DataError where parts differ in their number of steps: circuits have one."""
    for name, (inputs, _, _) in data.items():
        for seq in seqs:
            if inputs[seq].shape[1] != machine_steps:
                raise DataError(
                    f"the {name} set has {inputs[seq].shape[1]} steps and the training set "
                    f"{machine_steps}: circuits are made for one number of steps"
                )
