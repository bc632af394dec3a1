"""What a circuit cannot express is refused with a code, at the place in the source."""

from __future__ import annotations

import numpy as np
import pytest

from qrnnlang import targets
from qrnnlang.diagnostics import CompileError, DataError, Diagnostic
from qrnnlang.sema import load_text

from .conftest import case, load, make
from .exact import outputs


def refusal(write, *args, **kwargs) -> Diagnostic:
    with pytest.raises(CompileError) as caught:
        write(*args, **kwargs)
    (found,) = caught.value.diagnostics
    return found


def one(body: str, inputs: str = "input x: real;") -> str:
    return f"cell C {{ {inputs} carry m: qubit; fresh q: qubit[2]; param w: angle; {body} output y = expect(Z(q)); }}"


@pytest.mark.parametrize(
    ("code", "body", "at"),
    [
        ("E0602", "ry(tanh(x)) q;", "ry(tanh(x)) q;"),
        ("E0602", "ry(softmax([x, w])) q;", "ry(softmax([x, w])) q;"),
        ("E0603", "prepare([x, 1, 0, 0]) q;", "prepare([x, 1, 0, 0]) q;"),
        ("E0603", "postselect q[0] == bits([x]);", "postselect q[0] == bits([x]);"),
        ("E0604", "ry(w) q; ry(expect(Z(q[0]))) m;", "ry(expect(Z(q[0]))) m;"),
        ("E0605", "evolve(X(m) + Z(m), w);", "evolve(X(m) + Z(m), w);"),
        ("E0606", "bit_flip(0.1) m;", "bit_flip(0.1) m;"),
    ],
)
def test_refused_where_it_stands(code: str, body: str, at: str) -> None:
    found = refusal(targets.to_qiskit, load(one(body)), 2)
    assert found.code == code
    assert found.span.text.rstrip(";") == at.rstrip(";")
    assert found.help


def test_training_is_spoken_of_only_where_it_is_asked_for() -> None:
    found = refusal(targets.to_qiskit, load(one("evolve(X(m) + Z(m), w);")), 2)
    assert "steps = 8" in found.help and "train" not in found.help


@pytest.mark.parametrize(
    "body",
    [
        "ry(tanh(x)) q;",
        "ry(softmax([x, w])) q;",
        "prepare([x, 1, 0, 0]) q;",
        "h q; postselect q[0] == bits([2 * x]);",
    ],
)
def test_bound_data_lift_the_refusal(body: str) -> None:
    c = make(load(one(body)), 1, inputs={"x": np.array([0.5])})
    found = outputs(targets.circuits(c.model, 1, c.params, c.inputs))
    assert found["y", 0] == pytest.approx(c.want["y"][0], abs=1e-9)


def test_bits_of_data_are_0_or_1() -> None:
    model = load(one("h q; postselect q[0] == bits([x]);"))
    with pytest.raises(
        DataError, match=r"cannot be postselected on 0\.5: expected 0 or 1 at step 0"
    ):
        targets.to_qiskit(model, 1, {"w": 0.0}, {"x": [0.5]})


def test_no_qubits() -> None:
    model = load("cell C { input x: real; output y = 2 * x; }")
    assert refusal(targets.to_qiskit, model, 2).code == "E0601"


def test_carried_reals_that_depend_on_measurements() -> None:
    feedback = "cell C { input x: real; carry h: real = 0; fresh q: qubit; ry(x + h) q; let z = expect(Z(q)); next h = z; output y = OUT; }"
    found = refusal(targets.to_qiskit, load(feedback.replace("OUT", "z")), 2)
    assert (found.code, found.label) == ("E0604", "needs what is measured at step 0")
    late = feedback.replace("ry(x + h) q", "ry(x) q").replace("OUT", "h + z")
    found = refusal(targets.to_qiskit, load(late), 2)
    assert found.code == "E0604"
    assert "output `y` at step 1" in found.message


def test_one_cell_feeding_another() -> None:
    model = load_text(
        "qrnn 1.0; cell V { input v: real; fresh q: qubit; ry(v) q; output z = expect(Z(q)); }"
        "model M { use f = V(); use g = V(); input x: seq real; output y = g(f(x)); }"
    )
    assert refusal(targets.to_qiskit, model, 2).code == "E0604"


def test_recorded_feedback_makes_it_one_circuit() -> None:
    """With the measured values given, the circuit of the next step can be written."""
    text = "cell C { input x: real; carry h: real = 0; fresh q: qubit; ry(x + h) q; let z = expect(Z(q)); next h = z; output y = z; }"
    c = make(load(text), 2)
    run = targets.unroll(c.model, 1, c.params, c.inputs).along.quantum[0]
    (need,) = targets.unroll(c.model, 1, c.params, c.inputs).needs
    (read,) = need.reads
    assert (read.run, read.step) == (run, 0)
    recorded = {read: float(c.want["y"][0])}
    found = outputs([targets.to_qiskit(c.model, 2, c.params, c.inputs, reads=recorded)])
    assert found["y", 1] == pytest.approx(float(c.want["y"][1]), abs=1e-9)


def test_noise_can_be_dropped() -> None:
    model = load(one("bit_flip(0.1) m; ry(w) q;"))
    clean = load(one("ry(w) q;"))
    circuit = targets.to_qiskit(model, 1, drop_noise=True)
    assert circuit.count_ops() == targets.to_qiskit(clean, 1).count_ops()


def test_openqasm2_wants_bound_data() -> None:
    found = refusal(targets.qasm2_text, case("emc").model, 2)
    assert found.code == "E0608"
    assert "`enc`" in found.label
    assert "model.to_qasm(2, steps, params=params, x=x[0])" in found.help


def test_openqasm2_conditions() -> None:
    c = case("conditions")
    found = refusal(targets.qasm2_text, c.model, c.steps, c.params, c.inputs)
    assert found.code == "E0609"
    assert found.span.text == "z m;" or "z m" in found.span.text


@pytest.mark.parametrize(
    ("steps", "params", "inputs", "message"),
    [
        (0, {}, {}, "steps must be 1 or more"),
        (2, {"wrong": 1.0}, {}, "there is no parameter `wrong`"),
        (2, {"w": np.zeros(3)}, {}, r"parameter `w` has shape \(3,\), expected \(2,\)"),
        (2, {}, {"u": [1.0, 2.0]}, "there is no input `u`"),
        (3, {}, {"x": np.zeros(2)}, r"input `x` has shape \(2,\), expected \(3,\)"),
    ],
)
def test_wrong_calls(steps, params, inputs, message) -> None:
    with pytest.raises(ValueError, match=message):
        targets.to_qiskit(case("memory").model, steps, params, inputs)


def test_fixed_values_are_needed() -> None:
    with pytest.raises(ValueError, match="`fixed` values are needed to make a circuit: `J`"):
        targets.to_qiskit(case("reservoir").model, 2)
    with pytest.raises(ValueError, match='fresh must be "reuse" or "expand"'):
        targets.to_qiskit(case("emc").model, 2, fresh="new")


def test_labels() -> None:
    model = load(
        "cell C { input k: class[3]; param w: angle[3]; fresh q: qubit; ry(w[k]) q; output y = expect(Z(q)); }"
    )
    with pytest.raises(DataError, match=r"`k` is 3, not a label of `class\[3\]`"):
        targets.to_qiskit(model, 2, {}, {"k": [0, 3]})
    assert refusal(targets.to_qiskit, model, 2).code == "E0603"
    circuit = targets.to_qiskit(model, 2, None, {"k": [2, 0]})
    assert [p.name for p in circuit.parameters] == ["w[0]", "w[2]"]


def test_unknown_arguments() -> None:
    with pytest.raises(TypeError, match="unexpected argument `rolling`"):
        targets.qasm3_text(case("emc").model, 2, rolling=True)


def test_data_outside_a_domain() -> None:
    model = load(
        "cell C { input x: real; fresh q: qubit; ry(arccos(x)) q; output y = expect(Z(q)); }"
    )
    with pytest.raises(DataError, match=r"`arccos` of 2.*input `x`.*step 1"):
        targets.to_qiskit(model, 2, {}, {"x": [0.0, 2.0]})


PRODUCTS = """qrnn 1.0;
cell C {
    input x: real;
    carry a: real = 0;
    fresh q: qubit;
    use f = Linear(inputs = 1, outputs = 9);
    use g = Linear(inputs = 1, outputs = 9);
    let b = a + sum(f([x])) * sum(g([x]));
    next a = b;
    ry(b) q;
    output y = expect(Z(q));
}
"""


def test_sums_that_qiskit_would_never_finish_are_refused() -> None:
    model = load_text(PRODUCTS)
    assert targets.to_qiskit(model, 1).num_parameters == 4 * 9 + 1
    found = refusal(targets.to_qiskit, model, 2)
    assert (found.code, "too long" in found.message) == ("E0602", True)
    assert found.help
    stats = targets.circuit_stats(model, 40)
    assert stats["gates"] == {"measure": 40, "reset": 39, "ry": 40}
    assert targets.qasm3_text(model, 2).count("ry(") == 2
