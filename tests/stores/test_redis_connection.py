"""The reasons why Redis cannot be used, each in one line."""

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from iotflow.addresses import RedisAddress
from iotflow.clock import SystemClock
from iotflow.domain.errors import StoreUnavailable
from iotflow.repositories.cache import Miss
from iotflow.stores.redis import client
from iotflow.stores.redis.cache import RedisCache, open_redis
from iotflow.urls import parse_redis_url
from tests.contracts.versioned_cache import device, fill
from tests.processes import free_port
from tests.stores.redis_server import RedisServer, require

PASSWORD = "a/secret password"


async def refusal(address: RedisAddress) -> str:
    """Return why Redis cannot be used; empty if it can be used."""
    reason = ""
    try:
        await RedisCache(address, SystemClock(), 30).connect()
    except StoreUnavailable as error:
        reason = str(error)
    assert PASSWORD not in reason
    assert "\n" not in reason
    return reason


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[RedisServer]:
    """A server that requires a password."""
    require()
    with RedisServer(tmp_path, ["--requirepass", PASSWORD]) as server:
        yield server


async def test_a_password_is_required_and_never_shown(guarded: RedisServer) -> None:
    address = parse_redis_url(guarded.url)
    assert await refusal(replace(address, password=PASSWORD)) == ""
    assert await refusal(replace(address, password=PASSWORD, username="default")) == ""
    for wrong in (address, replace(address, password="wrong"), replace(address, username="ada", password=PASSWORD)):
        assert "refuses the user name or the password" in await refusal(wrong)


async def test_a_missing_database_is_reported(guarded: RedisServer) -> None:
    address = replace(parse_redis_url(guarded.url), password=PASSWORD)
    assert await refusal(replace(address, database=15)) == ""
    assert "has no database 16" in await refusal(replace(address, database=16))


async def test_a_missing_server_is_reported() -> None:
    port = free_port()
    reason = await refusal(parse_redis_url(f"redis://127.0.0.1:{port}"))
    assert reason == f"Redis at 127.0.0.1:{port} does not answer: Connection refused"
    reason = await refusal(parse_redis_url("redis://no.such.invalid"))
    assert reason == "Redis at no.such.invalid:6379 does not answer: Name or service not known"


async def test_a_mere_connection_leaves_the_entries_of_others_valid(guarded: RedisServer) -> None:
    address = replace(parse_redis_url(guarded.url), password=PASSWORD)
    async with open_redis(address, SystemClock(), 30) as cache:
        principal = device()
        await fill(cache.identity_cache, principal)
        visitor = RedisCache(address, SystemClock(), 30)
        await visitor.connect()
        await visitor.ping()
        await visitor.close()
        # Otherwise the local cache of the process would serve it.
        cache.identity_cache.clear_local()
        assert await cache.identity_cache.get(principal.digest) == principal


async def test_a_server_that_is_too_old_is_reported(guarded: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "OLDEST_VERSION", 99)
    address = replace(parse_redis_url(guarded.url), password=PASSWORD)
    assert "Redis 99 or later is needed, this one is " in await refusal(address)


async def test_a_server_that_never_replies_is_reported(guarded: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("iotflow.stores.redis.cache.CONNECT_DEADLINE_S", 0.3)
    guarded.pause()
    address = replace(parse_redis_url(guarded.url), password=PASSWORD)
    assert "does not answer within 0.3 s" in await refusal(address)
    guarded.unpause()


async def test_a_certificate_is_verified(tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    ca_file = _certificates(tmp_path)
    stranger = tmp_path / "stranger"
    stranger.mkdir()
    other_ca = _certificates(stranger)
    require()
    server = RedisServer(tmp_path, plain=False)
    server.add("--tls-port", str(server.port), "--tls-cert-file", "server.pem", "--tls-key-file", "server.key")
    server.add("--tls-ca-cert-file", "ca.pem", "--tls-auth-clients", "no")
    with server:
        address = parse_redis_url(f"rediss://127.0.0.1:{server.port}?ca_file={ca_file}")
        assert await refusal(address) == ""
        assert "is not trusted" in await refusal(replace(address, ca_file=None))
        assert "is not trusted" in await refusal(replace(address, ca_file=other_ca))
        assert "is not trusted" in await refusal(replace(address, host="localhost")), (
            "the certificate is for another name"
        )
        assert "does not answer" in await refusal(replace(address, tls=False, ca_file=None))
        assert "cannot be read" in await refusal(replace(address, ca_file=tmp_path / "none.pem"))
        async with open_redis(address, SystemClock(), 30) as cache:
            principal = device()
            await fill(cache.identity_cache, principal)
            await cache.identity_cache.invalidate([principal.digest])
            assert isinstance(await cache.identity_cache.get(principal.digest), Miss)


def _certificates(directory: Path) -> Path:
    """Create a certificate for 127.0.0.1 and return the certificate of its authority."""

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=directory, check=True, capture_output=True)

    new = ("req", "-newkey", "rsa:2048", "-nodes", "-subj")
    # From Python 3.13 on, certificates must state their usage and issuer (RFC 5280).
    of_authority = ("-x509", "-days", "2", "-addext", "keyUsage=critical,keyCertSign,cRLSign")
    openssl(*new, "/CN=authority", *of_authority, "-keyout", "ca.key", "-out", "ca.pem")
    openssl(*new, "/CN=server", "-keyout", "server.key", "-out", "server.csr")
    (directory / "names").write_text("subjectAltName=IP:127.0.0.1\nauthorityKeyIdentifier=keyid\n")
    signed = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "names")
    openssl("x509", "-req", "-in", "server.csr", *signed, "-out", "server.pem")
    return directory / "ca.pem"
