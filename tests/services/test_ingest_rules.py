"""The rules of a record, which `Ingest` enforces for every protocol."""

from collections.abc import AsyncIterator

import pytest

from iotflow.domain.context import RequestContext
from iotflow.domain.errors import InvalidInput
from iotflow.domain.json import JsonObject
from iotflow.domain.telemetry import MAX_AHEAD_MS, MAX_NAMES_PER_DEVICE, Reading
from iotflow.domain.times import Millis
from iotflow.services.ingest import BatchOutcome, Chunk, Submission
from tests.clock import START
from tests.services.harness import RegisteredDevice, ServiceHarness, SignedInUser, calling, register_device
from tests.stores.sqlite import SqliteTables

DEEP: JsonObject = {"a": 1}
for _ in range(40):
    DEEP = {"a": DEEP}

BROKEN: dict[str, tuple[dict[str, Reading], Millis | None, JsonObject | None, str]] = {
    "no measurement": ({}, None, None, "1 to 256 measurements"),
    "no reading": ({"a": None, "b": None}, None, None, "not null"),
    "a comma in the name of a null": ({"a": 1, "b,c": None}, None, None, "no comma"),
    "too many names with nulls": (dict.fromkeys(map(str, range(257))) | {"1": 1}, None, None, "1 to 256 measurements"),
    "too many names": ({f"n{number}": 1 for number in range(257)}, None, None, "1 to 256 measurements"),
    "an empty name": ({"": 1}, None, None, "1 to 128 characters"),
    "a long name": ({"n" * 129: 1}, None, None, "1 to 128 characters"),
    "a comma in a name": ({"a,b": 1}, None, None, "no comma"),
    "a null character in a name": ({"a\0b": 1}, None, None, "no control character"),
    "a space before a name": ({" a": 1}, None, None, "no space at either end"),
    "NaN": ({"a": float("nan")}, None, None, "finite"),
    "an infinity": ({"a": float("inf")}, None, None, "finite"),
    "an integer of 65 bits": ({"a": 2**64}, None, None, "64 bits"),
    "a long text": ({"a": "x" * 10_000}, None, None, "4096 bytes"),
    "a null character in a text": ({"a": "x\0"}, None, None, "no null character"),
    "large metadata": ({"a": 1}, None, {"text": "x" * 20_000}, "16384 bytes"),
    "deep metadata": ({"a": 1}, None, DEEP, "32 deep"),
    "a null character in metadata": ({"a": 1}, None, {"text": "\0"}, "no null character"),
    "a null character in a name of metadata": ({"a": 1}, None, {"\0": 1}, "no null character"),
    "a time ahead": ({"a": 1}, Millis(START + MAX_AHEAD_MS + 1), None, "5 minutes ahead"),
    "a time before 1970": ({"a": 1}, Millis(-1), None, "before 1970"),
}


@pytest.fixture
async def device(harness: ServiceHarness, ada: SignedInUser) -> RegisteredDevice:
    return await register_device(harness, ada)


async def chunk(*submissions: Submission) -> AsyncIterator[Chunk]:
    yield dict(enumerate(submissions))


@pytest.mark.parametrize("name", BROKEN)
async def test_a_record_that_breaks_a_rule_is_refused_and_not_stored(
    harness: ServiceHarness, ada: SignedInUser, device: RegisteredDevice, tables: SqliteTables, name: str
) -> None:
    values, timestamp, metadata, problem = BROKEN[name]
    broken = Submission(values, timestamp, metadata)
    context = RequestContext(await calling(harness, device.key))
    with pytest.raises(InvalidInput, match=problem):
        await harness.services.ingest.submit(context, broken)
    assert tables.query("SELECT * FROM telemetry_records") == []
    good = Submission({"good": 1}, Millis(1_000), None)
    for outcome in (
        await harness.services.ingest.submit_batch(context, chunk(broken, good)),
        await harness.services.ingest.backfill(ada.context, device.id, chunk(broken, good)),
    ):
        assert isinstance(outcome, BatchOutcome)
        assert outcome.accepted == 1
        ((index, detail),) = [(rejection.index, rejection.detail) for rejection in outcome.rejections]
        assert index == 0
        assert problem in detail
        assert len(detail) <= 300
    assert [row["names"] for row in tables.query("SELECT names FROM telemetry_schemas")] == ['["good"]']


async def test_names_beyond_the_limit_of_a_device_are_refused(
    harness: ServiceHarness, ada: SignedInUser, device: RegisteredDevice
) -> None:
    for first in range(0, MAX_NAMES_PER_DEVICE, 250):
        values: dict[str, Reading] = {f"n{first + number}": 1 for number in range(250)}
        await harness.services.ingest.backfill(ada.context, device.id, chunk(Submission(values, Millis(1), None)))
    context = RequestContext(await calling(harness, device.key))
    with pytest.raises(InvalidInput, match="at most 1000 names"):
        await harness.services.ingest.submit(context, Submission({"one more": 1}, None, None))
