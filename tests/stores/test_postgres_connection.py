"""What a URL of PostgreSQL asks for, and how it is said what is wrong with it."""

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

from iotflow.circuit_breaker import FAILURES
from iotflow.domain.errors import StoreUnavailable
from iotflow.stores.sql import postgres
from iotflow.stores.sql.dialect import open_database
from tests.proxy import SSL_REQUEST_BYTES, proxied
from tests.stores.postgres import be_patient, connected


async def reason(url: URL) -> str:
    """Why the database of this URL cannot be used."""
    database = open_database(url.render_as_string(hide_password=False))
    with pytest.raises(StoreUnavailable) as caught:
        await database.ping()
    await database.close()
    assert "\n" not in str(caught.value)
    assert url.password is None or str(url.password) not in str(caught.value)
    return str(caught.value)


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    be_patient(monkeypatch)


@pytest.fixture
def server(postgres_url: str) -> URL:
    return make_url(postgres_url).set(drivername="postgresql+asyncpg")


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    return certified(tmp_path / "server")


@pytest.fixture
def another_certificate(tmp_path: Path) -> Path:
    return certified(tmp_path / "other")


def certified(directory: Path) -> Path:
    """A certificate for localhost, its key beside it."""
    directory.mkdir()
    path = directory / "server.crt"
    request = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    names = ["-addext", "subjectAltName=DNS:localhost"]
    files = ["-keyout", str(path.with_suffix(".key")), "-out", str(path)]
    subprocess.run([*request, *names, *files], check=True, capture_output=True)
    return path


@asynccontextmanager
async def secured(server: URL, certificate: Path) -> AsyncIterator[int]:
    """The port, on localhost, of a proxy that speaks TLS in front of the server."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_suffix(".key"))
    async with proxied(server.host or "localhost", server.port or 5432, context) as proxy:
        yield proxy.port


async def test_a_wrong_password_is_told_without_it(server: URL) -> None:
    said = await reason(server.set(password="not the password"))
    assert said == f'password authentication failed for user "{server.username}"'


async def test_an_unknown_user_is_told(server: URL) -> None:
    assert '"nobody_at_all"' in await reason(server.set(username="nobody_at_all"))


async def test_an_unknown_database_is_told(server: URL) -> None:
    assert await reason(server.set(database="no_such_database")) == 'database "no_such_database" does not exist'


async def test_a_port_where_nobody_listens_is_told(server: URL) -> None:
    said = await reason(server.set(host="127.0.0.1", port=1))
    assert said.startswith("the server at 127.0.0.1:1: ")
    assert said.endswith("Connection refused")


async def test_a_host_that_does_not_exist_is_told(server: URL) -> None:
    assert (await reason(server.set(host="no-such-host.invalid"))).startswith("the server at no-such-host.invalid:")


async def test_each_attempt_to_connect_tells_its_own_reason(server: URL) -> None:
    # Who waits for a server that is starting tries often.
    database = open_database(server.set(host="127.0.0.1", port=1).render_as_string(hide_password=False))
    for _ in range(FAILURES + 1):
        with pytest.raises(StoreUnavailable, match="Connection refused"):
            await database.connect()
    await database.close()


async def test_a_server_that_is_too_old_is_told(server: URL, monkeypatch: pytest.MonkeyPatch) -> None:
    database = open_database(server.render_as_string(hide_password=False))
    await database.connect()
    monkeypatch.setattr(postgres, "OLDEST_VERSION", 99)
    with pytest.raises(StoreUnavailable, match="PostgreSQL 99 or later is needed, this one is 1"):
        await database.connect()
    await database.close()


async def test_whoever_is_cancelled_while_connecting_leaves_nothing_behind(server: URL) -> None:
    told: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context["message"]))
    name = f"cancelled-{secrets.token_hex(8)}"
    url = server.update_query_dict({"application_name": name}).render_as_string(hide_password=False)
    for turns in range(30):
        database = open_database(url)
        asking = asyncio.create_task(database.ping())
        for _ in range(turns):
            await asyncio.sleep(0)
        asking.cancel()
        await asyncio.wait([asking])
        await database.close()
        assert asyncio.all_tasks() == {asyncio.current_task()}
    gc.collect()
    assert told == []
    async with connected(server.render_as_string(hide_password=False)) as beside:
        assert await beside.fetchval("SELECT count(*) FROM pg_stat_activity WHERE application_name = $1", name) == 0


async def test_a_server_that_says_nothing_is_given_up(server: URL, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "CONNECT_TIMEOUT_S", 0.3)
    async with proxied(server.host or "localhost", server.port or 5432) as proxy, asyncio.timeout(5):
        proxy.freeze()
        said = await reason(server.set(host="127.0.0.1", port=proxy.port))
    assert "no answer" in said


async def test_without_tls_on_the_server_its_absence_is_told(server: URL) -> None:
    async with open_plain(server) as port:
        said = await reason(server.set(host="127.0.0.1", port=port).update_query_dict({"ssl": "require"}))
    assert "rejected SSL upgrade" in said


@asynccontextmanager
async def open_plain(server: URL) -> AsyncIterator[int]:
    """The port of a server that has no TLS."""

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
async def test_a_verified_connection_is_made_where_the_certificate_is_known(
    server: URL, certificate: Path, option: str
) -> None:
    async with secured(server, certificate) as port:
        query = {option: "verify-full", "sslrootcert": str(certificate)}
        url = server.set(host="localhost", port=port).update_query_dict(query)
        database = open_database(url.render_as_string(hide_password=False))
        await database.ping()
        await database.close()


async def test_a_certificate_of_an_unknown_authority_is_told(
    server: URL, certificate: Path, another_certificate: Path
) -> None:
    async with secured(server, certificate) as port:
        query = {"ssl": "verify-full", "sslrootcert": str(another_certificate)}
        said = await reason(server.set(host="localhost", port=port).update_query_dict(query))
    assert "no TLS connection: its certificate is not trusted: self-signed certificate" in said


async def test_a_file_of_certificates_that_is_none_is_named(server: URL, certificate: Path, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no certificate")
    for option, name, fault in (
        ("sslrootcert", "none.crt", "cannot be read: No such file or directory"),
        ("sslrootcert", ".", "cannot be read: Is a directory"),
        ("sslcert", "text", "is no file in PEM"),
    ):
        query = {"ssl": "verify-full", "sslrootcert": str(certificate), option: str(tmp_path / name)}
        assert await reason(server.update_query_dict(query)) == f"{option}={tmp_path / name} {fault}"


async def test_an_unknown_mode_of_tls_is_told(server: URL) -> None:
    assert "sslmode" in await reason(server.update_query_dict({"ssl": "sometimes"}))


async def test_what_the_query_sets_for_the_session_is_believed(server: URL) -> None:
    query = {"application_name": "elsewhere", "statement_timeout": "1234"}
    database = open_database(server.update_query_dict(query).render_as_string(hide_password=False))
    async with database.read() as connection:
        shown = [await connection.scalar(text(f"SHOW {name}")) for name in query]
    await database.close()
    assert shown == ["elsewhere", "1234ms"]


async def test_statements_are_prepared_once_and_kept(server: URL) -> None:
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
