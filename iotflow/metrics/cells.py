"""Cells of numbers: the memory of all metrics of a process, which the workers of one service share.

A count costs 0.2 us, in prometheus_client's multiprocess mode ten times as much. That mode also keeps a file for each
process that ever ran, while a worker that starts here continues the cells of one that has ended.
"""

import ctypes
import json
import logging
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import get_context, sharedctypes

CELLS = 16_384
"""Cells of a process: 128 KiB. All routes, statuses and calls of stores take some 3,000."""
MAX_SERIES_CELLS = 64
KEY_BYTES = 512 * 1_024
"""Bytes of the names of a process's series; some 80 each."""
PID, ALIVE_AT, KEY_LENGTH, NEXT_CELL, FIRST_CELL = range(5)
"""The first cells: the process, its last sign of life (time.monotonic), and the allocation of the others."""
MAX_SILENCE_S = 10.0
"""A process without a sign of life for this time has no gauges."""
SPARE_SLOTS = 2
"""A rolling restart runs one process more; SIGTTIN adds one."""
LOCK_TIMEOUT_S = 5.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Series:
    """One series: its metric, the values of its labels, and its cells in order."""

    metric: str
    labels: tuple[str, ...]
    values: Sequence[float]


class Slot:
    """The cells of one process and the names of its series. `cells` may be changed in place."""

    def __init__(self, cells: "memoryview[float]", keys: memoryview) -> None:
        self.cells = cells
        self._keys = keys
        self._is_full = False
        self._found: dict[tuple[str, tuple[str, ...]], int] = {}

    @property
    def is_alive(self) -> bool:
        """Return whether the process has given a sign of life within `MAX_SILENCE_S`."""
        return time.monotonic() - float(self.cells[ALIVE_AT]) < MAX_SILENCE_S

    @property
    def is_free(self) -> bool:
        """Return whether no running process uses the slot."""
        pid = int(self.cells[PID])
        if pid == 0:
            return True
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        return False

    def claim(self) -> None:
        """Make this process the user of the slot, and continue the series of the former one."""
        self.cells[PID] = os.getpid()
        self.cells[ALIVE_AT] = time.monotonic()
        self._found = {(metric, labels): first for metric, labels, first, _ in self._read_keys()}

    def allocate(self, metric: str, labels: tuple[str, ...], count: int) -> int:
        """Return the first cell of a series of `count` cells, a new one or the one with the same name."""
        found = self._found.get((metric, labels))
        if found is not None:
            return found
        first = max(int(self.cells[NEXT_CELL]), FIRST_CELL)
        length = int(self.cells[KEY_LENGTH])
        line = json.dumps([metric, labels, first, count], separators=(",", ":")).encode() + b"\n"
        # The last cells take the counts of all series that have no room.
        if first + count > CELLS - MAX_SERIES_CELLS or length + len(line) > KEY_BYTES:
            if not self._is_full:
                logger.warning("metrics: no room for the series %s%r and further ones; not counted", metric, labels)
            self._is_full = True
            first = CELLS - MAX_SERIES_CELLS
        else:
            self._keys[length : length + len(line)] = line
            self.cells[NEXT_CELL] = first + count
            self.cells[KEY_LENGTH] = length + len(line)
        self._found[metric, labels] = first
        return first

    def read(self) -> Iterator[Series]:
        """Read all series."""
        for metric, labels, first, count in self._read_keys():
            yield Series(metric, labels, self.cells[first : first + count].tolist())

    def _read_keys(self) -> Iterator[tuple[str, tuple[str, ...], int, int]]:
        for line in bytes(self._keys[: int(self.cells[KEY_LENGTH])]).splitlines():
            metric, labels, first, count = json.loads(line)
            yield metric, tuple(labels), first, count


def private_slot() -> Slot:
    """Return a slot of this process alone."""
    return Slot(memoryview(bytearray(8 * CELLS)).cast("d"), memoryview(bytearray(KEY_BYTES)))


class SharedSlots:
    """The slots of all workers of a service, in shared memory. It can be passed to a process that starts."""

    def __init__(self, workers: int) -> None:
        self._count = workers + SPARE_SLOTS
        self._cells = sharedctypes.RawArray(ctypes.c_double, CELLS * self._count)
        self._keys = sharedctypes.RawArray(ctypes.c_ubyte, KEY_BYTES * self._count)
        self._lock = get_context("spawn").Lock()

    def slots(self) -> list[Slot]:
        """Return all slots, those of ended processes and unused ones included."""
        cells = memoryview(self._cells).cast("B").cast("d")
        keys = memoryview(self._keys).cast("B")
        return [
            Slot(cells[index * CELLS : (index + 1) * CELLS], keys[index * KEY_BYTES : (index + 1) * KEY_BYTES])
            for index in range(self._count)
        ]

    def claim(self) -> Slot:
        """Return a slot for this process: one of an ended process, which it continues, or an unused one."""
        is_locked = self._lock.acquire(timeout=LOCK_TIMEOUT_S)
        try:
            free = next((slot for slot in self.slots() if slot.is_free), None) if is_locked else None
            if free is None:
                logger.warning("metrics: no slot is free; this worker is not part of /metrics until it restarts")
                return private_slot()
            free.claim()
            return free
        finally:
            if is_locked:
                self._lock.release()
