"""Records decoded without pydantic are those that the schema returns, or the domain's rules reject them."""

import json
import unicodedata
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from iotflow.api import json_bodies
from iotflow.api.json_bodies import decode_record
from iotflow.api.plain_records import try_parse_plain
from iotflow.api.routers.batches import parse_record
from iotflow.api.schemas.telemetry import BatchRecord
from iotflow.domain.errors import InvalidInput
from iotflow.domain.telemetry import MAX_NAMES_PER_RECORD, errors_of_record
from iotflow.services.ingest import Submission

MAX_BYTES = 2**20
NUMBERS = st.sampled_from([0, -1, 1.5, 1e300, 2**63 - 1, -(2**63), 2**63, -(2**63) - 1, 2**64, 10**40, -0.0])
TEXTS = st.sampled_from(["", "t", "é", "a,b", " a", "\0", "\x1f", "x" * 128, "x" * 129, "é" * 2_049, "\u2028"])
SCALARS = st.none() | st.booleans() | NUMBERS | st.floats() | TEXTS | st.text(max_size=4)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS | st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
TIMES = st.sampled_from(
    ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00+01:00", "2026-01-01", "now", 0, -1, 1.001, 1_767_225_600, 1e12, 2**62]
)
RECORDS = st.fixed_dictionaries(
    {},
    optional={
        "data": st.dictionaries(TEXTS | st.text(max_size=4), SCALARS, max_size=4) | JSON,
        "timestamp": TIMES | JSON,
        "metadata": st.dictionaries(st.text(max_size=3), JSON, max_size=2) | JSON,
        "unknown": JSON,
    },
)


def by_schema(text: bytes) -> Submission | None:
    """Return what the schema makes of a record; None for an invalid one."""
    try:
        return BatchRecord.model_validate(decode_record(memoryview(text), MAX_BYTES)).to_submission()
    except (InvalidInput, ValidationError):
        return None


@given(RECORDS | JSON, st.booleans())
@example({"data": {f"n{index}": 1 for index in range(MAX_NAMES_PER_RECORD + 1)}, "timestamp": 1}, True)
@example({"data": {}, "timestamp": 1}, True)
@example({"data": {"a": None}, "timestamp": 1}, True)
@example({"data": {"a": 1}, "timestamp": 1, "metadata": {"a": "x" * 16_384}}, True)
def test_a_plain_record_is_that_of_the_schema(record: Any, ensure_ascii: bool) -> None:
    text = json.dumps(record, ensure_ascii=ensure_ascii).encode("utf-8", "surrogatepass")
    plain, expected = try_parse_plain(memoryview(text)), by_schema(text)
    if plain is not None and expected is None:
        assert errors_of_record(plain.readings, plain.metadata)
    elif plain is not None and expected is not None:
        assert _repr(plain) == _repr(expected)


@given(st.lists(RECORDS | JSON, max_size=4))
async def test_a_batch_decoded_as_a_whole_is_that_of_its_records(records: list[Any]) -> None:
    body = json.dumps(records).encode("utf-8", "surrogatepass")
    outcomes = []
    for decoded_bytes in (len(body), 0):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(json_bodies, "MAX_DECODED_BYTES", decoded_bytes)
            outcomes.append(await _outcome(bytearray(body)))
    assert outcomes[0] == outcomes[1]


async def _outcome(body: bytearray) -> object:
    """Return the number of values and each record of a batch, or the errors."""
    try:
        batch = await json_bodies.decode_array(body, 10, MAX_BYTES)
    except InvalidInput as error:
        return error.errors
    found: list[object] = []
    for record in batch.records:
        try:
            found.append(_repr(parse_record(record, MAX_BYTES)))
        except InvalidInput as error:
            found.append(error.errors)
    return batch.values, found


def _repr(submission: Submission) -> str:
    """Return all of a submission, in which 1 differs from 1.0 and True, with names in normal form C."""
    readings = {unicodedata.normalize("NFC", name): reading for name, reading in submission.readings.items()}
    return repr((readings, submission.timestamp, submission.metadata))


@pytest.mark.parametrize(
    "text",
    [
        b'{"timestamp": "2026-01-01T00:00:00Z", "data": {"a": 1, "b": 1.5, "c": true, "d": "x", "e": null}}',
        b'{"data": {"a": 1}, "timestamp": 1767225600.5, "metadata": {"a": [1, {"b": null}]}}',
        b' {"data":{"a":1,"a":2},"timestamp":1767225600} ',
    ],
)
def test_the_usual_form_is_plain(text: bytes) -> None:
    plain = try_parse_plain(memoryview(text))
    assert plain is not None
    assert repr(plain) == repr(by_schema(text))
