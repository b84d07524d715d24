"""URLs of PostgreSQL: their options, and the errors for what is wrong with them."""

import asyncio
import gc
import secrets
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # the driver has no types
import pytest
from sqlalchemy import text
from sqlalchemy.engine import URL, make_url

from iotflow.concurrency.circuit_breaker import MAX_FAILURES
from iotflow.domain.errors import StoreUnavailable
from iotflow.stores.sql import open_database, postgres
from tests.proxy import SSL_REQUEST_BYTES, proxied
from tests.stores.postgres import connected, raise_deadlines


async def reason(url: URL) -> str:
    """Return why the database of this URL is unavailable."""
    database = open_database(url.render_as_string(hide_password=False))
    with pytest.raises(StoreUnavailable) as caught:
        await database.ping()
    await database.close()
    assert "\n" not in str(caught.value)
    assert url.password is None or str(url.password) not in str(caught.value)
    return str(caught.value)


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    raise_deadlines(monkeypatch)


@pytest.fixture
def server(postgres_url: str) -> URL:
    return make_url(postgres_url).set(drivername="postgresql+asyncpg")


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    return create_certificate(tmp_path / "server")


@pytest.fixture
def another_certificate(tmp_path: Path) -> Path:
    return create_certificate(tmp_path / "other")


def create_certificate(directory: Path) -> Path:
    """Create a certificate for localhost, with its key beside it."""
    directory.mkdir()
    path = directory / "server.crt"
    request = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    names = ["-addext", "subjectAltName=DNS:localhost"]
    files = ["-keyout", str(path.with_suffix(".key")), "-out", str(path)]
    subprocess.run([*request, *names, *files], check=True, capture_output=True)
    return path


@asynccontextmanager
async def open_tls_proxy(server: URL, certificate: Path) -> AsyncIterator[int]:
    """Run a TLS proxy in front of the server and yield its port on localhost."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_suffix(".key"))
    async with proxied(server.host or "localhost", server.port or 5432, context) as proxy:
        yield proxy.port


async def test_a_wrong_password_is_reported_without_the_password(server: URL) -> None:
    reported = await reason(server.set(password="not the password"))
    assert reported == f'password authentication failed for user "{server.username}"'


async def test_an_unknown_user_is_reported(server: URL) -> None:
    assert '"nobody_at_all"' in await reason(server.set(username="nobody_at_all"))


async def test_an_unknown_database_is_reported(server: URL) -> None:
    assert await reason(server.set(database="no_such_database")) == 'database "no_such_database" does not exist'


async def test_a_closed_port_is_reported(server: URL) -> None:
    reported = await reason(server.set(host="127.0.0.1", port=1))
    assert reported.startswith("the server at 127.0.0.1:1: ")
    assert reported.endswith("Connection refused")


async def test_an_unknown_host_is_reported(server: URL) -> None:
    assert (await reason(server.set(host="no-such-host.invalid"))).startswith("the server at no-such-host.invalid:")


async def test_each_attempt_to_connect_reports_its_own_reason(server: URL) -> None:
    # A caller that waits for a server to start connects repeatedly.
    database = open_database(server.set(host="127.0.0.1", port=1).render_as_string(hide_password=False))
    for _ in range(MAX_FAILURES + 1):
        with pytest.raises(StoreUnavailable, match="Connection refused"):
            await database.connect()
    await database.close()


async def test_a_server_that_is_too_old_is_refused(server: URL, monkeypatch: pytest.MonkeyPatch) -> None:
    database = open_database(server.render_as_string(hide_password=False))
    await database.connect()
    monkeypatch.setattr(postgres, "OLDEST_VERSION", 99)
    with pytest.raises(StoreUnavailable, match="PostgreSQL 99 or later is needed, this one is 1"):
        await database.connect()
    await database.close()


async def test_a_cancelled_connect_leaves_no_task_and_no_connection(server: URL) -> None:
    logged: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: logged.append(context["message"]))
    name = f"cancelled-{secrets.token_hex(8)}"
    url = server.update_query_dict({"application_name": name}).render_as_string(hide_password=False)
    for turns in range(30):
        database = open_database(url)
        pinging = asyncio.create_task(database.ping())
        for _ in range(turns):
            await asyncio.sleep(0)
        pinging.cancel()
        await asyncio.wait([pinging])
        await database.close()
        assert asyncio.all_tasks() == {asyncio.current_task()}
    gc.collect()
    assert logged == []
    async with connected(server.render_as_string(hide_password=False)) as beside:
        assert await beside.fetchval("SELECT count(*) FROM pg_stat_activity WHERE application_name = $1", name) == 0


async def test_a_silent_server_is_given_up_after_the_timeout(server: URL, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "CONNECT_TIMEOUT_S", 0.3)
    async with proxied(server.host or "localhost", server.port or 5432) as proxy, asyncio.timeout(5):
        proxy.freeze()
        reported = await reason(server.set(host="127.0.0.1", port=proxy.port))
    assert "no answer" in reported


async def test_a_server_without_tls_is_reported(server: URL) -> None:
    async with open_plain(server) as port:
        reported = await reason(server.set(host="127.0.0.1", port=port).update_query_dict({"ssl": "require"}))
    assert "rejected SSL upgrade" in reported


@asynccontextmanager
async def open_plain(server: URL) -> AsyncIterator[int]:
    """Run a server that refuses TLS and yield its port."""

    ended = asyncio.Event()

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(SSL_REQUEST_BYTES)
        writer.write(b"N")
        await reader.read()
        writer.close()
        await writer.wait_closed()
        ended.set()

    listener = await asyncio.start_server(refuse, "127.0.0.1", 0)
    yield listener.sockets[0].getsockname()[1]
    await ended.wait()
    listener.close()


@pytest.mark.parametrize("option", ["ssl", "sslmode"])
async def test_a_trusted_certificate_allows_a_verified_connection(server: URL, certificate: Path, option: str) -> None:
    async with open_tls_proxy(server, certificate) as port:
        query = {option: "verify-full", "sslrootcert": str(certificate)}
        url = server.set(host="localhost", port=port).update_query_dict(query)
        database = open_database(url.render_as_string(hide_password=False))
        await database.ping()
        await database.close()


async def test_an_untrusted_certificate_is_reported(server: URL, certificate: Path, another_certificate: Path) -> None:
    async with open_tls_proxy(server, certificate) as port:
        query = {"ssl": "verify-full", "sslrootcert": str(another_certificate)}
        reported = await reason(server.set(host="localhost", port=port).update_query_dict(query))
    assert "no TLS connection: its certificate is not trusted: self-signed certificate" in reported


async def test_an_unusable_certificate_file_is_named(server: URL, certificate: Path, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no certificate")
    for option, name, fault in (
        ("sslrootcert", "none.crt", "cannot be read: No such file or directory"),
        ("sslrootcert", ".", "cannot be read: Is a directory"),
        ("sslcert", "text", "is no file in PEM"),
    ):
        query = {"ssl": "verify-full", "sslrootcert": str(certificate), option: str(tmp_path / name)}
        assert await reason(server.update_query_dict(query)) == f"{option}={tmp_path / name} {fault}"


async def test_an_unknown_ssl_mode_is_reported(server: URL) -> None:
    assert "sslmode" in await reason(server.update_query_dict({"ssl": "sometimes"}))


async def test_session_settings_in_the_query_override_the_defaults(server: URL) -> None:
    query = {"application_name": "elsewhere", "statement_timeout": "1234"}
    database = open_database(server.update_query_dict(query).render_as_string(hide_password=False))
    async with database.read() as connection:
        shown = [await connection.scalar(text(f"SHOW {name}")) for name in query]
    await database.close()
    assert shown == ["elsewhere", "1234ms"]


async def test_statements_are_prepared_once_and_reused(server: URL) -> None:
    database = open_database(server.render_as_string(hide_password=False))
    statement = text("SELECT CAST(:number AS bigint)")
    async with database.read() as connection:
        for number in range(3):
            await connection.execute(statement, {"number": number})
        driver: Any = (await connection.get_raw_connection()).driver_connection
        assert isinstance(driver, asyncpg.Connection)
        kept = await driver.fetch("SELECT * FROM pg_prepared_statements WHERE statement LIKE 'SELECT CAST%'")
        assert len(kept) == 1
    await database.close()
