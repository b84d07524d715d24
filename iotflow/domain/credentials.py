"""API keys and access tokens: 256 random bits, kept only as a SHA-256 digest.

A digest without salt or stretching is enough for a secret that nobody can guess (OWASP Password Storage Cheat Sheet
speaks of secrets that people choose); it makes the look-up one index probe.
"""

import hashlib
import secrets

KEY_PREFIX = "iot_"
SHOWN_PREFIX_LENGTH = 12
MAX_SECRET_LENGTH = 512


def new_api_key() -> str:
    """A device's key: `iot_` and 32 random bytes, URL safe."""
    return KEY_PREFIX + secrets.token_urlsafe(32)


def new_access_token() -> str:
    """A user's token: 32 random bytes, URL safe."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> bytes:
    """What is stored of a secret."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def device_reference(device_id: int) -> bytes:
    """What a device is remembered by where others go by a digest. Of another length, so that no secret leads to it."""
    return device_id.to_bytes(8, "big")


def shown_prefix(key: str) -> str:
    """The part of a key that may be shown, so that its owner can tell keys apart."""
    return key[:SHOWN_PREFIX_LENGTH]
