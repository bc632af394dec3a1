"""One exact training step, loss and all gradients, against what one would use otherwise.

    python bench/train.py                     # everything, then bench/results/train.md
    python bench/train.py --only emc ring     # some pieces; the others keep what was measured
    python bench/train.py --quick             # a small run, into build/, to see that it works

Pieces are workloads, `fit` and `growth`. Each is kept in results/train/ as it ends, and the report
written anew, so a run can be broken off and gone on with: `--resume` leaves out pieces that this
revision of the code has measured. A piece that fails is said so and does not keep the others from
being measured. Peers that are not installed are lines that say so; `make bench` installs them.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from training import growth, plots, race
from training.machine import revision
from training.peers import OURS, PEERS
from training.report import report
from training.workloads import WORKLOADS

RESULTS = Path(__file__).parent / "results"
PIECES = (*WORKLOADS, "fit", "growth")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=PIECES, metavar="PIECE", help=str(PIECES))
    parser.add_argument("--peers", nargs="+", metavar="KEY", help="these contenders alone")
    parser.add_argument("--seconds", type=float, default=30, help="of turns, for each workload")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--report", action="store_true", help="write the report alone")
    args = parser.parse_args()
    folder = Path("build/bench") if args.quick else RESULTS
    kept = folder / "train"
    kept.mkdir(parents=True, exist_ok=True)
    wanted = args.only or (("emc", "bausch", "growth") if args.quick else PIECES)
    failed = []
    if not args.report:
        _warm()
    for piece in () if args.report else wanted:
        path = kept / f"{piece}.json"
        if args.resume and piece != "growth" and _current(path):
            continue
        print(piece, flush=True)
        try:
            if piece == "growth":
                _grow(path, args.quick, args.resume and _current(path), args.peers)
            elif piece == "fit":
                _write(path, _fit(20 if args.quick else 2000))
            else:
                _write(path, race.run(piece, 2 if args.quick else args.seconds, args.peers))
        except Exception as error:
            failed.append(piece)
            print(f"  {piece} failed: {error}", file=sys.stderr, flush=True)
        _write_report(folder)
    if args.report:
        _write_report(folder)
    print(f"written: {folder / 'train.md'}" + (f"; failed: {', '.join(failed)}" if failed else ""))
    return 1 if failed else 0


def _warm() -> None:
    """Compiles the kernel for every instruction set that takes part, so that no first call does."""
    for env in {tuple(sorted(x.env.items())) for x in PEERS.values() if x.table == OURS}:
        subprocess.run(
            [sys.executable, "-m", "qrnnlang.engine.native"],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(_paths()), **dict(env)},
            check=True,
        )


def _paths() -> list[str]:
    given = os.environ.get("PYTHONPATH", "")
    return [str(Path(__file__).parents[1]), *([given] if given else [])]


def _current(path: Path) -> bool:
    """Whether a piece was measured, at this revision."""
    return path.is_file() and json.loads(path.read_text()).get("revision") == revision()


def _grow(path: Path, quick: bool, resume: bool, peers: list[str] | None) -> None:
    found: dict[str, Any] = json.loads(path.read_text()) if resume else {}
    found["revision"] = revision()
    for axis in growth.AXES:
        for key in peers or growth.CONTENDERS:
            if key in found.setdefault(axis, {}):
                continue
            found[axis][key] = growth.measure(axis, key, quick)
            print(f"  {axis}, {key}: {found[axis][key]}", flush=True)
            _write(path, found)


def _fit(epochs: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "training.fitting", str(epochs)]
    done = subprocess.run(
        command, cwd=Path(__file__).parent, capture_output=True, text=True, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found | {"revision": revision()}


def _write(path: Path, found: dict[str, Any]) -> None:
    scratch = path.with_suffix(".part")
    scratch.write_text(json.dumps(found, indent=1) + "\n")
    scratch.replace(path)


def _write_report(folder: Path) -> None:
    found = {p.stem: json.loads(p.read_text()) for p in (folder / "train").glob("*.json")}
    grown, fitted = found.pop("growth", {}), found.pop("fit", {})
    grown.pop("revision", None)
    if not found:
        return
    if grown:
        plots.draw(grown, folder / "train.svg")
    (folder / "train.md").write_text(report(found, grown, fitted))


if __name__ == "__main__":
    sys.exit(main())
