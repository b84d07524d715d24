"""The audit trail: changes of accounts, devices, groups, keys and configs, with their actors."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from iotflow.domain.json import JsonObject
from iotflow.domain.times import Millis


class EventType(StrEnum):
    """The kind of a change."""

    USER_REGISTERED = "user.registered"
    USER_LOGGED_IN = "user.logged_in"
    USER_LOGGED_OUT = "user.logged_out"
    USER_UPDATED = "user.updated"
    USER_PASSWORD_CHANGED = "user.password_changed"  # noqa: S105  # an event, no password
    USER_ACTIVATED = "user.activated"
    USER_DEACTIVATED = "user.deactivated"
    USER_DELETED = "user.deleted"
    TOKEN_CREATED = "token.created"  # noqa: S105  # an event, no secret
    """Of a personal access token: `details` holds `token_id`, `name`, `scopes` and `expires_at`."""
    TOKEN_REVOKED = "token.revoked"  # noqa: S105  # an event, no secret
    DEVICE_REGISTERED = "device.registered"
    DEVICE_UPDATED = "device.updated"
    DEVICE_STATUS_CHANGED = "device.status_changed"
    DEVICE_ONLINE = "device.online"
    """The first request of a device ever, or since it was offline. The actor is the system."""
    DEVICE_OFFLINE = "device.offline"
    """The online window has passed since `last_seen` of `details`. The actor is the system."""
    DEVICE_DELETED = "device.deleted"
    DEVICE_KEY_ROTATED = "device.key_rotated"
    DEVICE_CONFIG_UPDATED = "device.config_updated"
    DEVICE_METADATA_UPDATED = "device.metadata_updated"
    DEVICE_TELEMETRY_DELETED = "device.telemetry_deleted"
    GROUP_CREATED = "group.created"
    GROUP_UPDATED = "group.updated"
    GROUP_DELETED = "group.deleted"
    GROUP_DEVICE_ADDED = "group.device_added"
    GROUP_DEVICES_ADDED = "group.devices_added"
    """Of a bulk addition: `details` holds the `device_ids`, at most 1,000."""
    GROUP_DEVICE_REMOVED = "group.device_removed"
    ALERT_RULE_CREATED = "alert_rule.created"
    ALERT_RULE_UPDATED = "alert_rule.updated"
    ALERT_RULE_DELETED = "alert_rule.deleted"
    WEBHOOK_CREATED = "webhook.created"
    WEBHOOK_UPDATED = "webhook.updated"
    WEBHOOK_DELETED = "webhook.deleted"


PERSONAL_DETAILS = frozenset({"username", "email", "address", "name"})
"""Keys of `Event.details` with personal data. They are removed from a deleted user's events."""


@dataclass(frozen=True, slots=True)
class Event:
    """One change. `user_id` is the account concerned: the owner of the device or group, or the account itself.

    `details` holds at least the `actor`: `{"type": "user" | "device" | "system", "id": …}`. Personal data is only at
    its top level, under `PERSONAL_DETAILS`: anonymization would miss it elsewhere.
    """

    id: UUID
    event_type: EventType
    timestamp: Millis
    user_id: UUID
    device_id: int | None
    details: JsonObject
    request_id: str | None


@dataclass(frozen=True, slots=True)
class EventFilter:
    """A filter of events; a field of None does not restrict. `start` is included, `end` is not."""

    user_id: UUID | None = None
    device_id: int | None = None
    event_type: EventType | None = None
    start: Millis | None = None
    end: Millis | None = None


@dataclass(frozen=True, slots=True)
class EventPosition:
    """A position in a list of events, newest first: after this event."""

    timestamp: Millis
    id: UUID
