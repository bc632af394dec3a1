"""The tables of `bench/results/compile.md`, from the rows of a run."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from compile_cells import CELLS

Row = dict[str, Any]

HEAD = """# Compiled circuits

Written by `python bench/compile.py --write`: {versions}, {machine}. Seconds are of the processor
(all threads), on a machine of two cores.

Devices: a heavy hexagon of 133 places and a square grid of 8 × 8, basis CZ RZ √X X, errors drawn
from seed 0. Parameters and inputs are bound. `gates` and `depth` count gates on two qubits, in the
whole circuit. Others get the circuit as written; Qiskit at levels 1 to 3 with up to {seeds} seeds
each (fewer where it takes long), TKET with the default passes of levels 2 and 3 (its own placement
and routing), by T and the number of cells on devices: {asked}; {limits}
In every column their best number counts, gates, depth and loss each for itself, over all levels
and seeds. `loss` is −log of the probability that no gate on two qubits fails; of a pair's two
directions the better one counts, for everybody.
{missing}
"""


def report(rows: list[Row]) -> str:
    table = {(r["cell"], r["device"], r["steps"], r["tool"]): r for r in rows}
    seeds = max((r.get("seeds", 0) for r in rows), default=0)
    tket = [r for r in rows if r["tool"].startswith("tket ") and r["steps"]]
    asked = Counter(t for t, *_ in {(r["steps"], r["cell"], r["device"]) for r in tket})
    limits = sorted({r["over"] for r in tket if "over" in r})
    missing = [c for c in CELLS if not any(r["cell"] == c for r in rows)]
    head = HEAD.format(
        versions=_versions(),
        machine=platform.machine(),
        seeds=seeds,
        asked=", ".join(f"T = {t}: {asked[t]}" for t in sorted(asked)) or "none",
        limits=(
            f"`> {limits[-1]:g}`: stopped after so many seconds; `–`: not asked."
            if limits
            else "`–`: not asked."
        ),
        missing=f"Not in this run: {', '.join(missing)}." if missing else "",
    )
    note = table.get(("", "note", 0, "table"), {}).get("text", "")
    parts = [head, *([note, ""] if note else [])]
    parts += [*_summary(table), "\n## Whole circuits\n", *_whole(table)]
    if any(tool.endswith(" step") for _, _, _, tool in table):
        parts += ["\n## One step, repeated\n", STEP, *_steps(table)]
    scaling = table.get(("", "scaling", 0, "table"), {}).get("text")
    if scaling:
        parts += ["\n## With the number of steps\n", scaling]
    connected = table.get(("", "all to all", 0, "table"), {}).get("text")
    if connected:
        parts += ["\n## All qubits connected\n", CONNECTED, connected]
    return "\n".join(parts) + "\n"


def _versions() -> str:
    found = [f"Python {platform.python_version()}"]
    for name in ("qiskit", "pytket"):
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"no {name}")
    return ", ".join(found)


def _best(rows: list[Row | None], key: str) -> float | None:
    return min((r[key] for r in rows if r is not None and key in r), default=None)


def _others(table: dict[Any, Row], where: tuple[Any, ...]) -> list[Row | None]:
    tools = ("qiskit 1", "qiskit 2", "qiskit 3", "tket 2", "tket 3")
    return [table.get((*where, tool)) for tool in tools]


def _places(table: dict[Any, Row]) -> list[tuple[Any, ...]]:
    found = {key[:3] for key, r in table.items() if key[3] == "O3" and "gates" in r}
    return sorted(found, key=lambda k: (k[1], k[0], k[2]))


def _ratio(mine: float, other: float | None) -> str:
    return "" if not other else f"{mine / other:.2f}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def _summary(table: dict[Any, Row]) -> Iterator[str]:
    better = {"gates": 0, "depth": 0, "loss": 0}
    fewer = 0
    worse: list[str] = []
    count = faster = timed = 0
    for where in _places(table):
        mine, others = table[(*where, "O3")], _others(table, where)
        if _best(others, "gates") is None:
            continue
        count += 1
        fewer += mine["gates"] <= 0.85 * (_best(others, "gates") or 0)
        for key in better:
            least = _best(others, key)
            if least is not None and mine[key] <= least:
                better[key] += 1
            else:
                worse.append(
                    f"{where[0]} on {where[1]} at T = {where[2]}: {key} {mine[key]} / {least}"
                )
        quick, slow = table.get((*where, "O2")), table.get((*where, "qiskit 3"))
        if where[2] == 320 and quick and slow and "seconds" in slow:
            timed += 1
            faster += 5 * quick["seconds"] <= slow["seconds"]
    yield (
        f"-O 3 is no worse than the best of all others in {better['gates']} of {count} rows in "
        f"gates, in {better['depth']} in depth and in {better['loss']} in loss; in {fewer} it has "
        f"at least 15 % fewer gates. At T = 320, -O 2 takes at most a fifth of the time of "
        f"Qiskit's level 3 in {faster} of {timed} rows."
    )
    if worse:
        yield "Where it is worse (ours / the best of the others):\n"
        yield from (f"- {w}" for w in worse)


def _whole(table: dict[Any, Row]) -> Iterator[str]:
    yield (
        "| device | cell | T | O3 gates | Qiskit | TKET | ratio | O3 depth | Qiskit | TKET | ratio "
        "| O3 loss | best | O2 gates | O2 s | O3 s | Qiskit 1 / 2 / 3 s | TKET 2 / 3 s |"
    )
    yield "|---" * 18 + "|"
    for where in _places(table):
        cell, device, steps = where
        mine, others = table[(*where, "O3")], _others(table, where)
        quick = table.get((*where, "O2"), {})
        cells = [device, cell, steps]
        for key in ("gates", "depth"):
            best = _best(others, key)
            cells += [mine[key], _number(_best(others[:3], key)), _number(_best(others[3:], key))]
            cells.append(f"**{_ratio(mine[key], best)}**" if best else "")
        cells += [f"{mine['loss']:.3g}", _number(_best(others, "loss")), quick.get("gates", "")]
        cells += [f"{quick.get('seconds', 0):.2f}", f"{mine['seconds']:.1f}"]
        cells += [" / ".join(_seconds(r) for r in others[:3])]
        cells += [" / ".join(_seconds(r) for r in others[3:])]
        yield "| " + " | ".join(map(str, cells)) + " |"


def _seconds(row: Row | None) -> str:
    if row is None:
        return "–"
    if "over" in row:
        return f"> {row['over']:g}"
    if "seconds" in row:
        return f"{row['seconds']:.2f}"
    return "refused" if "error" in row else "not timed"


CONNECTED = """Entries: CX / depth / seconds to make the circuit (Qiskit: to transpile it). Ratios:
O3 over the best of Qiskit.
"""

STEP = """Per step, in the long run. Others get the step after our passes, to place and route with
new seeds for as many seconds as our search may take; the SWAPs that bring the carried qubits back
are added, three gates each. `SABRE`: with 100 trials of layouts and routings each.
`commuting`: Qiskit's `Commuting2qGateRouter` on lines, for steps whose couplings are RZZ. `tried`:
how many routings we tried, and how many the others.
"""


def _steps(table: dict[Any, Row]) -> Iterator[str]:
    tools = ("qiskit step", "sabre step", "commuting step", "tket step")
    yield (
        "| device | cell | O3 gates | Qiskit | SABRE | commuting | TKET | ratio | O3 depth | best "
        "| ratio | tried | Qiskit | SABRE | commuting | TKET |"
    )
    yield "|---" * 16 + "|"
    for cell, device in sorted(
        {k[:2] for k in table if k[2] == 0 and k[0]}, key=lambda k: (k[1], k[0])
    ):
        mine = next(
            (
                table[key]
                for t in (20, 5, 80)
                if "two_qubit" in table.get(key := (cell, device, t, "O3"), {})
            ),
            None,
        )
        if mine is None:
            continue
        others = [table.get((cell, device, 0, tool)) for tool in tools]
        gates, depth = _best(others, "gates"), _best(others, "depth")
        row = [device, cell, f"{mine['two_qubit']:g}"]
        row += [_number(o.get("gates")) if o else "" for o in others]
        row += [f"**{_ratio(mine['two_qubit'], gates)}**", f"{mine['two_qubit_depth']:g}"]
        row += [_number(depth), f"**{_ratio(mine['two_qubit_depth'], depth)}**", mine["tried"]]
        row += [o.get("tried", "") if o else "" for o in others]
        yield "| " + " | ".join(map(str, row)) + " |"
