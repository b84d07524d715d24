"""Webhooks: addresses of an account that receive its alerts, and the rules of their deliveries."""

import random
import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypedDict
from urllib.parse import urlsplit
from uuid import UUID, uuid5

from iotflow.domain.json import JsonObject
from iotflow.domain.times import DAY_MS, Millis

MAX_URL_LENGTH = 2_048
MAX_WEBHOOKS_PER_ACCOUNT = 100
MAX_WAITING_DELIVERIES = 10_000
"""Deliveries of an account that wait. A further one is dropped."""
MAX_FINISHED_DELIVERIES = 1_000
"""Delivered and dead deliveries of an account that are kept, the newest."""
FINISHED_LIFETIME_MS = 30 * DAY_MS
MAX_ATTEMPTS = 20
"""Attempts of a delivery. With the waits between them they take 27 hours on average, at most 53."""
FIRST_RETRY_MS = 10_000
MAX_RETRY_MS = 6 * 3_600_000

URL_PATTERN: Final = (
    r"https?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?([/?][A-Za-z0-9._~:/?@!$&'()*+,;=%\[\]-]*)?"
)
"""A URL without credentials and fragment (RFC 3986, in ASCII), whose host all parsers read alike."""

_NAMESPACE: Final = UUID("b0b3ce5a-51a6-4b2c-9a34-1d5f3a4b7c02")


class WebhookTemplate(StrEnum):
    """The form of the requests to a webhook."""

    CLOUDEVENTS = "cloudevents"
    NTFY = "ntfy"
    SLACK = "slack"


class AlertChange(StrEnum):
    """The change of an alert that is sent."""

    RAISED = "raised"
    RESOLVED = "resolved"


class DeliveryStatus(StrEnum):
    """The place of a delivery in its life cycle."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"
    """All attempts failed."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """A webhook. `secret` signs its requests and is shown once, so it is stored as it is and left out of `repr`."""

    id: int
    user_id: UUID
    url: str = field(repr=False)
    template: WebhookTemplate
    secret: str = field(repr=False)
    created_at: Millis
    updated_at: Millis

    @property
    def host(self) -> str:
        """The host of the URL, by which deliveries in flight are bounded."""
        return host_of(self.url)


class WebhookChange(TypedDict, total=False):
    """New values of a webhook's fields. An absent field keeps its value."""

    url: str
    template: WebhookTemplate
    secret: str


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """A change of an alert to deliver to a webhook. `alert` is the alert as the API shows it."""

    id: UUID
    user_id: UUID
    webhook_id: int
    rule_id: int
    alert_id: UUID
    change: AlertChange
    alert: JsonObject
    created_at: Millis


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery(NewDelivery):
    """A stored delivery. `due_at` is None once it is finished, `finished_at` until then."""

    status: DeliveryStatus
    attempts: int
    due_at: Millis | None
    finished_at: Millis | None
    response_status: int | None
    """The HTTP status of the last attempt's answer; None without one."""
    error: str | None
    """Why the last attempt failed."""


def host_of(url: str) -> str:
    """Return the host of a valid URL in lower case, an IPv6 address without brackets."""
    return urlsplit(url).hostname or ""


def url_error(url: str) -> str | None:
    """Return why a webhook's URL is invalid, or None."""
    if len(url) > MAX_URL_LENGTH:
        return f"a URL has at most {MAX_URL_LENGTH:,} characters, this one has {len(url):,}"
    match = re.fullmatch(URL_PATTERN, url)
    if match is None:
        return "expected http://HOST/PATH or https://HOST/PATH in ASCII, without credentials and fragment"
    if match[2] is not None and not 0 < int(match[2][1:]) < 65_536:
        return f"the port {match[2][1:]} is not from 1 to 65535"
    return None


def delivery_id(webhook_id: int, alert_id: UUID, change: AlertChange) -> UUID:
    """Return the id of a delivery: always the same for a webhook and a change of an alert."""
    return uuid5(_NAMESPACE, f"{webhook_id}/{alert_id}/{change}")


def retry_delay_ms(attempts: int) -> int:
    """Return the wait after the last of some failed attempts: exponential backoff with full jitter.

    Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
    """
    longest = min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** min(attempts - 1, 20))
    return random.randint(1, longest)  # noqa: S311  # spreads load, no secret
