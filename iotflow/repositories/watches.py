"""The interface of the watch over devices that fall silent."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from iotflow.domain.devices import Device
from iotflow.domain.times import Millis


@dataclass(frozen=True, slots=True)
class PresenceChange:
    """A device that became online or offline, and its owner."""

    device_id: int
    user_id: UUID


class WatchRepository(Protocol):
    """Which devices are online, and when they and their rules of silence are to be checked."""

    async def mark_online(self, device_ids: Collection[int], check_at: Millis) -> Sequence[PresenceChange]:
        """Mark devices as online, to be checked at a time. Return those that were not, without deleted ones."""
        ...

    async def mark_offline(self, device_ids: Collection[int]) -> Sequence[PresenceChange]:
        """Mark devices as not online. Return those that were."""
        ...

    async def online_to_check(self, now: Millis, limit: int) -> Sequence[Device]:
        """Return online devices whose check is due, those that have been due for the longest first."""
        ...

    async def check_online_at(self, times: Mapping[int, Millis]) -> None:
        """Set when online devices are checked. Others are left out."""
        ...

    async def watch_silence(self, device_ids: Collection[int]) -> None:
        """Have the rules of silence of these devices checked at once."""
        ...

    async def watch_silence_of_group(self, group_id: int) -> None:
        """Have the rules of silence of a group's members checked at once."""
        ...

    async def silence_to_check(self, now: Millis, limit: int) -> Mapping[Device, Millis]:
        """Return devices whose rules of silence are due, each with the time at which they were."""
        ...

    async def check_silence_at(self, device_id: int, was: Millis, at: Millis | None) -> None:
        """Set when a device's rules of silence are checked again; None: never, it has none.

        Nothing changes if the time is no longer `was`: a change of its rules needs a check at once.
        """
        ...

    async def clamp_checks(self, latest: Millis, to: Millis) -> None:
        """Have checks later than `latest` done at `to`: a clock that ran ahead has stored them."""
        ...
