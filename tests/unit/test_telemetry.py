"""Valid names and values of measurements."""

import math
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotflow.domain.telemetry import (
    INTEGER_MAX,
    INTEGER_MIN,
    MAX_NAME_LENGTH,
    MAX_STRING_BYTES,
    expiry,
    name_error,
    value_error,
)
from iotflow.domain.times import Micros

CONTROL = [chr(code) for code in (*range(0x20), *range(0x7F, 0xA0))]
DAY_US = 86_400_000_000


class TestNames:
    @pytest.mark.parametrize(
        "name",
        [
            "t", "temp", "Temp 1", "a.b/c:d", "°C", "температура", "\U0001f321", "a\u0308", "'; --", "100%", "_",
            "\u00a0x", "x" * MAX_NAME_LENGTH, "\U0001f321" * MAX_NAME_LENGTH, "\u2028",
        ],
    )  # fmt: skip
    def test_valid_names(self, name: str) -> None:
        assert name_error(name) is None

    @pytest.mark.parametrize("name", ["", "x" * (MAX_NAME_LENGTH + 1), "x" * 10_000])
    def test_a_name_has_1_to_128_characters(self, name: str) -> None:
        assert str(len(name)) in str(name_error(name))

    @pytest.mark.parametrize("name", [",", "a,b", ",a", "a,"])
    def test_a_name_holds_no_comma(self, name: str) -> None:
        assert "comma" in str(name_error(name))

    @pytest.mark.parametrize("place", ["{}", "{}x", "x{}", "x{}y", "°{}C"])
    def test_a_name_holds_no_control_character(self, place: str) -> None:
        for character in CONTROL:
            assert "control" in str(name_error(place.format(character))), repr(character)

    @pytest.mark.parametrize("name", [" ", " a", "a ", "  "])
    def test_a_name_has_no_space_at_either_end(self, name: str) -> None:
        assert "space" in str(name_error(name))

    @given(st.text(string.ascii_letters + " ,\0\x7f\u0085ü", max_size=140))
    def test_there_are_no_other_rules(self, name: str) -> None:
        good = (
            1 <= len(name) <= 128
            and name[0] != " "
            and name[-1] != " "
            and not set(name) & {",", *CONTROL}
        )  # fmt: skip
        assert (name_error(name) is None) == good


class TestValues:
    @pytest.mark.parametrize(
        "value",
        [
            True,
            False,
            0,
            -1,
            INTEGER_MIN,
            INTEGER_MAX,
            0.0,
            -0.0,
            5e-324,
            1.7976931348623157e308,
            -1e308,
            "",
            "text",
        ],
    )
    def test_valid_values(self, value: object) -> None:
        assert value_error(value) is None

    @pytest.mark.parametrize(
        "value", [INTEGER_MIN - 1, INTEGER_MAX + 1, 10**30, pytest.param(-(10**5_000), id="5,000 digits")]
    )
    def test_an_integer_has_64_bits_and_a_sign(self, value: int) -> None:
        assert "64 bits" in str(value_error(value))

    def test_text_holds_no_null_character(self) -> None:
        assert value_error("a\0b") == "text holds no null character"

    @pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
    def test_a_number_is_finite(self, value: float) -> None:
        assert "finite" in str(value_error(value))

    @pytest.mark.parametrize("character", ["x", "ü", "測", "\U0001f321"])
    def test_a_string_has_at_most_4_kib_of_utf_8(self, character: str) -> None:
        fits = MAX_STRING_BYTES // len(character.encode())
        assert value_error(character * fits) is None
        assert "4096 bytes" in str(value_error(character * (fits + 1)))

    @pytest.mark.parametrize("value", [None, [], [1], {}, {"a": 1}, (), b"x", 1j, object()])
    def test_nothing_else_is_a_value(self, value: object) -> None:
        assert value_error(value) is not None

    @given(st.integers() | st.floats() | st.text(max_size=5_000))
    def test_there_are_no_other_rules(self, value: int | float | str) -> None:
        if isinstance(value, str):
            good = len(value.encode()) <= 4_096 and "\0" not in value
        elif isinstance(value, float):
            good = math.isfinite(value)
        else:
            good = -(2**63) <= value < 2**63
        assert (value_error(value) is None) == good


def test_a_value_expires_a_retention_after_its_receipt() -> None:
    assert expiry(Micros(1_000), 90) == 1_000 + 90 * DAY_US
    assert expiry(Micros(1_000), 0) is None
