"""Results on disk: one file each, written whole, so that nothing finished is ever lost."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..files import write_text
from .tasks import Result


@dataclass(frozen=True)
class Store:
    """A folder of results. Several runs may share it, at the same time too."""

    folder: str | Path

    def put(self, result: Result) -> None:
        """Raises OSError."""
        write_text(self._path(result.key), result.to_json() + "\n")

    def get(self, key: str) -> Result | None:
        """What is kept under a key; None where there is nothing, or nothing that can be read."""
        try:
            found = Result.from_json(self._path(key).read_text(encoding="utf-8"))
        except (OSError, ValueError, TypeError):
            return None
        return found if found.key == key else None

    def __len__(self) -> int:
        return sum(1 for _ in Path(self.folder).glob("*.json"))

    def _path(self, key: str) -> Path:
        return Path(self.folder) / f"{key}.json"
