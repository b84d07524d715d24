"""User accounts and their credentials."""

import re
from dataclasses import dataclass
from typing import TypedDict
from uuid import UUID

from iotflow.domain.json import JsonObject, holds_null_character, nesting_error, size_error
from iotflow.domain.telemetry import NULL_CHARACTER_ERROR
from iotflow.domain.times import Millis

USERNAME = "[A-Za-z0-9._-]+"
"""The regular expression of a username."""
MIN_USERNAME_LENGTH, MAX_USERNAME_LENGTH = 3, 64

_LABEL = "[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
EMAIL = rf"[a-zA-Z0-9.!#$%&'*+/=?^_`{{|}}~-]+@{_LABEL}(?:\.{_LABEL})*"
"""The regular expression of an email address.

It is the rule of HTML's e-mail input (https://html.spec.whatwg.org/#valid-e-mail-address): the addresses that browsers
accept, and those of a home network.
"""
MAX_EMAIL_LENGTH = 254

MAX_PREFERENCES_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class User:
    """An account. Names and addresses are unique without regard to case (`str.casefold`).

    `last_login` is None before the first login.
    """

    user_id: UUID
    username: str
    email: str
    is_active: bool
    is_admin: bool
    created_at: Millis
    updated_at: Millis
    last_login: Millis | None


@dataclass(frozen=True, slots=True)
class UserCredentials:
    """A user with the Argon2 hash of the password. The hash never leaves the service."""

    user: User
    password_hash: str


class UserChange(TypedDict, total=False):
    """New values of a user's fields. An absent field keeps its value."""

    username: str
    email: str
    password_hash: str
    is_active: bool
    is_admin: bool


def username_error(username: str) -> str | None:
    """Return why a username is invalid, or None."""
    if not MIN_USERNAME_LENGTH <= len(username) <= MAX_USERNAME_LENGTH:
        return f"a username has {MIN_USERNAME_LENGTH} to {MAX_USERNAME_LENGTH} characters, this one has {len(username)}"
    if not re.fullmatch(USERNAME, username):
        return "a username has only the letters A to Z in both cases, digits, dots, underscores and hyphens"
    return None


def email_error(email: str) -> str | None:
    """Return why an email address is invalid, or None."""
    if len(email) > MAX_EMAIL_LENGTH:
        return f"an email address has at most {MAX_EMAIL_LENGTH} characters, this one has {len(email)}"
    if not email.isascii():
        return "an email address with letters other than A to Z is not supported, expected one such as ada@example.org"
    return None if re.fullmatch(EMAIL, email) else "expected an email address, such as ada@example.org"


def preferences_error(preferences: JsonObject) -> str | None:
    """Return why a user's preferences are invalid, or None."""
    if error := size_error(preferences, "preferences", MAX_PREFERENCES_BYTES) or nesting_error(preferences):
        return error
    return NULL_CHARACTER_ERROR if holds_null_character(preferences) else None
