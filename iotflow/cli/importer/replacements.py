"""Finds rows that replace an earlier row of the same device, time and name."""

from array import array
from bisect import bisect_left
from collections.abc import Iterable

from iotflow.cli.importer.rows import Row

MAX_SCHEMAS = 16
"""A device whose rows have more different lists of names is tracked by single name."""
_MIN_MERGE = 10_000


class Replacements:
    """The times of all rows read: 16 bytes a row, or a value for a device of many lists of names."""

    def __init__(self) -> None:
        self._devices: dict[str, _DeviceTimes] = {}

    def add(self, row: Row) -> int | None:
        """Add a row. Return the line of an earlier row, a value of which it replaces; None if there is none."""
        device = self._devices.get(row.device)
        if device is None:
            device = self._devices[row.device] = _DeviceTimes()
        return device.add(row.time, tuple(row.values), row.line)


class _DeviceTimes:
    """The times of a device's rows, by their list of names (schema)."""

    def __init__(self) -> None:
        self._schemas: dict[tuple[str, ...], _Times] = {}
        self._is_split = False

    def add(self, time: int, names: tuple[str, ...], line: int) -> int | None:
        if self._is_split:
            replaced = [self._add_name(time, name, line) for name in names]
            return next((earlier for earlier in replaced if earlier is not None), None)
        own = self._schemas.get(names)
        if own is None:
            if len(self._schemas) == MAX_SCHEMAS:
                self._split()
                return self.add(time, names, line)
            own = self._schemas[names] = _Times()
        earlier = own.add(time, line)
        if earlier is None and len(self._schemas) > 1:
            for schema, times in self._schemas.items():
                if times is own or (found := times.find(time)) is None:
                    continue
                if not set(names).isdisjoint(schema):
                    return found
        return earlier

    def _add_name(self, time: int, name: str, line: int) -> int | None:
        times = self._schemas.get((name,))
        if times is None:
            times = self._schemas[(name,)] = _Times()
        return times.add(time, line)

    def _split(self) -> None:
        schemas, self._schemas, self._is_split = self._schemas, {}, True
        for names, times in schemas.items():
            for time, line in times.items():
                for name in names:
                    self._add_name(time, name, line)


class _Times:
    """Times with their lines: sorted arrays, and a buffer of those that came out of order."""

    def __init__(self) -> None:
        self._times = array("q")
        self._lines = array("q")
        self._buffer: dict[int, int] = {}
        self._last = -1

    def add(self, time: int, line: int) -> int | None:
        """Add a time. Return its earlier line, None if it is new."""
        if time > self._last:
            self._times.append(time)
            self._lines.append(line)
            self._last = time
            return None
        earlier = self.find(time)
        if earlier is None:
            self._buffer[time] = line
            if len(self._buffer) > max(_MIN_MERGE, len(self._times) // 4):
                self._merge()
        return earlier

    def find(self, time: int) -> int | None:
        """Return the line of a time, None if there is none."""
        if time > self._last:
            return None
        index = bisect_left(self._times, time)
        if index < len(self._times) and self._times[index] == time:
            return self._lines[index]
        return self._buffer.get(time)

    def items(self) -> Iterable[tuple[int, int]]:
        """Return the times with their lines, in order."""
        return sorted([*zip(self._times, self._lines, strict=True), *self._buffer.items()])

    def _merge(self) -> None:
        pairs = self.items()
        self._times, self._lines = array("q"), array("q")
        for time, line in pairs:
            self._times.append(time)
            self._lines.append(line)
        self._buffer.clear()
