"""API keys, access tokens and personal access tokens: 256 random bits each, stored only as a SHA-256 digest.

A digest without salt or key stretching suffices for a random secret of this size (the OWASP Password Storage Cheat
Sheet covers secrets that people choose), and a look-up is one index probe.
"""

import hashlib
import secrets

KEY_PREFIX = "iot_"
SHOWN_PREFIX_LENGTH = 12
PERSONAL_TOKEN_PREFIX = "iotp_"  # noqa: S105  # the start of every token, no secret
SHOWN_TOKEN_LENGTH = len(PERSONAL_TOKEN_PREFIX) + 6


def new_api_key() -> str:
    """Return a new API key for a device: `iot_` and 32 random bytes, URL safe."""
    return KEY_PREFIX + secrets.token_urlsafe(32)


def new_access_token() -> str:
    """Return a new access token for a user: 32 random bytes, URL safe."""
    token = secrets.token_urlsafe(32)
    # One in 2**30 begins like a personal access token, and would be looked up among those.
    return new_access_token() if is_personal_token(token) else token


def new_personal_token() -> str:
    """Return a new personal access token: `iotp_` and 32 random bytes, URL safe."""
    return PERSONAL_TOKEN_PREFIX + secrets.token_urlsafe(32)


def is_personal_token(token: str) -> bool:
    """Return whether a bearer token has the form of a personal access token."""
    return token.startswith(PERSONAL_TOKEN_PREFIX)


def digest(secret: str) -> bytes:
    """Return the digest under which a secret is stored: 32 bytes."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def shown_prefix(key: str) -> str:
    """Return the part of an API key that may be shown, by which its owner can distinguish keys."""
    return key[:SHOWN_PREFIX_LENGTH]


def shown_token_prefix(token: str) -> str:
    """Return the part of a personal access token that may be shown: `iotp_` and 6 characters."""
    return token[:SHOWN_TOKEN_LENGTH]
