"""Cursors continue their own request only, and damaged or forged ones are refused."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.api.clients import ApiClient, DeviceClient, UserClient, events, new_device, submit
from tests.clock import FakeClock

Lists = dict[str, tuple[ApiClient, str, dict[str, Any]]]
"""Each list with cursors: its reader, its path and its query."""

NAMES = st.sampled_from(["history", "feed", "events"])

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@pytest.fixture
async def lists(ada: UserClient, device: DeviceClient, clock: FakeClock) -> Lists:
    for second in range(1, 6):
        await submit(device, at=second, a=second, b=second)
    await events(ada, 4)
    clock.advance(10)
    fixed = {"start_time": "0", "end_time": "-1h"}
    return {
        "history": (ada, f"/telemetry/{device.id}", {**fixed, "fields": "a,b", "order": "asc"}),
        "feed": (ada, "/telemetry/user/me", fixed),
        "events": (ada, "/events", {"start_time": "0", "end_time": "now", "user_id": ada.user_id}),
    }


async def first_cursor(caller: ApiClient, path: str, query: dict[str, Any]) -> str:
    cursor = (await caller.get(path, **query, limit=1))["next_cursor"]
    assert isinstance(cursor, str)
    return cursor


def items(answer: dict[str, Any]) -> list[Any]:
    [found] = [answer[name] for name in ("data", "telemetry", "events") if name in answer]
    assert isinstance(found, list)
    return found


def without_measurements(item: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name != "measurements"}


@pytest.fixture
async def cursors(lists: Lists) -> dict[str, str]:
    return {name: await first_cursor(*where) for name, where in lists.items()}


async def test_parameters_may_be_left_out_or_repeated(lists: Lists, clock: FakeClock) -> None:
    for caller, path, query in lists.values():
        cursor = await first_cursor(caller, path, query)
        clock.advance(3)
        rest = items(await caller.get(path, cursor=cursor))
        assert rest
        assert items(await caller.get(path, cursor=cursor, **query)) == rest
        for name, value in query.items():
            assert items(await caller.get(path, cursor=cursor, **{name: value})) == rest
        assert items(await caller.get(path, cursor=cursor, limit=1)) == rest[:1]


async def test_a_query_of_many_long_names_continues(ada: UserClient, device: DeviceClient) -> None:
    for second in (1, 2):
        await submit(device, at=second, a=second)
    fields = ",".join(["a", *(f"{number:03}".ljust(128, "n") for number in range(200))])
    path, query = f"/telemetry/{device.id}", {"start_time": "0", "fields": fields, "order": "asc"}
    cursor = await first_cursor(ada, path, query)
    (rest,) = items(await ada.get(path, cursor=cursor))
    assert rest["measurements"] == {"a": 2}


async def test_a_default_may_be_given_explicitly(ada: UserClient, device: DeviceClient, clock: FakeClock) -> None:
    for ago in (1, 2, 3):
        await submit(device, at=clock.now() // 1_000 - ago, t=ago)
    path = f"/telemetry/{device.id}"
    spelled = {"start_time": "-1h", "order": "desc"}
    for first, later in (({}, spelled), (spelled, {})):
        cursor = await first_cursor(ada, path, first)
        assert len(items(await ada.get(path, cursor=cursor, **later))) == 2
    cursor = await first_cursor(ada, "/telemetry/user/me", {})
    assert len(items(await ada.get("/telemetry/user/me", cursor=cursor, start_time="-24h"))) == 2


async def test_a_changed_query_is_refused(lists: Lists) -> None:
    other = {
        "start_time": "1",
        "end_time": "-2h",
        "fields": "a",
        "order": "desc",
        "user_id": "00000000-0000-0000-0000-000000000000",
    }
    for caller, path, query in lists.values():
        cursor = await first_cursor(caller, path, query)
        for name in query:
            changed = {name: other[name], "cursor": cursor}
            if name == "user_id":
                await caller.refused(403, "GET", path, params=changed)
            else:
                assert await caller.wrong_fields("GET", path, params=changed) == [f"query.{name}"]
        await caller.wrong_fields("GET", path, params={"cursor": cursor, "limit": 0})
        await caller.wrong_fields("GET", path, params={"cursor": cursor, "typo": 1})
    caller, path, query = lists["history"]
    for added in ({"end_time": "now"}, {"fields": "a"}, {"order": "asc"}):
        plain = await first_cursor(caller, path, {"start_time": "0"})
        await caller.wrong_fields("GET", path, params={"cursor": plain, **added})
    cursor = await first_cursor(caller, "/events", {})
    for added in ({"event_type": "user.logged_in"}, {"device_id": "1"}, {"start_time": "0"}):
        await caller.wrong_fields("GET", "/events", params={"cursor": cursor, **added})


async def test_cursors_of_other_callers(
    lists: Lists, cursors: dict[str, str], ada: UserClient, bob: UserClient, admin: UserClient, device: DeviceClient
) -> None:
    sibling = await new_device(ada, "sibling")
    theirs = await new_device(bob)
    for name, (caller, path, _) in lists.items():
        for other, cursor in cursors.items():
            if other != name:
                assert await caller.wrong_fields("GET", path, params={"cursor": cursor}) == ["query.cursor"]
    history = {"cursor": cursors["history"]}
    assert await ada.wrong_fields("GET", f"/telemetry/{sibling.id}", params=history) == ["query.cursor"]
    assert await bob.wrong_fields("GET", f"/telemetry/{theirs.id}", params=history) == ["query.cursor"]
    await bob.refused(404, "GET", f"/telemetry/{device.id}", params=history)
    assert items(await admin.get(f"/telemetry/{device.id}", **history)) == items(
        await ada.get(f"/telemetry/{device.id}", **history)
    )
    assert await bob.wrong_fields("GET", "/telemetry/user/me", params={"cursor": cursors["feed"]}) == ["query.cursor"]
    assert await bob.wrong_fields("GET", "/events", params={"cursor": cursors["events"]}) == ["query.cursor"]
    same_user = f"/telemetry/user/{ada.user_id.upper()}"
    assert len(items(await admin.get(same_user, cursor=cursors["feed"]))) == 4


MUTATIONS = st.one_of(
    st.tuples(st.just("replace"), st.integers(0, 400), st.sampled_from(ALPHABET)),
    st.tuples(st.just("insert"), st.integers(0, 400), st.sampled_from([*ALPHABET, "=", " ", "\0", "é", "+", "/", "."])),
    st.tuples(st.just("cut"), st.integers(0, 400), st.just("")),
    st.tuples(st.just("drop"), st.integers(0, 400), st.just("")),
)


@settings(max_examples=100)
@given(mutations=st.lists(MUTATIONS, min_size=1, max_size=3), name=NAMES)
async def test_a_damaged_cursor(
    lists: Lists, cursors: dict[str, str], mutations: list[tuple[str, int, str]], name: str
) -> None:
    """It is refused, or names another position, or other fields of the records, in the same list."""
    caller, path, query = lists[name]
    damaged = cursors[name]
    for kind, place, character in mutations:
        at = place % (len(damaged) + 1)
        rest = damaged[at + (kind in ("replace", "drop")) :] if kind != "cut" else ""
        damaged = damaged[:at] + character + rest
    answer = await caller.send("GET", path, params={"cursor": damaged})
    assert answer.status_code in (200, 422), answer.text
    if answer.status_code == 200:
        whole = [without_measurements(item) for item in items(await caller.get(path, **query))]
        assert all(without_measurements(item) in whole for item in items(answer.json()))


FORGED = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(max_size=9),
    st.sampled_from(["bob", "party", "-1", "1e9", str(2**70), "a,b", "down", "a\0", -1, 2**70, [], {}]),
)


@settings(max_examples=100)
@given(data=st.data(), name=NAMES)
async def test_a_forged_cursor(
    lists: Lists, cursors: dict[str, str], bob: UserClient, data: st.DataObject, name: str
) -> None:
    """A caller who decodes a cursor and forges another reads nothing that a query would not return."""
    caller, path, _ = lists[name]
    forged = decoded(cursors[name])
    place: Any = forged
    while isinstance(place[key := data.draw(st.sampled_from(sorted(place)))], dict) and data.draw(st.booleans()):
        place = place[key]
    match data.draw(st.sampled_from(["replaced", "replaced", "removed", "added"])):
        case "removed":
            del place[key]
        case "added":
            place[data.draw(st.text(max_size=9))] = data.draw(FORGED)
        case "replaced":
            place[key] = data.draw(FORGED | st.just(bob.user_id))
    answer = await caller.send("GET", path, params={"cursor": encoded(forged)})
    assert answer.status_code in (200, 422), answer.text
    if answer.status_code == 200:
        assert bob.user_id not in answer.text


async def test_a_forged_filter(lists: Lists, cursors: dict[str, str], bob: UserClient) -> None:
    forgeries: list[tuple[str, str, list[object]]] = [
        ("events", "device_id", ["0", "-1", "1e3", str(2**53), str(2**70), "9" * 5_000, "x", 1, True]),
        ("events", "event_type", ["party", "", 1]),
        ("events", "user_id", [bob.user_id, "you", "x", []]),
        ("history", "fields", ["a,,b", "a\0", ",".join(f"n{number}" for number in range(1_001)), ["a"]]),
    ]
    for name, key, texts in forgeries:
        caller, path, _ = lists[name]
        for text in texts:
            forged = decoded(cursors[name])
            forged["query"][key] = text
            answer = await caller.send("GET", path, params={"cursor": encoded(forged)})
            assert answer.status_code == 422 or text == "", f"{key} {text}: {answer.text[:300]}"


def decoded(cursor: str) -> dict[str, Any]:
    content = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    assert isinstance(content, dict)
    return content


def encoded(content: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()
