"""Models: sequences, functions over time, losses, and what happens to missing targets."""

import numpy as np
import pytest

from qrnnlang.diagnostics import DataError
from qrnnlang.ir.model import run_model
from qrnnlang.sema.closed import (
    Call,
    CarryIn,
    CellOutput,
    ClosedModel,
    Const,
    Extern,
    Gather,
    Input,
    LossFn,
    ModelOutput,
    Param,
    Port,
    RealCarry,
    RunCell,
    SeqFn,
    ValueType,
)

from .cells import closed, param

RNG = np.random.default_rng(4)
B, T = 3, 5
XS = RNG.normal(size=(B, T, 2))
W = np.array([0.5, -1.5])


def accumulator():
    """s ← s + x·k, with outputs s (new) and d = x·k; k is the second input."""
    ops = [
        Input("x", (2,)),
        Input("k", (2,)),
        CarryIn("s", ()),
        Call("dot", (0, 1), ()),
        Call("add", (2, 3), ()),
    ]
    return closed(
        ops,
        {"s": (4, ()), "d": (3, ())},
        inputs=[Port("x", (2,)), Port("k", (2,))],
        carries=[RealCarry("s", (), 0, 4)],
        init=[Const((1.0,), ())],
    )


def model(ops, outputs=(), *, seqs=(), loss=None, metrics=(), inputs=None, targets=(), params=None):
    """A closed model; only whether a cell without sequences runs along time matters of the types."""
    return ClosedModel(
        name="Test",
        inputs=tuple(inputs if inputs is not None else [Port("x", (2,))]),
        targets=tuple(targets),
        params=tuple(params if params is not None else [param("w", (2,))]),
        ops=tuple(ops),
        types=tuple(ValueType((), i in seqs, True) for i in range(len(ops))),
        outputs=tuple(ModelOutput(n, s, seq, ref) for n, s, seq, ref in outputs),
        loss=loss,
        metrics=tuple(metrics),
    )


def test_a_cell_runs_along_time_and_constants_are_the_same_at_every_step():
    ops = [Input("x", (2,)), Param("w", (2,)), RunCell("acc", accumulator(), (0, 1))]
    ops += [CellOutput(2, "s"), CellOutput(2, "d"), Call("mul", (3, 4), ())]
    result = run_model(model(ops, [("y", (), True, 5), ("s", (), True, 3)]), {"w": W}, {"x": XS})
    d = XS @ W
    s = 1 + np.cumsum(d, axis=1)
    np.testing.assert_allclose(result.outputs["y"], s * d, atol=1e-13)
    np.testing.assert_allclose(result.outputs["s"], s, atol=1e-13)
    assert result.loss is None
    assert result.metrics == {}
    final = [state.reals["s"] for state in result.states["acc"]]
    np.testing.assert_allclose(final, s[:, -1], atol=1e-13)


def test_a_cell_whose_arguments_are_no_sequences_runs_once():
    ops = [
        Input("x", (2,)),
        Param("w", (2,)),
        SeqFn("last", 0),
        RunCell("acc", accumulator(), (2, 1)),
    ]
    ops += [CellOutput(3, "s")]
    result = run_model(model(ops, [("y", (), False, 4)]), {"w": W}, {"x": XS})
    np.testing.assert_allclose(result.outputs["y"], 1 + XS[:, -1] @ W, atol=1e-14)


def test_outputs_that_are_the_same_for_all_samples_have_a_batch_axis():
    ops = [Param("w", (2,)), RunCell("acc", accumulator(), (0, 0)), CellOutput(1, "d")]
    result = run_model(model(ops, [("y", (), False, 2)]), {"w": W}, {"x": XS})
    np.testing.assert_allclose(result.outputs["y"], [2.5] * B)


def test_a_cell_without_inputs_needs_a_number_of_steps():
    cell = closed(
        [CarryIn("n", ()), Const((1.0,), ()), Call("add", (0, 1), ())],
        {"n": (2, ())},
        carries=[RealCarry("n", (), 0, 2)],
        init=[Const((0.0,), ())],
    )
    counter = model(
        [RunCell("c", cell, ()), CellOutput(0, "n")], [("n", (), True, 1)], seqs=(0, 1), inputs=[]
    )
    np.testing.assert_array_equal(run_model(counter, {}, {}, steps=3).outputs["n"], [[1, 2, 3]])
    with pytest.raises(ValueError, match="the number of steps is missing"):
        run_model(counter, {}, {})


@pytest.mark.parametrize(
    ("op", "seq", "wanted"),
    [
        (SeqFn("last", 0), False, XS[:, -1]),
        (SeqFn("first", 0), False, XS[:, 0]),
        (SeqFn("mean", 0), False, XS.mean(axis=1)),
        (SeqFn("last", 0, 2), True, XS[:, 3:]),
        (SeqFn("first", 0, 2), True, XS[:, :2]),
        (SeqFn("skip", 0, 2), True, XS[:, 2:]),
        (SeqFn("skip", 0, 0), True, XS),
        (SeqFn("reverse", 0), True, XS[:, ::-1]),
        (SeqFn("last", 0, 1), True, XS[:, 4:]),
    ],
)
def test_functions_over_time(op, seq, wanted):
    result = run_model(model([Input("x", (2,)), op], [("y", (2,), seq, 1)]), {"w": W}, {"x": XS})
    np.testing.assert_allclose(result.outputs["y"], wanted, atol=1e-15)


@pytest.mark.parametrize("op", [SeqFn("last", 0, 6), SeqFn("first", 0, 6), SeqFn("skip", 0, 5)])
def test_a_sequence_may_be_too_short(op):
    with pytest.raises(
        DataError, match=f"`{op.fn}` needs a sequence of at least 6 steps, this one"
    ):
        run_model(
            model([Input("x", (2,)), op], [("y", (2,), op.fn == "skip", 1)]), {"w": W}, {"x": XS}
        )


def test_loss_and_metrics_reduce_over_batch_time_and_components():
    ops = [
        Input("x", (2,)),
        Input("y", (2,)),
        LossFn("mse", (0, 1)),
        Param("w", (2,)),
        Call("dot", (3, 3), ()),
        Call("add", (2, 4), ()),
        LossFn("mae", (0, 3)),  # one operand is the same for all samples and steps
        SeqFn("last", 0),
        Gather((7,), (0,), ()),
    ]
    ys = RNG.normal(size=(B, T, 2))
    whole = model(
        ops,
        targets=[Port("y", (2,))],
        loss=5,
        metrics=[("mse", 2), ("mae", 6), ("first of last", 8)],
    )
    result = run_model(whole, {"w": W}, {"x": XS}, {"y": ys})
    mse = sum((XS - ys).ravel() ** 2) / (B * T * 2)
    assert result.loss == pytest.approx(mse + 2.5, rel=1e-14)
    assert result.metrics == {
        "mse": pytest.approx(mse, rel=1e-14),
        "mae": pytest.approx(np.abs(XS - W).mean(), rel=1e-14),
        "first of last": pytest.approx(XS[:, -1, 0].mean(), rel=1e-14),
    }
    without = run_model(whole, {"w": W}, {"x": XS})
    assert without.loss is None
    assert set(without.metrics) == {"mae", "first of last"}


def test_labels_pick_rows_and_must_exist():
    table = np.arange(6.0).reshape(3, 2)
    ops = [Param("E", (3, 2)), Input("tok", (), 3), Call("lookup", (0, 1), (2,))]
    embed = model(
        ops, [("y", (2,), True, 2)], inputs=[Port("tok", (), 3)], params=[param("E", (3, 2))]
    )
    result = run_model(embed, {"E": table}, {"tok": [[0, 2], [1, 1]]})
    np.testing.assert_array_equal(result.outputs["y"], table[[[0, 2], [1, 1]]])
    with pytest.raises(
        DataError, match=r"`tok` is 3, not a label .*\(input `tok`, sample 1, step 0\)"
    ):
        run_model(embed, {"E": table}, {"tok": [[0, 2], [3, 1]]})


def test_a_domain_error_names_input_sample_and_step():
    xs = np.full((2, 3), 0.5)
    xs[1, 2] = 1.25
    plain = [Input("x", ()), Call("arcsin", (0,), ())]
    with pytest.raises(DataError, match=r"of 1\.25, .* \(input `x`, sample 1, step 2\)"):
        run_model(model(plain, inputs=[Port("x", ())]), {}, {"x": xs})
    inside = closed(
        [Input("x", ()), Call("arcsin", (0,), ())], {"y": (1, ())}, inputs=[Port("x", ())]
    )
    along = [Input("x", ()), RunCell("c", inside, (0,)), CellOutput(1, "y")]
    with pytest.raises(DataError, match=r"of 1\.25, .* \(input `x`, sample 1, step 2\)"):
        run_model(model(along, inputs=[Port("x", ())]), {}, {"x": xs})
    with pytest.raises(DataError, match="sample 8, step 2"):
        run_model(model(along, inputs=[Port("x", ())]), {}, {"x": xs[1:]}, first_sample=8)
    last = [Input("x", ()), SeqFn("last", 0), Call("arcsin", (1,), ())]
    with pytest.raises(DataError, match=r"of 1\.25, .* \(input `x`, sample 1\)"):
        run_model(model(last, inputs=[Port("x", ())]), {}, {"x": xs})


def test_bound_functions_act_within_a_step():
    ops = [Input("x", (2,)), Extern("f", (0,), ())]
    result = run_model(
        model(ops, [("y", (), True, 1)]), {"w": W}, {"x": XS}, externs={"f": lambda x: x[0] - x[1]}
    )
    np.testing.assert_allclose(result.outputs["y"], XS[..., 0] - XS[..., 1])


def test_scalars_and_vectors_of_one():
    plain = model([Input("x", (1,))], [("y", (1,), True, 0)], inputs=[Port("x", (1,))])
    result = run_model(plain, {}, {"x": XS[..., 0]})
    np.testing.assert_array_equal(result.outputs["y"], XS[..., :1])


def test_wrong_arrays_say_what_is_expected():
    plain = model([Input("x", (2,)), Param("w", (2,))], targets=[Port("y", (), seq=False)])
    with pytest.raises(ValueError, match="the input `x` is missing"):
        run_model(plain, {"w": W}, {})
    with pytest.raises(ValueError, match="the parameter `w` is missing"):
        run_model(plain, {}, {"x": XS})
    with pytest.raises(ValueError, match=r"`x` has shape \(5, 2\), expected \(batch, steps, 2\)"):
        run_model(plain, {"w": W}, {"x": XS[0]})
    with pytest.raises(ValueError, match=r"`y` has shape \(3, 4\), expected \(batch\)"):
        run_model(plain, {"w": W}, {"x": XS}, {"y": np.zeros((3, 4))})
    with pytest.raises(ValueError, match="batches of different size"):
        run_model(plain, {"w": W}, {"x": XS}, {"y": np.zeros(2)})
    with pytest.raises(ValueError, match="`x` is empty"):
        run_model(plain, {"w": W}, {"x": XS[:0]})
