"""Random programs: the channel before every pass is the channel after it."""

from __future__ import annotations

import pytest

from qrnnlang.passes import PASSES, Settings, finished, optimised
from qrnnlang.passes.verify import Verifier

from .helpers import cx, dense, step_of_cell, whole

FEW, MANY = range(6), range(100, 220)


def check(seed: int) -> int:
    step = step_of_cell(dense(seed, 20))
    verifier = Verifier(seed=seed)
    settings = Settings(3, (verifier,))
    found = finished(optimised(step, settings), settings)
    assert cx(found) <= cx(step)
    assert whole(step, 3).line == found.line
    return verifier.checked


@pytest.mark.parametrize("seed", FEW)
def test_passes_keep_the_channel(seed: int) -> None:
    assert check(seed) > 0


@pytest.mark.long
@pytest.mark.parametrize("seed", MANY)
def test_passes_keep_many_channels(seed: int) -> None:
    check(seed)


@pytest.mark.parametrize("seed", FEW)
@pytest.mark.parametrize(
    "name", ["fold", "swaps", "light-cone", "zeros", "merge", "parities", "single"]
)
def test_a_pass_leaves_its_own_result_alone(name: str, seed: int) -> None:
    step = PASSES["controls"](step_of_cell(dense(seed + 50)), {})
    once = PASSES[name](step, {})
    assert PASSES[name](once, {}).line == once.line
