"""Every kind of caller, with valid credentials and with those that are no longer valid."""

from dataclasses import dataclass, field
from itertools import count
from typing import Any

import httpx

from tests.api.clients import (
    ADMIN,
    ApiClient,
    UserClient,
    login,
    new_device,
    new_group,
    new_token,
    register,
    sign_up,
    submit,
)
from tests.clock import FakeClock

DAY_S = 86_400
SCOPES = ("read", "write", "telemetry")


@dataclass
class Scenario:
    """The callers, and the ids that they call with, all of Ada's data."""

    callers: list[tuple[str, str, ApiClient]] = field(default_factory=list)
    ids: dict[str, Any] = field(default_factory=dict)
    ada: UserClient = field(init=False)
    clock: FakeClock = field(init=False)
    serial: "count[int]" = field(default_factory=lambda: count(100))

    def name(self) -> str:
        return f"n{next(self.serial)}"


async def create_invalid_credentials(client: httpx.AsyncClient, clock: FakeClock) -> dict[str, ApiClient]:
    """Register Ada and a suspended user, and return callers whose credentials are no longer valid."""
    admin = await login(client, ADMIN)
    carol = await sign_up(client, "carol")
    of_carol = await new_device(carol)
    _, token_of_carol = await new_token(carol, "suspended", *SCOPES)
    await admin.patch(f"/users/{carol.user_id}/deactivate")
    await register(client, "ada")
    expired = await login(client, "ada")
    logged_out = await login(client, "ada")
    await logged_out.post("/auth/logout")
    revoked, revoked_token = await new_token(expired, "revoked", *SCOPES)
    await expired.delete(f"/users/me/tokens/{revoked['id']}")
    _, expired_token = await new_token(expired, "expired", *SCOPES, expires_at=clock.now() + DAY_S * 1_000)
    retired = await new_device(expired, "retired")
    await expired.post(f"/devices/{retired.id}/credentials/rotate", {"grace_seconds": 60})
    await retired.get("/devices/status")
    clock.advance(DAY_S)
    return {
        "expired token": expired,
        "token after logout": logged_out,
        "deactivated user": carol,
        "personal token after revocation": revoked_token,
        "expired personal token": expired_token,
        "personal token of deactivated user": token_of_carol,
        "device of deactivated user": of_carol,
        "former key after its grace": retired,
    }


def bearer(caller: ApiClient) -> str:
    return caller.headers["Authorization"].removeprefix("Bearer ")


async def create_scenario(client: httpx.AsyncClient, clock: FakeClock) -> Scenario:
    scenario = Scenario()
    scenario.clock = clock
    invalid = await create_invalid_credentials(client, clock)
    scenario.ada = ada = await login(client, "ada")
    deleted = await new_device(ada, "deleted")
    await ada.delete(f"/devices/{deleted.id}")
    former = await new_device(ada, "target")
    answer = await ada.post(f"/devices/{former.id}/credentials/rotate", {"grace_seconds": 3_600})
    device = former.with_key(answer["device"])
    await submit(device, t=1)
    resting = await new_device(ada, "resting")
    await ada.patch(f"/devices/{resting.id}", {"status": "maintenance"})
    bob = await sign_up(client, "bob")
    scenario.ids = {"device_id": device.id, "group_id": await new_group(ada), "user_id": ada.user_id}
    admin = await login(client, ADMIN)
    scoped = [(f"{scope} token", scope, (await new_token(ada, scope, scope))[1]) for scope in SCOPES]
    _, admins_token = await new_token(admin, "all", *SCOPES)
    scenario.callers = [
        ("nobody", "stranger", ApiClient(client)),
        ("garbage token", "stranger", ApiClient(client, {"Authorization": "Bearer garbage"})),
        ("token of another scheme", "stranger", ApiClient(client, {"Authorization": f"Basic {ada.token}"})),
        ("garbage key", "stranger", ApiClient(client, {"X-API-Key": "iot_garbage"})),
        ("token as key", "stranger", ApiClient(client, {"X-API-Key": ada.token})),
        ("key as token", "stranger", ApiClient(client, {"Authorization": f"Bearer {device.key}"})),
        ("personal token as key", "stranger", ApiClient(client, {"X-API-Key": bearer(scoped[0][2])})),
        ("personal token changed", "stranger", ApiClient(client, {"Authorization": f"Bearer {bearer(scoped[0][2])}x"})),
        *((name, "stranger", caller) for name, caller in invalid.items()),
        ("key of deleted device", "stranger", deleted),
        ("owner", "owner", ada),
        ("another user", "other", bob),
        ("admin", "admin", admin),
        *scoped,
        ("token of an admin", "token of an admin", admins_token),
        ("device", "device", device),
        ("device with former key in its grace", "device", former),
        ("another device of the owner", "another_device", await new_device(ada, "sibling")),
        ("device of another user", "another_device", await new_device(bob)),
        ("device in maintenance", "maintenance", resting),
    ]
    return scenario
