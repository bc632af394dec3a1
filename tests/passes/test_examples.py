"""Every pass on every example: the channel before it is the channel after it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from qrnnlang.diagnostics import CompileError
from qrnnlang.ir.graph import build
from qrnnlang.passes import Settings, Step, finished, optimised
from qrnnlang.passes.verify import Verifier
from qrnnlang.sema import load_path
from qrnnlang.sema.closed import ClosedCell, RunCell
from qrnnlang.targets.template import template
from tests.example_files import EXAMPLES

#: Of so many qubits a density operator is small enough for every run of the tests, and for any.
SMALL, MOST = 5, 8


def steps(path: Path) -> Iterator[Step]:
    """The steps of an example's cells, if circuits can say them."""
    found: list[ClosedCell] = []
    for op in load_path(path).ops:
        if isinstance(op, RunCell) and op.cell not in found:
            found.append(op.cell)
            try:
                yield template(build(op.cell), drop_noise=True).step
            except CompileError as error:
                assert error.diagnostics[0].code == "E0605"


def width(step: Step) -> int:
    wires = {w for _, item in step.line for w in getattr(item, "wires", ())}
    return len(wires | set(step.graph.carried_wires))


def verified(path: Path, widths: range) -> None:
    for step in steps(path):
        if width(step) in widths:
            verifier = Verifier()
            settings = Settings(3, (verifier,))
            finished(optimised(step, settings), settings)
            assert verifier.unchecked == 0


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_every_pass_on_every_example(path: Path) -> None:
    verified(path, range(1, SMALL + 1))


#: The neuron's circuit takes the interpreter minutes for each pass; `test_standard_cells` has it
#: with fewer qubits.
WIDE = [path for path in EXAMPLES if path.stem != "bausch"]


@pytest.mark.long
@pytest.mark.parametrize("path", WIDE, ids=lambda p: p.stem)
def test_every_pass_on_wide_examples(path: Path) -> None:
    verified(path, range(SMALL + 1, MOST + 1))
