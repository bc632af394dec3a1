"""Training on a backend taken up again: what the run is made of stands beside its jobs.

There is no state to go on from. All draws follow from the seed, so the run is made again from its
first update, and goes by the results that are on disk up to where it was interrupted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...diagnostics import DataError
from ..files import read_bytes, write_text
from .checkpoint import Saved, same

#: Beside the jobs.
RUN = "run.json"


def begun(jobs: Path, record: Mapping[str, Any], resume: bool) -> None:
    """Writes down what the run is made of; with `resume` it must be what stands there already.

    Raises DataError for a folder without a run, or with another one's, OSError.
    """
    path = jobs / RUN
    if resume:
        if not path.is_file():
            raise DataError(f"{jobs}: no jobs of a run to go on with; start without resuming")
        try:
            before = json.loads(read_bytes(path))
            same(Saved(0, {}, [], before, 0.0), record, str(path))
        except DataError:
            raise
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"{path}: damaged, or not what a run is made of") from error
    write_text(path, json.dumps(record, indent=1, sort_keys=True) + "\n")
