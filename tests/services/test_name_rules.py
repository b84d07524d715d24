"""Rules of names hold for every protocol: services check them."""

from collections.abc import Awaitable, Callable

import pytest

from iotflow.domain.context import RequestContext
from iotflow.domain.devices import NewDevice
from iotflow.domain.errors import InvalidInput
from iotflow.domain.groups import NewGroup
from iotflow.domain.personal_tokens import NewPersonalToken, TokenScope
from iotflow.services.accounts import ProfileChange
from tests.services.harness import ServiceHarness, SignedInUser, register_device

Call = Callable[[ServiceHarness, SignedInUser], Awaitable[object]]
SCOPES = (TokenScope.READ,)

CALLS: dict[str, tuple[str, Call]] = {
    "a device": ("name", lambda h, u: h.services.devices.register(u.context, NewDevice("a\n", "sensor"))),
    "a device's new name": ("name", lambda h, u: h.services.devices.update(u.context, 1, {"name": "\u200b"})),
    "a group": ("name", lambda h, u: h.services.groups.create(u.context, NewGroup(" "))),
    "a group's new name": ("name", lambda h, u: h.services.groups.update(u.context, 1, {"name": ""})),
    "a token": (
        "name",
        lambda h, u: h.services.personal_tokens.create(u.context, u.caller.user_id, NewPersonalToken("", SCOPES, None)),
    ),
    "a token's scopes": (
        "scopes",
        lambda h, u: h.services.personal_tokens.create(u.context, u.caller.user_id, NewPersonalToken("a", (), None)),
    ),
    "a username": (
        "username",
        lambda h, _: h.services.accounts.register(RequestContext(None), "a b", "a@example.org", "correct horse"),
    ),
    "a new address": (
        "email",
        lambda h, u: h.services.accounts.update(u.context, u.caller.user_id, ProfileChange(email="a@@b")),
    ),
}


@pytest.mark.parametrize("what", CALLS)
async def test_a_name_that_breaks_a_rule_is_refused(harness: ServiceHarness, ada: SignedInUser, what: str) -> None:
    await register_device(harness, ada)
    await harness.services.groups.create(ada.context, NewGroup("shed"))
    field, call = CALLS[what]
    with pytest.raises(InvalidInput) as refused:
        await call(harness, ada)
    assert [error.location for error in refused.value.errors] == [("body", field)]
