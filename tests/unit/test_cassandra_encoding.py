"""Ids of schemas, TTLs in whole seconds and not after 2038-01-19, and the supported versions."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotflow.domain.telemetry import expiry
from iotflow.domain.times import DAY_MS, Micros, Millis
from iotflow.stores.cassandra.driver import version_error
from iotflow.stores.cassandra.encoding import (
    NO_EXPIRY,
    expiry_of,
    retention_error,
    schema_id_of,
    ttl_s,
)
from tests.contracts.telemetry.base import at

NOW = at("2028-01-22 03:14:06")


@pytest.mark.parametrize("days", [0, 1, 90, 3_649])
def test_retentions_that_end_before_the_last_expiry_are_accepted(days: int) -> None:
    assert retention_error(days, NOW) is None


def test_a_retention_that_ends_after_the_last_expiry_is_refused_with_the_longest_allowed() -> None:
    error = retention_error(3_650, NOW)
    assert error is not None
    assert "2038-01-19" in error
    assert "at most 3649 days" in error
    assert retention_error(3_649, NOW) is None


def test_only_unlimited_retention_is_accepted_just_before_the_last_expiry() -> None:
    assert "at most 0 days" in (retention_error(1, at("2038-01-19 03:00:00")) or "")
    assert retention_error(0, at("2038-01-19 03:00:00")) is None


@given(
    received=st.integers(0, 2**60),
    days=st.integers(1, 3_650),
    passed_us=st.integers(0, 3_650 * DAY_MS * 1_000),
    drift_s=st.integers(-2, 2),
)
def test_the_expiry_is_computed_from_the_remaining_ttl(received: int, days: int, passed_us: int, drift_s: int) -> None:
    now = Millis((received + passed_us) // 1_000)
    ttl = ttl_s(Micros(received), days, now)
    expires = expiry(Micros(received), days)
    assert expires is not None
    if ttl is None:
        assert expires <= now * 1_000
    else:
        assert 0 < ttl * 1_000_000 - (expires - now * 1_000) < 1_000_000 or ttl * 1_000_000 == expires - now * 1_000
        assert expiry_of(Micros(received), ttl + drift_s, now) == expires


def test_a_retention_of_0_days_sets_no_ttl() -> None:
    assert ttl_s(Micros(5), 0, NOW) == NO_EXPIRY
    assert expiry_of(Micros(5), math.inf, NOW) is None


@pytest.mark.parametrize("version", ["5.0.8", "5.0-beta1", "5.1", "10.0.0"])
def test_supported_versions(version: str) -> None:
    assert version_error(version) is None


@pytest.mark.parametrize("version", ["4.1.9", "3.11.4", "4.9", "?"])
def test_older_versions_are_refused_with_the_oldest_supported_one(version: str) -> None:
    assert version_error(version) == f"the server is Cassandra {version}; expected 5.0 or later"


def test_the_id_of_a_schema_is_one_of_64_bits_that_never_changes() -> None:
    assert schema_id_of(("humidity", "temperature")) == -6431645876619084855
    ids = {schema_id_of((f"n{i}",)) for i in range(10_000)}
    assert len(ids) == 10_000
    assert min(ids) >= -(2**63)
    assert max(ids) < 2**63
