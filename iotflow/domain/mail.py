"""E-mails about alerts: the changes of an account's alerts are collected, and sent as one digest at a time."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid5

from iotflow.domain.json import JsonObject
from iotflow.domain.times import Millis
from iotflow.domain.webhooks import AlertChange

MAX_NOTICES = 1_000
"""Notices of an account that wait for its next e-mail. A further one is dropped."""
MAX_LISTED_NOTICES = 100
"""Notices that an e-mail lists. It has the number of the others."""

_NAMESPACE: Final = UUID("3f1c6b0a-5a43-4c55-8a0b-8f9a2d2f6c11")


@dataclass(frozen=True, slots=True)
class Notice:
    """A change of an alert that waits for its owner's next e-mail. `alert` is the alert as the API shows it."""

    id: UUID
    user_id: UUID
    rule_id: int
    change: AlertChange
    alert: JsonObject
    created_at: Millis


@dataclass(frozen=True, slots=True)
class Digest:
    """The notices of an account's next e-mail, in order of their creation, and the number of attempts to send it."""

    user_id: UUID
    email: str
    notices: tuple[Notice, ...]
    attempts: int


def notice_id(alert_id: UUID, change: AlertChange) -> UUID:
    """Return the id of a notice: always the same for a change of an alert."""
    return uuid5(_NAMESPACE, f"{alert_id}/{change}")
