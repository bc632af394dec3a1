"""The table of a sweep: a row a run, and what the seeds of a point have in common."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from .grid import Point

#: Where a run is judged: on the first of these that it has.
JUDGED = ("validation", "test", "train")


@dataclass(frozen=True)
class Row:
    """A run: its point and seed, and what came of it or why nothing did."""

    point: Point
    seed: int
    metrics: Mapping[str, Mapping[str, float]]
    epochs: int = 0
    best_epoch: int = 0
    stopped: str = ""
    seconds: float = 0.0
    error: str | None = None

    @property
    def scores(self) -> dict[str, float]:
        """Losses and metrics, `test.loss`."""
        return {f"{part}.{k}": v for part, found in self.metrics.items() for k, v in found.items()}

    def as_json(self) -> dict[str, Any]:
        plain = ("seed", "metrics", "epochs", "best_epoch", "stopped", "seconds", "error")
        return {"set": self.point.values, **{name: getattr(self, name) for name in plain}}


@dataclass(frozen=True)
class Summary:
    """The runs of a point: how many, how many failed, and of each score (least, median, most)."""

    point: Point
    runs: int
    failed: int
    scores: Mapping[str, tuple[float, float, float]]

    def as_json(self) -> dict[str, Any]:
        scores = {
            name: dict(zip(("min", "median", "max"), s, strict=True))
            for name, s in self.scores.items()
        }
        return {
            "set": self.point.values,
            "runs": self.runs,
            "failed": self.failed,
            "scores": scores,
        }


def summaries(rows: Sequence[Row]) -> list[Summary]:
    """One for each point, in their order."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.point.label, []).append(row)
    return [_summary(group) for group in found.values()]


def _summary(rows: Sequence[Row]) -> Summary:
    good = [row.scores for row in rows if row.error is None]
    names = list(dict.fromkeys(name for scores in good for name in scores))
    values = {name: sorted(s[name] for s in good if name in s) for name in names}
    return Summary(
        rows[0].point,
        len(rows),
        len(rows) - len(good),
        {name: (v[0], median(v), v[-1]) for name, v in values.items()},
    )


def best(rows: Sequence[Row]) -> Row | None:
    """The run with the least loss on the validation part, else the test part, else in training."""
    good = [row for row in rows if row.error is None and row.metrics]
    for part in JUDGED:
        if good and all(part in row.metrics for row in good):
            return min(good, key=lambda row: row.metrics[part]["loss"])
    return None


def to_csv(rows: Sequence[Row]) -> str:
    """A row a run: the values of its point, the seed, scores, how it went, the error."""
    values = list(dict.fromkeys(name for row in rows for name in row.point.values))
    scores = list(dict.fromkeys(name for row in rows for name in row.scores))
    ends = ("epochs", "best_epoch", "stopped", "seconds", "error")
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*values, "seed", *scores, *ends])
    for row in rows:
        found = row.scores
        last = [getattr(row, name) if row.error is None else "" for name in ends[:-1]]
        writer.writerow(
            [
                *(row.point.values.get(name, "") for name in values),
                row.seed,
                *(repr(found[name]) if name in found else "" for name in scores),
                *last,
                row.error or "",
            ]
        )
    return out.getvalue()


def to_text(found: Sequence[Summary]) -> str:
    """A line a point: its values, runs, and the median of each score with its least and most."""
    values = list(dict.fromkeys(name for s in found for name in s.point.values))
    scores = list(dict.fromkeys(name for s in found for name in s.scores))
    shown = [name for name in scores if not name.startswith("train.")] or scores
    lines = [[*values, "runs", *shown]]
    for s in found:
        runs = str(s.runs) if not s.failed else f"{s.runs - s.failed}/{s.runs}"
        cells = [str(s.point.values.get(name, "")) for name in values]
        lines.append([*cells, runs, *(_spread(s.scores.get(name)) for name in shown)])
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "".join(
        "  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) + "\n"
        for line in lines
    )


def _spread(score: tuple[float, float, float] | None) -> str:
    if score is None:
        return "-"
    low, middle, high = (f"{v:.4g}" for v in score)
    return middle if low == high else f"{middle} ({low} to {high})"
