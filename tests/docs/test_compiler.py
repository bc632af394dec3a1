"""The example of `docs/compiler.md` has the counts that the page shows."""

from __future__ import annotations

import re
from pathlib import Path

import qrnnlang as qr
from qrnnlang.passes import PASSES

PAGE = (Path(__file__).parents[2] / "docs" / "compiler.md").read_text(encoding="utf-8")


def test_the_example() -> None:
    (source,) = re.findall(r"```\n(qrnn 1.0;.*?)```", PAGE, re.DOTALL)
    rows = re.findall(r"^\| (\d) \| (\d+) \| (\d+) \|", PAGE, re.MULTILINE)
    assert [int(level) for level, *_ in rows] == [0, 1, 2, 3]
    model = qr.loads(source)
    for level, cx, size in rows:
        circuit = model.to_qiskit(10, optimize=int(level))
        assert (circuit.count_ops()["cx"], circuit.size()) == (int(cx), int(size))


def test_every_pass_is_described() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \|", PAGE, re.MULTILINE)
    assert sorted(rows) == sorted([*PASSES, "boundary"])
