"""What credentials are taken as, and whose account a path means."""

from uuid import uuid4

import pytest

from tests.api.people import Caller, Person, Thing, submit


@pytest.mark.parametrize("path", ["/users/{}", "/devices/user/{}", "/telemetry/user/{}"])
async def test_account_that_is_not_there(ada: Person, admin: Person, path: str) -> None:
    unknown = path.format(uuid4())
    await ada.refused(403, "GET", unknown)
    await admin.refused(404, "GET", unknown)
    await admin.refused(422, "GET", path.format("nobody"))


async def test_me_is_the_caller(ada: Person, admin: Person) -> None:
    assert (await ada.get("/users/me"))["user"]["user_id"] == ada.user_id
    assert (await admin.get("/users/me"))["user"]["user_id"] == admin.user_id
    assert (await ada.get("/devices/user/me"))["user_id"] == ada.user_id
    assert (await ada.get("/telemetry/user/me"))["user_id"] == ada.user_id
    assert (await ada.get(f"/users/{ada.user_id.upper()}"))["user"]["user_id"] == ada.user_id


async def test_events_of_an_account(ada: Person, bob: Person, admin: Person) -> None:
    for user_id in (ada.user_id, ada.user_id.upper()):
        await ada.get("/events", user_id=user_id)
        await admin.get("/events", user_id=user_id)
        await bob.refused(403, "GET", "/events", params={"user_id": user_id})
    await bob.refused(403, "GET", "/events", params={"user_id": str(uuid4())})


async def test_the_bearer_token_counts_where_both_are_sent(ada: Person, bob: Person, probe: Thing) -> None:
    await submit(probe, t=1)
    path = f"/telemetry/{probe.id}/latest"
    await probe.get(path)
    both = Caller(probe.client, {**probe.headers, "Authorization": "Bearer garbage"})
    await both.refused(401, "GET", path)
    await Caller(probe.client, {**probe.headers, **bob.headers}).refused(404, "GET", path)
    await Caller(probe.client, {"X-API-Key": "garbage", **ada.headers}).get(path)


async def test_challenges_name_what_is_taken(nobody: Caller) -> None:
    challenge = {}
    for path in ("/devices/status", "/groups", "/telemetry/1/latest"):
        challenge[path] = (await nobody.send("GET", path)).headers["WWW-Authenticate"]
    assert challenge["/devices/status"].startswith("ApiKey ")
    assert challenge["/groups"].startswith("Bearer ")
    assert "Bearer " in challenge["/telemetry/1/latest"]
    assert "ApiKey " in challenge["/telemetry/1/latest"]
