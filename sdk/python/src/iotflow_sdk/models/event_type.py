from enum import StrEnum


class EventType(StrEnum):
    ALERT_RULE_CREATED = "alert_rule.created"
    ALERT_RULE_DELETED = "alert_rule.deleted"
    ALERT_RULE_UPDATED = "alert_rule.updated"
    DEVICE_CONFIG_UPDATED = "device.config_updated"
    DEVICE_DELETED = "device.deleted"
    DEVICE_KEY_ROTATED = "device.key_rotated"
    DEVICE_METADATA_UPDATED = "device.metadata_updated"
    DEVICE_OFFLINE = "device.offline"
    DEVICE_ONLINE = "device.online"
    DEVICE_REGISTERED = "device.registered"
    DEVICE_STATUS_CHANGED = "device.status_changed"
    DEVICE_TELEMETRY_DELETED = "device.telemetry_deleted"
    DEVICE_UPDATED = "device.updated"
    GROUP_CREATED = "group.created"
    GROUP_DELETED = "group.deleted"
    GROUP_DEVICES_ADDED = "group.devices_added"
    GROUP_DEVICE_ADDED = "group.device_added"
    GROUP_DEVICE_REMOVED = "group.device_removed"
    GROUP_UPDATED = "group.updated"
    TOKEN_CREATED = "token.created"
    TOKEN_REVOKED = "token.revoked"
    USER_ACTIVATED = "user.activated"
    USER_DEACTIVATED = "user.deactivated"
    USER_DELETED = "user.deleted"
    USER_LOGGED_IN = "user.logged_in"
    USER_LOGGED_OUT = "user.logged_out"
    USER_PASSWORD_CHANGED = "user.password_changed"
    USER_REGISTERED = "user.registered"
    USER_UPDATED = "user.updated"
    WEBHOOK_CREATED = "webhook.created"
    WEBHOOK_DELETED = "webhook.deleted"
    WEBHOOK_UPDATED = "webhook.updated"

    def __str__(self) -> str:
        return str(self.value)
