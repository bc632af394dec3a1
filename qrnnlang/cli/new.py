"""`qrnnc new`: a project to start from, with a cell of the standard library."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from .errors import OK, failed_run, wrong_usage

_README = """# {title}

A model around the cell `{cell}` of the standard library, trained on `data.csv`.

```console
$ qrnnc check model.qrnn
$ qrnnc info model.qrnn
$ qrnnc train model.qrnn -o runs/first
$ qrnnc predict runs/first/model.qrnnz --data data.csv -o forecast.csv
$ qrnnc sweep model.qrnn --set {size}={value},{larger} --seeds 3
```

`model.qrnn` says what is trained, on which columns, and how; `data.csv` is an example: put your own
in its place and name its columns in the `data` block. `runs/first` holds the trained model, its
history and figures. `qrnnc compare runs/*` compares runs, `qrnnc explain CODE` explains a
diagnostic.
"""
_IGNORED = "runs/\nsweeps/\n"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="the folder to make")
    parser.add_argument(
        "--cell", metavar="CELL", default="emc", help="a cell of std.cells, in small letters, too"
    )


def run(args: argparse.Namespace) -> int:
    from ..runtime.files import write_text
    from ..runtime.starting import STARTS, program, table
    from ..sema.report import suggestion

    known = {cell.lower(): start for cell, start in STARTS.items()}
    start = known.get(args.cell.lower().replace("_", "").replace("-", ""))
    if start is None:
        hint = suggestion(args.cell.lower(), known) or f"there are {', '.join(known)}"
        raise wrong_usage(f"no cell of std is called `{args.cell}`; {hint}")
    folder = Path(args.name)
    name = _identifier(folder.name)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise wrong_usage(f"{folder} exists already, and is left as it is")
    files = {
        "model.qrnn": program(name, start),
        "data.csv": table(start),
        "README.md": _README.format(
            title=folder.name,
            cell=start.cell,
            size=start.size,
            value=start.value,
            larger=start.value + 1,
        ),
        ".gitignore": _IGNORED,
    }
    try:
        for file, text in files.items():
            write_text(folder / file, text)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise failed_run(f"cannot write to {folder}: {reason}") from None
    sys.stdout.write(
        f"{folder}: {', '.join(files)}\nnext: cd {folder}; qrnnc train model.qrnn -o runs/first\n"
    )
    return OK


def _identifier(name: str) -> str:
    """`my-model` as `MyModel`. Raises CliError for a name without a letter."""
    words = re.findall(r"[A-Za-z0-9]+", name)
    joined = "".join(word[0].upper() + word[1:] for word in words).lstrip("0123456789")
    if not joined:
        raise wrong_usage(f"`{name}` is no name for a model: it needs a letter")
    return joined
