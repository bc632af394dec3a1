"""One exact training step, loss and all gradients, against what one would use otherwise.

    python bench/train.py                     # everything, then bench/results/train.md
    python bench/train.py --only emc ring     # some pieces; the others keep what was measured
    python bench/train.py --quick             # a small run, into build/, to see that it works

Pieces are workloads, `fit` and `growth`. Each is kept in results/train/ as it ends, so a run can be
broken off and gone on with: `--resume` leaves out pieces that have a result. Peers that are not
installed are lines that say so; `make bench` installs them.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from training import growth, plots, race
from training.report import report
from training.workloads import WORKLOADS

RESULTS = Path(__file__).parent / "results"
PIECES = (*WORKLOADS, "fit", "growth")


def main() -> None:
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
    for piece in () if args.report else wanted:
        path = kept / f"{piece}.json"
        if args.resume and piece != "growth" and path.is_file():
            continue
        print(piece, flush=True)
        if piece == "growth":
            _grow(path, args.quick, args.resume, args.peers)
            continue
        found = _fit(20 if args.quick else 2000) if piece == "fit" else None
        _write(path, found or race.run(piece, 2 if args.quick else args.seconds, args.peers))
    _write_report(folder)


def _grow(path: Path, quick: bool, resume: bool, peers: list[str] | None) -> None:
    found: dict[str, Any] = json.loads(path.read_text()) if resume and path.is_file() else {}
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
    return found


def _write(path: Path, found: dict[str, Any]) -> None:
    scratch = path.with_suffix(".part")
    scratch.write_text(json.dumps(found, indent=1) + "\n")
    scratch.replace(path)


def _write_report(folder: Path) -> None:
    found = {p.stem: json.loads(p.read_text()) for p in (folder / "train").glob("*.json")}
    grown, fitted = found.pop("growth", {}), found.pop("fit", {})
    if grown:
        plots.draw(grown, folder / "train.svg")
    (folder / "train.md").write_text(report(found, grown, fitted))
    print(f"written: {folder / 'train.md'}")


if __name__ == "__main__":
    main()
