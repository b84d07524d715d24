"""Names: normal form C, and what the name of a device, group or token may hold."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotflow.domain.errors import InvalidInput
from iotflow.domain.names import MAX_NAME_LENGTH, name_error, normalize, normalize_names, require_name

GOOD = [
    "a",
    "greenhouse-1",
    "two words",
    "Küche",
    "温室",
    "حديقة",
    "\u062e\u0627\u0646\u0647\u200c\u0647\u0627",
    "🌡️",
    "👩\u200d🌾",
    "a\u00a0b",
    "x" * MAX_NAME_LENGTH,
    "\u0915\u0903",
]
BAD = [
    "",
    "x" * (MAX_NAME_LENGTH + 1),
    " ",
    "\u00a0",
    "\u3000",
    "\u200b",
    "\u200b \u2060",
    "\ufeff",
    "\u00ad",
    "\u0301",
    "\u20dd",
    "\ufe0f",
    "\u3164",
    "\u115f\u1160",
    "\uffa0",
    "\u2800",
    "\U000e0001",
    "a\nb",
    "a\tb",
    "a\x00",
    "\x7fa",
    "a\x85b",
    "a\u2028b",
    "a\u2029b",
    "a\u202eb",
    "\u202aa\u202c",
    "\u2066a\u2069",
    " a",
    "a ",
    "\u00a0a",
    "a\u2003",
]


@pytest.mark.parametrize("name", GOOD)
def test_names_that_people_write(name: str) -> None:
    assert name_error(name) is None
    assert require_name(name) == unicodedata.normalize("NFC", name)


@pytest.mark.parametrize("name", BAD, ids=ascii)
def test_names_that_cannot_be_read_or_copied(name: str) -> None:
    error = name_error(name)
    assert error is not None
    assert error.startswith("a name ")
    with pytest.raises(InvalidInput):
        require_name(name)


def test_a_name_is_measured_in_normal_form() -> None:
    assert require_name("e\u0301" * MAX_NAME_LENGTH) == "\u00e9" * MAX_NAME_LENGTH
    with pytest.raises(InvalidInput, match="129"):
        require_name("e\u0301" * (MAX_NAME_LENGTH + 1))


@given(st.text())
def test_a_normal_form_is_that_of_unicode_and_stays(text: str) -> None:
    normal = normalize(text)
    assert normal == unicodedata.normalize("NFC", text)
    assert normalize(normal) == normal


def test_of_two_names_that_become_one_the_later_value_stays() -> None:
    assert normalize_names({"Te\u0301": 1, "a": 2, "T\u00e9": 3}) == {"T\u00e9": 3, "a": 2}
    plain = {"a": 1, "b": 2}
    assert normalize_names(plain) is plain
