"""History and aggregates as CSV."""

import csv
from typing import Any

import httpx
import pytest

from iotflow.api import csv_responses
from tests.api.clients import ApiClient, DeviceClient, UserClient, new_device, submit
from tests.api.service import API

CSV = {"Accept": "text/csv"}
TRICKY = 'a "quoted" text,\r\nü'


def at(second: int) -> str:
    return f"1970-01-01T00:{second // 60:02}:{second % 60:02}.000Z"


async def get_csv(caller: ApiClient, path: str, **query: Any) -> httpx.Response:
    answer = await caller.send("GET", path, params=query or None, headers=CSV)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/csv; charset=utf-8"), answer.text
    return answer


async def read_pages(caller: ApiClient, path: str, **query: Any) -> list[list[list[str]]]:
    """Return the rows of each page, following the links."""
    pages = []
    answer = await get_csv(caller, path, **query)
    while True:
        pages.append(list(csv.reader(answer.text.splitlines(keepends=True), strict=True)))
        if "next" not in answer.links:
            return pages
        link = answer.links["next"]["url"]
        assert link.startswith(f"{API}{path}?")
        answer = await get_csv(caller, link.removeprefix(API))


async def test_values_are_exact(ada: UserClient, device: DeviceClient) -> None:
    await submit(device, at=1, t=21.5, n=1, big=2**63 - 1, on=True, text="20", metadata={"left": "out"})
    await submit(device, at=2, t=-0.1, n=1.0, on=False, text=TRICKY)
    await submit(device, at=3, t=1e300, text="")
    answer = await get_csv(ada, f"/telemetry/{device.id}", start_time=0, order="asc")
    assert answer.text == (
        "timestamp,big,n,on,t,text\r\n"
        f'{at(1)},9223372036854775807,1,true,21.5,"20"\r\n'
        f'{at(2)},,1.0,false,-0.1,"a ""quoted"" text,\r\nü"\r\n'
        f'{at(3)},,,,1e+300,""\r\n'
    )
    assert "Link" not in answer.headers


async def test_names_are_quoted(device: DeviceClient) -> None:
    await submit(device, at=1, **{'5" pipe': 1, "Température °C": 2})
    rows = (await read_pages(device, f"/telemetry/{device.id}", start_time=0))[0]
    assert rows == [["timestamp", '5" pipe', "Température °C"], [at(1), "1", "2"]]


async def test_all_pages_have_the_same_columns(ada: UserClient, device: DeviceClient) -> None:
    for second in range(7):
        await submit(device, at=second, **{f"n{second}": second})
    path = f"/telemetry/{device.id}"
    pages = await read_pages(ada, path, start_time=0, order="asc", limit=3)
    assert [len(page) for page in pages] == [4, 4, 2]
    for page in pages:
        assert page[0] == ["timestamp", *(f"n{number}" for number in range(7))]
    rows = [row for page in pages for row in page[1:]]
    assert rows == [[at(s), *(str(s) if name == s else "" for name in range(7))] for s in range(7)]


async def test_given_fields_are_the_columns(ada: UserClient, device: DeviceClient) -> None:
    for second in range(4):
        await submit(device, at=second, a=second, b=-second, c=0)
    query = {"start_time": 0, "fields": ["b,missing", "a"], "limit": 3}
    pages = await read_pages(ada, f"/telemetry/{device.id}", **query)
    assert [page[0] for page in pages] == [["timestamp", "b", "missing", "a"]] * 2
    assert [row for page in pages for row in page[1:]] == [[at(s), str(-s), "", str(s)] for s in (3, 2, 1, 0)]


async def test_a_page_ends_at_its_limit_of_bytes(
    ada: UserClient, device: DeviceClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for second in range(5):
        await submit(device, at=second, text="x" * 100)
    monkeypatch.setattr(csv_responses, "MAX_PAGE_BYTES", 300)
    pages = await read_pages(ada, f"/telemetry/{device.id}", start_time=0)
    assert [len(page) - 1 for page in pages] == [2, 2, 1]


async def test_a_device_without_telemetry_has_no_rows(ada: UserClient) -> None:
    device = await new_device(ada, "silent")
    assert (await get_csv(ada, f"/telemetry/{device.id}")).text == "timestamp\r\n"


async def test_aggregates(ada: UserClient, device: DeviceClient) -> None:
    for second in (0, 30, 90):
        await submit(device, at=second, t=second)
    query = {"field": "t", "aggregation": "mean", "window": "1m", "start_time": 0, "end_time": 120}
    answer = await get_csv(ada, f"/telemetry/{device.id}/aggregated", **query)
    assert answer.text == f"timestamp,value,count\r\n{at(0)},15.0,2\r\n{at(60)},90.0,1\r\n"


@pytest.mark.parametrize(
    "accept", ["*/*", "text/html", "application/xml", "text/csv;q=0", "text/csv, application/json"]
)
async def test_the_default_is_json(ada: UserClient, device: DeviceClient, accept: str) -> None:
    await submit(device, at=1, t=1)
    answer = await ada.send("GET", f"/telemetry/{device.id}", headers={"Accept": accept}, params={"start_time": 0})
    assert answer.json()["count"] == 1


async def test_errors_are_problems(ada: UserClient, device: DeviceClient) -> None:
    for path, status in ((f"/telemetry/{device.id}?limit=0", 422), ("/telemetry/999", 404)):
        await ada.refused(status, "GET", path, headers=CSV)
