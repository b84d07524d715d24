"""Permissions: pure rules of access. Services apply them; the HTTP layer applies the same ones earlier.

A rule returns the admitted caller or resource, narrowed for the type checker. A personal access token acts for its
user within its scopes, never as an administrator: each rule about a user's data takes the scope that the operation
needs, or `LOGIN_ONLY`.

Raises:
- Unauthenticated: the caller has no credentials.
- Forbidden: the caller lacks the right.
- NotFound: the resource does not exist or is hidden. Both have one message, so that ids cannot be probed.

"""

from typing import Final, TypeVar
from uuid import UUID

from iotflow.domain.alert_rules import AlertRule
from iotflow.domain.alerts import Alert
from iotflow.domain.context import Caller, SystemPrincipal
from iotflow.domain.devices import Device, DeviceStatus, DeviceSummary
from iotflow.domain.errors import Forbidden, NotFound, Unauthenticated
from iotflow.domain.groups import Group
from iotflow.domain.personal_tokens import TokenScope
from iotflow.domain.principals import DevicePrincipal, Principal, UserPrincipal
from iotflow.domain.reports import Report
from iotflow.domain.webhooks import Webhook

D = TypeVar("D", Device, DeviceSummary)
Owned = TypeVar("Owned", AlertRule, Alert, Webhook, Report)

LOGIN_ONLY: Final = None
"""In place of a scope: no personal access token may do this."""


def is_admin(caller: Caller) -> bool:
    """Return whether the caller has the rights of an administrator."""
    return isinstance(caller, SystemPrincipal) or (isinstance(caller, UserPrincipal) and caller.is_admin)


def may_act_for(caller: Caller, user_id: UUID) -> bool:
    """Return whether the caller may act for this account: as its user, or as an administrator."""
    return is_admin(caller) or (isinstance(caller, UserPrincipal) and caller.user_id == user_id)


def require_scope(caller: Caller, scope: TokenScope | None) -> None:
    """Refuse a personal access token without this scope, and any with `LOGIN_ONLY`. Admit all other callers."""
    if not isinstance(caller, UserPrincipal) or caller.grant is None:
        return
    if scope is None:
        raise Forbidden("a personal access token may not do this: log in")
    if scope not in caller.grant.scopes:
        raise Forbidden(f"the personal access token lacks the scope {scope}")


def require_user(caller: Caller, scope: TokenScope | None) -> UserPrincipal:
    """Return the caller if it is a user."""
    require_scope(caller, scope)
    if isinstance(caller, UserPrincipal):
        return caller
    if caller is None:
        raise Unauthenticated("a user's access token is required")
    raise Forbidden("only a user may do this")


def require_principal(caller: Caller, scope: TokenScope | None) -> Principal:
    """Return the caller if it is a user or a device."""
    require_scope(caller, scope)
    if isinstance(caller, UserPrincipal | DevicePrincipal):
        return caller
    if caller is None:
        raise Unauthenticated("an access token or an API key is required")
    raise Forbidden("only a user or a device may do this")


def require_device(caller: Caller) -> DevicePrincipal:
    """Return the caller if it is a device."""
    if isinstance(caller, DevicePrincipal):
        return caller
    if caller is None:
        raise Unauthenticated("a device's API key is required")
    raise Forbidden("only a device may do this")


def require_admin(caller: Caller) -> None:
    """Admit an administrator or the system."""
    if caller is None:
        raise Unauthenticated("an administrator's access token is required")
    require_scope(caller, LOGIN_ONLY)
    if not is_admin(caller):
        raise Forbidden("only an administrator may do this")


def require_account(caller: Caller, user_id: UUID, scope: TokenScope | None) -> None:
    """Admit the account's user or an administrator, whether the account exists or not."""
    require_scope(caller, scope)
    if caller is None:
        raise Unauthenticated("a user's access token is required")
    if not may_act_for(caller, user_id):
        raise Forbidden("this account belongs to another user")


def require_own_account(caller: Caller, user_id: UUID, scope: TokenScope | None) -> None:
    """Admit the account's user alone, no administrator."""
    user = require_user(caller, scope)
    if user.user_id != user_id:
        raise Forbidden("only the user of this account may do this")


def require_registration(caller: Caller, *, is_open: bool, as_admin: bool) -> None:
    """Admit a registration: by anybody while registration is open; otherwise, or of an administrator, by one."""
    if as_admin or not is_open:
        require_admin(caller)


def require_telemetry_accepted(status: DeviceStatus) -> None:
    """Admit telemetry of a device that is not in maintenance."""
    if status is DeviceStatus.MAINTENANCE:
        raise Forbidden("the device is in maintenance: its telemetry is refused until its owner ends it")


def require_status_change(caller: Caller, before: DeviceStatus, after: DeviceStatus) -> None:
    """Admit a change of a device's status. A device cannot end its maintenance."""
    if isinstance(caller, DevicePrincipal) and before is DeviceStatus.MAINTENANCE and after is not before:
        raise Forbidden("a device can't end its own maintenance: its owner or an administrator does")


def require_visible_device(caller: Caller, device_id: int, device: D | None, scope: TokenScope | None) -> D:
    """Return the device if the caller is itself, its owner or an administrator. `device` None: no such id."""
    require_scope(caller, scope)
    if caller is None:
        raise Unauthenticated("an access token or an API key is required")
    if device is not None:
        if isinstance(caller, DevicePrincipal):
            if caller.device_id == device_id:
                return device
        elif may_act_for(caller, device.user_id):
            return device
    raise NotFound(f"there is no device {device_id} among those that you may see")


def require_managed_device(caller: Caller, device_id: int, device: D | None, scope: TokenScope | None) -> D:
    """Return the device if the caller is its owner or an administrator; a device cannot manage itself."""
    if isinstance(caller, DevicePrincipal):
        raise Forbidden("only the device's owner or an administrator may do this")
    return require_visible_device(caller, device_id, device, scope)


def require_visible_group(caller: Caller, group_id: int, group: Group | None, scope: TokenScope | None) -> Group:
    """Return the group if the caller owns it or is an administrator. `group` None: no such id."""
    require_scope(caller, scope)
    if caller is None:
        raise Unauthenticated("a user's access token is required")
    if group is not None and may_act_for(caller, group.user_id):
        return group
    raise NotFound(f"there is no group {group_id} among those that you may see")


def require_visible_rule(caller: Caller, rule_id: int, rule: AlertRule | None, scope: TokenScope) -> AlertRule:
    """Return the alert rule if the caller owns it or is an administrator. `rule` None: no such id."""
    return _require_owned(caller, rule, f"alert rule {rule_id}", scope)


def require_visible_alert(caller: Caller, alert_id: UUID, alert: Alert | None, scope: TokenScope) -> Alert:
    """Return the alert if the caller owns its device or is an administrator. `alert` None: no such id."""
    return _require_owned(caller, alert, f"alert {alert_id}", scope)


def require_visible_webhook(caller: Caller, webhook_id: int, webhook: Webhook | None, scope: TokenScope) -> Webhook:
    """Return the webhook if the caller owns it or is an administrator. `webhook` None: no such id."""
    return _require_owned(caller, webhook, f"webhook {webhook_id}", scope)


def require_visible_report(caller: Caller, report_id: UUID, report: Report | None, scope: TokenScope) -> Report:
    """Return the report if the caller's account has it or the caller is an administrator. `report` None: no such id."""
    return _require_owned(caller, report, f"report {report_id}", scope)


def _require_owned(caller: Caller, found: Owned | None, named: str, scope: TokenScope) -> Owned:
    """Return what was found if the caller is a user who owns it or an administrator. Raises NotFound otherwise."""
    require_user(caller, scope)
    if found is not None and may_act_for(caller, found.user_id):
        return found
    raise NotFound(f"there is no {named} among those that you may see")
