"""The URL of Redis."""

from pathlib import Path

import pytest

from iotflow.addresses import RedisAddress
from iotflow.urls import parse_redis_url


def test_what_a_url_leaves_out_has_a_default() -> None:
    assert parse_redis_url("redis://cache") == RedisAddress("cache", 6379, 0, None, None, "iotflow", False, None)


def test_a_url_names_everything() -> None:
    address = parse_redis_url("rediss://ada:p%40ss%2Fword@[::1]:6380/3?prefix=house-1&ca_file=/etc/ca.pem")
    assert address == RedisAddress("::1", 6380, 3, "ada", "p@ss/word", "house-1", True, Path("/etc/ca.pem"))


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://cache", "scheme"),
        ("redis://", "no host"),
        ("redis://:secret@", "no host"),
        ("redis://:secret@cache:secret", "port"),
        ("redis://:secret/word@cache", "percent-encoded"),
        ("redis://:secret@cache:70000", "port"),
        ("redis://:secret@cache/secret", "database"),
        ("redis://:secret@cache/1/2", "database"),
        ("redis://:secret@cache#secret", "database"),
        ("redis://:secret@cache?prefix={a}", "prefix"),
        ("redis://:secret@cache?prefix=", "prefix"),
        ("redis://:secret@cache?prefix=a&prefix=b", "once"),
        ("redis://:secret@cache?timeout=1", "not timeout"),
        ("redis://:secret@cache?ca_file=/etc/ca.pem", "rediss"),
    ],
)
def test_a_wrong_url_is_told_without_its_password(url: str, reason: str) -> None:
    with pytest.raises(ValueError) as refused:
        parse_redis_url(url)
    assert reason in str(refused.value)
    assert "secret" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_an_address_does_not_show_its_password() -> None:
    assert "secret" not in repr(parse_redis_url("redis://ada:secret@cache"))
