"""The permissions of users, devices and administrators."""

from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from iotflow.domain.devices import Device, DeviceStatus, DeviceSummary
from iotflow.domain.errors import Forbidden, NotFound
from iotflow.domain.groups import Group
from iotflow.domain.permissions import (
    LOGIN_ONLY,
    may_act_for,
    require_account,
    require_admin,
    require_scope,
    require_user,
    require_visible_device,
    require_visible_group,
)
from iotflow.domain.personal_tokens import TokenGrant, TokenScope
from iotflow.domain.principals import DevicePrincipal, UserPrincipal
from iotflow.domain.times import Millis

OWNER_ID = uuid4()
NOW = Millis(1)


def user(user_id: UUID, *, is_admin: bool = False) -> UserPrincipal:
    return UserPrincipal(user_id, "name", is_admin, b"digest", Millis(2))


def device_principal(device_id: int, user_id: UUID = OWNER_ID) -> DevicePrincipal:
    return DevicePrincipal(DeviceSummary(device_id, user_id, "name", "type", DeviceStatus.ACTIVE), b"digest", None)


OWNER = user(OWNER_ID)
STRANGER = user(uuid4())
ADMIN = user(uuid4(), is_admin=True)
DEVICE = Device(5, OWNER_ID, "n", "t", None, None, None, None, DeviceStatus.ACTIVE, NOW, NOW, None)
GROUP = Group(7, OWNER_ID, "n", None, None, 0, NOW, NOW)


@pytest.mark.parametrize(("caller", "may"), [(OWNER, True), (ADMIN, True), (STRANGER, False)])
class TestAccounts:
    def test_an_account_is_accessible_to_itself_and_admins(self, caller: UserPrincipal, may: bool) -> None:
        assert may_act_for(caller, OWNER_ID) is may
        if may:
            require_account(caller, OWNER_ID, LOGIN_ONLY)
        else:
            with pytest.raises(Forbidden):
                require_account(caller, OWNER_ID, LOGIN_ONLY)

    def test_a_group_is_accessible_to_its_owner_and_admins(self, caller: UserPrincipal, may: bool) -> None:
        if may:
            assert require_visible_group(caller, GROUP.id, GROUP, LOGIN_ONLY) is GROUP
        else:
            with pytest.raises(NotFound):
                require_visible_group(caller, GROUP.id, GROUP, LOGIN_ONLY)

    def test_a_device_is_accessible_to_its_owner_and_admins(self, caller: UserPrincipal, may: bool) -> None:
        if may:
            assert require_visible_device(caller, DEVICE.id, DEVICE, LOGIN_ONLY) is DEVICE
        else:
            with pytest.raises(NotFound):
                require_visible_device(caller, DEVICE.id, DEVICE, LOGIN_ONLY)


def test_administration_is_for_administrators() -> None:
    require_admin(ADMIN)
    with pytest.raises(Forbidden):
        require_admin(OWNER)


def test_a_device_sees_itself_and_no_other_of_its_owner_s() -> None:
    assert require_visible_device(device_principal(DEVICE.id), DEVICE.id, DEVICE, LOGIN_ONLY) is DEVICE
    with pytest.raises(NotFound):
        require_visible_device(device_principal(DEVICE.id + 1), DEVICE.id, DEVICE, LOGIN_ONLY)


@pytest.mark.parametrize("caller", [OWNER, ADMIN, STRANGER, device_principal(DEVICE.id)])
def test_missing_objects_are_not_found(caller: UserPrincipal | DevicePrincipal) -> None:
    with pytest.raises(NotFound):
        require_visible_device(caller, DEVICE.id, None, LOGIN_ONLY)
    if isinstance(caller, UserPrincipal):
        with pytest.raises(NotFound):
            require_visible_group(caller, GROUP.id, None, LOGIN_ONLY)


def test_a_stranger_cannot_distinguish_existing_objects_from_missing_ones() -> None:
    details = []
    for device in (DEVICE, None):
        with pytest.raises(NotFound) as error:
            require_visible_device(STRANGER, DEVICE.id, device, LOGIN_ONLY)
        details.append(str(error.value))
    for group in (GROUP, None):
        with pytest.raises(NotFound) as error:
            require_visible_group(STRANGER, GROUP.id, group, LOGIN_ONLY)
        details.append(str(error.value))
    assert details[0] == details[1]
    assert details[2] == details[3]


@pytest.mark.parametrize("scope", TokenScope)
def test_a_personal_access_token_is_admitted_with_its_scope_alone(scope: TokenScope) -> None:
    bearer = replace(OWNER, grant=TokenGrant(1, frozenset((scope,))))
    assert require_user(bearer, scope) is bearer
    assert require_visible_device(bearer, DEVICE.id, DEVICE, scope) is DEVICE
    with pytest.raises(NotFound):
        require_visible_group(bearer, GROUP.id, None, scope)
    for other in {*TokenScope, LOGIN_ONLY} - {scope}:
        with pytest.raises(Forbidden, match="personal access token"):
            require_user(bearer, other)
        with pytest.raises(Forbidden):
            require_account(bearer, OWNER_ID, other)
        with pytest.raises(Forbidden):
            require_visible_device(bearer, DEVICE.id, None, other)
        with pytest.raises(Forbidden):
            require_visible_group(bearer, GROUP.id, GROUP, other)


def test_no_scope_gives_the_rights_of_an_administrator() -> None:
    bearer = replace(OWNER, grant=TokenGrant(1, frozenset(TokenScope)))
    with pytest.raises(Forbidden, match="log in"):
        require_admin(bearer)
    with pytest.raises(Forbidden):
        require_account(bearer, uuid4(), TokenScope.READ)


@pytest.mark.parametrize("caller", [OWNER, ADMIN, device_principal(DEVICE.id), None])
def test_scopes_restrict_personal_access_tokens_only(caller: UserPrincipal | DevicePrincipal | None) -> None:
    for scope in (*TokenScope, LOGIN_ONLY):
        require_scope(caller, scope)
