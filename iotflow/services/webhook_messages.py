"""The requests to webhooks: CloudEvents 1.0, ntfy or Slack, signed as Standard Webhooks describes.

Sources: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md, the structured content mode of its HTTP
binding; https://www.standardwebhooks.com; https://docs.ntfy.sh/publish/; https://docs.slack.dev/messaging/
sending-messages-using-incoming-webhooks. All requests of a delivery have the same body and the same id.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import msgspec
from cloudevents.core.bindings.http import to_structured_event
from cloudevents.core.v1.event import CloudEvent

from iotflow.domain.alerts import Alert
from iotflow.domain.json import JsonObject
from iotflow.domain.times import Millis, format_rfc3339
from iotflow.domain.webhooks import AlertChange, Delivery, Webhook, WebhookTemplate

EVENT_TYPE_PREFIX = "org.iotflow.alert."
SECRET_PREFIX = "whsec_"  # noqa: S105  # the start of every secret, none itself
SECRET_BYTES = 32

_PRIORITIES: Final = {"info": "2", "warning": "3", "error": "4", "critical": "5"}
"""ntfy's priorities of severities: low, default, high, urgent."""
_TAGS: Final = {AlertChange.RAISED: "rotating_light", AlertChange.RESOLVED: "white_check_mark"}


@dataclass(frozen=True, slots=True)
class WebhookRequest:
    """The headers and the body of a POST to a webhook."""

    headers: Mapping[str, str]
    body: bytes


def new_secret() -> str:
    """Return a new secret of a webhook: `whsec_` and 32 random bytes in base64."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def signature(secret: str, message_id: str, timestamp_s: int, body: bytes) -> str:
    """Return the signature of a body: `v1,` and the HMAC-SHA256 of id, time and body in base64."""
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    signed = f"{message_id}.{timestamp_s}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def request_of(delivery: Delivery, webhook: Webhook, now: Millis) -> WebhookRequest:
    """Return the request of an attempt at `now`."""
    request = _BUILDERS[webhook.template](delivery)
    message_id, timestamp_s = str(delivery.id), now // 1_000
    signing = {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": signature(webhook.secret, message_id, timestamp_s, request.body),
    }
    return WebhookRequest({**request.headers, **signing}, request.body)


def alert_object(alert: Alert) -> JsonObject:
    """Return an alert as a JSON object, with the fields that the API shows."""
    times = {
        name: None if time is None else format_rfc3339(time)
        for name, time in (
            ("fired_at", alert.fired_at),
            ("created_at", alert.created_at),
            ("updated_at", alert.updated_at),
            ("acknowledged_at", alert.acknowledged_at),
            ("resolved_at", alert.resolved_at),
        )
    }
    return {
        "id": str(alert.id),
        "rule_id": alert.rule_id,
        "device_id": alert.device_id,
        "user_id": str(alert.user_id),
        "alert_type": alert.alert_type.value,
        "severity": alert.severity.value,
        "status": alert.status.value,
        "message": alert.message,
        "details": alert.details,
        "count": alert.count,
        "acknowledged_by": None if alert.acknowledged_by is None else str(alert.acknowledged_by),
        **times,
    }


def text_of(change: AlertChange, alert: JsonObject) -> str:
    """Return a change of an alert in one line, for a person."""
    severity, message = str(alert["severity"]), str(alert["message"])
    return f"{severity.upper()}: {message}" if change is AlertChange.RAISED else f"Resolved: {message}"


def _cloud_event(delivery: Delivery) -> WebhookRequest:
    attributes = {
        "id": str(delivery.id),
        "type": EVENT_TYPE_PREFIX + delivery.change,
        "source": f"/api/v1/alert-rules/{delivery.rule_id}",
        "subject": f"/api/v1/devices/{delivery.alert['device_id']}",
        "time": datetime.fromtimestamp(delivery.created_at / 1_000, UTC),
        "datacontenttype": "application/json",
    }
    message = to_structured_event(CloudEvent(attributes, {"alert": dict(delivery.alert)}))
    return WebhookRequest(message.headers, message.body)


def _ntfy(delivery: Delivery) -> WebhookRequest:
    resolved = delivery.change is AlertChange.RESOLVED
    headers = {
        "content-type": "text/plain; charset=utf-8",
        "title": f"Alert {delivery.change}: device {delivery.alert['device_id']}",
        "priority": _PRIORITIES["info" if resolved else str(delivery.alert["severity"])],
        "tags": _TAGS[delivery.change],
    }
    return WebhookRequest(headers, text_of(delivery.change, delivery.alert).encode())


def _slack(delivery: Delivery) -> WebhookRequest:
    shown = text_of(delivery.change, delivery.alert)
    escaped = shown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return WebhookRequest({"content-type": "application/json"}, msgspec.json.encode({"text": escaped}))


_BUILDERS: Final[Mapping[WebhookTemplate, Callable[[Delivery], WebhookRequest]]] = {
    WebhookTemplate.CLOUDEVENTS: _cloud_event,
    WebhookTemplate.NTFY: _ntfy,
    WebhookTemplate.SLACK: _slack,
}
