"""`examples/qlstm` follows the published recipe, step by step, as `bench/recipe.py` writes it out."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

import qrnnlang as qr

pytest.importorskip("torch", reason="a part that is installed on its own")

BENCH = Path(__file__).parents[2] / "bench"


def test_losses_are_those_of_the_recipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCH))
    import recipe

    sys.modules.pop("recipe")
    model = qr.load(recipe.FILE)
    train = model.data().train
    x, y = train.inputs["x"][:25], train.targets["y"][:25]
    theirs = recipe.recipe(model.init(3), x, y, 2)
    ours = model.fit(x, y, seed=3, epochs=2, batch=10, shuffle=False, progress=False)
    np.testing.assert_allclose(ours.history["loss"], theirs, rtol=1e-9)
