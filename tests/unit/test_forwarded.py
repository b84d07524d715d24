"""The client address and scheme of a request that came through proxies."""

import logging
from collections.abc import Sequence
from ipaddress import ip_network

import pytest
from starlette.types import Receive, Scope, Send

from iotflow.api.forwarded import QUIET_S, Forwarded

PROXY = "10.0.0.1"
TRUSTED = [ip_network("10.0.0.0/8"), ip_network("2001:db8:1::/48")]


async def seen(
    *hops: str, peer: str = PROXY, other: Sequence[tuple[bytes, bytes]] = (), trusted: bool = True
) -> tuple[str, str]:
    """Return the address and scheme that the app receives."""
    found: list[tuple[str, str]] = []

    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        found.append((scope["client"][0], scope["scheme"]))

    headers = [*((b"x-forwarded-for", hop.encode()) for hop in hops), *other]
    scope = {"type": "http", "client": (peer, 5_000), "scheme": "http", "headers": headers}
    await Forwarded(app, trusted=TRUSTED if trusted else [])(scope, None, None)  # type: ignore[arg-type]
    (only,) = found
    return only


@pytest.mark.parametrize(
    ("hops", "client"),
    [
        (["203.0.113.9"], "203.0.113.9"),
        (["1.1.1.1, 203.0.113.9"], "203.0.113.9"),
        (["1.1.1.1", "203.0.113.9"], "203.0.113.9"),
        (["1.1.1.1, 203.0.113.9, 10.1.1.1"], "203.0.113.9"),
        (["203.0.113.9:4711"], "203.0.113.9"),
        (["[2001:db8::9]:4711"], "2001:db8::9"),
        (["[2001:db8::9]"], "2001:db8::9"),
        (["2001:DB8:0::9"], "2001:db8::9"),
        (["203.0.113.9, [2001:db8:1::5]:80"], "203.0.113.9"),
        (["::ffff:203.0.113.9"], "203.0.113.9"),
        (["203.0.113.9, ::ffff:10.0.0.7"], "203.0.113.9"),
        (["fe80::1%eth0"], "fe80::1"),
        (["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        (["1.1.1.1,garbage"], PROXY),
        (["unknown"], PROXY),
        ([""], PROXY),
        ([",,,"], PROXY),
        (["["], PROXY),
        (["999.1.1.1"], PROXY),
        (["x" * 60_000], PROXY),
        (["é\x00"], PROXY),
        (["203.0.113.9" + ", 10.0.0.2" * 10_000], "10.0.0.2"),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_the_rightmost_address_of_no_trusted_proxy_counts(hops: list[str], client: str) -> None:
    assert (await seen(*hops))[0] == client


async def test_a_peer_is_trusted_by_its_ipv4_address_when_it_is_mapped() -> None:
    assert (await seen("203.0.113.9", peer=f"::ffff:{PROXY}"))[0] == "203.0.113.9"


async def test_the_scheme() -> None:
    assert await seen(other=[(b"x-forwarded-proto", b"https")]) == (PROXY, "https")
    assert await seen(other=[(b"x-forwarded-proto", b"gopher")]) == (PROXY, "http")
    assert await seen(peer="192.0.2.1", other=[(b"x-forwarded-proto", b"https")]) == ("192.0.2.1", "http")


async def test_reports_of_untrusted_peers_are_ignored_and_logged_once_a_minute(
    caplog: pytest.LogCaptureFixture,
) -> None:
    now = 100.0

    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        assert scope["client"] == ("192.0.2.1", 5_000)

    forwarded = Forwarded(app, trusted=[], monotonic=lambda: now)
    with caplog.at_level(logging.WARNING):
        for name, passed_s in (
            (b"x-forwarded-for", 0.0),
            (b"x-forwarded-proto", 0.0),
            (b"forwarded", 0.0),
            (b"forwarded", QUIET_S),
        ):
            now += passed_s
            scope = {"type": "http", "client": ("192.0.2.1", 5_000), "scheme": "http", "headers": [(name, b"1.1.1.1")]}
            await forwarded(scope, None, None)  # type: ignore[arg-type]
    first, second = (record.getMessage() for record in caplog.records)
    assert first.startswith("X-Forwarded-For from 192.0.2.1: ignored")
    assert "IOTFLOW_TRUSTED_PROXIES" in first
    assert first.endswith("times=1")
    assert second.endswith("times=3")
