"""Who may see or change what. Every decision about ownership is one of these rules."""

from typing import TypeVar
from uuid import UUID

from iotflow.domain.devices import Device
from iotflow.domain.errors import Forbidden, NotFound
from iotflow.domain.groups import Group
from iotflow.domain.principals import DevicePrincipal, Principal, UserPrincipal

D = TypeVar("D", Device, DevicePrincipal)


def may_act_for(caller: UserPrincipal, user_id: UUID) -> bool:
    """Whether the caller may see and change what belongs to this account: their own, or any as an admin."""
    return caller.is_admin or caller.user_id == user_id


def require_account(caller: UserPrincipal, user_id: UUID) -> None:
    """Raise Forbidden unless the caller may act for this account, whether it exists or not."""
    if not may_act_for(caller, user_id):
        raise Forbidden("this account belongs to another user")


def require_admin(caller: UserPrincipal) -> None:
    """Raise Forbidden unless the caller is an administrator."""
    if not caller.is_admin:
        raise Forbidden("only an administrator may do this")


def visible_device(caller: Principal, device_id: int, device: D | None) -> D:
    """The device of this id, None where there is none, if the caller is it, its owner or an admin.

    Else NotFound, telling no difference.
    """
    if device is not None:
        if isinstance(caller, DevicePrincipal):
            if caller.device_id == device_id:
                return device
        elif may_act_for(caller, device.user_id):
            return device
    raise NotFound(f"there is no device {device_id} among those that you may see")


def visible_group(caller: UserPrincipal, group_id: int, group: Group | None) -> Group:
    """The group, if the caller owns it or is an admin; else NotFound, telling no difference."""
    if group is not None and may_act_for(caller, group.user_id):
        return group
    raise NotFound(f"there is no group {group_id} among those that you may see")
