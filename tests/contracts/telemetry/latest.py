"""Telemetry: the newest value of each name by event time."""

from iotflow.clock import Clock
from iotflow.domain.telemetry import Value
from iotflow.domain.times import Millis, TimeRange
from iotflow.repositories.telemetry import TelemetryRepository
from tests.contracts.telemetry.base import ALL_TIME, TelemetryBase, assert_expires, at, exactly, record

T = at("2021-03-04 05:06:07.008")
MINUTE = 60_000
YEAR = 365 * 24 * 60 * MINUTE


async def newest(telemetry: TelemetryRepository, device: int) -> dict[str, tuple[Value, Millis]]:
    return {name: (latest.value, latest.timestamp) for name, latest in (await telemetry.latest(device)).items()}


class LatestContract(TelemetryBase):
    async def test_a_device_without_records_has_no_latest_values(
        self, telemetry: TelemetryRepository, device: int
    ) -> None:
        assert await telemetry.latest(device) == {}

    async def test_a_latest_value_has_time_receipt_and_expiry(
        self, telemetry: TelemetryRepository, clock: Clock, device: int
    ) -> None:
        sent = record(clock, T, {"x": 1})
        await telemetry.write(device, [sent])
        latest = (await telemetry.latest(device))["x"]
        assert (latest.value, latest.timestamp, latest.received_us) == (1, T, sent.received_us)
        assert_expires(latest, sent.received_us)

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

    async def test_each_name_has_a_separate_latest_time(
        self, telemetry: TelemetryRepository, clock: Clock, device: int
    ) -> None:
        await telemetry.write(device, [record(clock, T, {"a": 1, "b": 1}), record(clock, T - 40 * YEAR, {"c": 1})])
        await telemetry.write(device, [record(clock, T + YEAR, {"b": 2})])
        assert await newest(telemetry, device) == {"a": (1, T), "b": (2, T + YEAR), "c": (1, T - 40 * YEAR)}

    async def test_an_overwritten_latest_value_is_the_last_write(
        self, telemetry: TelemetryRepository, clock: Clock, device: int
    ) -> None:
        for value in (8, 3, True, "a"):
            await telemetry.write(device, [record(clock, T, {"x": value})])
            assert exactly((await telemetry.latest(device))["x"].value) == exactly(value)

    async def test_deleting_the_latest_value_reveals_the_older(
        self, telemetry: TelemetryRepository, clock: Clock, device: int
    ) -> None:
        older, latest = Millis(T - 3 * YEAR), Millis(T)
        await telemetry.write(device, [record(clock, older, {"x": 1}), record(clock, latest, {"x": 2, "y": 2})])
        await telemetry.delete(device, TimeRange(latest, Millis(latest + 1)))
        assert await newest(telemetry, device) == {"x": (1, older)}

    async def test_a_value_sent_after_a_deletion_is_the_latest_between_both_times(
        self, telemetry: TelemetryRepository, clock: Clock, device: int
    ) -> None:
        await telemetry.write(device, [record(clock, T, {"x": 1})])
        await telemetry.write(device, [record(clock, T + YEAR, {"x": 2})])
        await telemetry.delete(device, TimeRange(Millis(T + 1), None))
        assert await newest(telemetry, device) == {"x": (1, T)}
        await telemetry.write(device, [record(clock, T + MINUTE, {"x": 3})])
        assert await newest(telemetry, device) == {"x": (3, T + MINUTE)}

    async def test_deleting_an_older_value_changes_nothing(
        self, telemetry: TelemetryRepository, clock: Clock, device: int
    ) -> None:
        await telemetry.write(device, [record(clock, T + i * MINUTE, {"x": i}) for i in range(3)])
        await telemetry.delete(device, TimeRange(T, Millis(T + 2 * MINUTE)))
        assert await newest(telemetry, device) == {"x": (2, T + 2 * MINUTE)}

    async def test_after_deleting_all_values_older_data_becomes_the_latest(
        self, telemetry: TelemetryRepository, clock: Clock, device: int
    ) -> None:
        await telemetry.write(device, [record(clock, T, {"x": 1, "y": 1})])
        await telemetry.delete(device, ALL_TIME)
        assert await telemetry.latest(device) == {}
        await telemetry.write(device, [record(clock, T - YEAR, {"x": 0})])
        assert await newest(telemetry, device) == {"x": (0, T - YEAR)}
