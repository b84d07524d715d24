"""Telemetry: the history, in pages of whole records."""

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from iotflow.clock import Clock
from iotflow.domain.telemetry import INTEGER_MAX, INTEGER_MIN, MAX_NAMES_PER_RECORD, PageLimit, Value, name_error
from iotflow.domain.times import DAY_MS, Millis, TimeRange
from iotflow.repositories.telemetry import TelemetryRepository
from tests.contracts.telemetry.base import (
    ALL_TIME,
    TelemetryBase,
    at,
    exactly,
    history,
    metadata_of,
    new_device,
    page_of,
    record,
)

T = at("2024-02-29 23:59:59.999")

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
"""Text that stores accept. The API refuses lone surrogates, and null characters, which PostgreSQL cannot store."""
VALUES = st.one_of(
    st.booleans(),
    st.integers(INTEGER_MIN, INTEGER_MAX),
    st.floats(allow_nan=False, allow_infinity=False),
    TEXT,
)
NAMES = st.text(min_size=1, max_size=128).filter(lambda name: name_error(name) is None)


class RecordsContract(TelemetryBase):
    @pytest.mark.parametrize(
        "value",
        [
            True,
            False,
            0,
            1,
            -1,
            2**53 + 1,
            -(2**53) - 1,
            INTEGER_MIN,
            INTEGER_MAX,
            0.0,
            1.0,
            0.1,
            2.0**53,
            -(2.0**63),
            5e-324,
            -2.2250738585072014e-308,
            1.7976931348623157e308,
            math.pi,
            "",
            " ",
            "1",
            "1.0",
            "true",
            "null",
            "Zürich 測試 \U0001f321",
            "a\u0308 is not ä",
            "line\nbreak\ttab",
            "\U0001f321" * 1_024,
        ],
    )
    async def test_a_value_is_returned_with_its_type(
        self, telemetry: TelemetryRepository, clock: Clock, device: int, value: Value
    ) -> None:
        await telemetry.write(device, [record(clock, T, {"x": value})])
        assert exactly((await history(telemetry, device))[T].values["x"]) == exactly(value)
        assert exactly((await telemetry.latest(device))["x"].value) == exactly(value)

    @given(values=st.dictionaries(NAMES, VALUES, min_size=1, max_size=8), time=st.integers(0, at("2100-01-01 00:00")))
    @example(values={"a": True, "b": 1, "c": 1.0, "d": "1"}, time=0)
    async def test_any_record_is_returned_as_it_was_sent(
        self, telemetry: TelemetryRepository, clock: Clock, values: dict[str, Value], time: int
    ) -> None:
        device = new_device()
        await telemetry.write(device, [record(clock, time, values)])
        (stored,) = await page_of(telemetry, device, 2)
        assert stored.timestamp == time
        assert {name: exactly(value) for name, value in stored.values.items()} == {
            name: exactly(value) for name, value in values.items()
        }

    async def test_a_range_is_half_open(self, telemetry: TelemetryRepository, clock: Clock, device: int) -> None:
        await telemetry.write(device, [record(clock, T + i, {"x": i}) for i in range(5)])

        async def times(start: int, end: int | None) -> list[int]:
            time_range = TimeRange(Millis(T + start), None if end is None else Millis(T + end))
            return [time - T for time in await history(telemetry, device, time_range)]

        assert await times(1, 3) == [1, 2]
        assert await times(1, 1) == []
        assert await times(3, 1) == []
        assert await times(3, None) == [3, 4]
        assert await times(5, None) == []
        assert await times(-5, 1) == [0]

    async def test_records_are_in_the_requested_order(
        self, telemetry: TelemetryRepository, clock: Clock, device: int
    ) -> None:
        await telemetry.write(device, [record(clock, T + i * 86_400_000, {"b": i, "a": i}) for i in (4, 0, 3, 1, 2)])
        rising = list(await history(telemetry, device))
        assert rising == [T + i * 86_400_000 for i in range(5)]
        assert list(await history(telemetry, device, descending=True)) == rising[::-1]

    async def test_a_page_never_splits_a_record(
        self, telemetry: TelemetryRepository, clock: Clock, device: int
    ) -> None:
        names = [f"name {i}" for i in range(MAX_NAMES_PER_RECORD)]
        await telemetry.write(device, [record(clock, T + i, dict.fromkeys(names, i)) for i in range(3)])
        for descending in (False, True):
            page = await page_of(telemetry, device, 2, descending=descending)
            assert [len(found.values) for found in page] == [MAX_NAMES_PER_RECORD] * 2

    @given(
        times=st.sets(st.integers(0, 50), max_size=25),
        limit=st.integers(1, 7),
        descending=st.booleans(),
        span=st.tuples(st.integers(0, 50), st.none() | st.integers(0, 50)),
    )
    async def test_pages_hold_every_record_of_the_range_once(
        self,
        telemetry: TelemetryRepository,
        clock: Clock,
        times: set[int],
        limit: int,
        descending: bool,
        span: tuple[int, int | None],
    ) -> None:
        device = new_device()
        await telemetry.write(device, [record(clock, T + time, {"x": time, "y": -time}) for time in times])
        start, end = span
        asked = TimeRange(Millis(T + start), None if end is None else Millis(T + end))
        shown: list[int] = []
        after: Millis | None = None
        while page := await page_of(telemetry, device, limit, time_range=asked, descending=descending, after=after):
            assert len(page) <= limit
            assert all(found.values == {"x": found.timestamp - T, "y": T - found.timestamp} for found in page)
            shown += [found.timestamp - T for found in page]
            assert len(shown) <= len(times), "the cursors form a cycle"
            after = page[-1].timestamp
        wanted = sorted(time for time in times if start <= time and (end is None or time < end))
        assert shown == (wanted[::-1] if descending else wanted)

    @pytest.mark.parametrize("descending", [False, True])
    async def test_a_selection_of_names_omits_records_without_them(
        self, telemetry: TelemetryRepository, clock: Clock, device: int, descending: bool
    ) -> None:
        sent = [record(clock, T + i, {"all": i, "odd" if i % 2 else "even": i, f"own {i}": i}) for i in range(20)]
        await telemetry.write(device, sent)
        shown: list[int] = []
        after: Millis | None = None
        wanted_names = ["odd", "own 4", "unknown"]
        while page := await page_of(telemetry, device, 3, descending=descending, after=after, names=wanted_names):
            # The limit counts records that have one of the names.
            assert len(page) == 3 or page[-1].timestamp - T == (1 if descending else 19)
            for found in page:
                i = found.timestamp - T
                assert found.values == ({"odd": i} if i % 2 else {"own 4": 4})
            shown += [found.timestamp - T for found in page]
            assert len(shown) <= len(sent), "the cursors form a cycle"
            after = page[-1].timestamp
        wanted = [1, 3, 4, 5, 7, 9, 11, 13, 15, 17, 19]
        assert shown == (wanted[::-1] if descending else wanted)

    async def test_unknown_names_have_no_records(
        self, telemetry: TelemetryRepository, clock: Clock, device: int
    ) -> None:
        await telemetry.write(device, [record(clock, T, {"x": 1})])
        for names in (["X"], ["x "], [""], []):
            assert await page_of(telemetry, device, 9, names=names) == []

    async def test_metadata_is_returned_with_a_selection_of_names(
        self, telemetry: TelemetryRepository, clock: Clock, device: int
    ) -> None:
        await telemetry.write(device, [record(clock, T, {"x": 1, "y": 1}, {"n": 1}), record(clock, T + 1, {"x": 1})])
        shown = await page_of(telemetry, device, 9, descending=False, names=["y"])
        assert [(found.timestamp, found.values, metadata_of(found)) for found in shown] == [(T, {"y": 1}, {"n": 1})]

    async def test_the_history_spans_years(self, telemetry: TelemetryRepository, clock: Clock, device: int) -> None:
        times = [at(f"{year}-01-01 00:00") for year in range(1970, 2030, 3)]
        for time in times:
            await telemetry.write(device, [record(clock, time, {"x": 1})])
        page = await page_of(telemetry, device, 10)
        assert [found.timestamp for found in page] == times[:-11:-1]
        rest = await page_of(telemetry, device, 100, after=page[-1].timestamp)
        assert [found.timestamp for found in rest] == times[-11::-1]

    @pytest.mark.parametrize("descending", [False, True])
    @pytest.mark.parametrize("names", [None, ["text"]])
    async def test_a_page_ends_at_its_limit_of_values_or_bytes_and_the_next_continues(
        self, telemetry: TelemetryRepository, clock: Clock, device: int, descending: bool, names: list[str] | None
    ) -> None:
        sent = [record(clock, T + i, {"text": "x" * 1_000, "n": i}, {"i": i} if i % 3 else None) for i in range(20)]
        await telemetry.write(device, sent)
        for limit, at_most in ((PageLimit(100, values=8), 4), (PageLimit(100, bytes=5_000), 4), (PageLimit(3), 3)):
            shown: list[int] = []
            more, after = True, None
            while more:
                page = await telemetry.records(
                    device, ALL_TIME, descending=descending, limit=limit, after=after, names=names
                )
                # With names, a store may also count values that it read and left out.
                assert at_most - 2 <= len(page.records) <= 2 * at_most or not page.more
                shown += [found.timestamp - T for found in page.records]
                more, after = page.more, page.records[-1].timestamp
                assert len(shown) <= len(sent), "the cursors form a cycle"
            assert shown == (list(range(20))[::-1] if descending else list(range(20)))

    async def test_metadata_counts_towards_the_bytes_of_a_page(
        self, telemetry: TelemetryRepository, clock: Clock, device: int
    ) -> None:
        await telemetry.write(device, [record(clock, T + i, {"n": i}, {"note": "x" * 1_000}) for i in range(20)])
        page = await telemetry.records(device, ALL_TIME, descending=True, limit=PageLimit(100, bytes=5_000))
        assert page.more
        assert [found.timestamp - T for found in page.records] == [19, 18, 17, 16]
        assert all(metadata_of(found) == {"note": "x" * 1_000} for found in page.records)

    async def test_a_page_always_holds_its_first_record(
        self, telemetry: TelemetryRepository, clock: Clock, device: int
    ) -> None:
        await telemetry.write(device, [record(clock, T + i, {"a": "x" * 100, "b": 1}, {"n": i}) for i in range(2)])
        for limit in (PageLimit(9, values=1), PageLimit(9, bytes=1)):
            page = await telemetry.records(device, ALL_TIME, descending=True, limit=limit)
            assert ([found.timestamp - T for found in page.records], page.more) == ([1], True)
            page = await telemetry.records(
                device, ALL_TIME, descending=True, limit=limit, after=page.records[0].timestamp
            )
            assert ([found.timestamp - T for found in page.records], page.more) == ([0], False)

    async def test_a_page_with_all_records_is_the_last(
        self, telemetry: TelemetryRepository, clock: Clock, device: int
    ) -> None:
        await telemetry.write(device, [record(clock, T + i * DAY_MS, {"n": i}) for i in range(5)])
        for records, more in ((4, True), (5, False), (6, False)):
            page = await telemetry.records(device, ALL_TIME, descending=True, limit=PageLimit(records))
            assert (len(page.records), page.more) == (min(records, 5), more)

    async def test_newest_times_are_those_of_the_last_records(
        self, telemetry: TelemetryRepository, clock: Clock
    ) -> None:
        devices = [new_device() for _ in range(5)]
        for place, device in enumerate(devices[:4]):
            await telemetry.write(device, [record(clock, T + place * DAY_MS + i, {"n": i}) for i in (0, 5)])
        assert await telemetry.newest_times(devices, ALL_TIME) == {
            device: T + place * DAY_MS + 5 for place, device in enumerate(devices[:4])
        }
        assert await telemetry.newest_times(devices[:2], TimeRange(Millis(T), Millis(T + DAY_MS + 5))) == {
            devices[0]: T + 5,
            devices[1]: T + DAY_MS,
        }
        assert await telemetry.newest_times(devices, TimeRange(Millis(T + 3 * DAY_MS), None)) == {
            devices[3]: T + 3 * DAY_MS + 5
        }
        assert await telemetry.newest_times(devices, TimeRange(Millis(T), Millis(T))) == {}
        assert await telemetry.newest_times([], ALL_TIME) == {}

    async def test_no_record_is_later_than_the_newest_time_of_its_device(
        self, telemetry: TelemetryRepository, clock: Clock
    ) -> None:
        device, other = new_device(), new_device()
        await telemetry.write(device, [record(clock, T + i * 100 * DAY_MS, {"n": i}) for i in range(4)])
        await telemetry.write(other, [record(clock, T, {"n": 1})])
        await telemetry.delete(device, TimeRange(Millis(T + 300 * DAY_MS), None))
        for end, last in ((None, 200), (250, 200), (200, 100), (50, 0)):
            time_range = TimeRange(Millis(0), None if end is None else Millis(T + end * DAY_MS))
            newest = await telemetry.newest_times([device, other], time_range)
            assert newest[device] >= T + last * DAY_MS
            assert newest[other] >= T
