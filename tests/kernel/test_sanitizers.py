"""The kernel under the address, undefined-behaviour and thread sanitizers."""

from __future__ import annotations

import subprocess
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qrnnlang.engine import build
from qrnnlang.engine.native import cell, recipe

from . import test_chains, test_shared
from .helpers import NEEDS_COMPILER, data
from .test_agreement import MODELS
from .test_forms import FORMS

pytestmark = [pytest.mark.long, NEEDS_COMPILER]

CELLS = {**MODELS, **{name: make for name, (make, _) in FORMS.items()}}
CELLS |= {name: partial(test_chains.cell, body) for name, (body, _) in test_chains.KINDS.items()}
CELLS |= {f"shared, {name}": lambda m=m: m for name, (m, _) in test_shared.CASES.items()}


def plans(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The plans of all cells, as the kernel gets them."""
    found: list[Path] = []
    registered = cell._registered_plan

    def kept(ints: list[Any], reals: list[Any]) -> int:
        place = folder / f"{len(found)}"
        np.concatenate([np.asarray(x, np.int64) for x in ints]).tofile(f"{place}.ints")
        np.concatenate(reals).tofile(f"{place}.reals")
        found.append(place)
        return registered(ints, reals)

    monkeypatch.setattr(cell, "_registered_plan", kept)
    for make in CELLS.values():
        model = make()
        build(model, executor="native").evaluate(*data(model, 1, 1))
    return found


@pytest.mark.parametrize("sanitizers", ["address,undefined", "thread"])
def test_nothing_is_found(sanitizers: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "sanitized"
    flags = ["-std=c++17", "-O1", "-g", f"-fsanitize={sanitizers}", "-fno-sanitize-recover=all"]
    where = ["-I", str(recipe.sources()), "-isystem", str(recipe.headers())]
    source = Path(__file__).with_name("sanitized.cc")
    made = [*recipe.compiler(), *flags, *where, str(source), "-o", str(program), "-pthread"]
    subprocess.run(made, check=True)
    for plan in plans(tmp_path, monkeypatch):
        for steps, batch in ((1, 1), (3, 11), (9, 4)):
            names = [f"{plan}.ints", f"{plan}.reals"]
            done = subprocess.run(
                [str(program), *names, str(steps), str(batch)], capture_output=True, text=True
            )
            assert done.returncode == 0, (plan.name, done.stderr)
