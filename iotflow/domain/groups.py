"""Groups of one owner's devices."""

import re
from dataclasses import dataclass
from typing import TypedDict
from uuid import UUID

from iotflow.domain.devices import Device
from iotflow.domain.telemetry import MAX_PAGE_BYTES
from iotflow.domain.times import Millis


@dataclass(frozen=True, slots=True)
class Group:
    """A group. Its name is unique among its owner's groups, case-sensitive."""

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
    """The fields of a group to create. `color` is `#RRGGBB`."""

    name: str
    description: str | None = None
    color: str | None = None


class GroupChange(TypedDict, total=False):
    """New values of a group's fields. An absent field keeps its value; None clears an optional field."""

    name: str
    description: str | None
    color: str | None


@dataclass(frozen=True, slots=True)
class Membership:
    """A device's place in a group."""

    group_id: int
    device_id: int
    added_at: Millis


@dataclass(frozen=True, slots=True)
class Member:
    """A device of a group, with the time of its addition."""

    device: Device
    added_at: Millis


COLOR = "#[0-9A-Fa-f]{6}"
"""The regular expression of a color."""


def color_error(color: str) -> str | None:
    """Return why a color is invalid, or None."""
    return None if re.fullmatch(COLOR, color) else "expected a color in the form #RRGGBB, such as #1E90FF"


MAX_LISTED = 1_000
"""Devices of a group, or groups of a device, within another response: the maximum of a page of such a list."""


@dataclass(frozen=True, slots=True)
class MemberLimit:
    """The limit of devices that groups list: of each, of all together, and in bytes of JSON."""

    of_each: int = MAX_LISTED
    of_all: int = 10_000
    bytes: int = MAX_PAGE_BYTES


@dataclass(frozen=True, slots=True)
class JoinedGroup:
    """A group of a device, with the time of the device's addition."""

    group: Group
    added_at: Millis
