"""Names, registers and metadata, literally as the language reference has them."""

from __future__ import annotations

import numpy as np
import pytest

from qrnnlang import targets
from qrnnlang.sema import load_text

from .conftest import case, load, make
from .exact import outputs
from .programs import EMC, POSTSELECTED


def registers(circuit) -> list[tuple[str, int]]:
    return [(r.name, r.size) for r in circuit.cregs]


def plain(entry: dict) -> dict:
    return {k: entry[k] for k in ("output", "step", "terms", "postselections")}


def test_emc_circuit() -> None:
    circuit = targets.to_qiskit(load_text(EMC, hyper={"features": 2, "memory": 1}), 2)
    assert [(r.name, r.size) for r in circuit.qregs] == [("m", 1), ("e", 2)]
    assert registers(circuit) == [("y_0", 2), ("y_1", 2)]
    names = [p.name for p in circuit.parameters]
    assert names[:8] == [f"enc[{k}]" for k in range(8)]
    assert names[8:10] == ["out[0]", "out[1]"]
    assert names[10:28] == [f"rot[{k}]" for k in range(18)]
    assert names[28:] == ["x_0[0]", "x_0[1]", "x_1[0]", "x_1[1]"]
    assert plain(circuit.metadata["outputs"]["y_1"]) == {
        "output": "y",
        "step": 1,
        "terms": [[1.0, [0, 1]]],
        "postselections": [],
    }
    assert circuit.count_ops()["reset"] == 2
    first = [i.operation.name for i in circuit.data].index("reset")
    assert circuit.data[first - 1].operation.name == "measure"


def test_steps_are_padded_to_the_last_one() -> None:
    model = load("cell C { input x: real; fresh q: qubit; ry(x) q; output y = expect(Z(q)); }")
    assert [r.name for r in targets.to_qiskit(model, 11).cregs][:2] == ["y_00", "y_01"]
    assert [r.name for r in targets.to_qiskit(model, 10).cregs][:2] == ["y_0", "y_1"]
    assert targets.parameter_order(model, 11)[-1] == "x_10"
    assert targets.parameter_order(model, 1) == ["x_0"]


def test_scalars_are_plain_parameters_and_paths_keep_their_dots() -> None:
    model = load_text(
        "qrnn 1.0; cell V { input v: real; param w: angle; fresh q: qubit; ry(v * w) q;"
        " output z = expect(Z(q)); }"
        "cell C { input x: real; use f = V(); param s: real; output y = s * f(x); }",
        entry="C",
    )
    circuit = targets.to_qiskit(model, 1)
    assert [p.name for p in circuit.parameters] == ["f.w", "x_0"]
    assert circuit.metadata["outputs"]["y_0"]["terms"] == [["s", [0]]]
    text = targets.qasm3_text(model, 1)
    assert "input float[64] f_w;\ninput float[64] x_0;\n" in text
    assert "ry(x_0*f_w) f_q[0];" in text


def test_measured_bits_and_postselections() -> None:
    circuit = targets.to_qiskit(case("feedback").model, 2)
    assert registers(circuit) == [("seen_0", 1), ("b_0", 1), ("p_1", 1), ("seen_1", 1), ("b_1", 1)]
    circuit = targets.to_qiskit(load_text(POSTSELECTED), 2)
    assert registers(circuit)[:4] == [
        ("before_0", 1),
        ("after_0", 1),
        ("chance_0", 2),
        ("post_0_0", 2),
    ]
    found = circuit.metadata["outputs"]
    assert found["before_1"]["postselections"] == ["post_0_0"]
    assert found["after_1"]["postselections"] == ["post_0_0", "post_0_1"]
    assert found["chance_1"]["postselections"] == ["post_0_0"]
    assert circuit.metadata["postselections"]["post_0_1"] == {"step": 1, "value": 1}


def test_terms() -> None:
    model = load(
        "cell C { input x: real; fresh a: qubit; fresh b: qubit[2]; ry(x) a; cx a, b[1];"
        " output s = 2 - 0.5 * expect(Z(b[1]) * Z(a)) + expect(Z(a)) / 4;"
        " output v = expect(Z(b));"
        " output one = expect(Z(b[0..1]));"
        " output p = prob(b);"
        " output k = prob(b == 2);"
        " output d = prob(a)[0] - prob(a)[1]; }"
    )
    found = targets.to_qiskit(model, 1).metadata["outputs"]
    assert found["s_0"]["terms"] == [[-0.5, [0, 1]], [0.25, [1]], [2.0, []]]
    assert found["v_0"]["terms"] == [[[1.0, [0]]], [[1.0, [1]]]]
    assert found["one_0"]["terms"] == [[1.0, [0]]]
    assert (found["p_0"]["kind"], found["p_0"]["terms"]) == ("prob", [[1.0, [0, 1]]])
    assert found["k_0"]["terms"] == [[1.0, [0, 1]]]
    assert found["k_0"]["value"] == 2
    assert found["d_0"]["terms"] == [[1.0, [0]]]


def test_commuting_reads_share_a_circuit_and_others_do_not() -> None:
    model = load(
        "cell C { input x: real; fresh q: qubit[2]; ry(x) q; cx q[0], q[1];"
        " output a = expect(Z(q)); output b = prob(q); output c = expect(X(q[0]) * Z(q[1])); }"
    )
    found = targets.circuits(model, 2)
    assert [registers(c) for c in found] == [
        [("a_0", 2), ("b_0", 2), ("a_1", 2), ("b_1", 2)],
        [("c_0", 2), ("c_1", 2)],
    ]


def test_an_output_in_two_bases_is_the_sum_of_its_parts() -> None:
    c = make(
        load(
            "cell C { input x: real; fresh q: qubit[2]; ry(x) q; cx q[0], q[1];"
            " output e = expect(X(q[0]) * X(q[1]) + 0.5 * sum(Z(q)) + 3 * I(q[0])); }"
        ),
        2,
    )
    assert registers(targets.to_qiskit(c.model, 2, c.params, c.inputs)) == []
    found = targets.circuits(c.model, 2, c.params, c.inputs)
    assert [circuit.metadata["outputs"]["e_1"]["part"] for circuit in found] == [[0, 2], [1, 2]]
    assert [circuit.metadata["outputs"]["e_1"]["terms"] for circuit in found] == [
        [[1.0, [0, 1]], [3.0, []]],
        [[0.5, [0]], [0.5, [1]]],
    ]
    assert outputs(found)["e", 1] == pytest.approx(float(c.want["e"][1]), abs=1e-12)


def test_carried_qubits_take_a_circuit_for_each_step() -> None:
    c = case("memory", 3)
    found = targets.circuits(c.model, 3)
    assert [list(circuit.metadata["outputs"]) for circuit in found] == [
        ["y_2"],
        ["y_0"],
        ["p_0"],
        ["y_1"],
        ["p_1"],
        ["p_2"],
    ]
    assert targets.circuit_stats(c.model, 3)["circuits"] == 6
    lengths = [circuit.size() for circuit in found]
    assert lengths[0] == max(lengths)


def test_a_carried_qubit_that_is_reset_first_is_read_in_place() -> None:
    model = load(
        "cell C { input x: real; carry r: qubit[2]; reset r[0]; ry(x) r[0]; cx r[0], r[1];"
        " output y = expect(Z(r[0])); }"
    )
    assert len(targets.circuits(model, 4)) == 1


def test_model_outputs_give_the_names_and_only_the_steps_they_need() -> None:
    text = EMC + (
        "model M { use cell = Emc(); use head = Linear(inputs = 1, outputs = 1); input x: seq real[1];"
        " output pred = last(cell(x), 2); output other = HEAD; }"
    )
    direct = load_text(text.replace("HEAD", "reverse(x)"))
    assert registers(targets.to_qiskit(direct, 12)) == [("pred_10", 1), ("pred_11", 1)]
    headed = load_text(
        text.replace("last(cell(x), 2)", "x").replace("HEAD", "head(last(cell(2 * x)))")
    )
    circuit = targets.to_qiskit(headed, 3)
    assert registers(circuit) == [("y_2", 1)]
    assert "ry(2.0*x_0_0) cell_e[0];" in targets.qasm3_text(headed, 3)


def test_two_instances_keep_their_names_apart() -> None:
    model = load_text(
        "qrnn 1.0; cell V { input v: real; param w: angle; fresh q: qubit; ry(v + w) q;"
        " output z = expect(Z(q)); }"
        "model M { use f = V(); use g = V(); input x: seq real; output y = f(x) * g(reverse(x)); }"
    )
    circuit = targets.to_qiskit(model, 2)
    assert [r.name for r in circuit.cregs] == ["z_0", "z_1", "g_z_0", "g_z_1"]
    assert [p.name for p in circuit.parameters] == ["f.w", "g.w", "x_0", "x_1"]
    assert circuit.num_qubits == 2


def test_names_that_meet_get_an_underscore() -> None:
    model = load(
        "cell C { input x: real; carry h: qubit; fresh pi_: qubit; param x_0: angle; param t: angle;"
        " ry(x + x_0) h; rx(t) h; cx h, pi_; output y = expect(Z(pi_)); }"
    )
    assert [p.name for p in targets.to_qiskit(model, 1).parameters] == ["t", "x_0", "x_0_"]
    text = targets.qasm3_text(model, 1)
    assert "qubit[1] h_;" in text
    assert "input float[64] t_;" in text
    assert "input float[64] x_0_;" in text


def test_fresh_qubits_of_called_cells_are_used_again() -> None:
    c = case("calls")
    assert targets.to_qiskit(c.model, 3).num_qubits == 2
    assert targets.to_qiskit(c.model, 3, fresh="expand").num_qubits == 12


def test_a_relabelled_register_moves_over_the_qubits() -> None:
    circuit = targets.to_qiskit(case("staggered").model, 4)
    assert circuit.num_qubits == 3
    resets = [
        circuit.find_bit(i.qubits[0]).index for i in circuit.data if i.operation.name == "reset"
    ]
    assert resets == [0, 1, 2]


def test_texts_say_which_outputs_are_not_in_them() -> None:
    model = case("memory").model
    for text in (targets.qasm3_text(model, 3), targets.qasm3_text(model, 3, rolled=True)):
        assert "\n// output y: 2 steps from 0 to 1 take other circuits\n" in text
        assert "\n// output p: 3 steps from 0 to 2 take other circuits\n" in text
    assert targets.to_qiskit(model, 3).metadata["elsewhere"] == {"p": [0, 1, 2], "y": [0, 1]}


def test_stats() -> None:
    stats = targets.circuit_stats(load_text(EMC), 4)
    assert (stats["qubits"], stats["circuits"]) == (3, 1)
    assert stats["gates"]["cz"] == 16
    assert stats["two_qubit"] == 16
    assert stats["depth"] == targets.to_qiskit(load_text(EMC), 4).depth()


def test_cost_grows_with_the_steps_alone() -> None:
    """Stamping looks at each gate once a step; nothing is compiled twice."""
    c = make(load_text(EMC), 2)
    long = {"x": np.zeros((400, 1))}
    assert targets.to_qiskit(c.model, 400, c.params, long).size() == 400 * 31 + 399
