"""Why Redis cannot be used, in a line; and that it can."""

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from iotflow.clock import SystemClock
from iotflow.domain.errors import StoreUnavailable
from iotflow.repositories.principal_cache import PrincipalMiss
from iotflow.stores.redis import connection
from iotflow.stores.redis.address import RedisAddress, parse_address
from iotflow.stores.redis.cache import RedisCache, open_redis
from tests.contracts.principal_cache import device, fill
from tests.processes import free_port
from tests.stores.redis_server import RedisServer, require

PASSWORD = "no/one knows"


async def refusal(address: RedisAddress) -> str:
    """Why it cannot be used; empty when it can."""
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
    """A server that asks for a password."""
    require()
    with RedisServer(tmp_path, ["--requirepass", PASSWORD]) as server:
        yield server


async def test_a_password_is_asked_for_and_told_to_nobody(guarded: RedisServer) -> None:
    address = parse_address(guarded.url)
    assert await refusal(replace(address, password=PASSWORD)) == ""
    assert await refusal(replace(address, password=PASSWORD, username="default")) == ""
    for wrong in (address, replace(address, password="wrong"), replace(address, username="ada", password=PASSWORD)):
        assert "refuses the user name or the password" in await refusal(wrong)


async def test_a_database_that_is_not_there_is_told(guarded: RedisServer) -> None:
    address = replace(parse_address(guarded.url), password=PASSWORD)
    assert await refusal(replace(address, database=15)) == ""
    assert "has no database 16" in await refusal(replace(address, database=16))


async def test_a_server_that_is_not_there_is_told() -> None:
    port = free_port()
    said = await refusal(parse_address(f"redis://127.0.0.1:{port}"))
    assert said == f"Redis at 127.0.0.1:{port} does not answer: Connection refused"
    said = await refusal(parse_address("redis://no.such.invalid"))
    assert said == "Redis at no.such.invalid:6379 does not answer: Name or service not known"


async def test_whoever_only_looks_leaves_the_entries_of_others_valid(guarded: RedisServer) -> None:
    address = replace(parse_address(guarded.url), password=PASSWORD)
    async with open_redis(address, SystemClock(), 30) as cache:
        principal = device()
        await fill(cache.principals, principal)
        visitor = RedisCache(address, SystemClock(), 30)
        await visitor.connect()
        await visitor.ping()
        await visitor.close()
        # What the process knows itself is not asked for.
        cache.principals.forget_all()
        assert await cache.principals.get(principal.credential) == principal


async def test_a_server_that_is_too_old_is_told(guarded: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "OLDEST_VERSION", 99)
    address = replace(parse_address(guarded.url), password=PASSWORD)
    assert "Redis 99 or later is needed, this one is " in await refusal(address)


async def test_a_server_that_never_answers_is_told(guarded: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("iotflow.stores.redis.cache.CONNECT_DEADLINE_S", 0.3)
    guarded.pause()
    address = replace(parse_address(guarded.url), password=PASSWORD)
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
        address = parse_address(f"rediss://127.0.0.1:{server.port}?ca_file={ca_file}")
        assert await refusal(address) == ""
        assert "is not trusted" in await refusal(replace(address, ca_file=None))
        assert "is not trusted" in await refusal(replace(address, ca_file=other_ca))
        assert "is not trusted" in await refusal(replace(address, host="localhost")), "the name is another one"
        assert "does not answer" in await refusal(replace(address, tls=False, ca_file=None))
        assert "cannot be read" in await refusal(replace(address, ca_file=tmp_path / "none.pem"))
        async with open_redis(address, SystemClock(), 30) as cache:
            principal = device()
            await fill(cache.principals, principal)
            await cache.principals.invalidate([principal.credential])
            assert isinstance(await cache.principals.get(principal.credential), PrincipalMiss)


def _certificates(directory: Path) -> Path:
    """Make a server's certificate for 127.0.0.1 and its authority's, and give the latter."""

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=directory, check=True, capture_output=True)

    new = ("req", "-newkey", "rsa:2048", "-nodes", "-subj")
    # From Python 3.13 on, certificates must say what they are for and who has signed them (RFC 5280).
    of_authority = ("-x509", "-days", "2", "-addext", "keyUsage=critical,keyCertSign,cRLSign")
    openssl(*new, "/CN=authority", *of_authority, "-keyout", "ca.key", "-out", "ca.pem")
    openssl(*new, "/CN=server", "-keyout", "server.key", "-out", "server.csr")
    (directory / "names").write_text("subjectAltName=IP:127.0.0.1\nauthorityKeyIdentifier=keyid\n")
    signed = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "names")
    openssl("x509", "-req", "-in", "server.csr", *signed, "-out", "server.pem")
    return directory / "ca.pem"
