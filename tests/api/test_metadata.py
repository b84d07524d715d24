"""Metadata of devices, and the search by it."""

from typing import Any

import pytest

from tests.api.clients import ApiClient, DeviceClient, UserClient, new_device
from tests.clock import FakeClock

EMPTY: dict[str, Any] = {"tags": [], "attributes": {}, "position": None, "updated_at": None}
BERLIN = {"lat": 52.52, "lon": 13.405}


async def found(caller: ApiClient, **query: object) -> list[str]:
    """Return the names of the devices of a search."""
    answer = await caller.get("/devices/search", **query)
    assert answer["meta"]["total"] == len(answer["devices"])
    return [device["name"] for device in answer["devices"]]


async def described(owner: UserClient, name: str, **metadata: object) -> DeviceClient:
    """Register a device with this metadata."""
    device = await new_device(owner, name)
    await owner.put(f"/devices/{device.id}/metadata", metadata)
    return device


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_given_fields_are_replaced_and_others_stay(
    ada: UserClient, device: DeviceClient, clock: FakeClock, method: str
) -> None:
    path = f"/devices/{device.id}/metadata"

    async def change(body: dict[str, Any]) -> Any:
        return (await ada.send(method, path, json=body)).json()

    assert await ada.get(path) == {"device_id": device.id, **EMPTY}
    attributes = {"floor": 2, "a.b": {"$c": [1.0, None]}, "$set": "x", "näme": "\U0001f321", "on": True}
    stored = await change({"tags": ["outdoor", "north", "outdoor"], "attributes": attributes, "position": BERLIN})
    assert stored == {
        "device_id": device.id,
        "tags": ["outdoor", "north"],
        "attributes": attributes,
        "position": BERLIN,
        "updated_at": "2026-03-01T12:00:00.000Z",
    }
    clock.advance(1)
    stored |= {"tags": ["indoor"], "updated_at": "2026-03-01T12:00:01.000Z"}
    assert await change({"tags": ["indoor"]}) == stored
    stored |= {"attributes": {"floor": 3}}
    assert await change({"attributes": {"floor": 3}}) == stored
    assert await change({}) == stored
    assert await ada.get(path) == stored
    stored |= {"tags": [], "attributes": {}, "position": None}
    assert await change({"tags": None, "attributes": None, "position": None}) == stored
    assert await ada.get(path) == stored


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"tags": ["x" * 10_000]}, "body.tags.0"),
        ({"tags": ["fine", ""]}, "body.tags.1"),
        ({"tags": [" padded"]}, "body.tags.0"),
        ({"tags": ["a\u0007b"]}, "body.tags.0"),
        ({"tags": [str(i) for i in range(65)]}, "body.tags"),
        ({"tags": [1]}, "body.tags.0"),
        ({"tags": "outdoor"}, "body.tags"),
        ({"attributes": []}, "body.attributes"),
        ({"attributes": {"x": "y" * 16_384}}, "body.attributes"),
        ({"attributes": {str(i): i for i in range(257)}}, "body.attributes"),
        ({"attributes": {"": 1}}, "body.attributes"),
        ({"attributes": {"x" * 129: 1}}, "body.attributes"),
        ({"position": {"lat": 90.001, "lon": 0}}, "body.position.lat"),
        ({"position": {"lat": -91, "lon": 0}}, "body.position.lat"),
        ({"position": {"lat": 0, "lon": 180.5}}, "body.position.lon"),
        ({"position": {"lat": 0}}, "body.position.lon"),
        ({"position": {"lat": 0, "lon": 0, "alt": 3}}, "body.position.alt"),
        ({"position": {"lat": "0", "lon": 0}}, "body.position.lat"),
        ({"position": {"lat": True, "lon": 0}}, "body.position.lat"),
        ({"tag": ["outdoor"]}, "body.tag"),
    ],
    ids=str,
)
async def test_bad_metadata_is_refused_and_nothing_is_stored(
    ada: UserClient, device: DeviceClient, body: dict[str, Any], field: str
) -> None:
    path = f"/devices/{device.id}/metadata"
    body = {"tags": ["fine"], **body} if "tags" not in body else body
    for method in ("PUT", "PATCH"):
        assert await ada.wrong_fields(method, path, body) == [field]
    assert await ada.get(path) == {"device_id": device.id, **EMPTY}


async def test_a_search_combines_its_conditions(ada: UserClient, bob: UserClient) -> None:
    await described(ada, "roof", tags=["outdoor", "café"], attributes={"floor": 3, "room": "3"}, position=BERLIN)
    await described(ada, "hall", tags=["indoor"], attributes={"floor": 3.0, "room": "hall"}, position=BERLIN)
    await described(ada, "shed", tags=["outdoor"], attributes={"on": True, "a.b": "$x"}, position={"lat": 48, "lon": 2})
    await described(bob, "foreign", tags=["outdoor"], attributes={"floor": 3}, position=BERLIN)
    await new_device(ada, "bare")
    assert await found(ada) == ["roof", "hall", "shed"]
    assert await found(ada, tag="outdoor") == ["roof", "shed"]
    assert await found(ada, tag="cafe\u0301") == ["roof"]
    assert await found(ada, tag="Outdoor") == []
    assert await found(ada, attribute="floor=3") == ["roof", "hall"]
    assert await found(ada, attribute='floor="3"') == []
    assert await found(ada, attribute="room=3") == ["roof"]
    assert await found(ada, attribute="on=true") == ["shed"]
    assert await found(ada, attribute='on="true"') == []
    assert await found(ada, attribute="a.b=$x") == ["shed"]
    assert await found(ada, near="52.5,13.4", radius_m=5_000) == ["roof", "hall"]
    assert await found(ada, near="52.5,13.4", radius_m=1_000_000) == ["roof", "hall", "shed"]
    assert await found(ada, bbox="1,47,3,49") == ["shed"]
    assert await found(ada, tag="outdoor", attribute="floor=3", near="52.5,13.4", radius_m=5_000) == ["roof"]
    assert await found(ada, tag="outdoor", bbox="-10,40,20,60", near="48,2", radius_m=10) == ["shed"]
    assert await found(bob, tag="outdoor") == ["foreign"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"near": "91,0", "radius_m": 5}, "query.near"),
        ({"near": "0,181", "radius_m": 5}, "query.near"),
        ({"near": "0", "radius_m": 5}, "query.near"),
        ({"near": "nan,0", "radius_m": 5}, "query.near"),
        ({"near": "0,0,0", "radius_m": 5}, "query.near"),
        ({"near": "0,0"}, "query.radius_m"),
        ({"radius_m": 5}, "query.near"),
        ({"near": "0,0", "radius_m": 0}, "query.radius_m"),
        ({"near": "0,0", "radius_m": "nan"}, "query.radius_m"),
        ({"near": "0,0", "radius_m": 10_000_001}, "query.radius_m"),
        ({"bbox": "0,0,1"}, "query.bbox"),
        ({"bbox": "0,2,1,1"}, "query.bbox"),
        ({"bbox": "0,0,200,1"}, "query.bbox"),
        ({"attribute": "floor"}, "query.attribute"),
        ({"attribute": "=3"}, "query.attribute"),
        ({"tag": "x" * 65}, "query.tag"),
        ({"cursor": "e30"}, "query.cursor"),
        ({"tags": "x"}, "query.tags"),
    ],
    ids=str,
)
async def test_bad_conditions_are_refused(ada: UserClient, query: dict[str, object], field: str) -> None:
    assert await ada.wrong_fields("GET", "/devices/search", params=query) == [field]


async def test_a_search_is_paged_by_cursor(ada: UserClient, bob: UserClient) -> None:
    names = [f"d{i}" for i in range(5)]
    devices = [await described(ada, name, tags=["many"]) for name in names]
    first = await ada.get("/devices/search", tag="many", limit=2)
    assert [device["name"] for device in first["devices"]] == names[:2]
    assert first["meta"] == {"total": 5, "limit": 2, "offset": 0}
    await ada.delete(f"/devices/{devices[2].id}")
    await described(ada, "late", tags=["many"])
    second = await ada.get("/devices/search", cursor=first["next_cursor"], limit=2, tag="many")
    third = await ada.get("/devices/search", cursor=second["next_cursor"])
    seen = [device["name"] for page in (second, third) for device in page["devices"]]
    assert (seen, third["next_cursor"]) == (["d3", "d4", "late"], None)
    assert [device["name"] for device in (await ada.get("/devices/search", offset=4))["devices"]][-1:] == ["late"]
    cursor = first["next_cursor"]
    assert await ada.wrong_fields("GET", "/devices/search", params={"cursor": cursor, "tag": "few"}) == ["query.tag"]
    assert await bob.wrong_fields("GET", "/devices/search", params={"cursor": cursor}) == ["query.cursor"]


async def test_a_deleted_device_is_not_found(ada: UserClient, device: DeviceClient) -> None:
    await ada.put(f"/devices/{device.id}/metadata", {"tags": ["gone"]})
    await ada.delete(f"/devices/{device.id}")
    assert (await ada.get("/devices/search", tag="gone"))["devices"] == []
    await ada.refused(404, "GET", f"/devices/{device.id}/metadata")
    await ada.refused(404, "PUT", f"/devices/{device.id}/metadata", {"tags": []})
