"""Windows that stay in a file until they are asked for: data larger than the memory."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from ..running import Batch
from .columns import Binding, joined
from .scaling import Scale
from .tables import Array, Key, Table

if TYPE_CHECKING:
    from ...sema.closed import ClosedModel

#: Bytes of all windows of a data block above which they are cut out only as they are used.
LIMIT = 1 << 29
#: Bytes of windows that are in memory at a time.
CHUNK = 1 << 25


@dataclass(frozen=True, eq=False)
class Stream:
    """Windows of a table's columns, which may be mapped from the disk; like a sequence of samples.

    Window i covers the rows `starts[i]` to `starts[i] + window` of what the shifts leave.
    """

    model: ClosedModel
    table: Table
    columns: Mapping[Key, Array]
    bound: Sequence[Binding]
    starts: npt.NDArray[np.int64]
    window: int
    least: int  # the least shift
    scales: Mapping[str, Scale]

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def names(self) -> set[str]:
        """The inputs and targets that there are columns for."""
        return {b.port.name for b in self.bound}

    @property
    def bytes_each(self) -> int:
        """Bytes of one window."""
        return 8 * self.window * sum(max(1, int(np.prod(b.port.shape))) for b in self.bound)

    @property
    def at_a_time(self) -> int:
        """Windows that are in memory at a time."""
        return max(1, CHUNK // max(self.bytes_each, 1))

    def part(self, chosen: slice) -> Stream:
        return replace(self, starts=self.starts[chosen])

    def rows(self, index: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """The rows of the source that some windows stand in, (n, window)."""
        found: npt.NDArray[np.int64] = self.starts[index][:, None] + np.arange(self.window)
        return found - self.least

    def take(self, index: npt.NDArray[np.int64]) -> tuple[dict[str, Array], dict[str, Array]]:
        """Inputs and targets of some windows: (n, window, *shape), or (n, *shape) of the last row.

        Scaled. Labels were checked when the file was read.
        """
        rows = self.rows(index)
        found: dict[str, Array] = {}
        for b in self.bound:
            of = rows if b.port.seq else rows[:, -1]
            parts = [np.asarray(self.columns[p.key][of + p.shift]) for p in b.picks]
            values = joined(b, parts, of.ndim, self.table)
            scale = self.scales.get(b.port.name)
            found[b.port.name] = values if scale is None else scale.apply(values)
        inputs = {p.name: found[p.name] for p in self.model.inputs if p.name in found}
        targets = {p.name: found[p.name] for p in self.model.targets if p.name in found}
        return inputs, targets

    def chunks(self) -> Iterator[tuple[dict[str, Array], dict[str, Array]]]:
        """All windows in order, as many at a time as the memory should hold."""
        every = np.arange(len(self))
        for first in range(0, len(self), self.at_a_time):
            yield self.take(every[first : first + self.at_a_time])


#: The samples of a part: arrays in memory, or a stream.
Samples: TypeAlias = Batch | Stream


class Spool:
    """Columns of numbers on their way from a text file to the disk; `arrays` maps them back.

    As a context it closes its files; arrays that are mapped from them stay.
    """

    def __init__(self, keys: Sequence[Key]) -> None:
        # Without a name: they are gone with the last array that is mapped from them.
        self.files = {
            key: tempfile.TemporaryFile(prefix="qrnnlang-")  # noqa: SIM115
            for key in keys
        }

    def __enter__(self) -> Spool:
        return self

    def __exit__(self, *_: object) -> None:
        for file in self.files.values():
            file.close()

    def add(self, values: Mapping[Key, Array]) -> None:
        for key, array in values.items():
            self.files[key].write(np.ascontiguousarray(array, dtype=np.float64).tobytes())

    def arrays(self) -> dict[Key, Array]:
        found: dict[Key, Array] = {}
        for key, file in self.files.items():
            file.flush()
            if file.tell():
                found[key] = np.memmap(file, dtype=np.float64, mode="r")
            else:
                found[key] = np.zeros(0)
        return found
