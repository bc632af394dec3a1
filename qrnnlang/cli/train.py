"""`qrnnc train`: training by the file's own blocks, into a folder."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from .arguments import add_executor, add_source, executor_of, positive, seconds, seed
from .errors import INTERRUPTED, OK, failed_run, values_of_the_user, wrong_input, wrong_usage
from .streams import show
from .values import settings

if TYPE_CHECKING:
    from ..runtime.training.run import Run

#: What a run leaves, as far as it applies.
_FILES = (
    *("model.qrnnz", "history.csv", "metrics.json", "seeds.csv", "seeds.json"),
    *("curves.png", "forecast.png"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_source(parser)
    parser.add_argument("--data", metavar="D", help="takes the place of the data block's file")
    parser.add_argument("--params", metavar="P", help="start values: .safetensors, .npz or .qrnnz")
    parser.add_argument("--epochs", metavar="N", type=positive)
    parser.add_argument("--seed", metavar="N", type=seed)
    parser.add_argument(
        "--seeds",
        metavar="N",
        type=positive,
        help="train from N seeds at once, --seed the first, and keep the best",
    )
    parser.add_argument(
        *("-o", "--output"),
        metavar="RUN",
        help="a folder; default: the next free of runs/NAME-1, runs/NAME-2, …",
    )
    parser.add_argument(
        "--backend", metavar="NAME", help="train on circuits there, by parameter shifts or spsa"
    )
    parser.add_argument(
        "--noise-from", metavar="NAME", help="train against the noise of that backend, exactly"
    )
    parser.add_argument(
        "--shots", metavar="N", type=positive, help="of every circuit; default 1024"
    )
    parser.add_argument(
        "--shot-budget",
        metavar="N",
        type=positive,
        help="shots of the whole run, which ends before an update that they are not enough for",
    )
    add_executor(parser)
    parser.add_argument("--optimizer", metavar="NAME", help="in place of the train block's")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint in RUN")
    parser.add_argument("--overwrite", action="store_true", help="replace the run that RUN holds")
    parser.add_argument(
        "--checkpoint-every",
        metavar="S",
        type=seconds,
        default=30.0,
        help="seconds between two checkpoints; default: 30",
    )
    parser.add_argument("--quiet", action="store_true", help="no progress and no summary")


def run(args: argparse.Namespace) -> int:
    from ..runtime.executor import ExecutorError
    from ..runtime.failures import RunError
    from ..runtime.fit import resumable
    from ..runtime.load import load
    from ..runtime.training import TrainingError
    from .arrays import read_params

    if args.resume and not args.output:
        raise wrong_usage("`--resume` needs the folder of the run: `-o RUN`")
    if args.resume and args.overwrite:
        raise wrong_usage("`--resume` goes on with a run, `--overwrite` replaces it: choose one")
    if args.backend and args.noise_from:
        raise wrong_usage("a backend has noise of its own: give `--backend` or `--noise-from`")
    of_backends = ("shots", "shot-budget", "workers", "cluster")
    said = next((f"--{n}" for n in of_backends if vars(args)[n.replace("-", "_")]), "")
    if said and not args.backend:
        raise wrong_usage(f"`{said}` is for training on a backend: give `--backend NAME`")
    if args.seeds and args.backend:
        raise wrong_usage("on a backend training is from one seed: give `--seed`, not `--seeds`")
    model = load(args.file, entry=args.entry, set=settings(args.set))
    show(model.program.warnings)
    name = model.closed.name
    if model.closed.loss is None:
        raise wrong_input(f"`{name}` has no loss: add `loss mse(prediction, target);` to a model")
    if model.closed.data is None:
        raise wrong_input(f"`{name}` has no `data` block, which says what its inputs are")
    if args.resume:
        resumable(Path(args.output), args.backend is not None)
    elif args.output and not args.overwrite:
        _refuse_a_run(Path(args.output))
    params = read_params(args.params) if args.params else None
    folder = _folder(Path(args.output) if args.output else _next_free(Path(args.file).stem))
    with values_of_the_user():
        data = model.data(args.data)
        try:
            with executor_of(args) as executor:
                made = model.fit(
                    data=data,
                    params=params,
                    epochs=args.epochs,
                    seed=args.seed,
                    seeds=args.seeds,
                    progress=not args.quiet,
                    checkpoint=folder,
                    checkpoint_every=args.checkpoint_every,
                    resume=args.resume,
                    optimizer=args.optimizer,
                    backend=args.backend,
                    shots=args.shots,
                    shot_budget=args.shot_budget,
                    noise_from=args.noise_from,
                    executor=executor,
                )
        except (TrainingError, RunError, ExecutorError) as error:
            raise failed_run(str(error)) from error
    if not args.quiet:
        sys.stdout.write(_summary(name, made, folder))
    return INTERRUPTED if made.stopped == "interrupted" else OK


def _refuse_a_run(path: Path) -> None:
    """A run of many hours is not replaced by accident."""
    from ..runtime.fit import CHECKPOINT

    held = [name for name in (*_FILES, CHECKPOINT) if (path / name).exists()]
    if held:
        raise wrong_usage(
            f"{path} holds a run ({held[0]}): `--resume` goes on with it, `--overwrite` replaces it"
        )


def _next_free(stem: str) -> Path:
    number = 1
    while (folder := Path("runs") / f"{stem}-{number}").exists():
        number += 1
    return folder


def _folder(path: Path) -> Path:
    """The folder, made now: that it cannot be is better known before the training than after."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise failed_run(f"cannot write to {path}: {reason}") from None
    return path


def _summary(name: str, made: Run, folder: Path) -> str:
    """What came of it: epochs, a table of losses and metrics, the files."""
    epochs = len(made.history.get("epoch", ()))
    why = {
        "patience": ", its patience at an end",
        "interrupted": ", interrupted",
        "budget": ", its shots spent",
    }
    plural = "s" if epochs != 1 else ""
    head = f"{name}: {epochs} epoch{plural} in {made.seconds:.1f} s{why.get(made.stopped, '')}"
    names = list(dict.fromkeys(k for values in made.metrics.values() for k in values))
    lines = [head, f"{'':12}" + "".join(f"{n:>14}" for n in names)]
    for part, values in made.metrics.items():
        cells = (f"{values[n]:>14.6g}" if n in values else f"{'':14}" for n in names)
        lines.append(f"{part:12}" + "".join(cells))
    lines += _spread(made)
    if made.device:
        lines.append(
            "on the backend: {circuits} circuits, {jobs} jobs, {shots} shots".format_map(
                made.device
            )
        )
    lines.append(f"in {folder}: {', '.join(f for f in _FILES if (folder / f).exists())}")
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _spread(made: Run) -> list[str]:
    """Of several seeds: medians, quartiles and ends of the losses and metrics."""
    if not made.runs:
        return []
    lines = [f"seed {seed} failed: {why}" for seed, why in made.failures.items()]
    failed = f", {made.failed} failed" if made.failed else ""
    lines.append(f"the best of {len(made.runs)} seeds ({made.seed}){failed}; of all of them:")
    rows = [["", "median", "quartiles", "min", "max"]]
    for part, values in made.summary.items():
        for name, s in values.items():
            quartiles = f"{s['q25']:.6g} to {s['q75']:.6g}"
            ends = [f"{s[key]:.6g}" for key in ("median", "min", "max")]
            rows.append([f"{part} {name}", ends[0], quartiles, *ends[1:]])
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for first, *cells in rows:
        shown = (f"{cell:>{width}}" for cell, width in zip(cells, widths[1:], strict=True))
        lines.append("  ".join((f"{first:{widths[0]}}", *shown)))
    return lines
