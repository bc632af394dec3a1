"""The measurements as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from .flops import useful
from .peers import AUTHORS, EXPERT, FRAMEWORK, OURS, PEERS
from .peers.zgemm import FLOPS as ZGEMM
from .workloads import WORKLOADS

TABLES = {
    EXPERT: "Against expert code with the same idea",
    FRAMEWORK: "Against frameworks as a skilled user uses them",
    AUTHORS: "Cost of reproduction: in the manner of the authors' code",
}
HEAD = (
    "| | minimum | lower quartile | median | upper quartile | ratio | caches cold | "
    "first gradient | whole process | peak memory |"
)
RULE = "|---|---|---|---|---|---|---|---|---|---|"


def report(results: Mapping[str, Any], growth: Mapping[str, Any], fit: Mapping[str, Any]) -> str:
    lines = list(_head(results))
    lines += _summary(results)
    for name in WORKLOADS:
        if name in results:
            lines += _workload(name, results[name])
    if fit:
        lines += _fit(fit)
    if growth:
        lines += _growth(growth)
    return "\n".join(lines) + "\n"


def _head(results: Mapping[str, Any]) -> Iterator[str]:
    yield "# Training steps, measured"
    yield ""
    yield (
        "`make bench` (`python bench/train.py`). One call is the loss of a batch and its gradient "
        "for every parameter, in float64; for `qlstm` it is an epoch of RMSprop."
    )
    yield ""
    first = next(iter(results.values()))["machine"]
    yield (
        f"{first['processor']}, {first['family']}, {first['instructions']}, 2 threads on "
        f"{first['cores']} cores; "
        + ", ".join(f"{k} {v}" for k, v in first["packages"].items())
        + "."
    )
    yield ""
    yield (
        "Each contender runs in a process of its own, pinned to two cores and two threads. All of "
        "a workload's contenders start from the same parameters and data; their losses are "
        "asserted to agree to 1e-10 and their gradients to 1e-8 before anything is timed. They "
        "then take turns, a tenth of a second each, so that what else the machine does meets all "
        "alike. Ratios are medians divided by ours. *Caches cold*: the median of calls before each "
        "of which 64 MiB were walked. *First gradient*: from the source, or from the peer's first "
        "line, to the first gradient, compiling included and imports excluded (our kernel's "
        "library lies in its cache); *whole process*: the same with the interpreter's start and "
        "the imports. Peak memory is the process's, imports included. A GPU was not at hand. Calls "
        "of JAX take arrays that it holds. This package has JAX run a call where it is made. "
        "Others leave that as JAX has it, and gain nothing from it: switched so for them, in turns "
        "with the default, it made the medians of nine between 5 % quicker and 10 % slower."
    )
    yield ""


def _row(key: str, found: Mapping[str, Any], ours: float) -> str:
    title = PEERS[key].title
    if found["lost"] is not None:
        return f"| {title} | {found['lost']} |" + " |" * 8
    quartiles = np.quantile(found["seconds"], [0, 0.25, 0.5, 0.75])
    cells = [time(s) for s in quartiles]
    cells.append("" if np.isnan(ours) else f"{quartiles[2] / ours:.3g}")
    cells.append(time(float(np.median(found["cold"]))) if found["cold"] else "")
    cells += [f"{found['first_s']:.2f} s", f"{found['process_s']:.1f} s"]
    cells.append(f"{found.get('peak_mib', 0):,.0f} MiB")
    return f"| {title} | " + " | ".join(cells) + " |"


def time(seconds: float) -> str:
    """Three digits in a unit that is read easily."""
    for unit, scale in (("s", 1.0), ("ms", 1e3)):
        if seconds * scale >= 1:
            return f"{seconds * scale:.3g} {unit}"
    return f"{1e6 * seconds:.3g} µs"


def median(found: Mapping[str, Any]) -> float:
    return float(np.median(found["seconds"])) if found["lost"] is None else float("nan")


def _workload(name: str, found: Mapping[str, Any]) -> Iterator[str]:
    contenders = found["contenders"]
    yield f"## `{name}`: {WORKLOADS[name].title}"
    yield ""
    count = {
        k: c.get("calls", len(c["seconds"])) for k, c in contenders.items() if c["lost"] is None
    }
    yield (
        f"Revision {found['revision']}, {found['when']} UTC, load {found['machine']['load']} (the "
        f"machine was shared if that is above 2); {found['compared']} contenders "
        f"agree; {min(count.values())} to {max(count.values())} calls each."
    )
    yield ""
    own = [k for k in contenders if PEERS[k].table == OURS]
    ours = median(contenders["ours"])
    for table, title in TABLES.items():
        keys = [k for k in contenders if PEERS[k].table == table]
        if not keys:
            continue
        yield f"{title}:"
        yield ""
        yield HEAD
        yield RULE
        yield from (_row(k, contenders[k], ours) for k in (*own, *keys))
        yield ""
    yield from _machine(name, contenders)


def _machine(name: str, contenders: Mapping[str, Any]) -> Iterator[str]:
    flops = useful(WORKLOADS[name])
    if flops is None or contenders.get("zgemm", {}).get("lost", "x") is not None:
        return
    yield (
        f"Against the machine: the cheapest plan known takes {flops / 1e6:.3g} million real "
        "operations (`bench/training/flops.py`)."
    )
    yield ""
    yield "| | useful rate | zgemm, 1000×1000 | share |"
    yield "|---|---|---|---|"
    for key, rate in (("ours", "zgemm"), ("avx2", "zgemm_avx2")):
        if contenders[key]["lost"] or contenders[rate]["lost"]:
            continue
        for which, pick in (("median", np.median), ("minimum", np.min)):
            mine = flops / float(pick(contenders[key]["seconds"])) / 1e9
            best = ZGEMM / float(pick(contenders[rate]["seconds"])) / 1e9
            yield (
                f"| {PEERS[key].title}, {which} | {mine:.3g} GFLOP/s | {best:.3g} GFLOP/s | "
                f"{mine / best:.2f} |"
            )
    yield ""


def _summary(results: Mapping[str, Any]) -> Iterator[str]:
    yield (
        "Medians, and how many times faster ours is than the best of each table; in brackets the "
        "same of the minima, which other work on the machine touches less:"
    )
    yield ""
    yield "| workload | ours | expert code | frameworks | authors' manner |"
    yield "|---|---|---|---|---|"
    for name in WORKLOADS:
        if name not in results:
            continue
        contenders = results[name]["contenders"]
        if lost := contenders["ours"]["lost"]:
            yield f"| `{name}` | {lost} |  |  |  |"
            continue
        ours = median(contenders["ours"])
        cells = [time(ours)]
        for table in TABLES:
            theirs = {
                k: median(c)
                for k, c in contenders.items()
                if PEERS[k].table == table and c["lost"] is None
            }
            if not theirs:
                lost = {str(c["lost"]) for k, c in contenders.items() if PEERS[k].table == table}
                cells.append(", ".join(sorted(lost)))
                continue
            best = min(theirs, key=theirs.__getitem__)
            title = PEERS[best].title.split(",")[0]
            least = min(min(contenders[k]["seconds"]) for k in theirs)
            least /= min(contenders["ours"]["seconds"])
            ratio = f"{theirs[best] / ours:.3g} × [{least:.3g} ×]"
            cells.append(f"{ratio} ({title}, {time(theirs[best])})")
        yield f"| `{name}` | " + " | ".join(cells) + " |"
    yield ""


def _fit(fit: Mapping[str, Any]) -> Iterator[str]:
    yield "## Inside `fit`"
    yield ""
    yield (
        f"2,000 epochs of 32 windows of 20 steps on the exchange-memory cell, batch 1 "
        f"({fit['updates']:,} updates, `model.fit` as a user calls it, losses of the whole set "
        f"after every epoch included): {fit['seconds']:.1f} s, "
        f"{1e3 * fit['seconds'] / fit['updates']:.3g} ms an update."
    )
    yield ""


def _growth(growth: Mapping[str, Any]) -> Iterator[str]:
    yield "## How cost grows"
    yield ""
    yield "![time against qubits, steps and batch](train.svg)"
    yield ""
    yield (
        "The exchange-memory cell with one quantity varied, the others as in `emc`; the minimum "
        "of a few calls. The exponent is that of a power law through the last three points, "
        "the factor that by which each qubit more multiplies the time there."
    )
    yield ""
    for axis, series in growth.items():
        values = sorted({int(v) for points in series.values() for v in points})
        growth_of = factor if axis == "carried qubits" else exponent
        last = f" | {growth_of.__name__} |"
        yield "| " + axis + " | " + " | ".join(f"{v:,}" for v in values) + last
        yield "|---" * (len(values) + 2) + "|"
        for key, points in series.items():
            cells = [_point(points.get(str(v))) for v in values]
            yield f"| {PEERS[key].title} | " + " | ".join(cells) + f" | {growth_of(points)} |"
        yield ""


def _point(found: Any) -> str:
    if found is None:
        return ""
    return time(found) if isinstance(found, float) else str(found)


def exponent(points: Mapping[str, Any]) -> str:
    """The slope in a double logarithmic plot of the last three points that have a time."""
    found = _last(points)
    return f"{_slope([np.log(v) for v, _ in found], found):.2f}" if len(found) > 1 else ""


def factor(points: Mapping[str, Any]) -> str:
    """By how much a step on the axis multiplies the time, from the last three points likewise."""
    found = _last(points)
    return f"{np.exp(_slope([v for v, _ in found], found)):.2f}" if len(found) > 1 else ""


def _last(points: Mapping[str, Any]) -> list[tuple[int, float]]:
    return sorted((int(v), t) for v, t in points.items() if isinstance(t, float))[-3:]


def _slope(x: list[float], found: list[tuple[int, float]]) -> float:
    return float(np.polyfit(x, np.log([t for _, t in found]), 1)[0])
