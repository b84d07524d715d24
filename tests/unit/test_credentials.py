"""API keys, access tokens and personal access tokens."""

import base64
import hashlib
import re

import pytest

from iotflow.domain.credentials import (
    SHOWN_PREFIX_LENGTH,
    digest,
    is_personal_token,
    new_access_token,
    new_api_key,
    new_personal_token,
    shown_prefix,
    shown_token_prefix,
)


def test_a_key_is_a_prefix_and_32_random_bytes() -> None:
    keys = {new_api_key() for _ in range(200)}
    assert len(keys) == 200
    for key in keys:
        assert re.fullmatch(r"iot_[A-Za-z0-9_-]{43}", key)
        assert len(base64.urlsafe_b64decode(key.removeprefix("iot_") + "=")) == 32


def test_a_token_is_32_random_bytes() -> None:
    tokens = {new_access_token() for _ in range(200)}
    assert len(tokens) == 200
    for token in tokens:
        assert re.fullmatch(r"[A-Za-z0-9_-]{43}", token)
        assert len(base64.urlsafe_b64decode(token + "=")) == 32


def test_a_personal_token_is_a_prefix_and_32_random_bytes() -> None:
    tokens = {new_personal_token() for _ in range(200)}
    assert len(tokens) == 200
    for token in tokens:
        assert re.fullmatch(r"iotp_[A-Za-z0-9_-]{43}", token)
        assert is_personal_token(token)
        assert shown_token_prefix(token) == token[:11]


def test_an_access_token_never_begins_like_a_personal_one(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = iter(["iotp_" + "a" * 38, "b" * 43])
    monkeypatch.setattr("secrets.token_urlsafe", lambda _: next(drawn))
    assert new_access_token() == "b" * 43


def test_every_byte_of_a_secret_varies() -> None:
    decoded = [base64.urlsafe_b64decode(new_access_token() + "=") for _ in range(200)]
    assert all(len({secret[place] for secret in decoded}) > 50 for place in range(32))


def test_a_digest_is_the_sha_256_of_the_whole_secret() -> None:
    assert digest("iot_x") == hashlib.sha256(b"iot_x").digest()
    assert len({digest(secret) for secret in ("iot_x", "iot_y", "iot_", "x", "", "ü", "\ud800")}) == 7


def test_a_key_prefix_distinguishes_keys_and_keeps_the_secret() -> None:
    key = new_api_key()
    shown = shown_prefix(key)
    assert key.startswith(shown)
    assert len(shown) == SHOWN_PREFIX_LENGTH
    hidden_bits = 6 * (len(key) - len(shown))
    assert hidden_bits >= 128
    assert len({shown_prefix(new_api_key()) for _ in range(200)}) == 200
