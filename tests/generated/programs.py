"""Whole programs: well typed by construction, over the whole grammar."""

from __future__ import annotations

import random

from hypothesis import strategies as st

from .cells import cell
from .items import constant, extern, function, gate_item, imported
from .models import model
from .scope import CellSort, Scope


def program(rng: random.Random) -> str:
    """The text of a program. Its entry is its model, or the cell named last."""
    scope = Scope(rng)
    blocks: list[list[str]] = []
    if rng.random() < 0.3:
        blocks.append([imported(scope)])
    for _ in range(rng.randint(0, 2)):
        blocks.append([constant(scope)])
    for _ in range(rng.randint(0, 2)):
        blocks.append([function(scope)])
    if rng.random() < 0.2:
        blocks.append([extern(scope)])
    for _ in range(rng.randint(0, 3)):
        blocks.append(gate_item(scope))
    cells: list[CellSort] = []
    count = rng.randint(1, 3)
    for k in range(count):
        lines, sort = cell(scope, cells, small=k < count - 1 and rng.random() < 0.6)
        blocks.append(lines)
        cells.append(sort)
    if rng.random() < 0.5:
        blocks.append(model(scope, cells))
    return "qrnn 1.0;\n\n" + "\n\n".join("\n".join(lines) for lines in blocks) + "\n"


def entry(text: str) -> str | None:
    """The item to load: None for a model, else the last cell."""
    if "\nmodel " in text:
        return None
    last = text.rpartition("\ncell ")[2]
    return last.split("(")[0].split(" ")[0]


#: Programs as Hypothesis draws, shrinks and replays them.
programs = st.randoms(use_true_random=False).map(program)
