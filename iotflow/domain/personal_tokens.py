"""Personal access tokens: credentials that users make for their programs, with scopes and an optional expiry."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from iotflow.domain.times import DAY_MS, Millis

MAX_PERSONAL_TOKENS = 100
"""Personal access tokens of an account, expired ones included. One for each program and host of a household or team."""
MAX_LIFETIME_MS = 3_653 * DAY_MS
"""Ten years, leap days included."""


class TokenScope(StrEnum):
    """What a personal access token permits. None implies another."""

    READ = "read"
    """All reads of the user's data."""

    WRITE = "write"
    """Changes of devices, configs and groups, and deletions of telemetry."""

    TELEMETRY = "telemetry"
    """Submissions on behalf of the user's devices."""


@dataclass(frozen=True, slots=True)
class TokenGrant:
    """What a personal access token grants to its bearer."""

    token_id: int
    scopes: frozenset[TokenScope]


@dataclass(frozen=True, slots=True)
class PersonalToken:
    """A stored personal access token. The name is unique among its user's tokens.

    `expires_at` None: never. `last_used_at` None: not used yet; it lags by the interval of the flush of uses.
    """

    id: int
    user_id: UUID
    name: str
    scopes: tuple[TokenScope, ...]
    digest: bytes
    prefix: str
    created_at: Millis
    expires_at: Millis | None
    last_used_at: Millis | None


@dataclass(frozen=True, slots=True)
class NewPersonalToken:
    """The fields of a personal access token to create. `expires_at` None: never."""

    name: str
    scopes: tuple[TokenScope, ...]
    expires_at: Millis | None


def scopes_error(scopes: Sequence[TokenScope]) -> str | None:
    """Return why a token's scopes are invalid, or None."""
    if not scopes:
        return f"a token has at least one scope, expected one or more of {', '.join(TokenScope)}"
    if len(set(scopes)) < len(scopes):
        return "a scope is listed twice"
    return None


def expiry_error(expires_at: Millis | None, now: Millis) -> str | None:
    """Return why a token's expiry is invalid, or None."""
    if expires_at is None or now < expires_at <= now + MAX_LIFETIME_MS:
        return None
    return "in the past" if expires_at <= now else "more than ten years ahead"
