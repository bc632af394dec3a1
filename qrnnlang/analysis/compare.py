"""A fair comparison: models of as many parameters, the same data, the same tuning, many seeds.

Each model is brought as near as its hyperparameter allows to the parameter count of the first.
The learning rate of each is chosen from the same rates by the same budget (the same seeds and
epochs; the best median loss on the validation part). Then every model is trained by every seed; a
seed fixes start and order of batches. Reported: median and quartiles of the test score, and for
every pair of models the median of the paired differences with a bootstrap interval and the p value
of Wilcoxon's signed-rank test (Biometrics Bull. 1 (1945) 80), corrected for the number of pairs
(Holm, Scand. J. Stat. 6 (1979) 65). A training that fails counts as the worst of all scores.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..diagnostics import CompileError
from ..runtime.data import Dataset
from ..runtime.model import Model
from ..runtime.training import TrainingError
from .estimates import bootstrap, spread
from .family import remade, trained, whole_numbers
from .finding import Curve, Finding, Panel, Table

#: Rates that are tried, seeds of the tuning (others than those of the comparison), its share of
#: the epochs.
RATES = (0.003, 0.01, 0.03, 0.1)
TUNING_SEEDS = (1001, 1002)
TUNING_SHARE = 0.25
#: The largest value that is tried for a hyperparameter when parameters are matched.
LARGEST = 64

Report = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Trained:
    """One model's runs. `scores` by seed; `curves`, (seeds, epochs), the loss by epoch."""

    name: str
    parameters: int
    hyper: Mapping[str, int]
    rate: float | None
    scores: tuple[float, ...]
    curves: tuple[tuple[float, ...], ...]


def matched(model: Model, parameters: int, size: str | None = None) -> tuple[Model, dict[str, int]]:
    """The model at the value of one `int` hyperparameter that comes nearest to so many parameters.

    `size` names it; default: the first that changes the count. A model without one stays as it is.
    Raises ValueError for a name that does not exist.
    """
    known = whole_numbers(model)
    if size is not None and size not in known:
        listed = ", ".join(f"`{k}`" for k in known) or "none"
        own = model.closed.name
        raise ValueError(f"`{own}` has no int hyperparameter `{size}`; it has {listed}")
    for name in [size] if size is not None else list(known):
        counts: dict[int, int] = {}
        for value in range(1, LARGEST + 1):
            try:
                counts[value] = trained(remade(model, **{name: value}))
            except CompileError:
                continue
            if counts[value] > 2 * parameters:
                break
        if len(set(counts.values())) > 1:
            best = min(counts, key=lambda v: (abs(counts[v] - parameters), v))
            return remade(model, **{name: best}), {name: best}
    return model, {}


def compare(
    models: Mapping[str, Model],
    *,
    data: str | Path | None = None,
    seeds: int = 10,
    epochs: int = 100,
    batch: int | None = None,
    rates: Sequence[float] = RATES,
    sizes: Mapping[str, str] | None = None,
    match: bool = True,
    tell: Report | None = None,
) -> Finding:
    """Trains models against each other on the data of their `data` blocks.

    Args:
        models: by the name they are reported under; parameters are matched to the first.
        data: a file that takes the place of the blocks' own.
        sizes: by model, the hyperparameter that sets its size; default: the first that does.
        match: False compares the models as they are.
        tell: is told, before every training, how many epochs have been trained of all that will
            be, and what comes next.

    Raises ValueError for fewer than two models, and where their test data are not the same.
    """
    if len(models) < 2:
        raise ValueError("a comparison needs at least two models")
    if seeds < 2:
        raise ValueError("a comparison needs at least two seeds")
    for name in sizes or {}:
        if name not in models:
            raise ValueError(f"there is no model `{name}`; there are {', '.join(models)}")
    tell = tell or (lambda done, total, text: None)
    target = trained(next(iter(models.values())))
    ready: dict[str, tuple[Model, dict[str, int]]] = {}
    for i, (name, model) in enumerate(models.items()):
        model.need_loss()
        fit = match and i > 0
        ready[name] = matched(model, target, (sizes or {}).get(name)) if fit else (model, {})
    sets = {name: model.data(data) for name, (model, _) in ready.items()}
    _same(sets)
    part = _part(next(iter(sets.values())))
    score = _score(model for model, _ in ready.values())
    budget = max(1, round(TUNING_SHARE * epochs))
    tuning, final = budget * len(TUNING_SEEDS), epochs * seeds
    free = [m for m, _ in ready.values() if not _closed_form(m)]
    total, epoch = len(free) * len(rates) * tuning + len(ready) * final, 0
    done = []
    for name, (model, hyper) in ready.items():
        rate = None
        if not _closed_form(model):
            tried = {}
            for r in rates:
                tell(epoch, total, f"{name}: learning rate {r:g}")
                epoch += tuning
                given = {"epochs": budget, "batch": batch, "lr": r}
                found = _runs(model, sets[name], TUNING_SEEDS, **given)
                tried[r] = float(np.median([_least(curve) for _, curve in found]))
            rate = min(tried, key=lambda r: tried[r])
        tell(epoch, total, f"{name}: {seeds} seeds")
        epoch += final
        runs = _runs(model, sets[name], range(seeds), epochs=epochs, batch=batch, lr=rate)
        scores = tuple(metrics.get(part, {}).get(score, math.inf) for metrics, _ in runs)
        curves = tuple(tuple(curve) for _, curve in runs)
        done.append(Trained(name, trained(model), hyper, rate, scores, curves))
    conditions = {
        "score": f"{score} on the {part} part",
        "seeds": seeds,
        "epochs": epochs,
        "rates": list(rates),
        "tuning": f"{len(TUNING_SEEDS)} seeds of {budget} epochs a rate",
        "parameters": target,
    }
    return finding(done, conditions)


def finding(done: Sequence[Trained], conditions: Mapping[str, Any]) -> Finding:
    """Medians, spreads, paired tests and pictures of trained models."""
    finite = [s for t in done for s in t.scores if math.isfinite(s)]
    worst = max(finite, default=math.inf)
    scores = {t.name: np.array([min(s, worst) for s in t.scores]) for t in done}
    values = {t.name: spread(scores[t.name]) for t in done}
    rows = []
    for t in done:
        v = values[t.name]
        failed = sum(not math.isfinite(s) for s in t.scores)
        shown = ", ".join(f"{k}={n}" for k, n in t.hyper.items())
        rows.append((t.name, t.parameters, shown, t.rate, v.value, v.low, v.high, failed))
    names = ("model", "parameters", "matched by", "rate", "median", "lower", "upper", "failed")
    tables = {"models": Table(names, tuple(rows)), "pairs": _pairs(scores)}
    panels = (_curves(done), _dots(scores))
    notes = tuple(
        f"`{t.name}` has {t.parameters} parameters, {t.parameters / done[0].parameters - 1:+.0%}"
        for t in done[1:]
        if abs(t.parameters / max(done[0].parameters, 1) - 1) > 0.1
    )
    return Finding("comparison", "Comparison", values, conditions, panels, tables, notes)


def _pairs(scores: Mapping[str, NDArray[np.float64]]) -> Table:
    """Median paired difference with its interval, and Holm's p, of every pair."""
    found = []
    for a, b in combinations(scores, 2):
        differences = scores[a] - scores[b]
        found.append((a, b, bootstrap(differences, np.median), signed_rank(differences)))
    corrected = holm([p for *_, p in found])
    rows = tuple(
        (a, b, d.value, d.low, d.high, p, better(a, b, d.value, p))
        for (a, b, d, _), p in zip(found, corrected, strict=True)
    )
    return Table(("first", "second", "difference", "low", "high", "p", "better"), rows)


def signed_rank(differences: NDArray[np.float64]) -> float:
    """The two-sided p value of Wilcoxon's signed-rank test; 1 where nothing differs."""
    from scipy.stats import wilcoxon

    moved = differences[differences != 0]
    if len(moved) == 0:
        return 1.0
    return float(wilcoxon(moved, method="exact" if len(moved) <= 50 else "asymptotic").pvalue)


def holm(values: Sequence[float]) -> list[float]:
    """p values corrected for their number: the k-th smallest of m times m − k + 1, monotone."""
    order = np.argsort(values)
    found = [0.0] * len(values)
    least = 0.0
    for rank, i in enumerate(order):
        least = max(least, min(1.0, (len(values) - rank) * values[i]))
        found[i] = least
    return found


def better(a: str, b: str, difference: float, p: float) -> str:
    """The name of the model with the lower score, where p says so."""
    if p >= 0.05:
        return "undecided"
    return a if difference < 0 else b


def _runs(
    model: Model, data: Dataset, seeds: Sequence[int], **given: Any
) -> list[tuple[dict[str, Any], list[float]]]:
    """By seed, all trained at once: metrics by part and the loss by epoch, on the validation part

    if there is one. Both are empty where the training failed.
    """
    chosen = {k: v for k, v in given.items() if v is not None}
    try:
        made = model.fit(data=data, seeds=seeds, progress=False, **chosen)
    except TrainingError:
        return [({}, []) for _ in seeds]
    if made.stopped == "interrupted":  # half-trained models are no comparison
        raise KeyboardInterrupt
    ended = {run.seed: run for run in made.runs or (made,)}
    found: list[tuple[dict[str, Any], list[float]]] = []
    for seed in seeds:
        if seed not in ended:
            found.append(({}, []))
            continue
        history = ended[seed].history
        curve = [float(v) for v in history.get("val_loss", history["loss"])]
        found.append((dict(ended[seed].metrics), curve))
    return found


def _least(curve: Sequence[float]) -> float:
    return min(curve, default=math.inf)


def _closed_form(model: Model) -> bool:
    block = model.closed.train
    named = dict(block.options) if block else {}
    return "optimizer" in named and named["optimizer"].call == "ridge"


def _part(data: Dataset) -> str:
    """The part that scores are taken on."""
    for name in ("test", "validation"):
        if len(getattr(data, name)):
            return name
    raise ValueError("a comparison needs a test or validation part: `split = (0.6, 0.2, 0.2);`")


def _score(models: Any) -> str:
    """The first metric that all models have, else the loss."""
    named = [[n for n, _ in m.closed.metrics] for m in models]
    common = [n for n in named[0] if all(n in other for other in named)]
    return common[0] if common else "loss"


def _same(sets: Mapping[str, Dataset]) -> None:
    """Raises ValueError unless all models are tested on the same targets."""
    (first, base), *others = sets.items()
    part = _part(base)
    known = list(getattr(base, part).targets.values())
    for name, data in others:
        found = list(getattr(data, part).targets.values())
        equal = len(found) == len(known) and all(
            np.size(a) == np.size(b) and np.allclose(np.ravel(a), np.ravel(b))
            for a, b in zip(known, found, strict=True)
        )
        if not equal:
            raise ValueError(f"`{first}` and `{name}` are tested on different data: compare blocks")


def _curves(done: Sequence[Trained]) -> Panel:
    curves = []
    for t in done:
        length = max(map(len, t.curves), default=0)
        rows = [c for c in t.curves if len(c) == length and length]
        if rows:
            low, mid, high = np.quantile(np.array(rows), [0.25, 0.5, 0.75], axis=0)
            curves.append(Curve(t.name, list(range(1, length + 1)), mid, low, high))
    title = "Loss by epoch, median and quartiles"
    return Panel(title, "epoch", "validation loss", tuple(curves), logy=True)


def _dots(scores: Mapping[str, NDArray[np.float64]]) -> Panel:
    curves = tuple(
        Curve(name, np.full(len(s), i + 1.0), s, style="points")
        for i, (name, s) in enumerate(scores.items())
    )
    return Panel("Every seed", "model", "score", curves, logy=True)
