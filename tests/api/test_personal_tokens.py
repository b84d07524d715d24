"""Personal access tokens: what they are, how they end, and who manages them."""

from uuid import uuid4

import pytest

from tests.api.clients import PASSWORD, ApiClient, DeviceClient, UserClient, events, login, new_token
from tests.clock import FakeClock

TOKENS = "/users/me/tokens"
NEW_PASSWORD = "another correct horse"


async def works(bearer: ApiClient) -> bool:
    """Return whether a token with the scope `read` is accepted."""
    answer = await bearer.send("GET", "/groups")
    assert answer.status_code in (200, 401), answer.text
    return answer.status_code == 200


async def test_a_secret_is_shown_once(ada: UserClient, clock: FakeClock) -> None:
    answer = await ada.post(TOKENS, {"name": "export", "scopes": ["telemetry", "read"]})
    secret, token = answer.pop("secret"), answer.pop("token")
    assert answer == {}
    assert secret.startswith("iotp_")
    assert len(secret) == len("iotp_") + 43
    assert token == {
        "id": token["id"],
        "name": "export",
        "scopes": ["telemetry", "read"],
        "prefix": secret[:11],
        "created_at": "2026-03-01T12:00:00.000Z",
        "expires_at": None,
        "last_used_at": None,
    }
    assert await ada.get(TOKENS) == {"tokens": [token], "meta": {"total": 1, "limit": 100, "offset": 0}}


async def test_the_latest_use_is_listed(ada: UserClient, clock: FakeClock) -> None:
    _, bearer = await new_token(ada, "export", "read")
    for at in ("2026-03-01T12:00:00.000Z", "2026-03-01T12:00:07.000Z"):
        assert await works(bearer)
        assert [token["last_used_at"] for token in (await ada.get(TOKENS))["tokens"]] == [at]
        clock.advance(7)


async def test_tokens_are_listed_in_pages_by_id(ada: UserClient, bob: UserClient) -> None:
    await new_token(bob, "other", "read")
    made = [(await new_token(ada, name, "read"))[0] for name in ("c", "a", "b")]
    assert await ada.get(TOKENS, limit=2) == {"tokens": made[:2], "meta": {"total": 3, "limit": 2, "offset": 0}}
    assert (await ada.get(TOKENS, limit=2, offset=2))["tokens"] == made[2:]


async def test_a_name_is_taken_within_an_account_in_either_form(ada: UserClient, bob: UserClient) -> None:
    token, _ = await new_token(ada, "Ku\u0308che", "read")
    assert token["name"] == "K\u00fcche"
    body = {"name": "K\u00fcche", "scopes": ["read"]}
    assert "K\u00fcche" in (await ada.refused(409, "POST", TOKENS, body))["detail"]
    await bob.post(TOKENS, body)
    await ada.delete(f"{TOKENS}/{token['id']}")
    assert (await ada.post(TOKENS, body))["token"]["id"] > token["id"]


async def test_an_account_has_a_limit_of_tokens(ada: UserClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("iotflow.services.personal_tokens.MAX_PERSONAL_TOKENS", 2)
    first, _ = await new_token(ada, "first", "read")
    await new_token(ada, "second", "read")
    third = {"name": "third", "scopes": ["read"]}
    assert "at most" in (await ada.refused(409, "POST", TOKENS, third))["detail"]
    await ada.delete(f"{TOKENS}/{first['id']}")
    await ada.post(TOKENS, third)


async def test_a_token_ends_exactly_at_its_expiry(ada: UserClient, clock: FakeClock) -> None:
    token, bearer = await new_token(ada, "short", "read", expires_at="2026-03-01T13:00:10+01:00")
    assert token["expires_at"] == "2026-03-01T12:00:10.000Z"
    clock.advance(9.999)
    assert await works(bearer)
    clock.advance(0.001)
    assert not await works(bearer)
    assert [one["name"] for one in (await ada.get(TOKENS))["tokens"]] == ["short"]


@pytest.mark.parametrize(
    "expires_at", ["2026-03-01T12:00:00Z", "2036-03-05T12:00:00Z", 0, "-1h", "2027-01-01T00:00:00"]
)
async def test_an_expiry_is_in_the_future_and_within_ten_years(ada: UserClient, expires_at: object) -> None:
    body = {"name": "export", "scopes": ["read"], "expires_at": expires_at}
    assert await ada.wrong_fields("POST", TOKENS, body) == ["body.expires_at"]
    await ada.post(TOKENS, {**body, "expires_at": "2036-03-01T12:00:00Z"})


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"scopes": []}, ["body.scopes"]),
        ({"scopes": ["read", "read"]}, ["body.scopes"]),
        ({"scopes": ["read", "write", "telemetry", "read"]}, ["body.scopes"]),
        ({"scopes": ["admin"]}, ["body.scopes.0"]),
        ({"scopes": "read"}, ["body.scopes"]),
        ({"scopes": None}, ["body.scopes"]),
        ({"name": " "}, ["body.name"]),
        ({"name": "x" * 129}, ["body.name"]),
        ({"name": None}, ["body.name"]),
        ({"secret": "mine"}, ["body.secret"]),
        ({"name": "\u200b", "scopes": []}, ["body.name", "body.scopes"]),
    ],
)
async def test_invalid_tokens(ada: UserClient, change: dict[str, object], fields: list[str]) -> None:
    assert await ada.wrong_fields("POST", TOKENS, {"name": "export", "scopes": ["read"], **change}) == fields
    assert (await ada.get(TOKENS))["tokens"] == []


async def test_a_revoked_token_ends_at_once(ada: UserClient) -> None:
    token, bearer = await new_token(ada, "export", "read")
    _, kept = await new_token(ada, "kept", "read")
    assert await works(bearer)
    await ada.delete(f"{TOKENS}/{token['id']}")
    assert not await works(bearer)
    assert await works(kept)
    await ada.refused(404, "DELETE", f"{TOKENS}/{token['id']}")


async def test_tokens_survive_a_new_password_unless_they_are_revoked_with_it(ada: UserClient) -> None:
    _, bearer = await new_token(ada, "export", "read")
    await ada.put("/users/me", {"password": NEW_PASSWORD, "current_password": PASSWORD, "revoke_tokens": False})
    await ada.refused(401, "GET", "/groups")
    assert await works(bearer)
    again = await login(ada.client, "ada", NEW_PASSWORD)
    await again.put("/users/me", {"password": PASSWORD, "current_password": NEW_PASSWORD, "revoke_tokens": True})
    assert not await works(bearer)
    assert (await (await login(ada.client, "ada")).get(TOKENS))["tokens"] == []


async def test_all_tokens_are_revoked_without_a_new_password(ada: UserClient, bob: UserClient) -> None:
    _, bearer = await new_token(ada, "export", "read")
    _, of_bob = await new_token(bob, "export", "read")
    await ada.put("/users/me", {"revoke_tokens": True})
    assert not await works(bearer)
    assert await works(of_bob)
    assert (await ada.get(TOKENS))["meta"]["total"] == 0


async def test_a_deactivated_user_s_tokens_are_suspended(ada: UserClient, admin: UserClient) -> None:
    _, bearer = await new_token(ada, "export", "read")
    assert await works(bearer)
    for change, accepted in (("deactivate", False), ("activate", True)):
        await admin.patch(f"/users/{ada.user_id}/{change}")
        assert await works(bearer) == accepted


async def test_tokens_end_with_their_user(ada: UserClient, admin: UserClient) -> None:
    _, bearer = await new_token(ada, "export", "read")
    assert await works(bearer)
    await admin.delete(f"/users/{ada.user_id}")
    assert not await works(bearer)
    await admin.refused(404, "GET", f"/users/{ada.user_id}/tokens")


async def test_an_admin_manages_the_tokens_of_others(ada: UserClient, bob: UserClient, admin: UserClient) -> None:
    token, bearer = await new_token(admin, "by root", "read", user=ada.user_id)
    assert (await bearer.get("/users/me"))["user"]["username"] == "ada"
    assert (await admin.get(f"/users/{ada.user_id}/tokens"))["tokens"] == [(await ada.get(TOKENS))["tokens"][0]]
    await bob.refused(403, "DELETE", f"/users/{ada.user_id}/tokens/{token['id']}")
    for owner in (bob, admin):
        await owner.refused(404, "DELETE", f"{TOKENS}/{token['id']}")
    await admin.delete(f"/users/{ada.user_id}/tokens/{token['id']}")
    assert not await works(bearer)
    await admin.refused(404, "POST", f"/users/{uuid4()}/tokens", {"name": "x", "scopes": ["read"]})


async def test_a_token_of_an_admin_acts_as_a_plain_user(admin: UserClient, ada: UserClient) -> None:
    _, bearer = await new_token(admin, "all", "read", "write", "telemetry")
    assert (await bearer.get("/users/me"))["user"]["is_admin"] is True
    for path in ("/users", "/admin/stats", f"/users/{ada.user_id}", f"/devices/user/{ada.user_id}"):
        assert (await bearer.refused(403, "GET", path))["detail"]
    assert {event["user_id"] for event in (await bearer.get("/events"))["events"]} <= {admin.user_id}


async def test_a_missing_scope_is_named(ada: UserClient, device: DeviceClient) -> None:
    _, bearer = await new_token(ada, "export", "read", "telemetry")
    problem = await bearer.refused(403, "DELETE", f"/devices/{device.id}")
    assert "write" in problem["detail"]
    assert "log in" in (await bearer.refused(403, "GET", TOKENS))["detail"]


async def test_tokens_leave_events_without_secrets(ada: UserClient, admin: UserClient) -> None:
    answer = await ada.post(TOKENS, {"name": "export", "scopes": ["read"], "expires_at": "2027-01-01T00:00:00Z"})
    token_id = answer["token"]["id"]
    await new_token(ada, "second", "write")
    await admin.delete(f"/users/{ada.user_id}/tokens/{token_id}")
    await ada.put("/users/me", {"revoke_tokens": True})
    left = [*await events(ada, 2, event_type="token.created"), *await events(ada, 2, event_type="token.revoked")]
    details = {(event["event_type"], event["details"]["name"]): event["details"] for event in left}
    assert len(details) == 4
    assert details["token.revoked", "export"]["actor"]["id"] == admin.user_id
    assert details["token.revoked", "second"]["actor"]["id"] == ada.user_id
    assert details["token.created", "export"] == {
        "actor": {"type": "user", "id": ada.user_id},
        "token_id": token_id,
        "name": "export",
        "scopes": ["read"],
        "expires_at": "2027-01-01T00:00:00.000Z",
    }
    assert answer["secret"] not in str(left)
