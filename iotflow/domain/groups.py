"""Groups of one owner's devices."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from iotflow.domain.devices import Device
from iotflow.domain.telemetry import MAX_PAGE_BYTES
from iotflow.domain.times import Millis


@dataclass(frozen=True, slots=True)
class Group:
    """A group. Its name is unique, to the letter, among its owner's."""

    id: int
    user_id: UUID
    name: str
    description: str | None
    color: str | None
    device_count: int
    created_at: Millis
    updated_at: Millis


@dataclass(frozen=True, slots=True)
class NewGroup:
    """What an owner says of a group when making it. `color` is `#RRGGBB`."""

    name: str
    description: str | None = None
    color: str | None = None


GroupChange = Mapping[str, str | None]
"""Fields of `NewGroup` to their new values. Absent stays; None clears an optional field."""


@dataclass(frozen=True, slots=True)
class Membership:
    """A device's place in a group."""

    group_id: int
    device_id: int
    added_at: Millis


@dataclass(frozen=True, slots=True)
class Member:
    """A device as a group lists it."""

    device: Device
    added_at: Millis


MAX_LISTED = 1_000
"""Of a group's devices, and of a device's groups, within another answer: as many as a page of them holds at most."""


@dataclass(frozen=True, slots=True)
class MemberLimit:
    """The most devices that groups list: of each, of all together, and bytes of these as JSON."""

    of_each: int = MAX_LISTED
    of_all: int = 10_000
    bytes: int = MAX_PAGE_BYTES


@dataclass(frozen=True, slots=True)
class JoinedGroup:
    """A group as a device lists it."""

    group: Group
    added_at: Millis
