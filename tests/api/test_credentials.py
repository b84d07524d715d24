"""Which credentials count, and the account that a path names."""

from uuid import uuid4

import pytest

from tests.api.clients import ApiClient, DeviceClient, UserClient, submit


@pytest.mark.parametrize("path", ["/users/{}", "/devices/user/{}", "/telemetry/user/{}"])
async def test_an_unknown_account(ada: UserClient, admin: UserClient, path: str) -> None:
    unknown = path.format(uuid4())
    await ada.refused(403, "GET", unknown)
    await admin.refused(404, "GET", unknown)
    await admin.refused(422, "GET", path.format("nobody"))


async def test_me_is_the_caller(ada: UserClient, admin: UserClient) -> None:
    assert (await ada.get("/users/me"))["user"]["user_id"] == ada.user_id
    assert (await admin.get("/users/me"))["user"]["user_id"] == admin.user_id
    assert (await ada.get("/devices/user/me"))["user_id"] == ada.user_id
    assert (await ada.get("/telemetry/user/me"))["user_id"] == ada.user_id
    assert (await ada.get(f"/users/{ada.user_id.upper()}"))["user"]["user_id"] == ada.user_id


async def test_events_of_an_account(ada: UserClient, bob: UserClient, admin: UserClient) -> None:
    for user_id in (ada.user_id, ada.user_id.upper()):
        await ada.get("/events", user_id=user_id)
        await admin.get("/events", user_id=user_id)
        await bob.refused(403, "GET", "/events", params={"user_id": user_id})
    await bob.refused(403, "GET", "/events", params={"user_id": str(uuid4())})


async def test_the_bearer_token_counts_where_both_are_sent(
    ada: UserClient, bob: UserClient, device: DeviceClient
) -> None:
    await submit(device, t=1)
    path = f"/telemetry/{device.id}/latest"
    await device.get(path)
    both = ApiClient(device.client, {**device.headers, "Authorization": "Bearer garbage"})
    await both.refused(401, "GET", path)
    await ApiClient(device.client, {**device.headers, **bob.headers}).refused(404, "GET", path)
    await ApiClient(device.client, {"X-API-Key": "garbage", **ada.headers}).get(path)


async def test_challenges_name_the_accepted_credentials(anonymous: ApiClient) -> None:
    challenge = {}
    for path in ("/devices/status", "/groups", "/telemetry/1/latest"):
        challenge[path] = (await anonymous.send("GET", path)).headers["WWW-Authenticate"]
    assert challenge["/devices/status"].startswith("ApiKey ")
    assert challenge["/groups"].startswith("Bearer ")
    assert "Bearer " in challenge["/telemetry/1/latest"]
    assert "ApiKey " in challenge["/telemetry/1/latest"]
