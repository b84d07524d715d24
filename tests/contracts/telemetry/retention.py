"""Telemetry: retention of values, counted from their receipt.

Some implementations expire values by the store's clock, so receipts are almost one retention ago and tests wait for
seconds.
"""

from iotflow.clock import Clock
from iotflow.domain.aggregates import Aggregation
from iotflow.domain.telemetry import Record, Value
from iotflow.domain.time_windows import Window
from iotflow.domain.times import Micros, Millis, TimeRange
from iotflow.repositories.telemetry import TelemetryRepository
from tests.contracts.telemetry.base import (
    ALL_TIME,
    RETENTION_DAYS,
    RETENTION_US,
    OpenTelemetry,
    RawTelemetry,
    TelemetryBase,
    assert_expires,
    at,
    history,
    metadata_of,
    page_of,
    record,
    values_of,
)
from tests.contracts.timed import PassTime

T = at("2025-12-31 23:00:00")


def expiring(
    clock: Clock, seconds: int, timestamp: int, values: dict[str, Value], metadata: dict[str, int] | None = None
) -> Record:
    """Return a record whose receipt makes it expire in this number of seconds."""
    received = Micros(clock.unique_now() - RETENTION_US + seconds * 1_000_000)
    return Record(Millis(timestamp), values, metadata, received)


class RetentionContract(TelemetryBase):
    async def test_records_received_a_retention_ago_are_expired_for_every_query(
        self, telemetry: TelemetryRepository, clock: Clock, device: int, pass_time: PassTime
    ) -> None:
        await telemetry.write(device, [expiring(clock, 2, T, {"x": 1}, {"n": 1}), record(clock, T + 1, {"y": 2})])
        assert set(await history(telemetry, device)) == {T, T + 1}
        await pass_time(3)
        assert await values_of(telemetry, device) == {T + 1: {"y": 2}}
        assert (await telemetry.latest(device)).keys() == {"y"}
        buckets = await telemetry.aggregate(
            device, "x", ALL_TIME, Aggregation.COUNT, window=Window(60_000), offset_ms=0
        )
        assert buckets == []

    async def test_retention_counts_from_receipt_not_from_event_time(
        self, telemetry: TelemetryRepository, clock: Clock, device: int
    ) -> None:
        await telemetry.write(device, [record(clock, Millis(0), {"x": 1})])
        assert await values_of(telemetry, device) == {0: {"x": 1}}

    async def test_values_of_one_record_expire_separately_by_their_receipts(
        self, telemetry: TelemetryRepository, clock: Clock, device: int, pass_time: PassTime
    ) -> None:
        await telemetry.write(device, [expiring(clock, 2, T, {"a": 1, "b": 1}, {"n": 1})])
        await telemetry.write(device, [record(clock, T, {"b": 2, "c": 2})])
        await pass_time(3)
        stored = (await history(telemetry, device))[T]
        assert (stored.values, metadata_of(stored)) == ({"b": 2, "c": 2}, None)

    async def test_metadata_expires_with_its_record(
        self, telemetry: TelemetryRepository, clock: Clock, device: int, pass_time: PassTime
    ) -> None:
        await telemetry.write(device, [expiring(clock, 2, T, {"a": 1}, {"n": 1})])
        await pass_time(3)
        await telemetry.write(device, [record(clock, T, {"a": 2})])
        stored = (await history(telemetry, device))[T]
        assert (stored.values, metadata_of(stored)) == ({"a": 2}, None)

    async def test_the_latest_value_may_expire_before_an_older_one_received_later(
        self, telemetry: TelemetryRepository, clock: Clock, device: int, pass_time: PassTime
    ) -> None:
        await telemetry.write(device, [expiring(clock, 2, T + 60_000, {"x": "newest"})])
        await telemetry.write(device, [record(clock, T, {"x": "received later"})])
        before = (await telemetry.latest(device))["x"]
        await pass_time(3)
        after = (await telemetry.latest(device))["x"]
        assert (before.value, after.value, after.timestamp) == ("newest", "received later", T)

    async def test_expired_records_do_not_count_towards_a_page(
        self, telemetry: TelemetryRepository, clock: Clock, device: int, pass_time: PassTime
    ) -> None:
        sent = [expiring(clock, 2, T + i, {"x": i}) if i % 3 else record(clock, T + i, {"x": i}) for i in range(12)]
        await telemetry.write(device, sent)
        await pass_time(3)
        for descending, wanted in ((False, [0, 3, 6]), (True, [9, 6, 3])):
            page = await page_of(telemetry, device, 3, descending=descending)
            assert [found.timestamp - T for found in page] == wanted

    async def test_a_value_sent_again_is_kept_from_its_last_unique(
        self, telemetry: TelemetryRepository, raw: RawTelemetry, clock: Clock, device: int, pass_time: PassTime
    ) -> None:
        await telemetry.write(device, [expiring(clock, 2, T, {"x": 1}, {"n": 1})])
        again = record(clock, T, {"x": 1}, {"n": 1})
        await telemetry.write(device, [again])
        await pass_time(3)
        stored = (await history(telemetry, device))[T]
        assert (stored.values, metadata_of(stored)) == ({"x": 1}, {"n": 1})
        assert [point.received for point in await raw.points(device)] == [again.received_us]

    async def test_a_retention_of_0_days_keeps_all_data(
        self, open_telemetry: OpenTelemetry, clock: Clock, device: int
    ) -> None:
        telemetry = open_telemetry(0)
        sent = Record(T, {"x": 1}, {"n": 1}, Micros(1))
        await telemetry.write(device, [sent])
        assert (await telemetry.latest(device))["x"].expires_us is None
        assert await values_of(telemetry, device) == {T: {"x": 1}}

    async def test_a_value_is_kept_by_the_retention_in_force_when_it_was_written(
        self, open_telemetry: OpenTelemetry, clock: Clock, device: int, pass_time: PassTime
    ) -> None:
        shorter, longer = open_telemetry(RETENTION_DAYS), open_telemetry(RETENTION_DAYS + 1)
        under_shorter, under_longer = expiring(clock, 2, T, {"x": 1}), expiring(clock, 2, T + 1, {"x": 2})
        await shorter.write(device, [under_shorter])
        await longer.write(device, [under_longer])
        await pass_time(3)
        for telemetry in (shorter, longer):
            assert await values_of(telemetry, device) == {T + 1: {"x": 2}}
            assert_expires((await telemetry.latest(device))["x"], under_longer.received_us, RETENTION_DAYS + 1)

    async def test_deleting_expired_records_is_no_error(
        self, telemetry: TelemetryRepository, clock: Clock, device: int, pass_time: PassTime
    ) -> None:
        await telemetry.write(device, [expiring(clock, 2, T, {"x": 1})])
        await pass_time(3)
        await telemetry.delete(device, TimeRange(T, Millis(T + 1)))
        assert await values_of(telemetry, device) == {}
