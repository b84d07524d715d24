"""Telemetry: the newest value of each name by event time."""

from iotflow.clock import Clock
from iotflow.domain.telemetry import Value
from iotflow.domain.times import Millis, Span
from iotflow.repositories.telemetry import TelemetryRepository
from tests.contracts.telemetry.base import ALL_TIME, TelemetryBase, assert_expires, at, exactly, record

T = at("2021-03-04 05:06:07.008")
MINUTE = 60_000
YEAR = 365 * 24 * 60 * MINUTE


async def newest(telemetry: TelemetryRepository, device: int) -> dict[str, tuple[Value, Millis]]:
    return {name: (latest.value, latest.timestamp) for name, latest in (await telemetry.latest(device)).items()}


class LatestContract(TelemetryBase):
    async def test_a_device_that_never_sent_has_none(self, telemetry: TelemetryRepository, device: int) -> None:
        assert await telemetry.latest(device) == {}

    async def test_it_tells_time_receipt_and_expiry(
        self, telemetry: TelemetryRepository, clock: Clock, device: int
    ) -> None:
        sent = record(clock, T, {"x": 1})
        await telemetry.write(device, [sent])
        latest = (await telemetry.latest(device))["x"]
        assert (latest.value, latest.timestamp, latest.received) == (1, T, sent.received)
        assert_expires(latest, sent.received)

    async def test_late_data_never_replaces_newer(
        self, telemetry: TelemetryRepository, clock: Clock, device: int
    ) -> None:
        for time, value in ((T, "new"), (T - 1, "late"), (T - YEAR, "very late")):
            await telemetry.write(device, [record(clock, time, {"x": value})])
        assert await newest(telemetry, device) == {"x": ("new", T)}

    async def test_late_data_in_the_same_batch_never_replaces_newer(
        self, telemetry: TelemetryRepository, clock: Clock, device: int
    ) -> None:
        await telemetry.write(device, [record(clock, T + i, {"x": i}) for i in (3, 9, 1, 5)])
        assert await newest(telemetry, device) == {"x": (9, T + 9)}

    async def test_each_name_has_its_own_newest_time(
        self, telemetry: TelemetryRepository, clock: Clock, device: int
    ) -> None:
        await telemetry.write(device, [record(clock, T, {"a": 1, "b": 1}), record(clock, T - 40 * YEAR, {"c": 1})])
        await telemetry.write(device, [record(clock, T + YEAR, {"b": 2})])
        assert await newest(telemetry, device) == {"a": (1, T), "b": (2, T + YEAR), "c": (1, T - 40 * YEAR)}

    async def test_the_newest_overwritten_shows_its_last_write(
        self, telemetry: TelemetryRepository, clock: Clock, device: int
    ) -> None:
        for value in (8, 3, True, "a"):
            await telemetry.write(device, [record(clock, T, {"x": value})])
            assert exactly((await telemetry.latest(device))["x"].value) == exactly(value)

    async def test_the_newest_deleted_falls_back_to_the_older(
        self, telemetry: TelemetryRepository, clock: Clock, device: int
    ) -> None:
        older, latest = Millis(T - 3 * YEAR), Millis(T)
        await telemetry.write(device, [record(clock, older, {"x": 1}), record(clock, latest, {"x": 2, "y": 2})])
        await telemetry.delete(device, Span(latest, Millis(latest + 1)))
        assert await newest(telemetry, device) == {"x": (1, older)}

    async def test_after_that_a_value_between_the_two_is_the_newest(
        self, telemetry: TelemetryRepository, clock: Clock, device: int
    ) -> None:
        await telemetry.write(device, [record(clock, T, {"x": 1})])
        await telemetry.write(device, [record(clock, T + YEAR, {"x": 2})])
        await telemetry.delete(device, Span(Millis(T + 1), None))
        assert await newest(telemetry, device) == {"x": (1, T)}
        await telemetry.write(device, [record(clock, T + MINUTE, {"x": 3})])
        assert await newest(telemetry, device) == {"x": (3, T + MINUTE)}

    async def test_an_older_value_deleted_changes_nothing(
        self, telemetry: TelemetryRepository, clock: Clock, device: int
    ) -> None:
        await telemetry.write(device, [record(clock, T + i * MINUTE, {"x": i}) for i in range(3)])
        await telemetry.delete(device, Span(T, Millis(T + 2 * MINUTE)))
        assert await newest(telemetry, device) == {"x": (2, T + 2 * MINUTE)}

    async def test_all_deleted_leaves_none_and_then_takes_older_data(
        self, telemetry: TelemetryRepository, clock: Clock, device: int
    ) -> None:
        await telemetry.write(device, [record(clock, T, {"x": 1, "y": 1})])
        await telemetry.delete(device, ALL_TIME)
        assert await telemetry.latest(device) == {}
        await telemetry.write(device, [record(clock, T - YEAR, {"x": 0})])
        assert await newest(telemetry, device) == {"x": (0, T - YEAR)}
