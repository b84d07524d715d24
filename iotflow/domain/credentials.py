"""API keys and access tokens: 256 random bits each, stored only as a SHA-256 digest.

A digest without salt or key stretching suffices for a random secret of this size (the OWASP Password Storage Cheat
Sheet covers secrets that people choose), and a look-up is one index probe.
"""

import hashlib
import secrets

KEY_PREFIX = "iot_"
SHOWN_PREFIX_LENGTH = 12


def new_api_key() -> str:
    """Return a new API key for a device: `iot_` and 32 random bytes, URL safe."""
    return KEY_PREFIX + secrets.token_urlsafe(32)


def new_access_token() -> str:
    """Return a new access token for a user: 32 random bytes, URL safe."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> bytes:
    """Return the digest under which a secret is stored: 32 bytes."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def shown_prefix(key: str) -> str:
    """Return the part of an API key that may be shown, by which its owner can distinguish keys."""
    return key[:SHOWN_PREFIX_LENGTH]
