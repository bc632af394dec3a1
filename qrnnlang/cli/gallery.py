"""`qrnnc gallery`: the literature's cells, trained as published, beside what was published."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .arguments import add_executor, positive
from .errors import FAILED_RUN, OK, failed_run, wrong_input
from .streams import say

if TYPE_CHECKING:
    from ..gallery.spec import Example
    from ..runtime.executor import Task


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "names", metavar="NAME", nargs="*", help="examples, or EXAMPLE/EXPERIMENT; default: all"
    )
    parser.add_argument("--list", action="store_true", help="only show what there is")
    parser.add_argument(
        "--circuits", action="store_true", help="the examples' circuits on devices, not training"
    )
    parser.add_argument("--seeds", metavar="N", type=positive, help="fewer or more than is usual")
    parser.add_argument("--epochs", metavar="N", type=positive, help="instead of the files' epochs")
    parser.add_argument(
        *("-o", "--output"),
        metavar="FOLDER",
        default="runs/gallery",
        help="where finished runs are kept, to go on from; default: runs/gallery",
    )
    parser.add_argument(
        "--write",
        action="store_true",
        help="write results.json, tables and pictures beside the examples, and docs/gallery.md",
    )
    parser.add_argument("--json", action="store_true", help="the results as JSON, in place of text")
    parser.add_argument("--quiet", action="store_true", help="no progress")
    add_executor(parser)


def run(args: argparse.Namespace) -> int:
    from ..gallery import tasks as gallery
    from ..gallery.publish import publish
    from ..gallery.results import together
    from ..gallery.spec import GalleryError, examples
    from ..gallery.tables import table

    try:
        chosen = gallery.chosen(examples(), args.names)
    except GalleryError as error:
        raise wrong_input(str(error)) from None
    if args.list:
        for example in chosen:
            for e in example.experiments:
                sys.stdout.write(f"{example.name}/{e.name}  {e.file}, {e.seeds} seeds\n")
        return OK
    if args.circuits:
        return _circuits(chosen, args)
    tasks = {e.name: gallery.tasks(e, args.seeds, args.epochs) for e in chosen}
    flat = [task for by in tasks.values() for task in by.values()]
    done, failed = _done(flat, args)
    found: dict[str, dict[str, Any]] = {}
    for example in chosen:
        found[example.name] = {
            e.name: together(e, done[key])
            for e in example.experiments
            if (key := tasks[example.name][e.name].key) in done
        }
    if args.json:
        sys.stdout.write(json.dumps(found, indent=1, sort_keys=True) + "\n")
    else:
        sys.stdout.write("\n".join(table(e, found[e.name]) for e in chosen))
    if args.write:
        publish(found)
    return _ended(failed)


def _circuits(chosen: Sequence[Example], args: argparse.Namespace) -> int:
    """Without `--write` the table alone."""
    from ..gallery import circuits, tasks

    asked = {e.name: tasks.circuit(e) for e in chosen if e.grid is None}
    done, failed = _done(list(asked.values()), args)
    found = [
        (e, done[key]) for e in chosen if e.name in asked and (key := asked[e.name].key) in done
    ]
    if args.json:
        sys.stdout.write(json.dumps({e.name: value for e, value in found}, indent=1) + "\n")
    else:
        sys.stdout.write(circuits.page(found))
    if args.write:
        circuits.publish(found)
    return _ended(failed)


def _done(tasks: Sequence[Task], args: argparse.Namespace) -> tuple[dict[str, Any], list[str]]:
    """The values of the tasks by key, and what the others failed of."""
    from ..runtime.executor import ExecutorError, Store, connect, run_tasks
    from ..runtime.progress import Bar

    done: dict[str, Any] = {}
    failed: list[str] = []
    try:
        with connect(args.workers, args.cluster) as executor:
            bar = Bar(f"gallery on {executor.name}", len(tasks), not args.quiet)
            with bar:
                for result in run_tasks(tasks, executor, Store(Path(args.output))):
                    name = result.key.rpartition(".")[0].replace(".", "/", 1)
                    if result.error:
                        failed.append(f"{name}: {result.error}")
                    else:
                        done[result.key] = result.value
                    bar.one(f"{name}  {'failed' if result.error else f'{result.seconds:.0f} s'}")
    except ExecutorError as error:
        raise failed_run(f"{error}; the same command goes on") from None
    return done, failed


def _ended(failed: Sequence[str]) -> int:
    for line in failed:
        say(line)
    return FAILED_RUN if failed else OK
