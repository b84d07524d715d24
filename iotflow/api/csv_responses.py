"""CSV responses (RFC 4180), encoded row by row with pauses for the event loop.

Values are exact: numbers and booleans as in JSON; texts in quotes, so that "20" differs from 20; a cell without a value
is empty.
"""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from urllib.parse import urlencode

from fastapi import Request, Response

from iotflow.api.negotiation import prefers
from iotflow.api.responses import JSON
from iotflow.concurrency.time_slices import TimeSlice
from iotflow.domain.telemetry import MAX_PAGE_BYTES, StoredRecord, Value
from iotflow.domain.times import Millis, format_rfc3339
from iotflow.services.telemetry_queries import WindowValue

CSV = "text/csv"

_Row = tuple[Millis, Sequence[str]]
"""A time, and the encoded cells of the other columns."""


def wants_csv(request: Request) -> bool:
    """Return whether a client prefers CSV to JSON, which is the default."""
    return prefers(",".join(request.headers.getlist("accept")), CSV, JSON)


async def csv_of_records(
    request: Request,
    columns: Sequence[str],
    records: Iterable[StoredRecord],
    next_cursor: Callable[[int], str | None],
) -> Response:
    """Return a page of records with a column of each name, and a `Link` to the next page.

    The page has the first records, up to `MAX_PAGE_BYTES` and at least one. `next_cursor` receives their number and
    returns the cursor of the next page, None on the last one.
    """
    places = {name: place for place, name in enumerate(columns)}
    body, count = await _encode(columns, (_record_row(record, places) for record in records), MAX_PAGE_BYTES)
    response = _response(body)
    if cursor := next_cursor(count):
        limit = {"limit": request.query_params["limit"]} if "limit" in request.query_params else {}
        response.headers["Link"] = f'<{request.url.path}?{urlencode({**limit, "cursor": cursor})}>; rel="next"'
    return response


async def csv_of_windows(values: Iterable[WindowValue]) -> Response:
    """Return the statistics of windows. The caller bounds their number and size."""
    rows = ((found.start, (_encode_value(found.value), str(found.count))) for found in values)
    body, _ = await _encode(("value", "count"), rows)
    return _response(body)


def _response(body: bytearray) -> Response:
    return Response(bytes(body), headers={"Vary": "Accept"}, media_type=CSV)


async def _encode(columns: Sequence[str], rows: Iterable[_Row], max_bytes: int = sys.maxsize) -> tuple[bytearray, int]:
    """Return the header with the first rows, and their number."""
    time_slice = TimeSlice()
    body = bytearray(",".join(("timestamp", *map(_encode_name, columns))).encode() + b"\r\n")
    count = 0
    for time, cells in rows:
        row = ",".join((format_rfc3339(time), *cells)).encode() + b"\r\n"
        if count and len(body) + len(row) > max_bytes:
            break
        body += row
        count += 1
        await time_slice.pause()
    return body, count


def _record_row(record: StoredRecord, places: Mapping[str, int]) -> _Row:
    """Return the row of a record, whose names are among the columns."""
    cells = [""] * len(places)
    for name, value in record.values.items():
        cells[places[name]] = _encode_value(value)
    return record.timestamp, cells


def _encode_name(name: str) -> str:
    return _quote(name) if '"' in name else name


def _encode_value(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return _quote(value) if isinstance(value, str) else repr(value)


def _quote(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
