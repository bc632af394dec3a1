"""`data` and `train` blocks, with every source, key, optimizer and schedule."""

from __future__ import annotations

from qrnnlang.sema.series import SERIES
from qrnnlang.sema.training import METHODS, SCHEDULES

from .scope import Scope, Shape


def data(scope: Scope, ports: list[tuple[str, Shape | int]]) -> list[str]:
    """A source, a column for every input and target, and some options."""
    rng = scope.rng
    kind = rng.choice(("csv", "npz", "series", "series"))
    name = rng.choice(sorted(SERIES))
    columns = ["v", "u", "w"] if kind != "series" else list(SERIES[name].columns)
    source = (
        f'{kind}("d.{kind}")'
        if kind != "series"
        else f"series.{name}({_some(scope, SERIES[name].arguments)})"
    )
    lines = []
    for port, shape in ports:
        count = shape[0] if isinstance(shape, tuple) and shape else 1
        assert isinstance(count, int)
        picks = [_column(scope, columns) for _ in range(count)]
        role = rng.choice(("input ", "target ")) if port in ("window", "split", "order") else ""
        lines.append(f"{role}{port} = {picks[0] if count == 1 else '[' + ', '.join(picks) + ']'};")
    options = {
        "window": str(rng.randint(2, 20)),
        "split": rng.choice(("(0.8, 0.2)", "(0.6, 0.2, 0.2)", "[0.5, 0.5]")),
        "scale": rng.choice(
            ("minmax(-1, 1)", "minmax(low = 0, high = 0.5)", "standard", "none", "minmax()")
        ),
        "shuffle": rng.choice(("true", "false")),
    }
    lines += [f"{key} = {value};" for key, value in options.items() if scope.chance(0.5)]
    if any(line.startswith("window = ") for line in lines):
        lines.append(f"stride = {rng.randint(1, 9)};")
    rng.shuffle(lines)
    return [f"data {source} {{", *(f"    {line}" for line in lines), "}"]


def _column(scope: Scope, columns: list[str]) -> str:
    column = f'column("{scope.rng.choice(columns)}")' if scope.chance(0.8) else "column(0)"
    return f"shift({column}, {scope.rng.choice((1, 2, -1))})" if scope.chance(0.3) else column


def train(scope: Scope) -> list[str]:
    """Every key now and then; `ridge` has rules of its own."""
    rng = scope.rng
    method = rng.choice([m for m in METHODS if m != "ridge"])
    schedule = rng.choice(sorted(SCHEDULES))
    options = {
        "optimizer": f"{method}({_some(scope, METHODS[method])})",
        "epochs": str(rng.randint(1, 9)),
        "batch": str(rng.randint(1, 9)),
        "seed": str(rng.randint(0, 9)),
        "clip": "1.0",
        "clip_value": "0.5",
        "patience": "3",
        "schedule": f"{schedule}({_some(scope, SCHEDULES[schedule])})",
        "shuffle": rng.choice(("true", "false")),
    }
    lines = [f"{key} = {value};" for key, value in options.items() if scope.chance(0.6)]
    return ["train {", *(f"    {line}" for line in lines), "}"]


def _some(scope: Scope, arguments: object) -> str:
    """Some arguments by name, near their defaults."""
    assert isinstance(arguments, dict)
    chosen = [(k, v) for k, v in arguments.items() if scope.chance(0.3)]
    return ", ".join(f"{k} = {str(v).lower()}" for k, v in chosen)
