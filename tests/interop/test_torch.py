"""`qrnnlang.torch.Layer`: values, gradients, state, dtypes, and what it refuses."""

from __future__ import annotations

import copy
import sys
from functools import cache
from importlib import import_module

import numpy as np
import pytest

import qrnnlang as qr
from qrnnlang.engine import build

torch = pytest.importorskip("torch", reason="a part that is installed on its own")
from torch import nn  # noqa: E402
from torch.autograd import gradcheck  # noqa: E402
from torch.func import functional_call  # noqa: E402

from qrnnlang.torch import Layer  # noqa: E402

QUANTUM = """qrnn 1.0;
cell Memory {
    input x: real[2];
    carry m: qubit;
    fresh e: qubit[2];
    fixed start: real[2] ~ uniform(-1, 1);
    param w: angle[3];
    ry(x + start) e;
    rx(w) [e, m];
    cz e, m;
    cx e[0], e[1];
    amplitude_damping(0.1) m;
    output z = expect(Z(e));
    output p = prob(m == 1);
}
model M {
    use cell = Memory();
    use head = Linear(inputs = 2, outputs = 1);
    input x: seq real[2];
    let found = cell(x);
    output y = head(found.z);
    output p = found.p;
}
"""
HYBRID = """qrnn 1.0;
import std.cells;
cell Embedded {
    input tok: class[3];
    input x: real;
    param E: real[3, 2];
    use lstm = Qlstm(inputs = 3, hidden = 1, depth = 1);
    output y = lstm([E[tok, ..], x]);
}
model M {
    use cell = Embedded();
    input tok: seq class[3];
    input x: seq real;
    output y = last(cell(tok, x));
}
"""


@cache
def _compiled(source: str, executor: str) -> Layer:
    model = qr.loads(source)
    # The executable is made once; a test may ask for the other way of running a cell.
    model.runner.__dict__["executable"] = build(model.closed, executor=executor)
    return Layer(model)


def layer(
    source: str = QUANTUM, executor: str = "auto", output: str | None = None, seed: int = 0
) -> Layer:
    """A layer; those of one source share what is compiled, as copies do."""
    made = copy.deepcopy(_compiled(source, executor))
    made.load_state_dict(Layer(made.model, seed=seed).state_dict())
    made.output = output or made.output
    return made


def inputs(batch: int = 2, steps: int = 3) -> torch.Tensor:
    generator = torch.Generator().manual_seed(5)
    return torch.rand(batch, steps, 2, generator=generator, dtype=torch.float64)


def checked(made: Layer, *x: torch.Tensor, lengths: object = None) -> bool:
    """`gradcheck` of everything that has a gradient: parameters, then inputs."""
    names = [name for name, _ in made.named_parameters()]

    def run(*tensors: torch.Tensor) -> object:
        params = dict(zip(names, tensors[: len(names)], strict=True))
        given = tensors[len(names) :]
        named = dict(zip((p.name for p in made.model.closed.inputs), given, strict=True))
        found = functional_call(made, params, (named, lengths))
        return tuple(found.values()) if isinstance(found, dict) else found

    params = [p.detach().clone().requires_grad_() for p in made.parameters()]
    moving = [t.clone().requires_grad_() if t.is_floating_point() else t for t in x]
    return bool(gradcheck(run, (*params, *moving)))


# --- values and gradients -------------------------------------------------------------------------


@pytest.mark.parametrize("executor", ["auto", pytest.param("xla", marks=pytest.mark.long)])
def test_gradients_agree_with_finite_differences(executor: str) -> None:
    assert checked(layer(executor=executor), inputs())


def test_gradients_with_lengths_ignore_the_padding() -> None:
    made, x = layer(output="y"), inputs(2, 4).requires_grad_()
    assert checked(made, x.detach(), lengths=torch.tensor([4, 2]))
    found = made(x, torch.tensor([4, 2]))
    assert torch.all(found[1, 2:] == 0) and torch.all(found[1, :2] == made(x[1:, :2])[0])
    found.sum().backward()
    assert x.grad is not None and x.grad[1, :2].abs().min() > 0
    assert torch.all(x.grad[1, 2:] == 0) and x.grad[0].abs().min() > 0


@pytest.mark.long
def test_gradients_of_a_hybrid_cell_with_labels() -> None:
    tok = torch.tensor([[0, 2], [1, 1]])
    assert checked(layer(HYBRID), tok, inputs(2, 2)[..., 0])


def test_values_and_gradients_are_those_of_the_model() -> None:
    target = "    target t: seq real[1];\n    let found ="
    source = QUANTUM.replace("    let found =", target).replace(
        "    output p = found", "    loss mse(y, t);\n    output p = found"
    )
    model = qr.loads(source)
    made, x = Layer(model, seed=3), inputs()
    params = model.init(3)
    for name, value in made.numpy().items():
        np.testing.assert_array_equal(value, params[name])
    found, expected = made(x), model(params, x.numpy())
    assert list(found) == ["y", "p"]
    for name, value in expected.items():
        np.testing.assert_allclose(found[name].detach(), value, atol=1e-14)
    y = np.cos(np.arange(6.0)).reshape(2, 3, 1)
    loss = nn.functional.mse_loss(found["y"], torch.from_numpy(y))
    loss.backward()
    value, grads = model.value_and_grad(params, x.numpy(), y)
    assert abs(loss.item() - value) < 1e-13
    for name, grad in grads.items():
        np.testing.assert_allclose(made.tensors()[name].grad, grad, atol=1e-13)


def test_only_what_is_asked_for_is_differentiated() -> None:
    made, x = layer(), inputs()
    assert not made.requires_grad_(False)(x)["y"].requires_grad
    made.get_parameter("cell.w").requires_grad_(True)
    made(x)["p"].sum().backward()
    assert made.get_parameter("cell.w").grad is not None
    assert made.get_parameter("head.W").grad is None
    with torch.no_grad():
        assert not made(x)["y"].requires_grad


def test_a_value_outside_a_domain_is_nan_in_its_sample() -> None:
    made = layer("qrnn 1.0; cell A { input x: real; param a: real = 1; output y = a * arccos(x); }")
    found = made(torch.tensor([[0.5, 0.1], [0.5, 2.0]], dtype=torch.float64))
    assert torch.isfinite(found[0]).all() and torch.isnan(found[1, 1])


def test_second_derivatives_are_refused() -> None:
    x = inputs().requires_grad_()
    (slope,) = torch.autograd.grad((layer()(x)["y"] ** 2).sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        slope.sum().backward()


# --- as a module ----------------------------------------------------------------------------------


def test_state() -> None:
    made = layer(seed=1)
    state = made.state_dict()
    assert list(state) == ["cell.w", "cell.start", "head.W", "head.b"]
    assert [name for name, _ in made.named_parameters()] == ["cell.w", "head.W", "head.b"]
    other = layer(seed=2)
    assert not torch.equal(other(inputs())["y"], made(inputs())["y"])
    other.load_state_dict(state)
    assert torch.equal(other(inputs())["y"], made(inputs())["y"])
    with pytest.raises(RuntimeError, match=r"cell\.w"):
        other.load_state_dict({**state, "cell.w": torch.zeros(4)})


def test_start_values() -> None:
    made = Layer(layer().model, {"cell.w": [0.1, 0.2, 0.3]}, seed=4)
    assert made.numpy()["cell.w"].tolist() == [0.1, 0.2, 0.3]
    assert made.numpy()["head.W"].tolist() == made.model.init(4)["head.W"].tolist()


def test_a_copy_is_a_layer_of_its_own() -> None:
    made = layer()
    other = copy.deepcopy(made)
    with torch.no_grad():
        other.get_parameter("cell.w").add_(0.5)
    assert other.model is made.model
    assert not torch.equal(other(inputs())["y"], made(inputs())["y"])


def test_a_cell_may_be_called_like_a_method() -> None:
    source = QUANTUM.replace("use cell", "use train").replace("cell(x)", "train(x)")
    made = layer(source)
    assert "train.w" in made.state_dict() and made.train().training


def test_it_trains_among_other_layers() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(1, 2), layer(output="y"), nn.Tanh()).double()
    x = torch.linspace(0, 3, 6, dtype=torch.float64).reshape(2, 3, 1)
    y = torch.cos(x)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.1)
    losses = []
    for _ in range(40):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(net(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]


def test_a_model_without_inputs() -> None:
    made = layer(
        "qrnn 1.0; cell A { carry m: qubit; param w: angle; rx(w) m; output z = expect(Z(m)); }"
    )
    found = made(steps=3)
    w = made.numpy()["w"]
    np.testing.assert_allclose(found[0].detach(), np.cos(w * np.arange(1, 4)), atol=1e-14)
    assert "Model A() -> z, 1 parameters" in repr(made)


# --- dtypes ---------------------------------------------------------------------------------------


def test_single_precision() -> None:
    exact, x = layer(seed=1), inputs()
    expected = exact(x)["y"].detach()
    exact.float()
    found = exact(x.float())["y"]  # single precision at the borders only
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, expected.float(), atol=1e-6, rtol=0)
    found.sum().backward()
    assert {p.grad.dtype for p in exact.parameters() if p.grad is not None} == {torch.float32}
    single = Layer(qr.loads(QUANTUM, precision="float32"), seed=1)
    assert {p.dtype for p in single.parameters()} == {torch.float32}
    torch.testing.assert_close(single(x.float())["y"], expected.float(), atol=1e-5, rtol=0)


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "error", "said"),
    [
        (inputs().float(), RuntimeError, r"needs torch\.float64, as the layer's parameters have"),
        (inputs()[0], RuntimeError, r"needs shape \(batch, steps, 2\), got \(3, 2\)"),
        (inputs()[..., :1], RuntimeError, r"needs shape \(batch, steps, 2\)"),
        (inputs().numpy(), TypeError, "is a tensor, not ndarray"),
        ({"z": inputs()}, RuntimeError, "no input `z`"),
        (None, RuntimeError, "missing input `x`"),
    ],
)
def test_wrong_inputs(x: object, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        layer()(x)


def test_wrong_lengths_and_labels() -> None:
    with pytest.raises(RuntimeError, match="from 1 to 3"):
        layer()(inputs(), torch.tensor([4, 1]))
    with pytest.raises(RuntimeError, match=r"lengths needs shape \(2,\)"):
        layer()(inputs(), torch.tensor([2]))
    tok = torch.zeros(2, 3, dtype=torch.float64)
    with pytest.raises(RuntimeError, match="`tok` needs whole numbers"):
        layer(HYBRID)({"tok": tok, "x": inputs()[..., 0]})
    with pytest.raises(RuntimeError, match="batch axis differs"):
        layer(HYBRID)({"tok": torch.zeros(3, 3, dtype=torch.int64), "x": inputs()[..., 0]})


def test_wrong_layers() -> None:
    with pytest.raises(TypeError, match="a model of qrnnlang, not str"):
        Layer("model.qrnn")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no output `q`; it has `y`, `p`"):
        Layer(layer().model, output="q")
    with pytest.raises(ValueError, match=r"no parameter `cell\.v`"):
        Layer(layer().model, {"cell.v": 1})


def test_without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [n for n in sys.modules if n.startswith("qrnnlang.torch")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ImportError, match="needs PyTorch, which is not installed: pip install"):
        import_module("qrnnlang.torch")
