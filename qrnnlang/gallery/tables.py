"""Tables of results in Markdown: in an example's README, and in `docs/gallery.md`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..runtime.files import write_text
from . import grid
from .results import part_of
from .spec import Example, Experiment

BEGIN, END = "<!-- results -->", "<!-- /results -->"

HEAD = (
    "| experiment | parameters | seeds | measure | median (lowest to highest) "
    "| by validation | time | published |\n|---|---|---|---|---|---|---|---|\n"
)


def table(example: Example, results: Mapping[str, Mapping[str, Any]]) -> str:
    """All results of an example."""
    if example.grid is not None:
        return grid.markdown(example.grid, results)
    return f"{HEAD}{rows(example, results)}"


def rows(example: Example, results: Mapping[str, Mapping[str, Any]]) -> str:
    """One row an experiment that has results."""
    found = []
    for experiment in example.experiments:
        r = results.get(experiment.name)
        if r is None:
            continue
        spread = f"{number(r['median'])} ({number(r['low'])} to {number(r['high'])})"
        if experiment.below is not None:
            spread += f"; {_reached(r['reached'], experiment.below)}"
        found.append(
            f"| `{experiment.name}` | {r['parameters']} | {_seeds(experiment, r)} | {_measure(r)} "
            f"{experiment.metric} | {spread} | {number(r['values'][r['best']])} "
            f"| {duration(r['seconds'])} | {experiment.published or '–'} |\n"
        )
    return "".join(found)


def _seeds(experiment: Experiment, result: Mapping[str, Any]) -> str:
    """How many seeds stand behind a row; of how many, where some did not end with numbers."""
    count = len(result["seeds"])
    return f"{count} of {experiment.seeds}" if count < experiment.seeds else str(count)


def _measure(result: Mapping[str, Any]) -> str:
    return {"train": "training"}.get(part := part_of(result["metrics"]), part)


def _reached(epochs: Sequence[int | None], below: float) -> str:
    counted = [e for e in epochs if e is not None]
    if not counted:
        return f"none under {below:g}"
    mean = sum(counted) / len(counted)
    return f"{len(counted)} of {len(epochs)} under {below:g}, after {mean:.0f} epochs on average"


def number(value: float) -> str:
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"


def duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def by(results: Mapping[str, Mapping[str, Any]]) -> str:
    """What the figures were computed by, in a line."""
    made = {tuple(sorted(r["by"].items())) for r in results.values()}
    lines = []
    for items in sorted(made):
        d = dict(items)
        lines.append(
            f"qrnnlang {d['qrnnlang']}, JAX {d['jax']}, NumPy {d['numpy']}, Python {d['python']}, "
            f"{d['machine']}"
        )
    return "; ".join(lines)


def readme(example: Example, results: Mapping[str, Mapping[str, Any]]) -> None:
    """Writes the table between the marks of the example's README, if it has them."""
    path = example.folder / "README.md"
    if not path.is_file() or not results:
        return
    text = path.read_text("utf-8")
    before, mark, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not mark or not end:
        return
    shown = f"{BEGIN}\n\n{table(example, results)}\n{pictures(example)}{by(results)}\n\n"
    write_text(path, f"{before}{shown}{END}{after}")


def pictures(example: Example, where: str = "") -> str:
    """The pictures that lie beside an example, named from a page for which they are in `where`."""
    lines = [
        f"![{picture[:-4]} of {example.name}]({where}{picture})\n"
        for picture in ("curves.png", "forecast.png")
        if (example.folder / picture).is_file()
    ]
    return "".join(lines) + "\n" if lines else ""


def page(found: Sequence[tuple[Example, Mapping[str, Mapping[str, Any]]]]) -> str:
    """`docs/gallery.md`: every example that has results."""
    parts = [
        "# Gallery\n\n"
        "Cells of the literature, each a file in `examples/`, trained by one command. The tables "
        "are written by `qrnnc gallery --write` from the runs that\nit made; *by validation* is "
        "the seed with the best validation loss (training loss where there is no validation "
        "part), time is that of all\nseeds together, compiling included. What was published is "
        "quoted as read from the authors' texts or logs. The circuits, drawn and placed on "
        "devices: [gallery_circuits.md](gallery_circuits.md).\n"
    ]
    for example, results in found:
        if not results:
            continue
        link = f"../examples/{example.name}/README.md"
        parts.append(f"\n## [{example.title}]({link})\n\n{example.source}\n\n")
        parts.append(f"{table(example, results)}\n")
        parts.append(f"{pictures(example, f'../examples/{example.name}/')}{by(results)}\n")
    return "".join(parts)
