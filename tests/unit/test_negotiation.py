"""What the headers `Accept` and `Accept-Encoding` ask for."""

import pytest

from iotflow.api.negotiation import MAX_ACCEPT_LENGTH, prefers, weights

CSV, JSON = "text/csv", "application/json"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", {}),
        ("gzip", {"gzip": 1}),
        ("gzip, deflate;q=0.5 , *;q=0", {"gzip": 1, "deflate": 0.5, "*": 0}),
        ("GZIP;Q=0.123,br;q=1.000", {"gzip": 0.123, "br": 1}),
        ("text/csv; charset=utf-8; q=0.9", {"text/csv": 0.9}),
        ("gzip;q=2, br;q=-1, x;q=0.1234, y;q=, z;q=nan", {}),
        (",;,;q=1,", {}),
        ("a," * (MAX_ACCEPT_LENGTH // 2), {"a": 1}),
        ("a," * MAX_ACCEPT_LENGTH, {}),
    ],
)
def test_weights(accept: str, expected: dict[str, float]) -> None:
    assert weights(accept) == expected


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", False),
        ("*/*", False),
        ("text/csv", True),
        ("Text/CSV;q=0.1", True),
        ("text/*", True),
        ("text/csv;q=0", False),
        ("text/csv;q=0, */*", False),
        ("application/json", False),
        ("text/csv, application/json", False),
        ("application/json;q=0.9, text/csv", True),
        ("text/csv;q=0.9, application/json", False),
        ("text/csv, */*", True),
        ("text/csv, */*;q=0.1", True),
        ("text/csv;q=0.1, */*", False),
        ("application/*;q=0.5, text/*", True),
        ("text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8", False),
        ("image/png", False),
        ("\x01", False),
    ],
)
def test_csv_is_preferred_to_json(accept: str, expected: bool) -> None:
    assert prefers(accept, CSV, JSON) is expected
