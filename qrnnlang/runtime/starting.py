"""Programs to start from: every cell of the standard library in a model that trains."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .load import loads
from .model import Model


@dataclass(frozen=True)
class Start:
    """How a cell is used.

    `size` is the hyperparameter that makes it larger, with a small value to begin with; `width` is
    how many numbers a step gives; `features` is the hyperparameter for how many go in, None where
    it is one. `more` are further arguments; `low` and `high` are where its inputs lie; `ridge` says
    that only the linear layer behind it is trained.
    """

    cell: str
    size: str
    value: int
    width: str = "1"
    features: str | None = "features"
    more: str = ""
    low: float = -0.8
    high: float = 0.8
    ridge: bool = False

    @property
    def use(self) -> str:
        """`Emc(features = 1, memory = memory)`, for one feature."""
        first = [] if self.features is None else [f"{self.features} = 1"]
        more = [self.more] if self.more else []
        return f"{self.cell}({', '.join([*first, f'{self.size} = {self.size}', *more])})"


_STARTS = (
    Start("Emc", "memory", 2, more="layers = 2"),
    Start("Takaki", "memory", 2, more="layers = 1"),
    Start("LiPlain", "history", 2),
    Start("LiStaggered", "history", 2),
    Start("Bausch", "workspace", 2, features="width", more="degree = 2, order = 1, spread = 0.5"),
    Start("Qlstm", "hidden", 2, "hidden", "inputs", "depth = 2"),
    Start("LinearQlstm", "hidden", 3, "hidden", "inputs"),
    Start("Qgru", "hidden", 2, "hidden", "inputs", "depth = 2"),
    Start("Qfwp", "qubits", 4, "qubits", "inputs", "outputs = qubits"),
    Start("Reservoir", "n", 4, "5 * n", None, low=0.1, high=0.9, ridge=True),
    Start("FeedbackReservoir", "n", 5, "n", None, "input_scale = 1", ridge=True),
    Start("Rnn", "hidden", 4, "hidden", "inputs"),
    Start("Lstm", "hidden", 4, "hidden", "inputs"),
    Start("Gru", "hidden", 4, "hidden", "inputs"),
)
#: By the name of the cell, in the order of the reference.
STARTS = {start.cell: start for start in _STARTS}

_FORECAST = """qrnn 1.0;

import std.cells;

/// Forecasts the next value of a series, at every step.
model {name}({size}: int = {value}) {{
    use cell = {use};
    use head = Linear(inputs = {width}, outputs = 1);
    input x: seq real{dims};
    target y: seq real[1];
    output pred = head(cell(x));

    // The first steps only fill the memory.
    loss mse(skip(pred, {skip}), skip(y, {skip}));
    metric rmse(skip(pred, {skip}), skip(y, {skip}));

    data csv("data.csv") {{
        x = column("v");
        y = shift(column("v"), 1);
        scale = minmax({low}, {high});
        window = {window};
        stride = {stride};
        split = (0.7, 0.15, 0.15);
    }}
    train {{
        {train}
    }}
}}
"""
_BITS = """qrnn 1.0;

import std.cells;

/// The distribution of the next bit of a sequence, at every step.
model {name}({size}: int = {value}) {{
    use cell = {use};
    input x: seq real[1];
    // What follows is known in training: the cell projects its io lane on it.
    input observed: seq real[1];
    target label: seq class[2];
    output p = cell(x, observed);
    loss nll(p, label);
    metric accuracy(p, label);

    data csv("data.csv") {{
        x = column("bit");
        observed = shift(column("bit"), 1);
        label = shift(column("bit"), 1);
        window = 9;
        stride = 3;
        split = (0.7, 0.15, 0.15);
    }}
    train {{
        optimizer = adam(lr = 0.05);
        epochs = 30;
        batch = 8;
    }}
}}
"""
_ADAM = "optimizer = adam(lr = 0.03);\n        epochs = 30;\n        batch = 8;"


def program(name: str, start: Start) -> str:
    """The source of a model called `name`, which reads `data.csv`."""
    if start.cell == "Bausch":
        return _BITS.format(name=name, use=start.use, size=start.size, value=start.value)
    return _FORECAST.format(
        name=name,
        use=start.use,
        size=start.size,
        value=start.value,
        width=start.width,
        dims="" if start.features is None else "[1]",
        skip=20 if start.ridge else 4,
        low=start.low,
        high=start.high,
        window=40 if start.ridge else 16,
        stride=8 if start.ridge else 4,
        train="optimizer = ridge(l2 = 1e-6);" if start.ridge else _ADAM,
    )


def table(start: Start, rows: int = 240) -> str:
    """What is in `data.csv`: two waves, or bits that repeat 0 1 1."""
    if start.cell == "Bausch":
        return "".join(["bit\n", *(f"{int(t % 3 > 0)}\n" for t in range(rows))])
    waves = (0.6 * math.sin(0.31 * t) + 0.4 * math.sin(0.83 * t) for t in range(rows))
    return "".join(["t,v\n", *(f"{t},{v:.6f}\n" for t, v in enumerate(waves))])


def used(cell: str, features: int, hyper: Mapping[str, Any]) -> str:
    """A cell as a program uses it, with its number of features and further hyperparameters."""
    given = dict(hyper)
    if cell in STARTS:
        start = STARTS[cell]
        first = {} if start.features is None else {start.features: features}
        given = {**first, start.size: start.value, **hyper}
    return f"{cell}({', '.join(f'{name} = {literal(value)}' for name, value in given.items())})"


def literal(value: Any) -> str:
    """A hyperparameter's value in the language. Raises TypeError for what has none."""
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return repr(value)
        case str() if '"' not in value and "\n" not in value:
            return f'"{value}"'
    raise TypeError(f"a hyperparameter is a number, a bool or a plain text, not {value!r}")


def probed(cell: str, features: int, hyper: Mapping[str, Any]) -> Model:
    """A cell of the standard library alone, as a model: it tells what goes in and comes out."""
    dims = "" if STARTS[cell].features is None else f"[{features}]"
    return loads(
        f"qrnn 1.0; import std.cells; model Probe {{ use cell = {used(cell, features, hyper)}; "
        f"input x: seq real{dims}; output y = cell(x); }}"
    )
