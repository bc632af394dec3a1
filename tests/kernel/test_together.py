"""Eight sequences together in the lanes, and those that are left over one by one."""

from __future__ import annotations

import jax
import pytest

from .helpers import NEEDS_COMPILER, assert_same, data
from .test_forms import FORMS

jax.config.update("jax_enable_x64", True)

pytestmark = NEEDS_COMPILER


@pytest.mark.parametrize("batch", [2, 3, 8, 10, 11])
@pytest.mark.parametrize("name", ["two", "three"])
def test_every_remainder(name: str, batch: int) -> None:
    model = FORMS[name][0]()
    assert_same(model, data(model, batch, 3))


@pytest.mark.parametrize("name", ["two", "three"])
def test_more_steps_than_wait_to_be_summed(name: str) -> None:
    model = FORMS[name][0]()
    assert_same(model, data(model, 8, 70))
