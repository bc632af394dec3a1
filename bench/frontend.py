"""How the front end's time grows: with the text, with the elaborated cell, with nesting.

    python bench/frontend.py                # prints the tables
    python bench/frontend.py --write        # and writes bench/results/frontend.md

Every row is the minimum of several runs in this process; the exponent is the slope of the
least-squares line through log(seconds) against log(size), so 1 is linear. The last table starts a
new process for each row, as a user does: it includes Python's start and every import.
"""

from __future__ import annotations

import argparse
import math
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import qrnnlang
from qrnnlang.diagnostics import Source
from qrnnlang.sema import check_text, load_text
from qrnnlang.syntax import parse
from qrnnlang.syntax.format import format_source

RESULTS = Path(__file__).parent / "results" / "frontend.md"

CELL = """
/// Number {0} of many cells that look like what people write.
cell Cell{0}(features: int = 1, memory: int = 2, layers: int = 2) {{
    input x: real[features];
    carry m: qubit[memory];
    fresh e: qubit[features];
    param w: angle[layers, features + memory, 2] ~ uniform(0, tau);
    ry(x) e;
    for l in 0..layers {{
        let q = [e, m];
        rx(w[l, .., 0]) q;
        rz(w[l, .., 1]) q;
        for (a, b) in cross(e, m) {{ cz a, b; }}
    }}
    output y = expect(prod(Z(e)));
    output p = prob(e);
}}
"""


@dataclass(frozen=True)
class Series:
    """What grows, how it is made from a size, and what is done with it."""

    title: str
    unit: str
    sizes: Sequence[int]
    make: Callable[[int], str]
    run: Callable[[str], object]


def many_cells(lines: int) -> str:
    count = max(1, (lines - 1) // len(CELL.strip().splitlines()))
    return "qrnn 1.0;\n" + "".join(CELL.format(i) for i in range(count))


def wide_loop(operations: int) -> str:
    return (
        "qrnn 1.0;\ncell Wide {\n    carry m: qubit[10];\n    param w: angle[10];\n"
        f"    for l in 0..{operations // 10} {{ rx(w) m; }}\n    output y = expect(Z(m));\n}}\n"
    )


def sum_of(terms: int) -> str:
    return f"qrnn 1.0;\nconst A = {' + '.join(['1'] * terms)};\n"


def checked(text: str) -> object:
    found = check_text(text)
    assert not [d for d in found if d.severity == "error"], found[0]
    return found


def parsed(text: str) -> object:
    file, found = parse(Source("bench", text))
    assert not found
    return file


SERIES = (
    Series("parse", "lines", (250, 500, 1000, 2000, 4000), many_cells, parsed),
    Series(
        "format",
        "lines",
        (250, 500, 1000, 2000, 4000),
        many_cells,
        lambda text: format_source(Source("bench", text)),
    ),
    Series("check", "lines", (250, 500, 1000, 2000, 4000), many_cells, checked),
    Series(
        "elaborate one cell",
        "operations",
        (1000, 4000, 16000, 64000),
        wide_loop,
        lambda text: load_text(text),
    ),
    Series("check a sum", "terms", (1000, 4000, 16000, 64000), sum_of, checked),
)


def best(run: Callable[[str], object], text: str, repeats: int = 3) -> float:
    times = []
    for _ in range(repeats):
        begin = perf_counter()
        run(text)
        times.append(perf_counter() - begin)
    return min(times)


def exponent(sizes: Sequence[int], seconds: Sequence[float]) -> float:
    """The slope of the least-squares line through the logarithms."""
    x = [math.log(s) for s in sizes]
    y = [math.log(s) for s in seconds]
    mx, my = sum(x) / len(x), sum(y) / len(y)
    above = sum((a - mx) * (b - my) for a, b in zip(x, y, strict=True))
    return above / sum((a - mx) ** 2 for a in x)


def process(lines: int) -> float:
    """Seconds of `qrnnc check` on a file, the whole process."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.qrnn"
        path.write_text(many_cells(lines), encoding="utf-8")
        command = [sys.executable, "-m", "qrnnlang", "check", str(path)]

        def run(_: str) -> object:
            return subprocess.run(command, check=True, capture_output=True)

        return best(run, "", 5)


def report() -> str:
    lines = [
        "# The front end",
        "",
        f"qrnnlang {qrnnlang.__version__}, Python {platform.python_version()}, "
        f"{platform.processor() or platform.machine()}. Written by `bench/frontend.py`.",
        "",
    ]
    for series in SERIES:
        seconds = [best(series.run, series.make(size)) for size in series.sizes]
        slope = exponent(series.sizes, seconds)
        lines += [
            f"**{series.title}**: time grows as {series.unit}^{slope:.2f}",
            "",
            f"| {series.unit} | seconds |",
            "|---:|---:|",
            *(f"| {n:,} | {s:.3f} |" for n, s in zip(series.sizes, seconds, strict=True)),
            "",
        ]
    lines += ["**`qrnnc check FILE`**, a new process", "", "| lines | seconds |", "|---:|---:|"]
    lines += [f"| {n:,} | {process(n):.3f} |" for n in (100, 1000)]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write {RESULTS.name}")
    write = parser.parse_args().write
    text = report()
    print(text, end="")
    if write:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
