"""Fisher information of a named likelihood: its spectrum, and the effective dimension.

With outputs y_θ(x) read as parameters of a likelihood, F(θ) = E_x E_{t ~ p(t|x,θ)} ∂ln p ∂ln pᵀ:

- gaussian: t ~ N(y, 1) in every component, F = E_x Jᵀ J with J = ∂y/∂θ;
- categorical: t = k with probability y_k, F = E_x Σ_k ∂y_k ∂y_kᵀ / y_k; of logits, y = softmax;
- bernoulli: t = 1 with probability y.

The effective dimension of Abbas et al. (Nat. Comput. Sci. 1 (2021) 403) for n data, γ = 1:
d = 2 ln( mean_θ √det(1 + κ F̂(θ)) ) / ln κ, κ = γ n / (2π ln n), F̂ = P · F / mean_θ tr F for P
parameters, between 0 and P. No units. Eigenvalues are given for F̂: a spectrum crowded at 0 has
directions in which nothing can be learned.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from ..engine import build
from ..sema.closed import ClosedModel, LossFn
from .estimates import student
from .finding import Curve, Estimate, Finding, NotDefined, Panel, exact
from .subject import Subject

Floats = NDArray[np.float64]

LIKELIHOODS = ("gaussian", "categorical", "logits", "bernoulli")
#: Most parameters, and directions that are pushed forward together.
LARGEST, BLOCK = 1000, 16
#: Number of data of the headline.
DATA = 10_000


def fisher(
    subject: Subject,
    steps: int = 10,
    sequences: int = 16,
    seeds: int = 8,
    seed: int = 0,
    likelihood: str | None = None,
) -> Finding:
    """Spectrum and effective dimension over `seeds` random starts, of the model where it has data,

    else of the cell. `likelihood`: by default the one that the model's loss is the log of.
    """
    model = subject.model.closed if subject.dataset is not None else subject.closed
    named = likelihood or likelihood_of(model)
    if named not in LIKELIHOODS:
        raise ValueError(f"likelihood is one of {', '.join(LIKELIHOODS)}, not `{named}`")
    trained = [s.name for s in model.params if s.trained]
    size = sum(int(np.prod(s.shape)) for s in model.params if s.trained)
    if not size:
        raise NotDefined("it has no trained parameters")
    if size > LARGEST:
        raise NotDefined(f"{size} parameters are above the limit of {LARGEST}")
    x = _inputs(subject, sequences, steps, seed)
    machine = build(model, "float64", subject.model.externs, executor="xla")

    def features(params: Any) -> Any:
        found = machine.apply(params, x)
        return embedded(
            named,
            [y.reshape(sequences, -1, y.shape[-1] if y.ndim > 1 else 1) for y in found.values()],
        )

    pushed = _pushed(features)
    matrices = []
    for i in range(seeds):
        params = {k: np.asarray(v) for k, v in subject.model.init(seed + i).items()}
        params = {s.name: params[s.name] for s in model.params}
        matrices.append(information(pushed, params, trained) / sequences)
    stack = np.array(matrices)
    normal = normalised(stack)
    eigen = np.sort(np.linalg.eigvalsh(normal), axis=1)[:, ::-1]
    dimension = effective_dimension(normal, DATA)
    near = [float((row < 1e-3 * row.max()).mean()) for row in eigen]
    values = {
        "effective dimension": dimension,
        "of parameters": exact(size),
        "share": Estimate(
            dimension.value / size,
            dimension.low / size,
            dimension.high / size,
            dimension.method,
            dimension.n,
        ),
        "share of eigenvalues below 1e-3 of the largest": student(near),
        "trace": student([float(np.trace(f)) for f in stack]),
    }
    index = list(range(1, size + 1))
    low, mid, high = np.quantile(np.maximum(eigen, 1e-16), [0.1, 0.5, 0.9], axis=0)
    counts = [int(n) for n in np.logspace(3, 6, 10)]
    shares = [effective_dimension(normal, n) for n in counts]
    grown = Curve(
        "effective dimension / P",
        counts,
        [s.value / size for s in shares],
        [s.low / size for s in shares],
        [s.high / size for s in shares],
    )
    panels = (
        Panel(
            "Fisher spectrum, normalised",
            "number",
            "eigenvalue",
            (Curve("median and 10–90 %", index, mid, low, high, "points"),),
            logy=True,
        ),
        Panel("Effective dimension", "data n", "share of the parameters", (grown,), logx=True),
    )
    conditions = {
        "likelihood": named,
        "data": DATA,
        "gamma": 1,
        "sequences": sequences,
        "parameters": seeds,
        "seed": seed,
        "inputs": subject.source,
        "of": "model" if subject.dataset is not None else "cell",
    }
    return Finding("fisher", "Fisher information", values, conditions, panels)


def embedded(named: str, outputs: Sequence[Any]) -> Any:
    """φ with F = 4 · ∂φᵀ ∂φ: square roots of probabilities, halves for the Gaussian."""
    first = outputs[0]
    match named:
        case "gaussian":
            return jnp.concatenate([y.reshape(-1) for y in outputs]) / 2
        case "categorical":
            return jnp.sqrt(jnp.maximum(first, 1e-12)).reshape(-1)
        case "logits":
            return jnp.sqrt(jax.nn.softmax(first, axis=-1)).reshape(-1)
    p = jnp.clip(first, 1e-12, 1 - 1e-12)
    return jnp.concatenate([jnp.sqrt(p).reshape(-1), jnp.sqrt(1 - p).reshape(-1)])


def likelihood_of(model: ClosedModel) -> str:
    """The likelihood behind the first loss function that the model's loss names."""
    names = [op.fn for op in model.ops if isinstance(op, LossFn)] if model.loss is not None else []
    for name in names:
        match name:
            case "cross_entropy" | "nll":
                return "categorical"
            case "cross_entropy_logits":
                return "logits"
            case "binary_cross_entropy":
                return "bernoulli"
    return "gaussian"


def _pushed(features: Any) -> Any:
    @jax.jit
    def pushed(params: Any, directions: Any) -> Any:
        return jax.vmap(lambda d: jax.jvp(features, (params,), (d,))[1])(directions)

    return pushed


def information(pushed: Any, params: dict[str, Floats], trained: Sequence[str]) -> Floats:
    """F summed over the samples: 4 ∂φᵀ ∂φ, (P, P)."""
    sizes = [int(np.prod(params[n].shape)) for n in trained]
    total = sum(sizes)
    rows = []
    for start in range(0, total, BLOCK):
        basis = np.eye(total)[start : start + BLOCK]
        basis = np.concatenate([basis, np.zeros((BLOCK - len(basis), total))])
        directions = {n: np.zeros((BLOCK, *v.shape)) for n, v in params.items()}
        offset = 0
        for name, size in zip(trained, sizes, strict=True):
            piece = basis[:, offset : offset + size]
            directions[name] = piece.reshape(BLOCK, *params[name].shape)
            offset += size
        rows.append(np.asarray(pushed(params, directions)))
    jacobian = np.concatenate(rows)[:total]
    return np.asarray(4 * jacobian @ jacobian.T)


def normalised(matrices: Floats) -> Floats:
    """F̂: so scaled that the mean trace is the number of parameters."""
    trace = float(np.mean([np.trace(f) for f in matrices]))
    if not trace > 0:
        raise NotDefined("no output depends on a parameter")
    return np.asarray(matrices * (matrices.shape[1] / trace))


def effective_dimension(matrices: Floats, data: int) -> Estimate:
    """d for n data from normalised matrices (draws, P, P), with a jackknife interval (Student)."""
    kappa = data / (2 * np.pi * np.log(data))
    if kappa <= 1:
        raise ValueError(f"an effective dimension needs more data than {data}")
    n = matrices.shape[1]
    halves = np.array([0.5 * np.linalg.slogdet(np.eye(n) + kappa * f)[1] for f in matrices])

    def dimension(h: Floats) -> float:
        top = float(h.max())
        return 2 * (top + float(np.log(np.mean(np.exp(h - top))))) / float(np.log(kappa))

    value, count = dimension(halves), len(halves)
    if count == 1:
        return Estimate(value, -np.inf, np.inf, "student", 1)
    without = np.array([dimension(np.delete(halves, i)) for i in range(count)])
    spread = student(count * value - (count - 1) * without)
    half = (spread.high - spread.low) / 2
    return Estimate(value, value - half, value + half, "student", count)


def _inputs(subject: Subject, sequences: int, steps: int, seed: int) -> dict[str, Floats]:
    if subject.dataset is None:
        return subject.inputs(sequences, steps, seed)
    part = subject.dataset.train
    rows = np.resize(np.random.default_rng([seed, 577]).permutation(len(part)), sequences)
    return {k: v[rows] for k, v in part.inputs.items()}
