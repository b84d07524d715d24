"""Contract of the activity interface."""

import asyncio
from typing import Protocol

import pytest

from iotflow.clock import Clock
from iotflow.domain.analytics import DayActivity
from iotflow.domain.times import DAY_MS, Millis, TimeRange
from iotflow.repositories.activity import Activity, ActivityRepository, DeviceHour
from tests.contracts.telemetry.base import new_device

HOUR_MS = 3_600_000


class RawActivity(Protocol):
    """Direct access to the stored counts."""

    async def counts(self) -> dict[DeviceHour, Activity]:
        """Return all stored counts."""
        ...


async def purge_all(activity: ActivityRepository, *device_ids: int) -> None:
    """Purge all counts of these devices."""
    while await activity.purge_chunk(device_ids):
        pass


class ActivityContract:
    """The implementation under test, on a store without other counts."""

    @pytest.fixture
    def activity(self) -> ActivityRepository:
        raise NotImplementedError

    @pytest.fixture
    def raw(self) -> RawActivity:
        raise NotImplementedError

    @pytest.fixture
    def eight(self, clock: Clock) -> Millis:
        """The start of the last full hour."""
        now = clock.now()
        return Millis(now - now % HOUR_MS - HOUR_MS)

    @pytest.fixture
    def nine(self, eight: Millis) -> Millis:
        return Millis(eight + HOUR_MS)

    async def test_counts_add_up(
        self, activity: ActivityRepository, raw: RawActivity, eight: Millis, nine: Millis
    ) -> None:
        first, second = new_device(), new_device()
        await activity.add({DeviceHour(first, eight): Activity(1, 3), DeviceHour(second, eight): Activity(5, 5)})
        await activity.add({DeviceHour(first, eight): Activity(2, 4), DeviceHour(first, nine): Activity(1, 10**12)})
        assert await raw.counts() == {
            DeviceHour(first, eight): Activity(3, 7),
            DeviceHour(second, eight): Activity(5, 5),
            DeviceHour(first, nine): Activity(1, 10**12),
        }

    async def test_an_empty_count_writes_nothing(self, activity: ActivityRepository, raw: RawActivity) -> None:
        await activity.add({})
        assert await raw.counts() == {}
        assert await activity.points_by_hour(Millis(0)) == {}

    async def test_points_are_summed_per_hour_over_all_devices(
        self, activity: ActivityRepository, eight: Millis, nine: Millis
    ) -> None:
        first, second = new_device(), new_device()
        await activity.add(
            {
                DeviceHour(first, Millis(eight - HOUR_MS)): Activity(1, 100),
                DeviceHour(first, eight): Activity(1, 2),
                DeviceHour(second, eight): Activity(1, 3),
                DeviceHour(second, nine): Activity(1, 7),
            }
        )
        assert await activity.points_by_hour(eight) == {eight: 5, nine: 7}
        assert await activity.points_by_hour(Millis(eight + 1)) == {nine: 7}
        assert await activity.points_by_hour(Millis(nine + 1)) == {}

    async def test_counts_of_devices_are_summed_per_day(self, activity: ActivityRepository) -> None:
        first, second, other = new_device(), new_device(), new_device()
        midnight = Millis(20_000 * DAY_MS)
        hours = {
            DeviceHour(first, Millis(midnight - HOUR_MS)): Activity(1, 2),
            DeviceHour(first, midnight): Activity(3, 4),
            DeviceHour(second, midnight): Activity(10, 20),
            DeviceHour(first, Millis(midnight + 5 * HOUR_MS)): Activity(5, 6),
            DeviceHour(first, Millis(midnight + 6 * HOUR_MS)): Activity(7, 10**12),
            DeviceHour(other, midnight): Activity(100, 100),
        }
        await activity.add(hours)
        before, both = Millis(midnight - DAY_MS), [first, second]
        everything = TimeRange(Millis(0), None)
        assert await activity.by_day(both, everything) == {
            before: DayActivity(1, 2, 1),
            midnight: DayActivity(25, 30 + 10**12, 4),
        }
        assert [*await activity.by_day(both, everything)] == [before, midnight]
        # Hours that a range overlaps count as a whole.
        part = TimeRange(Millis(midnight + HOUR_MS - 1), Millis(midnight + 6 * HOUR_MS))
        assert await activity.by_day(both, part) == {midnight: DayActivity(18, 30, 3)}
        assert await activity.by_day([new_device()], everything) == {}

    async def test_the_busiest_devices_come_first(self, activity: ActivityRepository, eight: Millis) -> None:
        first, second, third, fourth = sorted(new_device() for _ in range(4))
        nine = Millis(eight + HOUR_MS)
        await activity.add({DeviceHour(first, eight): Activity(3, 1), DeviceHour(second, eight): Activity(5, 1)})
        await activity.add({DeviceHour(third, eight): Activity(2, 1), DeviceHour(third, nine): Activity(3, 7)})
        await activity.add({DeviceHour(fourth, eight): Activity(9, 9)})
        found = await activity.busiest([first, second, third], TimeRange(eight, None), 2)
        assert [*found.items()] == [(second, Activity(5, 1)), (third, Activity(5, 8))]
        found = await activity.busiest([first, second, third], TimeRange(eight, nine), 9)
        assert [*found] == [second, first, third]

    async def test_concurrent_counts_are_not_lost(
        self, activity: ActivityRepository, raw: RawActivity, eight: Millis
    ) -> None:
        at = DeviceHour(new_device(), eight)
        async with asyncio.TaskGroup() as workers:
            for _ in range(20):
                workers.create_task(activity.add({at: Activity(1, 2)}))
        assert await raw.counts() == {at: Activity(20, 40)}

    async def test_a_purge_removes_the_counts_of_a_device(
        self, activity: ActivityRepository, raw: RawActivity, eight: Millis, nine: Millis
    ) -> None:
        gone, stays = DeviceHour(new_device(), eight), DeviceHour(new_device(), eight)
        await activity.add({gone: Activity(1, 1), DeviceHour(gone.device_id, nine): Activity(1, 1)})
        await activity.add({stays: Activity(1, 1)})
        for _ in range(2):
            await purge_all(activity, gone.device_id)
        assert await raw.counts() == {stays: Activity(1, 1)}

    async def test_years_of_counts_are_purged_in_chunks(
        self, activity: ActivityRepository, raw: RawActivity, eight: Millis
    ) -> None:
        gone = [new_device(), new_device()]
        counts = {
            DeviceHour(device, Millis(eight - hour * HOUR_MS)): Activity(1, 1) for device in gone for hour in range(750)
        }
        await activity.add(counts)
        assert await activity.purge_chunk(gone)
        assert 0 < len(await raw.counts()) < len(counts)
        await purge_all(activity, *gone)
        assert await raw.counts() == {}
