"""What clients may hold at a time, and how many connections descriptors allow."""

from ipaddress import ip_network

import pytest

from iotflow.server.admission import Admission, Holding, SharedLimit
from iotflow.server.descriptors import connections


def test_a_limit_names_itself_and_its_value() -> None:
    limit = SharedLimit("open doors", 4, 1 / 2)
    limit.take("a", 2)
    assert limit.refuses("a") == "open doors: at most 2 of one client at a time; try again later"
    assert limit.refuses("b", 2) is None
    limit.take("b", 2)
    assert limit.refuses("c") == "open doors: at most 4 at a time; try again later"
    limit.give_back("a", 2)
    assert limit.refuses("a", 2) is None


def test_a_trusted_proxy_has_no_share() -> None:
    limit = SharedLimit("open doors", 4, 1 / 4)
    limit.take(None, 3)
    assert limit.refuses(None) is None
    limit.take(None)
    assert "at most 4" in (limit.refuses(None) or "")


def test_a_holding_counts_what_is_beyond_its_free_part() -> None:
    limit = SharedLimit("bytes", 100, 1 / 2)
    holding = Holding(limit, "a", free=10)
    assert holding.grow(10) is None
    assert limit.refuses("a", 50) is None
    assert holding.grow(50) is None
    assert limit.refuses("a") is not None
    assert holding.grow(1) is not None
    holding.shrink(40)
    assert limit.refuses("a", 20) is None
    assert limit.refuses("a", 21) is not None
    holding.shrink(0)
    holding.shrink(0)
    assert limit.refuses("a", 50) is None
    assert holding.grow(60) is None


def test_whose_share_a_connection_counts_to() -> None:
    trusted = [ip_network("10.0.0.0/8"), ip_network("2001:db8:1::/48")]
    admission = Admission(connections=1, requests=1, largest_body=1, trusted_proxies=trusted)
    assert admission.client("10.1.2.3") is None
    assert admission.client("2001:db8:1::1") is None
    assert admission.client("192.0.2.1") == admission.client("::ffff:192.0.2.1") == "192.0.2.1"
    assert admission.client("2001:db8:2::1") == admission.client("2001:db8:2::2") == "2001:db8:2::/64"
    assert admission.client("") == ""


@pytest.mark.parametrize(
    ("descriptors", "wanted", "expected"), [(1_024, 0, 768), (20_000, 0, 15_000), (2**20, 0, 16_384), (1_024, 700, 700)]
)
def test_connections_leave_descriptors_to_others(descriptors: int, wanted: int, expected: int) -> None:
    assert connections(descriptors, wanted) == expected


def test_more_connections_than_descriptors_are_refused() -> None:
    with pytest.raises(ValueError, match="1,024 file descriptors are enough for 768 connections"):
        connections(1_024, 769)
