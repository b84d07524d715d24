"""JSON bodies: decoding, refusal, and the reported places of faults."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.exceptions import HTTPException

from iotflow.api.json_bodies import (
    MAX_FIELDS,
    MAX_SEARCHED_BYTES,
    check_items,
    decode_json,
    decode_record,
    split_array,
    split_lines,
)
from iotflow.api.problems import MAX_LISTED_ERRORS, MAX_RECORD_DETAIL, record_detail
from iotflow.domain.errors import FieldError, InvalidInput
from iotflow.domain.telemetry import INTEGER_ERROR

TEXTS = st.text(st.sampled_from(["\\", "\0", "u", "0", '"', "a", "é"]), max_size=12)


def faults(text: bytes) -> InvalidInput:
    with pytest.raises(InvalidInput) as invalid:
        decode_json(text)
    return invalid.value


@given(TEXTS, st.booleans())
def test_only_null_characters_are_found(text: str, ascii_only: bool) -> None:
    for value in (text, [text], {text: 1}, {"a": [{"b": text}]}):
        encoded = json.dumps(value, ensure_ascii=ascii_only).encode()
        for padded in (encoded, encoded + b" " * MAX_SEARCHED_BYTES):
            if "\0" in text:
                assert {error.kind for error in faults(padded).errors} == {"null_character"}
            else:
                assert decode_json(padded) == value


def test_each_null_character_is_reported_with_its_place() -> None:
    value = {"a": "\0", "b": ["x", "\0", {"c\0": "\0"}], "d": {"e": {}}, "f": "\0"}
    places = [error.location for error in faults(json.dumps(value).encode()).errors]
    assert places == [("body", "a"), ("body", "b", 1), ("body", "b", 2, "c\0"), ("body", "f")]


def test_the_first_faults_are_listed_and_all_are_counted() -> None:
    for item in (b"NaN", b'"\\u0000"', b"1e400"):
        invalid = faults(b'{"data": [' + b",".join([item] * 1_500) + b"]}")
        assert len(invalid.errors) == MAX_LISTED_ERRORS
        assert invalid.unlisted == 1_500 - MAX_LISTED_ERRORS
        assert invalid.errors[7].location == ("body", "data", 7)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b'{"a": 1', "invalid JSON: it ends too early"),
        (b'{"a": 1} x', "invalid JSON: trailing characters (byte 10)"),
        (b"[" * 100_000, "the JSON is nested too deeply"),
        (b'"\xff"', "the JSON is not UTF-8"),
        (b"[%s]" % (b"9" * 5_000), INTEGER_ERROR),
    ],
)
def test_messages_name_no_library(text: bytes, message: str) -> None:
    assert [error.message for error in faults(text).errors] == [message]


def test_a_path_is_shortened() -> None:
    [error] = faults(b'{"a":' * 500 + b"NaN" + b"}" * 500).errors
    assert error.location == ("body", *["a"] * 40, "…")


def test_the_number_of_fields_of_an_object_is_limited() -> None:
    fields = {f"f{number}": {str(inner): inner for inner in range(200)} for number in range(MAX_FIELDS)}
    assert decode_json(json.dumps(fields).encode()) == fields
    invalid = faults(json.dumps(fields | {"one more": 1}).encode())
    assert [error.location for error in invalid.errors] == [("body",)]


@given(st.lists(st.recursive(st.none() | st.integers() | TEXTS, st.lists), max_size=8), st.integers(0, 8))
def test_an_array_is_split_into_its_items(items: list[object], limit: int) -> None:
    body = bytearray(b" \n" + json.dumps(items, indent=1).encode() + b"\t")
    if len(items) > limit:
        with pytest.raises(HTTPException, match="413"):
            split_array(body, limit)
    else:
        assert [json.loads(bytes(item)) for item in split_array(body, limit)] == items


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"7", b"x", b"[", b"[1", b"[1,]", b"[1] 2", b"[NaN]", b'"[]"', b"[" * 9_000]
)
def test_a_body_that_is_no_array_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidInput) as invalid:
        split_array(bytearray(body), 10)
    assert invalid.value.errors[0].location[0] == "body"


@pytest.mark.parametrize("item", [b'"\xff"', b"1e400", b'{"a": 1e400}'])
async def test_an_item_that_cannot_be_decoded_makes_the_body_fail(item: bytes) -> None:
    items = split_array(bytearray(b"[1, " + item + b"]"), 10)
    with pytest.raises(InvalidInput) as invalid:
        await check_items(items, 100)
    assert invalid.value.errors[0].location[:2] == ("body", 1)
    await check_items(items, 1)


def test_a_record_over_its_limit_is_not_decoded() -> None:
    assert decode_record(memoryview(b"[1]"), 3) == [1]
    with pytest.raises(InvalidInput, match="a record has at most 2 bytes, this one has 3"):
        decode_record(memoryview(b"[1]"), 2)


@given(st.lists(st.text(st.sampled_from(" \t\r\x0b\x0cab"), max_size=4), max_size=8))
def test_lines_that_are_not_blank(lines: list[str]) -> None:
    expected = [line.strip() for line in lines if line.strip()]
    found = split_lines(bytearray("\n".join(lines).encode()), 8)
    assert [bytes(line).decode().strip() for line in found] == expected


def test_the_detail_of_a_record_is_short() -> None:
    for name in ("a", "n" * 128, "n" * 10_000):
        for message in ("wrong", "x" * 10_000):
            for count in (1, 5, 6, 100):
                errors = [FieldError(("body", "data", name, number), message) for number in range(count)]
                detail = record_detail(InvalidInput(errors, unlisted=1_000 if count == 100 else 0))
                assert len(detail) <= MAX_RECORD_DETAIL
                assert detail.startswith(f"data.{name[:100]}")
                listed = detail.count(": ")
                assert 1 <= listed <= 5
                more = (1_100 if count == 100 else count) - listed
                assert detail.endswith(f"; and {more} more") == (more > 0)
