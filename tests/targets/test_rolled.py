"""The loop means the same as the steps written out."""

from __future__ import annotations

import numpy as np
import pytest

from qrnnlang import targets
from qrnnlang.diagnostics import CompileError
from qrnnlang.sema import load_text

from .conftest import Case, case, load, make
from .exact import outputs
from .openqasm import unrolled
from .programs import EMC

STEPS = 4


def check(c: Case, text: str) -> int:
    names = {**c.params, **c.inputs}
    circuit = unrolled(
        text, {k.replace(".", "_"): v for k, v in names.items()}, len(str(c.steps - 1))
    )
    circuit.metadata = targets.to_qiskit(c.model, c.steps, c.params, c.inputs).metadata
    found = outputs([circuit])
    for (name, t), value in found.items():
        np.testing.assert_allclose(value, c.want[name][t], rtol=0, atol=1e-9)
    return len(found)


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("emc", 4),
        ("memory", 1),
        ("resets", 8),
        ("feedback", 5),
        ("conditions", 1),
        ("postselected", 12),
        ("calls", 4),
    ],
)
@pytest.mark.parametrize("bound", [False, True])
def test_loop(name: str, count: int, bound: bool) -> None:
    c = case(name, STEPS)
    data = (c.params, c.inputs) if bound else (None, None)
    text = targets.qasm3_text(c.model, STEPS, *data, fixed=c.fixed, rolled=True)
    assert "for uint step in [0:" in text
    assert check(c, text) == count


@pytest.mark.parametrize("steps", [2, 5, 6, 7, 8])
def test_a_relabelling_unrolls_by_its_period(steps: int) -> None:
    c = make(
        load(
            "cell C { input x: real; carry m: qubit[2] { h m; } fresh e: qubit; param w: angle;"
            " ry(x) e; cx m[0], e; cry(w) m[1], e; next m = [m[1], e];"
            " output last = prob([m[1], e]); output y = expect(Z(m[0])); }"
        ),
        steps,
    )
    text = targets.qasm3_text(c.model, steps, rolled=True)
    # `y` is read in place; `last` needs the last step to stand alone.
    turns = (steps - 1) // 3
    if turns > 1:
        assert f"for uint step in [0:3:{3 * (turns - 1)}]" in text
        assert text.count("ry(x_") == 3 + steps - 3 * turns
    else:
        assert "for" not in text
    assert check(c, text) == steps + 1


def test_carried_reals_are_variables() -> None:
    c = make(
        load(
            "cell C { input x: real; carry a: real = 0.5; carry b: real[2] = 1; param d: real; fresh q: qubit[2];"
            " ry(a * b) q; next a = b[0] * d; next b[0] = a + sin(x); output y = expect(Z(q)); }"
        ),
        5,
    )
    text = targets.qasm3_text(c.model, 5, rolled=True)
    assert "float[64] a;" in text
    assert "array[float[64], 2] b;" in text
    assert check(c, text) == 5


def test_carried_bits_change_places_at_once() -> None:
    c = make(
        load(
            "cell C { input x: real; carry m: qubit; carry s: bit[2]; fresh a: qubit; ry(x) a;"
            " let b = measure a; if (s[0]) { ry(x) m; } if (s[1] && !b) { h m; }"
            " next s[0] = s[1] ^ b; next s[1] = s[0] || b; output y = expect(Z(m)); }"
        ),
        5,
    )
    text = targets.qasm3_text(c.model, 5, c.params, c.inputs, rolled=True)
    assert check(c, text) == 1


def test_sequences_around_the_cell() -> None:
    text = EMC + (
        "model M { use cell = Emc(); input x: seq real[1];"
        " output pred = cell(reverse(last(0.5 * x, 4))); }"
    )
    c = make(load_text(text), 7)
    written = targets.qasm3_text(c.model, 7, c.params, c.inputs, rolled=True)
    assert "ry(0.5*x_[6 - step, 0]) cell_e[0];" in written
    assert check(c, written) == 4


def test_text_does_not_grow_with_the_steps() -> None:
    c = case("emc")
    short = targets.qasm3_text(c.model, 10, rolled=True)
    long = targets.qasm3_text(c.model, 90, rolled=True)
    assert len(short.splitlines()) == len(long.splitlines())
    assert short == targets.qasm3_text(c.model, 10, rolled=True)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("ry(tanh(x)) q;", "E0610"),
        ("prepare([x, 1]) q;", "E0610"),
        ("ry(h) q; next h = expect(Z(q));", "E0604"),
        ("ry(h) q; next h = tanh(h);", "E0610"),
    ],
)
def test_what_a_loop_cannot_compute(body: str, code: str) -> None:
    model = load(
        f"cell C {{ input x: real; carry h: real = 0; fresh q: qubit; {body} output y = expect(X(q)); }}"
    )
    with pytest.raises(CompileError) as caught:
        targets.qasm3_text(model, 3, {}, {"x": np.full(3, 0.5)}, rolled=True)
    assert [d.code for d in caught.value.diagnostics] == [code]


def test_new_qubits_do_not_fit_in_a_loop() -> None:
    with pytest.raises(ValueError, match="reuses its qubits"):
        targets.qasm3_text(case("emc").model, 3, fresh="expand", rolled=True)
