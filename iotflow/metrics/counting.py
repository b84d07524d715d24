"""Counters, gauges and histograms over the cells of this process."""

import os
import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Literal, TypeVar
from weakref import WeakKeyDictionary

from iotflow.metrics.cells import ALIVE_AT, PID, SharedSlots, Slot, private_slot

Owner = TypeVar("Owner")

Merge = Literal["sum", "max"]


class Cells:
    """The slot of this process, and how to read those of all processes of the service."""

    def __init__(self) -> None:
        self.metrics: dict[str, Metric] = {}
        self.shared: SharedSlots | None = None
        self.slot = private_slot()
        self.values = self.slot.cells
        self.slot.claim()

    def share(self, shared: SharedSlots) -> None:
        """Count in a slot of a service's workers from now on. What this process has counted before moves there."""
        self.shared = shared
        before = self.slot
        self.slot = shared.claim()
        self.values = self.slot.cells
        for metric in self.metrics.values():
            metric.move()
        for series in list(self.slot.read()):
            if isinstance(gauge := self.metrics.get(series.metric), Gauge):
                gauge.set(0, *series.labels)
        for series in before.read():
            if not isinstance(self.metrics[series.metric], Gauge):
                first = self.slot.allocate(series.metric, series.labels, len(series.values))
                for offset, value in enumerate(series.values):
                    self.values[first + offset] += value

    def read_shared(self, shared: SharedSlots) -> None:
        """Read the slots of workers; this process, their parent, serves no requests and has none."""
        self.shared = shared

    def all_slots(self) -> Sequence[Slot]:
        """Return the slots of all processes of the service."""
        return [self.slot] if self.shared is None else self.shared.slots()

    def give_sign_of_life(self) -> None:
        """Mark this process as running."""
        self.values[PID] = os.getpid()
        self.values[ALIVE_AT] = time.monotonic()


CELLS = Cells()


class Metric:
    """A metric of this process: series by the values of its labels. Labels take few values: never ids, never texts."""

    kind: ClassVar[Literal["counter", "gauge", "histogram"]]

    def __init__(self, name: str, help_text: str, labels: Sequence[str] = ()) -> None:
        """`name` has the unit; a counter's is exposed with `_total` behind it."""
        self.name = name
        self.help = help_text
        self.labels = tuple(labels)
        self.cells = 1
        self._first: dict[tuple[str, ...], int] = {}
        CELLS.metrics[name] = self

    @property
    def exposed_name(self) -> str:
        """The name that queries use."""
        return f"{self.name}_total" if self.kind == "counter" else self.name

    def move(self) -> None:
        """Look cells up again: the process has another slot."""
        self._first.clear()

    def _allocate(self, labels: tuple[str, ...]) -> int:
        assert len(labels) == len(self.labels), f"{self.name}: {labels} for {self.labels}"
        first = self._first[labels] = CELLS.slot.allocate(self.name, labels, self.cells)
        return first


class Counter(Metric):
    """A number of events, which only grows."""

    kind = "counter"

    def add(self, amount: float, *labels: str) -> None:
        """Add to the counter of these labels."""
        first = self._first.get(labels)
        CELLS.values[self._allocate(labels) if first is None else first] += amount


class Histogram(Metric):
    """Counts of values by size. Its cells: the sum, then the count of each bucket, the one without a bound last."""

    kind = "histogram"

    def __init__(self, name: str, help_text: str, labels: Sequence[str] = (), *, bounds: Sequence[float]) -> None:
        super().__init__(name, help_text, labels)
        self.bounds = tuple(bounds)
        self.cells = len(self.bounds) + 2

    def observe(self, value: float, *labels: str) -> None:
        """Count a value."""
        first = self._first.get(labels)
        if first is None:
            first = self._allocate(labels)
        values = CELLS.values
        values[first] += value
        values[first + 1 + bisect_left(self.bounds, value)] += 1


class Gauge(Metric):
    """A number that rises and falls: the sum, or the maximum, over its sources of all processes."""

    kind = "gauge"

    def __init__(self, name: str, help_text: str, labels: Sequence[str] = (), *, merge: Merge = "sum") -> None:
        super().__init__(name, help_text, labels)
        self.merge = merge
        # Any: each function takes the type of its owner
        self._sources: WeakKeyDictionary[object, Callable[[Any], Mapping[tuple[str, ...], float]]] = WeakKeyDictionary()

    def add_source(self, owner: Owner, read: Callable[[Owner], Mapping[tuple[str, ...], float]]) -> None:
        """Add `read(owner)`, values by labels, to the gauge while `owner` exists. `read` must not hold the owner."""
        self._sources[owner] = read

    def sample(self) -> None:
        """Set the gauge from its sources."""
        found: dict[tuple[str, ...], float] = defaultdict(float, dict.fromkeys(self._first, 0.0))
        for owner, read in list(self._sources.items()):
            for labels, value in read(owner).items():
                found[labels] = max(found[labels], value) if self.merge == "max" else found[labels] + value
        for labels, value in found.items():
            self.set(value, *labels)

    def set(self, value: float, *labels: str) -> None:
        """Set this process's value."""
        first = self._first.get(labels)
        CELLS.values[self._allocate(labels) if first is None else first] = value
