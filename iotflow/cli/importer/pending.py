"""Rows that wait to be submitted, by device."""

from collections.abc import Iterable

from iotflow.cli.importer.rows import Row

MAX_BATCH_ROWS = 1_000
"""Rows of one request: few enough that devices which submit at the same time wait only briefly."""
MAX_PENDING_ROWS = 200_000
MAX_PENDING_BYTES = 8 * 2**20
"""Bytes of the file: a file may interleave the rows of many devices, and a request costs as much as many rows."""

Due = dict[str, list[Row]]
"""Rows to submit by device, those of a device in order."""


class PendingRows:
    """The rows read and not submitted yet, those of a device in order."""

    def __init__(self) -> None:
        self._devices: Due = {}
        self._rows = 0
        self._bytes = 0

    def __len__(self) -> int:
        return self._rows

    def add(self, rows: Iterable[Row]) -> None:
        """Add rows in the order of the file."""
        for row in rows:
            self._devices.setdefault(row.device, []).append(row)
            self._rows += 1
            self._bytes += row.size

    def take_first(self) -> Due:
        """Return the rows of the first device."""
        due: Due = {}
        for device in list(self._devices)[:1]:
            self._take(device, None, due)
        return due

    def take_due(self) -> Due:
        """Return all full batches, then the rows of the devices with the most, until the bounds are kept."""
        due: Due = {}
        for device, rows in list(self._devices.items()):
            if len(rows) >= MAX_BATCH_ROWS:
                self._take(device, len(rows) // MAX_BATCH_ROWS * MAX_BATCH_ROWS, due)
        if self._is_full():
            for device in sorted(self._devices, key=lambda device: len(self._devices[device]), reverse=True):
                self._take(device, None, due)
                if not self._is_full():
                    break
        return due

    def take_all(self) -> Due:
        """Return all rows."""
        due, self._devices, self._rows, self._bytes = self._devices, {}, 0, 0
        return due

    def _is_full(self) -> bool:
        return self._rows > MAX_PENDING_ROWS or self._bytes > MAX_PENDING_BYTES

    def _take(self, device: str, count: int | None, due: Due) -> None:
        """Move the first rows of a device, None for all, to those due."""
        rows = self._devices.pop(device)
        taken, kept = (rows, []) if count is None else (rows[:count], rows[count:])
        if kept:
            self._devices[device] = kept
        due.setdefault(device, []).extend(taken)
        self._rows -= len(taken)
        self._bytes -= sum(row.size for row in taken)
