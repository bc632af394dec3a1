"""What the compiler's circuits cost, against other compilers.

    python bench/compile.py [--rows FILE] [--cells …] [--devices …] [--steps …] [--write]

Every measurement is one line of JSON in FILE; those that are there are not repeated, so the run may
be stopped and go on. `--write` makes `bench/results/compile.md` from FILE. TKET takes part where
`pytket` is installed (`bench/requirements.txt`). TKET is stopped where it needs more than
`--limit` seconds for a circuit, and is not asked for the longer ones; Qiskit gets no further seed
after so many.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import sys
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
import compile_table
import compile_tools as tools
from compile_cells import CELLS, DEVICES

RESULTS = Path(__file__).parent / "results"
Job = tuple[dict[str, Any], Callable[..., Any], tuple[Any, ...]]


def jobs(args: argparse.Namespace) -> Iterator[Job]:
    """What is measured: how the row is called, and the call that gives it."""
    pytket = find_spec("pytket") is not None
    table = {"cell": "", "device": "all to all", "steps": 0, "tool": "table"}
    if "table" not in args.without:
        yield table, tools.all_to_all, (args.seeds,)
        yield table | {"device": "scaling"}, tools.scaling, ()
    for steps in args.steps:
        for cell, device in product(args.cells, args.devices):
            where = {"cell": cell, "device": device, "steps": steps}
            for tool, work, call in (_whole if steps else _step)(cell, device, steps, args):
                if not tool.startswith(tuple(args.without)) and (pytket or "tket" not in tool):
                    yield where | {"tool": tool}, work, call


def _step(cell: str, device: str, _: int, args: argparse.Namespace) -> Iterator[Any]:
    """One step, repeated: everybody gets the same seconds."""
    yield "qiskit step", tools.qiskit_step, (cell, device, args.search)
    yield "sabre step", tools.qiskit_step, (cell, device, args.search, 100)
    yield "commuting step", tools.commuting_step, (cell, device, args.search)
    yield "tket step", tools.tket_step, (cell, device, args.search)


def _whole(cell: str, device: str, steps: int, args: argparse.Namespace) -> Iterator[Any]:
    for level in (2, 3):
        yield f"O{level}", tools.ours, (cell, steps, device, level, None)
    for level in (1, 2, 3):
        yield f"qiskit {level}", tools.qiskit, (cell, steps, device, level, args.seeds, args.limit)
    for level in (2, 3):
        yield f"tket {level}", tools.tket, (cell, steps, device, level)


def _call(work: Callable[..., Any], call: tuple[Any, ...], pipe: Any, limit: float) -> None:
    tools.load()
    most = round(time.process_time() + limit)
    resource.setrlimit(resource.RLIMIT_CPU, (most, most + 1))
    try:
        pipe.send(work(*call))
    except Exception as error:
        pipe.send({"error": f"{type(error).__name__}: {error}"[:300]})


def limited(work: Callable[..., Any], call: tuple[Any, ...], limit: float) -> dict[str, Any]:
    """The result of a call in a process of its own, stopped after so many processor seconds.

    A new one, not a fork: that would wait for ever for the threads of Qiskit's library.
    """
    fresh = multiprocessing.get_context("spawn")
    near, far = fresh.Pipe(duplex=False)
    process = fresh.Process(target=_call, args=(work, call, far, limit))
    process.start()
    far.close()
    try:
        found: dict[str, Any] = near.recv()
    except EOFError:
        found = {"over": limit}
    process.join()
    return found


def _here(work: Callable[..., Any], call: tuple[Any, ...], _: float) -> dict[str, Any]:
    """In this process: the threads of Qiskit's library do not outlive a fork."""
    try:
        found: dict[str, Any] = work(*call)
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"[:300]}
    return found


def measure(args: argparse.Namespace, rows: list[dict[str, Any]]) -> None:
    done = {_key(r) for r in rows}
    tools.load()  # once, before every measurement
    for name, work, call in jobs(args):
        if _key(name) in done:
            continue
        shorter = [r for r in rows if _key(r)[:3] == _key(name)[:3] and r["steps"] < name["steps"]]
        if name["steps"] and any("over" in r or "error" in r for r in shorter):
            found: dict[str, Any] = {"over": args.limit}
        else:
            found = (limited if "tket" in name["tool"] else _here)(work, call, args.limit)
        row = name | found | {"at": round(time.time())}
        rows.append(row)
        print(json.dumps(row), flush=True)
        with args.rows.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")


def _key(row: dict[str, Any]) -> tuple[Any, ...]:
    return row["cell"], row["device"], row["tool"], row["steps"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=Path, default=RESULTS / "compile_rows.jsonl")
    parser.add_argument("--cells", type=lambda t: t.split(","), default=list(CELLS))
    parser.add_argument("--devices", type=lambda t: t.split(","), default=list(DEVICES))
    parser.add_argument(
        "--steps", type=lambda t: [int(s) for s in t.split(",")], help="0: one step, repeated"
    )
    parser.add_argument("--without", type=lambda t: t.split(","), default=[], help="tools to skip")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--limit", type=float, default=60.0, help="seconds for one circuit")
    parser.add_argument("--search", type=float, default=5.0, help="seconds for one step")
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    args.steps = args.steps or [5, 20, 80, 320, 0]
    rows: list[dict[str, Any]] = []
    if args.rows.exists():
        rows = [json.loads(line) for line in args.rows.read_text(encoding="utf-8").splitlines()]
    measure(args, rows)
    if args.write:
        (RESULTS / "compile.md").write_text(compile_table.report(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
