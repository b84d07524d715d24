"""Telemetry: deletion of a range, purge of a device, and both between writes."""

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from iotflow.clock import Clock
from iotflow.domain.aggregates import Aggregation
from iotflow.domain.telemetry import Value
from iotflow.domain.time_windows import Window
from iotflow.domain.times import Millis, TimeRange
from iotflow.repositories.telemetry import TelemetryRepository
from tests.contracts.telemetry.base import (
    ALL_TIME,
    RawTelemetry,
    TelemetryBase,
    at,
    history,
    metadata_of,
    new_device,
    purge_all,
    record,
    values_of,
)

T = at("2023-07-01 00:00:00")


@dataclass(frozen=True)
class Submit:
    time: int
    values: dict[str, Value]
    metadata: dict[str, int] | None


@dataclass(frozen=True)
class Delete:
    start: int
    end: int | None


TIMES = st.integers(0, 6)
SUBMITS = st.builds(
    Submit,
    TIMES,
    st.dictionaries(st.sampled_from("abc"), st.integers(-2, 2) | st.booleans() | st.sampled_from("xy"), min_size=1),
    st.none() | st.dictionaries(st.sampled_from("mn"), st.integers(0, 3)),
)
STEPS = st.lists(st.lists(SUBMITS, min_size=1, max_size=3) | st.builds(Delete, TIMES, st.none() | TIMES), max_size=12)


@dataclass
class Model:
    """A model of a device's history."""

    values: dict[int, dict[str, Value]] = field(default_factory=dict)
    metadata: dict[int, dict[str, int]] = field(default_factory=dict)

    def submit(self, one: Submit) -> None:
        self.values.setdefault(one.time, {}).update(one.values)
        if one.metadata is not None:
            self.metadata[one.time] = one.metadata

    def delete(self, span: Delete) -> None:
        for time in list(self.values):
            if span.start <= time and (span.end is None or time < span.end):
                del self.values[time]
                self.metadata.pop(time, None)

    def latest(self) -> dict[str, tuple[Value, int]]:
        return {name: (value, time) for time in sorted(self.values) for name, value in self.values[time].items()}


class DeletingContract(TelemetryBase):
    async def test_a_deleted_range_is_half_open_and_deleted_for_every_query(
        self, telemetry: TelemetryRepository, raw: RawTelemetry, clock: Clock, device: int
    ) -> None:
        await telemetry.write(device, [record(clock, T + i, {"x": i, "y": i}, {"i": i}) for i in range(6)])
        await telemetry.delete(device, TimeRange(Millis(T + 2), Millis(T + 5)))
        assert await values_of(telemetry, device) == {T + i: {"x": i, "y": i} for i in (0, 1, 5)}
        assert {point.timestamp - T for point in await raw.points(device)} == {0, 1, 5}
        assert await raw.metadata(device) == {T + i: {"i": i} for i in (0, 1, 5)}
        (bucket,) = await telemetry.aggregate(
            device, "x", ALL_TIME, Aggregation.SUM, window=Window(86_400_000), offset_ms=0
        )
        assert (bucket.value, bucket.count) == (6, 3)

    async def test_a_range_without_end_reaches_to_the_last_record(
        self, telemetry: TelemetryRepository, raw: RawTelemetry, clock: Clock, device: int
    ) -> None:
        times = [Millis(0), T, at("9999-12-31 23:59:59.999")]
        await telemetry.write(device, [record(clock, time, {"x": 1}, {}) for time in times])
        await telemetry.delete(device, TimeRange(Millis(1), None))
        assert list(await history(telemetry, device)) == [0]
        assert len(await raw.points(device)) == 1

    async def test_an_empty_range_deletes_nothing(
        self, telemetry: TelemetryRepository, clock: Clock, device: int
    ) -> None:
        await telemetry.write(device, [record(clock, T, {"x": 1})])
        await telemetry.delete(device, TimeRange(T, T))
        await telemetry.delete(device, TimeRange(Millis(T + 1), T))
        assert await values_of(telemetry, device) == {T: {"x": 1}}

    async def test_records_sent_into_a_deleted_range_are_stored(
        self, telemetry: TelemetryRepository, clock: Clock, device: int
    ) -> None:
        await telemetry.write(device, [record(clock, T + i, {"x": 9, "y": 9}, {"n": 9}) for i in range(3)])
        await telemetry.delete(device, TimeRange(T, Millis(T + 3)))
        await telemetry.write(device, [record(clock, T + 1, {"x": 1})])
        stored = await history(telemetry, device)
        assert {time: (found.values, metadata_of(found)) for time, found in stored.items()} == {T + 1: ({"x": 1}, None)}
        assert (await telemetry.latest(device))["x"].timestamp == T + 1
        assert "y" not in await telemetry.latest(device)

    async def test_a_range_can_be_deleted_and_sent_repeatedly(
        self, telemetry: TelemetryRepository, clock: Clock, device: int
    ) -> None:
        for i in range(5):
            await telemetry.delete(device, ALL_TIME)
            assert await values_of(telemetry, device) == {}
            await telemetry.write(device, [record(clock, T, {"x": -i})])
            assert await values_of(telemetry, device) == {T: {"x": -i}}

    async def test_deletions_do_not_affect_other_devices(
        self, telemetry: TelemetryRepository, clock: Clock, device: int
    ) -> None:
        for owner in (device, device + 1):
            await telemetry.write(owner, [record(clock, T, {"x": 1}, {"n": 1})])
        await telemetry.delete(device, ALL_TIME)
        await purge_all(telemetry, device)
        assert await values_of(telemetry, device + 1) == {T: {"x": 1}}

    async def test_a_purge_removes_all_data_of_a_device(
        self, telemetry: TelemetryRepository, raw: RawTelemetry, clock: Clock, device: int
    ) -> None:
        await telemetry.write(device, [record(clock, T - i * 86_400_000, {"x": 1, "y": 2}, {}) for i in range(500)])
        for _ in range(2):
            await purge_all(telemetry, device)
            assert await raw.points(device) == []
            assert await raw.metadata(device) == {}
            assert await values_of(telemetry, device) == {}
            assert await telemetry.latest(device) == {}

    async def test_a_large_range_is_deleted_completely(
        self, telemetry: TelemetryRepository, raw: RawTelemetry, clock: Clock, device: int
    ) -> None:
        await telemetry.write(device, [record(clock, T + i, {"x": 1, "y": 2, "z": 3}, {}) for i in range(3_000)])
        await telemetry.delete(device, TimeRange(Millis(T + 1), Millis(T + 2_999)))
        assert list(await history(telemetry, device)) == [T, T + 2_999]
        assert len(await raw.points(device)) == 6
        assert set(await raw.metadata(device)) == {T, T + 2_999}

    @settings(max_examples=40)
    @given(steps=STEPS)
    async def test_writes_and_deletions_in_any_order_agree_with_a_model(
        self, telemetry: TelemetryRepository, raw: RawTelemetry, clock: Clock, steps: list[list[Submit] | Delete]
    ) -> None:
        device, model = new_device(), Model()
        for step in steps:
            if isinstance(step, Delete):
                model.delete(step)
                end = None if step.end is None else Millis(T + step.end)
                await telemetry.delete(device, TimeRange(Millis(T + step.start), end))
            else:
                for one in step:
                    model.submit(one)
                await telemetry.write(device, [record(clock, T + one.time, one.values, one.metadata) for one in step])
        stored = await history(telemetry, device)
        assert {time - T: repr(sorted(found.values.items())) for time, found in stored.items()} == {
            time: repr(sorted(values.items())) for time, values in model.values.items()
        }
        assert {time - T: metadata_of(found) for time, found in stored.items() if found.metadata is not None} == (
            model.metadata
        )
        latest = await telemetry.latest(device)
        assert {name: repr((found.value, found.timestamp - T)) for name, found in latest.items()} == {
            name: repr(found) for name, found in model.latest().items()
        }
        assert len(await raw.points(device)) == sum(map(len, model.values.values()))
