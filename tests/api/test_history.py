"""Reads of telemetry: ranges, fields, pages, latest values, and a user's feed."""

from typing import Any

from tests.api.clients import DeviceClient, UserClient, new_device, sign_up, submit
from tests.clock import FakeClock

NOW = "2026-03-01T12:00:00.000Z"
HOUR_S = 3_600


def at(second: int) -> str:
    return f"1970-01-01T00:{second // 60:02}:{second % 60:02}.000Z"


async def fill(device: DeviceClient, *seconds: int, **data: Any) -> None:
    """Submit a record for each of these seconds since 1970, with its second as `s`."""
    records = [{"timestamp": second, "data": {"s": second, **data}} for second in seconds]
    assert (await device.post("/telemetry/batch", records))["rejected"] == 0


async def seconds(device: DeviceClient, **query: Any) -> list[int]:
    """Return the seconds of the records on a page that `fill` has submitted."""
    answer = await device.get(f"/telemetry/{device.id}", **query)
    assert answer["count"] == len(answer["data"])
    return [record["measurements"]["s"] for record in answer["data"]]


async def test_the_last_hour_newest_first(ada: UserClient, device: DeviceClient, clock: FakeClock) -> None:
    now_s = clock.now() // 1_000
    await fill(device, now_s - HOUR_S - 1, now_s - HOUR_S, now_s - 1, now_s, now_s + 60)
    answer = await ada.get(f"/telemetry/{device.id}")
    assert [record["measurements"]["s"] - now_s for record in answer.pop("data")] == [60, 0, -1, -HOUR_S]
    assert answer == {
        "device_id": device.id,
        "device_name": "probe",
        "device_type": "sensor",
        "start_time": "2026-03-01T11:00:00.000Z",
        "end_time": None,
        "count": 4,
        "next_cursor": None,
    }


async def test_ranges_are_half_open(device: DeviceClient) -> None:
    await fill(device, 10, 20, 30)
    assert await seconds(device, start_time=10, end_time=30) == [20, 10]
    assert await seconds(device, start_time=at(10), end_time="1970-01-01T01:00:30.001+01:00") == [30, 20, 10]
    assert await seconds(device, start_time="10.001", end_time="30000000000") == [30, 20]
    assert await seconds(device, start_time=20, end_time=20) == []
    assert await seconds(device, start_time="-99999w", end_time="now", order="asc") == [10, 20, 30]
    assert await seconds(device, start_time="2100-01-01T00:00:00Z") == []


async def test_fields(device: DeviceClient) -> None:
    await submit(device, at=1, metadata={"m": 1}, a=1, b=2)
    await submit(device, at=2, b=3)
    await submit(device, at=3, a=4, c=5)
    path = f"/telemetry/{device.id}"
    answer = await device.get(path, start_time=0, fields="a", order="asc")
    assert answer["data"] == [
        {"timestamp": at(1), "measurements": {"a": 1}, "metadata": {"m": 1}},
        {"timestamp": at(3), "measurements": {"a": 4}},
    ]
    answer = await device.get(path, start_time=0, fields="c,b,unknown,b", order="asc")
    assert [record["measurements"] for record in answer["data"]] == [{"b": 2}, {"b": 3}, {"c": 5}]
    assert answer == await device.get(path, start_time=0, fields=["c,b", "unknown", "b"], order="asc")
    answer = await device.get(path, start_time=0, fields="unknown")
    assert (answer["data"], answer["count"], answer["next_cursor"]) == ([], 0, None)
    answer = await device.get(path, start_time=0, fields="a", limit=1)
    assert [record["measurements"] for record in answer["data"]] == [{"a": 4}]
    answer = await device.get(path, cursor=answer["next_cursor"], limit=1)
    assert [record["measurements"] for record in answer["data"]] == [{"a": 1}]
    assert answer["next_cursor"] is None


async def test_names_of_fields_are_compared_in_normal_form_c(device: DeviceClient) -> None:
    await submit(device, at=1, **{"Temp\u00e9rature": 1})
    answer = await device.get(f"/telemetry/{device.id}", start_time=0, fields="Tempe\u0301rature,Temp\u00e9rature")
    assert answer["data"][0]["measurements"] == {"Temp\u00e9rature": 1}


async def test_pages_while_data_arrives(device: DeviceClient) -> None:
    """Records stored before the first page come exactly once, in order; later ones may or may not."""
    there = list(range(100, 400, 3))
    for order in ("asc", "desc"):
        await fill(device, *there)
        query: dict[str, Any] = {"start_time": 50, "end_time": 1_000, "order": order}
        found: list[int] = []
        sizes = iter([1, 7, 30, 2, 10_000])
        while True:
            answer = await device.get(f"/telemetry/{device.id}", limit=next(sizes), **query)
            found += [record["measurements"]["s"] for record in answer["data"]]
            if answer["next_cursor"] is None:
                break
            query = {"cursor": answer["next_cursor"]}
            last = found[-1]
            await fill(device, 60, last - 1, last + 1, 500, late=True)
            await submit(device, at=last, again=1)
        assert found == sorted(set(found), reverse=order == "desc")
        assert set(there) <= set(found)
        await device.delete(f"/telemetry/{device.id}", start_time=0, stop_time="now")


async def test_a_page_never_splits_a_record(device: DeviceClient) -> None:
    for second in range(1, 6):
        await device.post("/telemetry", {"timestamp": second, "data": {f"n{name}": name for name in range(256)}})
    answer = await device.get(f"/telemetry/{device.id}", start_time=0, limit=2)
    assert [len(record["measurements"]) for record in answer["data"]] == [256, 256]
    answer = await device.get(f"/telemetry/{device.id}", cursor=answer["next_cursor"], limit=3)
    assert [len(record["measurements"]) for record in answer["data"]] == [256, 256, 256]
    assert answer["next_cursor"] is None


async def test_relative_times_are_resolved_once(device: DeviceClient, clock: FakeClock) -> None:
    now_s = clock.now() // 1_000
    await fill(device, *range(now_s - 50, now_s, 10))
    first = await device.get(f"/telemetry/{device.id}", start_time="-50s", end_time="now", limit=2)
    clock.advance(120)
    await fill(device, now_s + 30)
    second = await device.get(f"/telemetry/{device.id}", start_time="-50s", cursor=first["next_cursor"])
    assert [record["measurements"]["s"] - now_s for record in first["data"] + second["data"]] == [
        -10,
        -20,
        -30,
        -40,
        -50,
    ]
    assert (second["start_time"], second["end_time"]) == ("2026-03-01T11:59:10.000Z", NOW)


async def test_a_device_without_telemetry(device: DeviceClient) -> None:
    answer = await device.get(f"/telemetry/{device.id}")
    assert (answer["data"], answer["count"], answer["next_cursor"]) == ([], 0, None)
    await device.refused(404, "GET", f"/telemetry/{device.id}/latest")


async def latest(device: DeviceClient) -> dict[str, tuple[Any, str]]:
    """Read value and time of each name twice, since the second answer may come from the cache."""
    path = f"/telemetry/{device.id}/latest"
    first, second = await device.get(path), await device.get(path)
    assert second.pop("cached") is True
    first.pop("cached")
    assert first == second
    assert first["timestamp"] == max(found["timestamp"] for found in first["latest_data"].values())
    return {name: (found["value"], found["timestamp"]) for name, found in first["latest_data"].items()}


async def test_latest_values_and_their_cache(ada: UserClient, device: DeviceClient) -> None:
    await submit(device, at=10, t=1, door=True)
    path = f"/telemetry/{device.id}/latest"
    assert await ada.get(path) == {
        "device_id": device.id,
        "device_name": "probe",
        "device_type": "sensor",
        "latest_data": {"t": {"value": 1, "timestamp": at(10)}, "door": {"value": True, "timestamp": at(10)}},
        "timestamp": at(10),
        "cached": False,
    }
    assert (await ada.get(path))["cached"] is True
    await submit(device, at=20, t=2.0)
    assert await latest(device) == {"t": (2.0, at(20)), "door": (True, at(10))}


async def test_latest_is_by_event_time(ada: UserClient, device: DeviceClient) -> None:
    await submit(device, at=100, a=100, b=100)
    await latest(device)
    await submit(device, at=50, a=50, c=50)
    assert await latest(device) == {"a": (100, at(100)), "b": (100, at(100)), "c": (50, at(50))}
    await ada.post(f"/telemetry/{device.id}/batch", [{"timestamp": 99, "data": {"a": 99, "c": 99}}])
    assert await latest(device) == {"a": (100, at(100)), "b": (100, at(100)), "c": (99, at(99))}
    await submit(device, at=100, a=-1)
    assert await latest(device) == {"a": (-1, at(100)), "b": (100, at(100)), "c": (99, at(99))}
    await fill(device, 130, 140, 120, a="x")
    assert (await latest(device))["a"] == ("x", at(140))


async def test_latest_after_a_deletion(device: DeviceClient) -> None:
    await fill(device, 10, 20, 30)
    await submit(device, at=5, other=1)
    await latest(device)
    await device.delete(f"/telemetry/{device.id}", start_time=20, stop_time=31)
    assert await latest(device) == {"s": (10, at(10)), "other": (1, at(5))}
    await fill(device, 25)
    assert await latest(device) == {"s": (25, at(25)), "other": (1, at(5))}
    await fill(device, 15)
    assert (await latest(device))["s"] == (25, at(25))
    await device.delete(f"/telemetry/{device.id}", start_time=6, stop_time=100)
    assert await latest(device) == {"other": (1, at(5))}
    await device.delete(f"/telemetry/{device.id}", start_time=0, stop_time=100)
    for _ in range(2):
        await device.refused(404, "GET", f"/telemetry/{device.id}/latest")
    await fill(device, 1)
    assert await latest(device) == {"s": (1, at(1))}


async def test_deletion_in_the_body_and_in_the_query(ada: UserClient, admin: UserClient, device: DeviceClient) -> None:
    path = f"/telemetry/{device.id}"
    for caller in (ada, admin, device):
        await fill(device, *range(10, 70, 10))
        answer = await caller.delete(path, {"start_time": 20, "stop_time": at(30)})
        assert answer == {"device_id": device.id, "start_time": at(20), "stop_time": at(30)}
        assert await seconds(device, start_time=0, order="asc") == [10, 30, 40, 50, 60]
        answer = await caller.delete(path, start_time="30", stop_time="50")
        assert answer == {"device_id": device.id, "start_time": at(30), "stop_time": at(50)}
        assert await seconds(device, start_time=0, order="asc") == [10, 50, 60]
        answer = await caller.delete(path, {"start_time": "-9999w", "stop_time": "now"})
        assert answer == {"device_id": device.id, "start_time": at(0), "stop_time": NOW}
        assert await seconds(device, start_time=0) == []
        assert await caller.delete(path, start_time="-1h", stop_time="-1h") == {
            "device_id": device.id,
            "start_time": "2026-03-01T11:00:00.000Z",
            "stop_time": "2026-03-01T11:00:00.000Z",
        }


async def test_deleted_records_appear_in_no_read(ada: UserClient, device: DeviceClient) -> None:
    other = await new_device(ada, "other")
    for sender in (device, other):
        await submit(sender, at=10, metadata={"m": 1}, a=1)
        await submit(sender, at=20, a=2)
        await latest(sender)
    await device.delete(f"/telemetry/{device.id}", start_time=10, stop_time=20)
    assert (await device.get(f"/telemetry/{device.id}", start_time=0))["count"] == 1
    query = {"field": "a", "aggregation": "count", "window": "1h", "start_time": 0, "end_time": 60}
    assert [window["value"] for window in (await ada.get(f"/telemetry/{device.id}/aggregated", **query))["data"]] == [1]
    feed = (await ada.get("/telemetry/user/me", start_time=0))["telemetry"]
    assert [(record["device_id"], record["timestamp"]) for record in feed] == [
        (device.id, at(20)),
        (other.id, at(20)),
        (other.id, at(10)),
    ]
    await submit(device, at=10, b=3)
    answer = await device.get(f"/telemetry/{device.id}", start_time=0, order="asc", limit=1)
    assert answer["data"] == [{"timestamp": at(10), "measurements": {"b": 3}}]


async def test_a_users_feed(ada: UserClient, bob: UserClient, admin: UserClient) -> None:
    devices = [await new_device(ada, f"d{number}") for number in range(12)]
    stranger = await new_device(bob)
    await submit(stranger, at=1, t=1)
    expected = []
    for number, device in enumerate(devices):
        mine = [second for second in range(1, 40) if second % (number + 1) == 0]
        await fill(device, *mine)
        expected += [(-second, device.id, device.name) for second in mine]
    expected.sort()
    for reader, limit in ((ada, 1_000), (admin, 17)):
        found: list[tuple[int, int, str]] = []
        query: dict[str, Any] = {"start_time": 0, "end_time": 3_600}
        while query:
            answer = await reader.get(f"/telemetry/user/{ada.user_id}", limit=limit, **query)
            assert answer["count"] == len(answer["telemetry"]) <= limit
            found += [(-r["measurements"]["s"], r["device_id"], r["device_name"]) for r in answer["telemetry"]]
            query = {"cursor": answer["next_cursor"]} if answer["next_cursor"] else {}
            await fill(devices[0], 500, 20)
        assert [record for record in found if record[0] != -500] == expected
    answer = await ada.get("/telemetry/user/me", start_time=39, end_time=40)
    assert answer["user_id"] == ada.user_id
    assert answer["telemetry"][0] == {
        "device_id": devices[0].id,
        "device_name": "d0",
        "timestamp": at(39),
        "measurements": {"s": 39},
    }


async def test_feeds_cover_the_last_day_by_default(ada: UserClient, device: DeviceClient, clock: FakeClock) -> None:
    now_s = clock.now() // 1_000
    await fill(device, now_s - 24 * HOUR_S - 1, now_s - 24 * HOUR_S, now_s + 299)
    feed = (await ada.get("/telemetry/user/me"))["telemetry"]
    assert [record["measurements"]["s"] - now_s for record in feed] == [299, -24 * HOUR_S]
    newcomer = await sign_up(ada.client, "newcomer")
    answer = await newcomer.get("/telemetry/user/me")
    assert answer == {"user_id": newcomer.user_id, "telemetry": [], "count": 0, "next_cursor": None}
