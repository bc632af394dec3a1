"""Which experiments are meant, and the tasks they are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..runtime.executor import Task, fingerprint
from .spec import Example, GalleryError


def chosen(known: Sequence[Example], names: Sequence[str]) -> list[Example]:
    """The examples named `EXAMPLE` or `EXAMPLE/EXPERIMENT`; without names all.

    Raises GalleryError for a name that is not there.
    """
    by_name = {example.name: example for example in known}
    wanted: dict[str, set[str]] = {name: {""} for name in by_name} if not names else {}
    for name in names:
        example, _, experiment = name.partition("/")
        wanted.setdefault(example, set()).add(experiment)
    found = []
    for name, experiments in wanted.items():
        if name not in by_name:
            raise GalleryError(f"no example `{name}`: there are {', '.join(by_name)}")
        found.append(by_name[name] if "" in experiments else _only(by_name[name], experiments))
    return found


def _only(example: Example, experiments: set[str]) -> Example:
    have = [e.name for e in example.experiments]
    missing = sorted(experiments - set(have))
    if missing:
        raise GalleryError(
            f"`{example.name}` has no experiment `{missing[0]}`: there are {', '.join(have)}"
        )
    kept = tuple(e for e in example.experiments if e.name in experiments)
    return replace(example, experiments=kept)


def tasks(example: Example, seeds: int | None, epochs: int | None) -> dict[str, Task]:
    """One task for each experiment; another source or setting is another task."""
    found: dict[str, Task] = {}
    for e in example.experiments:
        path = example.folder / e.file
        given: dict[str, Any] = {
            "file": str(path),
            "seeds": list(range(seeds or e.seeds)),
            "hyper": dict(e.set),
        }
        if e.quantity:
            does = "qrnnlang.gallery.experiment:quantity"
            given |= {"name": e.quantity, "options": dict(e.options)}
        else:
            does = "qrnnlang.gallery.experiment:measure"
            train = dict(e.train) | ({"epochs": epochs} if epochs else {})
            given |= {"train": train, "below": e.below}
        mark = fingerprint({**given, "file": _source(path)})
        key = f"{example.name}.{e.name}.{mark[:12]}"
        found[e.name] = Task(key, does, given)
    return found


def circuit(example: Example) -> Task:
    """The circuits of an example's first experiment."""
    first = example.experiments[0]
    path = example.folder / first.file
    given = {"file": str(path), "hyper": dict(first.set)}
    mark = fingerprint({**given, "file": _source(path)})
    key = f"{example.name}.circuits.{mark[:12]}"
    return Task(key, "qrnnlang.gallery.circuits:cost", given)


def _source(path: Path) -> str:
    """The text of a file and of the files beside it that it imports."""
    text = path.read_text("utf-8")
    imported = re.findall(r'^\s*import\s+"([^"]+)"', text, re.MULTILINE)
    return "".join([text, *(_source(path.parent / name) for name in imported)])
