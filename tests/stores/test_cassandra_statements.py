"""The statements of the layout of telemetry on Cassandra."""

import asyncio

import pytest

from iotflow.clock import Clock
from iotflow.domain.aggregates import Aggregation
from iotflow.domain.telemetry import PageLimit, Record, Value
from iotflow.domain.time_windows import Window
from iotflow.domain.times import DAY_MS, Micros, Millis, TimeRange
from iotflow.stores.cassandra.driver import InvalidQuery
from iotflow.stores.cassandra.session import Cassandra
from iotflow.stores.cassandra.telemetry import CassandraTelemetry
from iotflow.stores.record_encoding import MAX_SCHEMAS_PER_DEVICE
from tests.contracts.telemetry.base import (
    ALL_TIME,
    at,
    history,
    metadata_of,
    new_device,
    page_of,
    record,
    values_of,
)
from tests.stores.cassandra import CassandraRawTelemetry, OnCassandraTelemetry, counted

T = at("2024-05-05 00:00:00")
HOUR = 3_600_000


class TestStatements(OnCassandraTelemetry):
    """Submissions are one row, and reads few statements."""

    async def test_a_submission_is_one_row_after_the_first_of_its_day(
        self, telemetry: CassandraTelemetry, cassandra: Cassandra, clock: Clock, device: int
    ) -> None:
        expected = [(2, 1), (1, 0), (1, 0), (2, 0), (1, 0), (1, 0)]
        for time, (batches, statements) in zip((T, T + 1, T, T + DAY_MS, T, T + DAY_MS), expected, strict=True):
            async with counted(cassandra) as sent:
                await telemetry.write(device, [record(clock, time, {"a": 1, "b": 2.5, "c": "x"}, {"n": 1})])
            assert (sent.batches, sent.statements) == (batches, statements)

    async def test_a_batch_of_one_day_is_one_batch_for_its_partition(
        self, telemetry: CassandraTelemetry, cassandra: Cassandra, clock: Clock, device: int
    ) -> None:
        await telemetry.write(device, [record(clock, T, {"a": 1, "b": 1, "c": 1})])
        async with counted(cassandra) as sent:
            await telemetry.write(device, [record(clock, T + i, {"c": i, "b": i, "a": i}) for i in range(200)])
        assert (sent.batches, sent.statements) == (1, 0)

    async def test_a_device_with_ever_other_names_has_few_schemas_of_several(
        self, telemetry: CassandraTelemetry, raw: CassandraRawTelemetry, clock: Clock, device: int
    ) -> None:
        sent = [{"common": i, f"n{i % 10}": i, f"m{i % 90}": i} for i in range(MAX_SCHEMAS_PER_DEVICE + 60)]
        for i, values in enumerate(sent):
            await telemetry.write(device, [record(clock, T + i, values, {"i": i})])
        await telemetry.write(device, [record(clock, T + i, values) for i, values in enumerate(sent)])
        found = await history(telemetry, device)
        assert {time - T: (stored.values, metadata_of(stored)) for time, stored in found.items()} == {
            i: (values, {"i": i}) for i, values in enumerate(sent)
        }
        newest = {name: i for i, values in enumerate(sent) for name in values}
        latest = await telemetry.latest(device)
        assert {name: (found.value, found.timestamp - T) for name, found in latest.items()} == {
            name: (i, i) for name, i in newest.items()
        }
        schemas = {row["schema_id"]: row["names"] for row in await raw.rows("telemetry_schemas", "*", device)}
        assert sum(len(names) > 1 for names in schemas.values()) == MAX_SCHEMAS_PER_DEVICE
        assert await telemetry.names(device) == newest.keys()

    async def test_large_records_are_returned_in_pages_latest_values_and_statistics(
        self, telemetry: CassandraTelemetry, clock: Clock, device: int
    ) -> None:
        texts: dict[str, Value] = {f"text {i:02}": "x" * 4_000 for i in range(30)}
        without: dict[str, Value] = dict.fromkeys(texts, "")
        await telemetry.write(device, [record(clock, T + i, {**texts, "n": i}) for i in range(100)])
        await telemetry.write(device, [record(clock, T + 50, {**without, "n": -1})])
        await telemetry.write(device, [record(clock, T + 51, {**without, "n": 0})])
        await telemetry.write(device, [record(clock, T + 51, {**texts, "n": -2})])
        expected = {i: {50: -1, 51: -2}.get(i, i) for i in range(100)}
        found: dict[int, Value] = {}
        more, after = True, None
        while more:
            page = await telemetry.records(device, ALL_TIME, descending=False, limit=PageLimit(1_000), after=after)
            assert all(len(stored.values) == 31 for stored in page.records)
            found |= {stored.timestamp - T: stored.values["n"] for stored in page.records}
            more, after = page.more, page.records[-1].timestamp
        assert found == expected
        latest = await telemetry.latest(device)
        assert (latest["n"].value, latest["text 00"].value) == (99, "x" * 4_000)
        (aggregate,) = await telemetry.aggregate(
            device, "n", ALL_TIME, Aggregation.SUM, window=Window(DAY_MS), offset_ms=0
        )
        assert (aggregate.value, aggregate.count) == (sum(expected.values()), 100)

    async def test_concurrent_submissions_of_many_devices_share_batches(
        self, telemetry: CassandraTelemetry, cassandra: Cassandra, clock: Clock
    ) -> None:
        devices = [new_device() for _ in range(64)]
        for device in devices:
            await telemetry.write(device, [record(clock, T, {"a": 0})])
        async with counted(cassandra) as sent, asyncio.TaskGroup() as writers:
            for device in devices:
                writers.create_task(telemetry.write(device, [record(clock, T, {"a": device})]))
        assert sent.all <= 64 // 10 + 4 * 2
        for device in devices:
            assert await values_of(telemetry, device) == {T: {"a": device}}

    async def test_a_submission_that_cassandra_refuses_fails_alone(
        self, telemetry: CassandraTelemetry, clock: Clock
    ) -> None:
        good = [new_device() for _ in range(30)]
        # It would expire after the last expiry that Cassandra supports.
        bad = Record(T, {"a": 1}, None, Micros(at("2040-01-01 00:00") * 1_000))
        async with asyncio.TaskGroup() as writers:
            for device in good[:15]:
                writers.create_task(telemetry.write(device, [record(clock, T, {"a": 1})]))
            refused = asyncio.ensure_future(telemetry.write(new_device(), [bad]))
            for device in good[15:]:
                writers.create_task(telemetry.write(device, [record(clock, T, {"a": 1})]))
        with pytest.raises(InvalidQuery):
            await refused
        for device in good:
            assert await values_of(telemetry, device) == {T: {"a": 1}}

    async def test_the_newest_record_of_a_rare_schema_is_found_behind_many_of_another(
        self, telemetry: CassandraTelemetry, cassandra: Cassandra, clock: Clock, device: int
    ) -> None:
        await telemetry.write(device, [record(clock, T + i, {"rare": i}) for i in range(3)])
        await telemetry.write(device, [record(clock, T + 3 + i, {"a": i}) for i in range(5_000)])
        async with counted(cassandra) as sent:
            latest = await telemetry.latest(device)
        assert {name: found.value for name, found in latest.items()} == {"rare": 2, "a": 4_999}
        assert sent.all <= 2 + 3 + 1, "catalogue, last rows; pages of keys, the row"
        await telemetry.delete(device, TimeRange(Millis(T + 1), Millis(T + 3)))
        assert (await telemetry.latest(device))["rare"].timestamp == T

    async def test_latest_values_take_two_statements_with_any_length_of_history(
        self, telemetry: CassandraTelemetry, cassandra: Cassandra, clock: Clock, device: int
    ) -> None:
        await telemetry.write(device, [record(clock, T - i * DAY_MS, {"a": i, f"n{i % 9}": i}) for i in range(400)])
        async with counted(cassandra) as sent:
            assert len(await telemetry.latest(device)) == 10
        assert sent.all == 2

    async def test_24_hours_of_history_across_two_days_take_two_statements(
        self, telemetry: CassandraTelemetry, cassandra: Cassandra, clock: Clock, device: int
    ) -> None:
        await telemetry.write(device, [record(clock, T + i * HOUR, {"a": i}) for i in range(-30, 30)])
        time_range = TimeRange(Millis(T - 12 * HOUR), Millis(T + 12 * HOUR))
        for descending in (True, False):
            async with counted(cassandra) as sent:
                assert len(await page_of(telemetry, device, 1_000, time_range=time_range, descending=descending)) == 24
            assert sent.all == 2, "a day each"

    async def test_a_full_page_takes_one_statement(
        self, telemetry: CassandraTelemetry, cassandra: Cassandra, clock: Clock, device: int
    ) -> None:
        await telemetry.write(device, [record(clock, T + i, {"a": i}) for i in range(300)])
        for descending in (True, False):
            async with counted(cassandra) as sent:
                page = await telemetry.records(
                    device, TimeRange(T, Millis(T + HOUR)), descending=descending, limit=PageLimit(100)
                )
            assert (len(page.records), page.more) == (100, True)
            assert sent.all == 1

    async def test_24_hours_of_history_of_one_name_take_three_statements(
        self, telemetry: CassandraTelemetry, cassandra: Cassandra, clock: Clock, device: int
    ) -> None:
        await telemetry.write(device, [record(clock, T + i * HOUR, {"a": i, "b": i}) for i in range(-30, 30)])
        time_range = TimeRange(Millis(T - 12 * HOUR), Millis(T + 12 * HOUR))
        async with counted(cassandra) as sent:
            assert (
                len(
                    (
                        await telemetry.records(
                            device, time_range, descending=True, limit=PageLimit(1_000), names=["b"]
                        )
                    ).records
                )
                == 24
            )
        assert sent.all == 3, "catalogue, a day each"

    async def test_unknown_names_cost_no_statements(
        self, telemetry: CassandraTelemetry, cassandra: Cassandra, clock: Clock, device: int
    ) -> None:
        await telemetry.write(device, [record(clock, T, {"a": 1, "b": 2})])
        names = ["b", *(f"unknown {i}" for i in range(100))]
        time_range = TimeRange(T, Millis(T + HOUR))
        async with counted(cassandra) as sent:
            (found,) = await page_of(telemetry, device, 10, time_range=time_range, names=names)
        assert found.values == {"b": 2}
        assert sent.all == 2, "catalogue, rows"

    async def test_a_rare_name_is_found_by_the_keys_of_rows(
        self, telemetry: CassandraTelemetry, cassandra: Cassandra, clock: Clock, device: int
    ) -> None:
        await telemetry.write(device, [record(clock, T + i, {"a": i}) for i in range(4_000)])
        rare = {T + i: {"rare": i} for i in (7, 2_000, 3_999)}
        await telemetry.write(device, [record(clock, time, values, {"n": 1}) for time, values in rare.items()])
        for descending in (True, False):
            async with counted(cassandra) as sent:
                page = await page_of(telemetry, device, 100, names=["rare"], descending=descending)
            assert [(found.timestamp, found.values) for found in page] == sorted(rare.items(), reverse=descending)
            assert sent.all == 3, "catalogue, keys, rows"
            (first,) = await page_of(telemetry, device, 1, names=["rare"], descending=descending)
            assert first == page[0]

    async def test_a_long_page_of_full_days_takes_few_statements(
        self, telemetry: CassandraTelemetry, cassandra: Cassandra, clock: Clock, device: int
    ) -> None:
        times = [T + day * DAY_MS + i for day in range(20) for i in range(240)]
        await telemetry.write(device, [record(clock, time, {"a": 1}) for time in times])
        async with counted(cassandra) as sent:
            assert len(await page_of(telemetry, device, 4_800, descending=False)) == 4_800
        assert sent.all <= 1 + 3 * 20, "catalogue; of each day two slices or three"

    async def test_a_page_of_a_week_takes_at_most_five_statements(
        self, telemetry: CassandraTelemetry, cassandra: Cassandra, clock: Clock, device: int
    ) -> None:
        await telemetry.write(device, [record(clock, T + i * HOUR, {"a": i}) for i in range(7 * 24)])
        async with counted(cassandra) as sent:
            assert len(await page_of(telemetry, device, 1_000)) == 7 * 24
        assert sent.all <= 5

    async def test_sparse_years_are_not_read_day_by_day(
        self, telemetry: CassandraTelemetry, cassandra: Cassandra, clock: Clock, device: int
    ) -> None:
        await telemetry.write(device, [record(clock, T - i * 300 * DAY_MS, {"a": i}) for i in range(50)])
        async with counted(cassandra) as sent:
            assert len(await page_of(telemetry, device, 1_000, descending=False)) == 50
        assert sent.all <= 8
        async with counted(cassandra) as sent:
            await telemetry.aggregate(device, "a", ALL_TIME, Aggregation.SUM, window=Window(60_000), offset_ms=0)
        assert sent.all <= 3

    async def test_hourly_means_of_a_day_take_two_statements(
        self, telemetry: CassandraTelemetry, cassandra: Cassandra, clock: Clock, device: int
    ) -> None:
        await telemetry.write(device, [record(clock, T + i * HOUR // 10, {"a": i}) for i in range(240)])
        async with counted(cassandra) as sent:
            time_range = TimeRange(T, Millis(T + DAY_MS))
            found = await telemetry.aggregate(
                device, "a", time_range, Aggregation.MEAN, window=Window(HOUR), offset_ms=0
            )
        assert [aggregate.count for aggregate in found] == [10] * 24
        assert sent.all == 2, "catalogue, rows"
