"""What the compiler's circuits cost, against other compilers.

python bench/compile.py                # prints the tables
python bench/compile.py --write        # and writes bench/results/compile.md
"""

from __future__ import annotations

import argparse
import platform
import sys
from pathlib import Path

import qiskit

sys.path.insert(0, str(Path(__file__).parent))
import all_to_all

RESULTS = Path(__file__).parent / "results" / "compile.md"


def report(seeds: int) -> str:
    return f"""# Compiled circuits

Python {platform.python_version()}, Qiskit {qiskit.__version__}, {platform.machine()}; written by \
`python bench/compile.py --write`.

## All qubits connected

Entries: CX, depth, seconds to make the circuit (Qiskit: to transpile it; {seeds} seeds). Ratios: O3
over the best of Qiskit.

{all_to_all.__doc__}
{all_to_all.table(seeds)}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--seeds", type=int, default=5)
    args = parser.parse_args()
    text = report(args.seeds)
    print(text)
    if args.write:
        RESULTS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
