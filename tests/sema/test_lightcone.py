"""W0301: which entries of a parameter no output can feel."""

from __future__ import annotations

import tracemalloc

import pytest

from qrnnlang.sema import check_text


def idle(body: str) -> str:
    found = [d for d in check_text(f"qrnn 1.0; cell A {{ {body} }}") if d.code == "W0301"]
    assert len(found) <= 1
    return f"{found[0].message}: {found[0].label}" if found else ""


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("param w: angle[2]; fresh q: qubit[2]; ry(w) q; output y = expect(Z(q[0]));", "[1]"),
        ("param w: angle[2]; fresh q: qubit[2]; ry(w) q; cx q[1], q[0]; output y = expect(Z(q[0]));", ""),
        ("param w: angle; fresh q: qubit; output y = expect(Z(q)); ry(w) q;", "`w` cannot"),
        # after the read, but on memory: felt at the next step
        ("param w: angle; carry m: qubit; output y = expect(Z(m)); ry(w) m;", ""),
        ("param w: angle; carry m: qubit; output y = expect(Z(m)); ry(w) m; reset m;", "`w` cannot"),
        # let go by relabelling before anything reads it
        ("param w: angle; carry m: qubit; fresh e: qubit; output y = expect(Z(m)); ry(w) m; next m = e;", "`w` cannot"),
        ("param w: angle; carry m: qubit; fresh e: qubit; output y = expect(Z(m)); ry(w) e; next m = e;", ""),
        ("param w: real[3]; carry c: real[3] = w; output y = c[1];", "[0]"),
        ("param w: real[3]; carry c: real[3] = w; output y = c[0]; next c = [c[1], c[2], 0];", ""),
        ("param w: angle; fresh q: qubit[2]; ry(w) q[0]; let b = measure q[0]; if (b) { x q[1]; } output y = expect(Z(q[1]));", ""),
        ("param w: angle; fresh q: qubit[2]; ry(w) q[0]; let _b = measure q[0]; output y = expect(Z(q[1]));", "`w` cannot"),
        ("param w: angle; fresh q: qubit[2]; ry(w) q[0]; postselect q[0] == 0; output y = expect(Z(q[1]));", ""),
        ("param w: real[2, 2]; input x: real[2]; output y = (w @ x)[0];", ""),
        ("param w: real[2]; fresh q: qubit; prepare(w) q; output y = expect(Z(q));", ""),
        ("param w: angle; fresh q: qubit; ry(w) q; output y = prob(q);", ""),
        ("param w: real; fresh q: qubit; h q; postselect q == bits([w]); output y = expect(Z(q));", ""),
        ("param g: real; fresh q: qubit[2]; evolve(g * X(q[0]) * X(q[1]), 1); output y = expect(Z(q[1]));", ""),
    ],
)  # fmt: skip
def test_idle_entries(body: str, expected: str) -> None:
    found = idle(body)
    assert expected in found
    assert bool(found) == bool(expected)


def test_fixed_values_and_the_standard_library_are_not_warned_of() -> None:
    assert idle("fixed w: angle[2]; fresh q: qubit[2]; ry(w) q; output y = expect(Z(q[0]));") == ""
    text = "qrnn 1.0; import std.cells; cell A { input x: real; use f = Qlstm(); output y = f([x])[0]; }"
    assert [d.code for d in check_text(text)] == []


def test_a_large_array_is_no_set_of_numbers() -> None:
    """A flag for each entry: some bytes each, where sets of integers take a hundred."""
    text = "qrnn 1.0; cell A { param w: real[2_000, 500]; output y = sum(w[0]); }"
    tracemalloc.start()
    try:
        (found,) = check_text(text)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert found.code == "W0301" and found.message.startswith("999500 of 1000000 entries")
    assert "[1, 0], [1, 1], [1, 2], [1, 3], …" in found.label
    assert peak < 60 * 2**20
