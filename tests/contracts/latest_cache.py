"""Contract of the cache of latest values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotflow.clock import Clock
from iotflow.domain.telemetry import INTEGER_MAX, LatestValue, LatestValues, Value
from iotflow.domain.times import Micros, Millis
from iotflow.repositories.cache import LatestCache, Miss
from tests.contracts.telemetry.base import at, exactly, new_device
from tests.contracts.timed import PassTime, Timed

T = at("2026-02-01 00:00:00")


def value(value: Value, timestamp: int = T, received: int = 1, expires: Micros | None = None) -> LatestValue:
    return LatestValue(value, Millis(timestamp), Micros(received), expires)


async def missed(cache: LatestCache, device_id: int) -> Miss:
    """Return the miss of the first look-up. Raises AssertionError if there is an entry."""
    found = await cache.get(device_id)
    assert isinstance(found, Miss), "there is an entry already"
    return found


async def fill(cache: LatestCache, device_id: int, values: LatestValues) -> None:
    await cache.fill(device_id, values, await missed(cache, device_id))


class LatestCacheContract(Timed):
    """The implementation under test and that of another process; the same object if it serves one process only."""

    @pytest.fixture
    def cache(self) -> LatestCache:
        raise NotImplementedError

    @pytest.fixture
    def other(self, cache: LatestCache) -> LatestCache:
        return cache

    @pytest.fixture
    def device(self) -> int:
        return new_device()

    async def test_a_filled_entry_is_visible_to_every_process(
        self, cache: LatestCache, other: LatestCache, clock: Clock, device: int
    ) -> None:
        sent: list[Value] = [
            True,
            False,
            1,
            1.0,
            0.1,
            -INTEGER_MAX - 1,
            INTEGER_MAX,
            5e-324,
            "",
            "1",
            "ü\U0001f321" * 500,
        ]
        values = {f"name {i}": value(one, T + i, i + 1) for i, one in enumerate(sent)}
        values["ends"] = value(1, expires=Micros(clock.unique_now() + 3_600_000_000))
        await fill(cache, device, values)
        for reader in (cache, other):
            found = await reader.get(device)
            assert found == values
            assert not isinstance(found, Miss)
            assert [exactly(found[name].value) for name in values] == [exactly(values[name].value) for name in values]
        await missed(cache, device + 1)

    async def test_the_absence_of_values_is_cached_too(self, cache: LatestCache, device: int) -> None:
        await fill(cache, device, {})
        assert await cache.get(device) == {}

    async def test_the_value_with_the_latest_event_time_is_kept(self, cache: LatestCache, device: int) -> None:
        await fill(cache, device, {"x": value(1, T, 10), "y": value(1, T, 10)})
        await cache.merge(device, {"x": value("late", T - 1, 11), "y": value("newer", T + 1, 11), "z": value(1)})
        assert await cache.get(device) == {"x": value(1, T, 10), "y": value("newer", T + 1, 11), "z": value(1)}

    async def test_at_equal_times_the_value_received_later_is_kept(self, cache: LatestCache, device: int) -> None:
        await fill(cache, device, {"x": value(9, T, 10), "y": value(9, T, 10)})
        await cache.merge(device, {"x": value(1, T, 11), "y": value(1, T, 9)})
        assert await cache.get(device) == {"x": value(1, T, 11), "y": value(9, T, 10)}

    async def test_a_repeated_merge_changes_nothing(self, cache: LatestCache, device: int) -> None:
        await fill(cache, device, {"x": value(9, T, 10)})
        await cache.merge(device, {"x": value(9, T, 10)})
        assert await cache.get(device) == {"x": value(9, T, 10)}

    @given(
        steps=st.lists(
            st.tuples(st.sampled_from("xy"), st.integers(0, 3), st.integers(0, 100)), min_size=1, max_size=12
        )
    )
    async def test_merges_in_any_order_have_the_same_result(
        self, cache: LatestCache, steps: list[tuple[str, int, int]]
    ) -> None:
        device = new_device()
        await fill(cache, device, {})
        expected: dict[str, LatestValue] = {}
        for received, (name, time, number) in enumerate(steps, start=1):
            latest = value(number, T + time, received)
            known = expected.get(name)
            if known is None or known.timestamp <= latest.timestamp:
                expected[name] = latest
        for received, (name, time, number) in sorted(enumerate(steps, start=1), key=lambda step: step[1][::-1]):
            await cache.merge(device, {name: value(number, T + time, received)})
        assert await cache.get(device) == expected

    async def test_a_merge_creates_no_entry(self, cache: LatestCache, device: int) -> None:
        await cache.merge(device, {"x": value(1)})
        await missed(cache, device)

    async def test_a_read_that_began_before_a_merge_fills_nothing(
        self, cache: LatestCache, other: LatestCache, device: int
    ) -> None:
        early = await missed(cache, device)
        await other.merge(device, {"x": value("newer", T + 1)})
        await cache.fill(device, {"x": value("older")}, early)
        late = await missed(cache, device)
        await cache.fill(device, {"x": value("newer", T + 1)}, late)
        assert await cache.get(device) == {"x": value("newer", T + 1)}

    async def test_an_invalidated_entry_is_gone_for_every_process(
        self, cache: LatestCache, other: LatestCache, device: int
    ) -> None:
        neighbour = device + 1
        for one in (device, neighbour):
            await fill(cache, one, {"x": value(1)})
        await cache.invalidate(device)
        for reader in (cache, other):
            await missed(reader, device)
            assert await reader.get(neighbour) == {"x": value(1)}

    async def test_a_read_that_began_before_an_invalidation_fills_nothing(
        self, cache: LatestCache, other: LatestCache, device: int
    ) -> None:
        early = await missed(cache, device)
        await other.invalidate(device)
        await cache.fill(device, {"x": value("deleted")}, early)
        await fill(cache, device, {})
        assert await cache.get(device) == {}

    async def test_a_change_of_another_device_prevents_no_fill(self, cache: LatestCache, device: int) -> None:
        miss = await missed(cache, device)
        await cache.invalidate(device + 1)
        await cache.merge(device + 1, {"x": value(1)})
        await cache.fill(device, {"x": value(1)}, miss)
        assert await cache.get(device) == {"x": value(1)}

    async def test_an_expired_value_is_not_returned(
        self, cache: LatestCache, clock: Clock, device: int, pass_time: PassTime
    ) -> None:
        soon = Micros(clock.now() * 1_000 + 2_000_000)
        await fill(cache, device, {"ends": value(1, expires=soon), "stays": value(2)})
        assert await cache.get(device) == {"ends": value(1, expires=soon), "stays": value(2)}
        await pass_time(2.1)
        # The store may have an older value that has not expired.
        await missed(cache, device)

    async def test_a_late_value_does_not_replace_an_expired_one(
        self, cache: LatestCache, clock: Clock, device: int, pass_time: PassTime
    ) -> None:
        soon = Micros(clock.now() * 1_000 + 1_000_000)
        await fill(cache, device, {"x": value(1, T, 1, soon)})
        await pass_time(1.1)
        await cache.merge(device, {"x": value("late", T - 1, 2)})
        await missed(cache, device)

    async def test_returned_values_are_a_copy(self, cache: LatestCache, device: int) -> None:
        filled = {"x": value(1)}
        await fill(cache, device, filled)
        before = await cache.get(device)
        filled["y"] = value(2)
        await cache.merge(device, {"x": value(2, T + 1)})
        assert before == {"x": value(1)}
        assert await cache.get(device) == {"x": value(2, T + 1)}
