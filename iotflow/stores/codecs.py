"""Codecs of the values that versioned caches hold."""

import sys
from typing import ClassVar, Protocol, TypeVar
from uuid import UUID

import msgspec

from iotflow.domain.alert_rules import DeviceRules
from iotflow.domain.devices import DeviceSummary
from iotflow.domain.principals import DevicePrincipal, Principal, UserPrincipal
from iotflow.domain.times import Millis

K = TypeVar("K")
V = TypeVar("V")


class EntryCodec(Protocol[K, V]):
    """A codec of one kind of cache entry: encodes, measures and expires it. `cache` names the cache in metrics."""

    cache: ClassVar[str]

    def encode_key(self, key: K) -> str:
        """Return the key as text without whitespace."""
        ...

    def decode_key(self, text: str) -> K:
        """Return the key of a text."""
        ...

    def encode(self, value: V) -> bytes:
        """Return the value as bytes."""
        ...

    def decode(self, encoded: bytes) -> V:
        """Return the value of these bytes."""
        ...

    def text_bytes(self, value: V) -> int:
        """Return the size of the value's texts and sets in memory, in bytes."""
        ...

    def user_id(self, value: V) -> UUID:
        """Return the account that the value belongs to."""
        ...

    def expires_at(self, value: V) -> Millis | None:
        """Return when the value expires; None for never."""
        ...


class _Identity(msgspec.Struct, array_like=True):
    """A principal as JSON, which has no type tags: exactly one field is set.

    The bearer of a personal access token has its own field: an earlier release, which ignores grants, would read it
    from `user` and admit it to everything that a login may do.
    """

    user: UserPrincipal | None
    device: DevicePrincipal | None
    personal: UserPrincipal | None = None


_encode = msgspec.json.Encoder().encode
_decode_identity = msgspec.json.Decoder(_Identity).decode
_decode_rules = msgspec.json.Decoder(DeviceRules).decode
_decode_device = msgspec.json.Decoder(DeviceSummary).decode


class IdentityCodec:
    """The codec of principals, keyed by the digest of their token or key."""

    cache: ClassVar[str] = "identities"

    def encode_key(self, key: bytes) -> str:
        return key.hex()

    def decode_key(self, text: str) -> bytes:
        return bytes.fromhex(text)

    def encode(self, value: Principal) -> bytes:
        match value:
            case UserPrincipal(grant=None):
                return _encode(_Identity(value, None))
            case UserPrincipal():
                return _encode(_Identity(None, None, value))
            case DevicePrincipal():
                return _encode(_Identity(None, value))

    def decode(self, encoded: bytes) -> Principal:
        identity = _decode_identity(encoded)
        principal = identity.user or identity.device or identity.personal
        if principal is None:
            raise ValueError("cache entry: it holds no principal")
        return principal

    def text_bytes(self, value: Principal) -> int:
        if isinstance(value, UserPrincipal):
            scopes = 0 if value.grant is None else sys.getsizeof(value.grant.scopes)
            return sys.getsizeof(value.username) + scopes
        return _device_text_bytes(value.device)

    def user_id(self, value: Principal) -> UUID:
        return value.user_id

    def expires_at(self, value: Principal) -> Millis | None:
        return value.expires_at


class DeviceCodec:
    """The codec of device summaries, keyed by device id."""

    cache: ClassVar[str] = "devices"

    def encode_key(self, key: int) -> str:
        return str(key)

    def decode_key(self, text: str) -> int:
        return int(text)

    def encode(self, value: DeviceSummary) -> bytes:
        return _encode(value)

    def decode(self, encoded: bytes) -> DeviceSummary:
        return _decode_device(encoded)

    def text_bytes(self, value: DeviceSummary) -> int:
        return _device_text_bytes(value)

    def user_id(self, value: DeviceSummary) -> UUID:
        return value.user_id

    def expires_at(self, value: DeviceSummary) -> Millis | None:
        return None


RULE_BYTES = 1_000
"""A rule without its texts: its fields, its condition and their slots."""


class DeviceRulesCodec:
    """The codec of the rules of a device, keyed by device id. They are cached also when there are none."""

    cache: ClassVar[str] = "alert_rules"

    def encode_key(self, key: int) -> str:
        return str(key)

    def decode_key(self, text: str) -> int:
        return int(text)

    def encode(self, value: DeviceRules) -> bytes:
        return _encode(value)

    def decode(self, encoded: bytes) -> DeviceRules:
        return _decode_rules(encoded)

    def text_bytes(self, value: DeviceRules) -> int:
        return sum(RULE_BYTES + sys.getsizeof(rule.name) + len(_encode(rule.condition)) for rule in value.rules)

    def user_id(self, value: DeviceRules) -> UUID:
        return value.user_id

    def expires_at(self, value: DeviceRules) -> Millis | None:
        return None


def _device_text_bytes(device: DeviceSummary) -> int:
    return sys.getsizeof(device.name) + sys.getsizeof(device.device_type)
