"""Generated programs: the interpreter is the engine, with the native kernel where it is used."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings

from .programs import program, programs
from .running import assert_equal, computed, interpreted


@given(programs)
@settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=30)
def test_the_interpreter_runs_them(text: str) -> None:
    assert interpreted(text)


@pytest.mark.parametrize("seed", range(16))
def test_the_engine_agrees(seed: int) -> None:
    text = program(random.Random(seed))
    assert_equal(computed(text, "auto"), interpreted(text))


@pytest.mark.long
@pytest.mark.parametrize("start", range(0, 1000, 50))
def test_the_engine_agrees_on_many(start: int) -> None:
    for seed in range(start, start + 50):
        text = program(random.Random(seed))
        assert_equal(computed(text, "auto"), interpreted(text))
