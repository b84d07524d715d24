"""Limits shared by the clients of a worker, and the connection limit by file descriptors."""

from ipaddress import ip_network

import pytest

from iotflow.server.descriptors import connection_limit
from iotflow.server.limits import Allocation, SharedLimit, WorkerLimits


def test_a_limit_names_itself_and_its_value() -> None:
    limit = SharedLimit("open doors", 4, 1 / 2)
    limit.acquire("a", 2)
    assert limit.refusal_for("a") == "open doors: at most 2 of one client at a time; try again later"
    assert limit.refusal_for("b", 2) is None
    limit.acquire("b", 2)
    assert limit.refusal_for("c") == "open doors: at most 4 at a time; try again later"
    limit.release("a", 2)
    assert limit.refusal_for("a", 2) is None


def test_a_trusted_proxy_has_no_limit_per_client() -> None:
    limit = SharedLimit("open doors", 4, 1 / 4)
    limit.acquire(None, 3)
    assert limit.refusal_for(None) is None
    limit.acquire(None)
    assert "at most 4" in (limit.refusal_for(None) or "")


def test_an_allocation_counts_beyond_its_free_units() -> None:
    limit = SharedLimit("bytes", 100, 1 / 2)
    holding = Allocation(limit, "a", free=10)
    assert holding.grow(10) is None
    assert limit.refusal_for("a", 50) is None
    assert holding.grow(50) is None
    assert limit.refusal_for("a") is not None
    assert holding.grow(1) is not None
    holding.shrink(40)
    assert limit.refusal_for("a", 20) is None
    assert limit.refusal_for("a", 21) is not None
    holding.shrink(0)
    holding.shrink(0)
    assert limit.refusal_for("a", 50) is None
    assert holding.grow(60) is None


def test_an_address_counts_as_its_client_network() -> None:
    trusted = [ip_network("10.0.0.0/8"), ip_network("2001:db8:1::/48")]
    limits = WorkerLimits(connections=1, requests=1, largest_body=1, trusted_proxies=trusted)
    assert limits.client("10.1.2.3") is None
    assert limits.client("2001:db8:1::1") is None
    assert limits.client("192.0.2.1") == limits.client("::ffff:192.0.2.1") == "192.0.2.1"
    assert limits.client("2001:db8:2::1") == limits.client("2001:db8:2::2") == "2001:db8:2::/64"
    assert limits.client("") == ""


@pytest.mark.parametrize(
    ("descriptors", "wanted", "expected"), [(1_024, 0, 768), (20_000, 0, 15_000), (2**20, 0, 16_384), (1_024, 700, 700)]
)
def test_connections_leave_descriptors_to_others(descriptors: int, wanted: int, expected: int) -> None:
    assert connection_limit(descriptors, wanted) == expected


def test_more_connections_than_descriptors_are_refused() -> None:
    with pytest.raises(ValueError, match="1,024 file descriptors allow 768 connections"):
        connection_limit(1_024, 769)
