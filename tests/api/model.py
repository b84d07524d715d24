"""A model in dictionaries of what the service should store."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from tests.api.reference_aggregates import EPOCH, Value, text

JsonRecord = dict[str, Any]


@dataclass
class ModelRecord:
    values: dict[str, Value] = field(default_factory=dict)
    metadata: dict[str, Any] | None = None


@dataclass
class ModelDevice:
    id: int
    owner: str
    name: str
    keys: list[tuple[str, float]]
    """Each key with the second at which it expires."""
    status: str = "inactive"
    last_seen: float | None = None
    records: dict[int, ModelRecord] = field(default_factory=dict)

    def write(self, second: int, values: Mapping[str, Value], metadata: dict[str, Any] | None) -> None:
        record = self.records.setdefault(second, ModelRecord())
        record.values |= values
        if metadata is not None:
            record.metadata = metadata

    def delete(self, start: int, stop: int) -> None:
        self.records = {second: record for second, record in self.records.items() if not start <= second < stop}

    def history(self, start: int, end: int, names: Iterable[str] | None, *, descending: bool) -> list[JsonRecord]:
        """Return the records as the API shows them."""
        shown = []
        for second in sorted(self.records, reverse=descending):
            record = self.records[second]
            values = {name: value for name, value in record.values.items() if names is None or name in names}
            if start <= second < end and values:
                metadata = {} if record.metadata is None else {"metadata": record.metadata}
                shown.append({"timestamp": moment(second), "measurements": values, **metadata})
        return shown

    def latest(self) -> dict[str, JsonRecord]:
        newest = {}
        for second in sorted(self.records):
            for name, value in self.records[second].values.items():
                newest[name] = {"value": value, "timestamp": moment(second)}
        return newest

    def series(self, name: str, start: int, end: int) -> list[tuple[int, Value]]:
        """Return the values of a name within a range, in the order of time."""
        return [
            (second, record.values[name])
            for second, record in sorted(self.records.items())
            if start <= second < end and name in record.values
        ]


@dataclass
class ModelGroup:
    id: int
    owner: str
    name: str
    members: set[int] = field(default_factory=set)


@dataclass
class Model:
    devices: dict[int, ModelDevice] = field(default_factory=dict)
    groups: dict[int, ModelGroup] = field(default_factory=dict)
    suspended: set[str] = field(default_factory=set)
    ids_given: set[int] = field(default_factory=set)

    def devices_of(self, owner: str) -> list[ModelDevice]:
        return [device for _, device in sorted(self.devices.items()) if device.owner == owner]

    def groups_of(self, owner: str) -> list[ModelGroup]:
        return [group for _, group in sorted(self.groups.items()) if group.owner == owner]

    def device_name_taken(self, owner: str, name: str) -> bool:
        return any(device.name == name for device in self.devices_of(owner))

    def group_name_taken(self, owner: str, name: str) -> bool:
        return any(group.name == name for group in self.groups_of(owner))

    def remove_device(self, device: ModelDevice) -> None:
        del self.devices[device.id]
        for group in self.groups.values():
            group.members.discard(device.id)

    def feed(self, owner: str, start: int, end: int) -> list[JsonRecord]:
        """Return the records of all devices of an owner as the API shows them, newest first, then by device."""
        seconds = {second for device in self.devices_of(owner) for second in device.records if start <= second < end}
        return [
            {
                "device_id": device.id,
                "device_name": device.name,
                "timestamp": moment(second),
                "measurements": device.records[second].values,
            }
            for second in sorted(seconds, reverse=True)
            for device in self.devices_of(owner)
            if second in device.records
        ]


def moment(second: float) -> str:
    """Format a number of seconds since 1970 as the API does."""
    return text(EPOCH + timedelta(seconds=second))
