"""Random cells over all operations: values and gradients of the interpreter."""

import jax
import numpy as np
import pytest

from qrnnlang.engine import build
from qrnnlang.ir.model import run_model

from .helpers import assert_equal, assert_gradients
from .soup import ALL, UNITARY, Soup, arrays, model_of

#: Each program is compiled anew: minutes in all.
pytestmark = pytest.mark.long

NO_BITS = tuple(k for k in ALL if k != "measure")
SHAPES = {
    "everything": {"kinds": ALL},
    "gates on carried and fresh wires": {"kinds": (*UNITARY, "read"), "bits": 0, "length": 16},
    "many gates, few of them static": {"kinds": UNITARY, "bits": 0, "length": 24, "static": 0.2},
    "static gates": {"kinds": UNITARY, "bits": 0, "length": 24, "static": 0.9, "feedback": False},
    "noise and resets": {"kinds": ("gate", "channel", "reset", "read"), "bits": 0},
    "bits": {"kinds": ("gate", "gate", "measure", "read", "reset"), "bits": 2, "fresh": 1},
    "projections": {"kinds": ("gate", "gate", "postselect", "prepare", "read")},
    "nothing carried": {"kinds": NO_BITS, "carried": 0, "fresh": 3, "bits": 0},
    "nothing fresh": {"kinds": NO_BITS, "carried": 3, "fresh": 0, "bits": 0},
}


def soup(seed, **shape):
    rng = np.random.default_rng(seed)
    closed = model_of(Soup(rng, **shape).build())
    return closed, *arrays(rng, 2, 3)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("name", SHAPES)
def test_values(name, seed):
    closed, params, inputs = soup(seed, **SHAPES[name])
    assert_equal(closed, params, inputs, jit=False)


@pytest.mark.parametrize("name", ["everything", "noise and resets", "projections", "bits"])
def test_gradients(name):
    closed, params, inputs = soup(7, **{**SHAPES[name], "length": 9})
    assert_gradients(closed, params, inputs)


def test_single_precision():
    closed, params, inputs = soup(3, **SHAPES["everything"])
    wanted = run_model(closed, params, inputs).outputs
    outputs = jax.jit(build(closed, "float32").apply)(params, inputs)
    for name, value in wanted.items():
        assert outputs[name].dtype == np.float32
        np.testing.assert_allclose(outputs[name], value, atol=1e-4)
