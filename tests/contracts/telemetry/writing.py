"""Telemetry: the stored data after writes."""

import asyncio
import random

import pytest

from iotflow.clock import Clock
from iotflow.domain.telemetry import Record, Value
from iotflow.domain.times import Micros, Millis
from iotflow.repositories.telemetry import TelemetryRepository
from tests.contracts.telemetry.base import (
    RawPoint,
    RawTelemetry,
    TelemetryBase,
    at,
    exactly,
    history,
    metadata_of,
    new_device,
    record,
    values_of,
)

T = at("2020-06-01 12:00:00")


async def receipts(raw: RawTelemetry, device: int) -> dict[str, Micros]:
    """Return the receipts of the device's values at one time, by name."""
    return {point.name: point.received for point in await raw.points(device)}


class WritingContract(TelemetryBase):
    async def test_a_write_is_in_the_store_when_it_returns(
        self, telemetry: TelemetryRepository, raw: RawTelemetry, clock: Clock, device: int
    ) -> None:
        sent = record(clock, T, {"temp": 21.5, "open": True}, {"site": "north"})
        await telemetry.write(device, [sent])
        assert await raw.points(device) == [
            RawPoint(T, "open", True, sent.received_us),
            RawPoint(T, "temp", 21.5, sent.received_us),
        ]
        assert await raw.metadata(device) == {T: {"site": "north"}}

    async def test_an_empty_list_of_records_writes_nothing(
        self, telemetry: TelemetryRepository, raw: RawTelemetry, device: int
    ) -> None:
        await telemetry.write(device, [])
        assert await raw.points(device) == []

    @pytest.mark.parametrize(
        ("first", "second"),
        [(9, 1), (-1, -9), (2.5, -2.5), ("b", "a"), ("b", ""), (True, False), (7, "7"), ("z", 1), (1, True), (2.5, 2)],
    )
    async def test_the_last_write_wins_even_if_it_is_smaller_or_of_another_type(
        self,
        telemetry: TelemetryRepository,
        raw: RawTelemetry,
        clock: Clock,
        device: int,
        first: Value,
        second: Value,
    ) -> None:
        for value in (first, second):
            await telemetry.write(device, [record(clock, T, {"x": value})])
        shown = (await history(telemetry, device))[T].values["x"]
        latest = (await telemetry.latest(device))["x"].value
        kept = [point.value for point in await raw.points(device)]
        assert [exactly(value) for value in (shown, latest, *kept)] == [exactly(second)] * 3

    async def test_of_duplicates_in_a_batch_the_last_one_wins(
        self, telemetry: TelemetryRepository, raw: RawTelemetry, clock: Clock, device: int
    ) -> None:
        batch = [
            record(clock, T, {"x": 9, "only first": 1}, {"n": 1}),
            record(clock, T + 1, {"x": 5}),
            record(clock, T, {"x": 3}, {"n": 2}),
        ]
        await telemetry.write(device, batch)
        assert await values_of(telemetry, device) == {T: {"x": 3, "only first": 1}, T + 1: {"x": 5}}
        assert await raw.metadata(device) == {T: {"n": 2}}
        assert len(await raw.points(device)) == 3

    async def test_the_value_received_later_is_kept_in_any_order_of_arrival(
        self, telemetry: TelemetryRepository, raw: RawTelemetry, clock: Clock, device: int
    ) -> None:
        earlier = record(clock, T, {"x": 99, "y": 1}, {"n": 1})
        later = record(clock, T, {"x": 2}, {"n": 2})
        await telemetry.write(device, [later])
        await telemetry.write(device, [earlier])
        stored = (await history(telemetry, device))[T]
        assert stored.values == {"x": 2, "y": 1}
        assert metadata_of(stored) == {"n": 2}
        assert await receipts(raw, device) == {"x": later.received_us, "y": earlier.received_us}
        assert (await telemetry.latest(device))["x"].value == 2

    async def test_submissions_for_one_time_merge_by_name(
        self, telemetry: TelemetryRepository, raw: RawTelemetry, clock: Clock, device: int
    ) -> None:
        first = record(clock, T, {"temp": 20, "hum": 40}, {"by": "first"})
        second = record(clock, T, {"hum": 41, "wind": 3})
        await telemetry.write(device, [first])
        await telemetry.write(device, [second])
        stored = (await history(telemetry, device))[T]
        assert stored.values == {"temp": 20, "hum": 41, "wind": 3}
        receipt = {"temp": first.received_us, "hum": second.received_us, "wind": second.received_us}
        assert await receipts(raw, device) == receipt

    async def test_metadata_is_replaced_as_a_whole_and_only_if_given(
        self, telemetry: TelemetryRepository, clock: Clock, device: int
    ) -> None:
        await telemetry.write(device, [record(clock, T, {"x": 1}, {"a": 1, "b": {"c": [1, None, "ü"]}})])
        await telemetry.write(device, [record(clock, T, {"x": 2})])
        assert metadata_of((await history(telemetry, device))[T]) == {"a": 1, "b": {"c": [1, None, "ü"]}}
        await telemetry.write(device, [record(clock, T, {"x": 3}, {"d": True})])
        assert metadata_of((await history(telemetry, device))[T]) == {"d": True}
        await telemetry.write(device, [record(clock, T, {"x": 4}, {})])
        assert metadata_of((await history(telemetry, device))[T]) == {}

    async def test_a_record_without_metadata_has_none(
        self, telemetry: TelemetryRepository, clock: Clock, device: int
    ) -> None:
        await telemetry.write(device, [record(clock, T, {"x": 1}), record(clock, T + 1, {"x": 1}, {"n": 1})])
        assert metadata_of((await history(telemetry, device))[T]) is None

    async def test_a_repeated_submission_stores_no_duplicates(
        self, telemetry: TelemetryRepository, raw: RawTelemetry, clock: Clock, device: int
    ) -> None:
        sent = [(T + i, {"temp": i, "hum": i / 2}, {"i": i}) for i in range(20)]
        for _ in range(3):
            await telemetry.write(device, [record(clock, *one) for one in sent])
        assert len(await raw.points(device)) == 40
        assert len(await raw.metadata(device)) == 20
        assert await values_of(telemetry, device) == {time: values for time, values, _ in sent}

    async def test_devices_are_separate(
        self, telemetry: TelemetryRepository, raw: RawTelemetry, clock: Clock, device: int
    ) -> None:
        neighbour = device + 1
        await telemetry.write(device, [record(clock, T, {"x": 1}, {"of": "device"})])
        await telemetry.write(neighbour, [record(clock, T, {"x": 2, "y": 3})])
        assert await values_of(telemetry, device) == {T: {"x": 1}}
        assert (await telemetry.latest(device))["x"].value == 1
        assert await telemetry.names(device) == {"x"}
        assert metadata_of((await history(telemetry, neighbour))[T]) is None
        assert len(await raw.points(neighbour)) == 2

    async def test_the_catalogue_holds_every_name(
        self, telemetry: TelemetryRepository, clock: Clock, device: int
    ) -> None:
        assert await telemetry.names(device) == frozenset()
        names = {"temp", "Temp", "t", "ä", "a\u0308", "100%", "it's", 'a "x"', "_", "\U0001f321" * 128}
        names |= {f"name {i}" for i in range(200)}
        for i, name in enumerate(sorted(names)):
            await telemetry.write(device, [record(clock, T - i * 86_400_000, {name: i})])
        assert await telemetry.names(device) == names
        assert {name: latest.value for name, latest in (await telemetry.latest(device)).items()} == {
            name: i for i, name in enumerate(sorted(names))
        }

    async def test_a_large_batch_is_stored_completely(
        self, telemetry: TelemetryRepository, raw: RawTelemetry, clock: Clock, device: int
    ) -> None:
        await telemetry.write(device, [record(clock, T + 1_000 * i, {"a": i, "b": -i, "c": "x"}) for i in range(4_000)])
        kept = await raw.points(device)
        assert len(kept) == 12_000
        assert sum(point.value for point in kept if point.name == "a" and isinstance(point.value, int)) == 7_998_000

    async def test_concurrent_writers_lose_nothing(
        self, telemetry: TelemetryRepository, raw: RawTelemetry, clock: Clock
    ) -> None:
        devices = [new_device() for _ in range(10)]

        async def write(device: int, writer: int) -> None:
            for i in range(5):
                await telemetry.write(device, [record(clock, T + i, {f"of {writer}": i, "common": writer})])

        async with asyncio.TaskGroup() as writers:
            for device in devices:
                for writer in range(5):
                    writers.create_task(write(device, writer))
        for device in devices:
            shown = await values_of(telemetry, device)
            assert set(shown) == {T + i for i in range(5)}
            for i in range(5):
                assert {f"of {writer}": i for writer in range(5)}.items() <= shown[T + i].items()
            assert len(await raw.points(device)) == 5 * 6

    async def test_of_concurrent_writes_of_one_key_the_last_received_is_kept(
        self, telemetry: TelemetryRepository, raw: RawTelemetry, clock: Clock, device: int
    ) -> None:
        sent = [record(clock, T, {"x": 1_000 - i}, {"i": i}) for i in range(100)]
        arriving: list[Record] = random.sample(sent, len(sent))
        async with asyncio.TaskGroup() as writers:
            for one in arriving:
                writers.create_task(telemetry.write(device, [one]))
        last = sent[-1]
        assert await raw.points(device) == [RawPoint(T, "x", 901, last.received_us)]
        assert await raw.metadata(device) == {T: {"i": 99}}

    async def test_the_first_and_the_last_supported_times(
        self, telemetry: TelemetryRepository, clock: Clock, device: int
    ) -> None:
        times = [Millis(0), Millis(1), T, at("9999-12-31 23:59:59.999")]
        await telemetry.write(device, [record(clock, time, {"x": time}) for time in times])
        assert await values_of(telemetry, device) == {time: {"x": time} for time in times}
