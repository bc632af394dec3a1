"""Every example whose cell a circuit can say: its outputs from shots are its exact outputs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import qrnnlang as qr

EXAMPLES = Path(__file__).parents[2] / "examples"
#: Files with sizes that make small circuits. Not among them: exact evolutions of terms that do not
#: commute (reservoir, measured_memory), which no circuit says (E0605), and the task of Bausch's
#: cell, whose postselections no shot of thousands passes as it starts; the tests of the library have
#: its cell with a bias.
CASES: dict[str, dict[str, Any]] = {
    "emc/emc.qrnn": {},
    "emc/van_der_pol.qrnn": {},
    "feedback_reservoir/feedback_reservoir.qrnn": {"n": 3},
    "feedforward/feedforward.qrnn": {},
    "li_plain/li_plain.qrnn": {"copies": 1},
    "li_staggered/li_staggered.qrnn": {"history": 2, "copies": 1},
    "linear_qlstm/linear_qlstm.qrnn": {},
    "qfwp/qfwp.qrnn": {},
    "qgru/qgru.qrnn": {},
    "qlstm/qlstm.qrnn": {},
    "reupload/reupload.qrnn": {},
    "sunspots/emc.qrnn": {},
    "takaki/takaki.qrnn": {},
}


@pytest.mark.long
@pytest.mark.parametrize("path", CASES)
def test_shots_agree_with_exact_values(path: str) -> None:
    """Two sequences of three steps, four seeds: all outputs within five standard errors."""
    model = qr.load(EXAMPLES / path, set=CASES[path])
    params = model.init(1)
    rng = np.random.default_rng(1)
    x = {
        p.name: rng.uniform(0.1, 0.2, (2, *((3,) if p.seq else ()), *p.shape))
        for p in model.closed.inputs
    }
    want = model(params, x)
    for seed in range(4):
        found = model.run(params, x, shots=4000, seed=seed)
        for name, value in want.items():
            assert np.all(np.abs(found[name] - value) <= 5 * found.std_error[name]), (name, seed)
            assert np.median(found.std_error[name]) < 0.5 * max(1.0, np.abs(value).max()), name
