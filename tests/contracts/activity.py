"""What the activity role promises."""

import asyncio
from typing import Protocol

import pytest

from iotflow.domain.times import Millis
from iotflow.repositories.activity import Activity, ActivityRepository, DeviceHour
from tests.contracts.telemetry.base import new_device

HOUR_MS = 3_600_000
EIGHT = Millis(486_112 * HOUR_MS)
NINE = Millis(EIGHT + HOUR_MS)


class RawActivity(Protocol):
    """The counts, seen around the player."""

    async def counts(self) -> dict[DeviceHour, Activity]:
        """Everything that is stored."""
        ...


class ActivityContract:
    """The player under test, over a store without other counts."""

    @pytest.fixture
    def activity(self) -> ActivityRepository:
        raise NotImplementedError

    @pytest.fixture
    def raw(self) -> RawActivity:
        raise NotImplementedError

    async def test_counts_add_up(self, activity: ActivityRepository, raw: RawActivity) -> None:
        first, second = new_device(), new_device()
        await activity.add({DeviceHour(first, EIGHT): Activity(1, 3), DeviceHour(second, EIGHT): Activity(5, 5)})
        await activity.add({DeviceHour(first, EIGHT): Activity(2, 4), DeviceHour(first, NINE): Activity(1, 10**12)})
        assert await raw.counts() == {
            DeviceHour(first, EIGHT): Activity(3, 7),
            DeviceHour(second, EIGHT): Activity(5, 5),
            DeviceHour(first, NINE): Activity(1, 10**12),
        }

    async def test_nothing_counted_is_no_write(self, activity: ActivityRepository, raw: RawActivity) -> None:
        await activity.add({})
        assert await raw.counts() == {}
        assert await activity.points_by_hour(Millis(0)) == {}

    async def test_points_are_told_per_hour_over_all_devices(self, activity: ActivityRepository) -> None:
        first, second = new_device(), new_device()
        await activity.add(
            {
                DeviceHour(first, Millis(EIGHT - HOUR_MS)): Activity(1, 100),
                DeviceHour(first, EIGHT): Activity(1, 2),
                DeviceHour(second, EIGHT): Activity(1, 3),
                DeviceHour(second, NINE): Activity(1, 7),
            }
        )
        assert await activity.points_by_hour(EIGHT) == {EIGHT: 5, NINE: 7}
        assert await activity.points_by_hour(Millis(EIGHT + 1)) == {NINE: 7}
        assert await activity.points_by_hour(Millis(NINE + 1)) == {}

    async def test_concurrent_counts_are_not_lost(self, activity: ActivityRepository, raw: RawActivity) -> None:
        at = DeviceHour(new_device(), EIGHT)
        async with asyncio.TaskGroup() as workers:
            for _ in range(20):
                workers.create_task(activity.add({at: Activity(1, 2)}))
        assert await raw.counts() == {at: Activity(20, 40)}

    async def test_a_purged_device_s_counts_are_gone(self, activity: ActivityRepository, raw: RawActivity) -> None:
        gone, stays = DeviceHour(new_device(), EIGHT), DeviceHour(new_device(), EIGHT)
        await activity.add({gone: Activity(1, 1), DeviceHour(gone.device_id, NINE): Activity(1, 1)})
        await activity.add({stays: Activity(1, 1)})
        for _ in range(2):
            await activity.purge(gone.device_id)
        assert await raw.counts() == {stays: Activity(1, 1)}
