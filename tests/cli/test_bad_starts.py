"""A database that is unavailable at the start is reported in one line, whatever the problem."""

import asyncio
import socket
import ssl
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy.engine import make_url

from iotflow.stores.cassandra import driver
from iotflow.stores.mongo import connection as mongo
from iotflow.stores.redis import client as redis
from iotflow.stores.sql import postgres
from tests.cli.command import iotflow, iotflow_here, refusal
from tests.processes import ServiceProcess, free_port
from tests.proxy import SSL_REQUEST_BYTES, proxied
from tests.stores.mongo import address_on
from tests.stores.postgres import new_database
from tests.stores.redis_server import RedisServer, require

PASSWORD = "hunter2"
NAMES = {
    "postgres": "IOTFLOW_DATABASE_URL",
    "cassandra": "IOTFLOW_TELEMETRY_URL",
    "redis": "IOTFLOW_CACHE_URL",
    "mongo": "IOTFLOW_DOCUMENTS_URL",
}
ATTEMPTED_WITHIN_S = 60.0


@pytest.fixture
def nobody() -> str:
    """An address without a listener."""
    return f"127.0.0.1:{free_port()}"


@pytest.fixture(scope="module")
def secured(certificates: Path) -> Iterator[str]:
    """The address of a listener that presents the certificate `a.pem` to clients of each server."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "a.pem", certificates / "a.key")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        Thread(target=_show_certificate, args=(listener, context), daemon=True).start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)


def _show_certificate(listener: socket.socket, context: ssl.SSLContext) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        Thread(target=_shake_hands, args=(client, context), daemon=True).start()


def _shake_hands(client: socket.socket, context: ssl.SSLContext) -> None:
    # A client that does not trust the certificate disconnects.
    with client, suppress(OSError):
        client.settimeout(ATTEMPTED_WITHIN_S)
        if client.recv(1, socket.MSG_PEEK) == b"\0":  # PostgreSQL clients request TLS before they start it
            client.recv(SSL_REQUEST_BYTES)
            client.sendall(b"S")
        context.wrap_socket(client, server_side=True).close()


class _Places(dict[str, str]):
    """Addresses by name, created on first use."""

    def __init__(self, request: pytest.FixtureRequest) -> None:
        self._request = request

    def __missing__(self, name: str) -> str:
        if name in ("nobody", "secured"):
            return str(self._request.getfixturevalue(name))
        if name == "files":
            return str(self._request.getfixturevalue("certificates"))
        kind = {"admitted": "postgres", "mongo": "mongodb"}.get(name, name)
        authority = str(self._request.getfixturevalue(f"{kind}_url")).split("/")[2]
        return authority if name == "admitted" else authority.rpartition("@")[2]


@pytest.mark.parametrize(
    ("store", "url", "reason"),
    [
        ("postgres", "postgresql+asyncpg://ada:hunter2@{nobody}/iotflow", "the server at {nobody}: Connection refused"),
        ("postgres", "postgresql+asyncpg://iotflow:hunter2@{postgres}/postgres", "password authentication failed"),
        ("postgres", "postgresql+asyncpg://{admitted}/nowhere", 'database "nowhere" does not exist'),
        ("cassandra", "cassandra://ada:hunter2@{nobody}/iotflow", "{nobody}: No hosts available"),
        ("cassandra", "cassandra://ada:hunter2@{cassandra}/nowhere", "the schema is missing, expected "),
        ("redis", "redis://:hunter2@{nobody}", "Redis at {nobody} does not answer: Connection refused"),
        ("redis", "redis://:hunter2@{redis}", "Redis at {redis} refuses the user name or the password"),
        ("mongo", "mongodb://ada:hunter2@{nobody}/iotflow", "{nobody}: [Errno 111] Connect call failed"),
        (
            "mongo",
            "mongodb://ada:hunter2@{mongo}/iotflow",
            "{mongo}: the server does not take the user name and password",
        ),
    ],
    ids=lambda value: value if value in NAMES else "",
)
def test_an_unavailable_database_stops_the_start(
    request: pytest.FixtureRequest, tmp_path: Path, store: str, url: str, reason: str
) -> None:
    places = _Places(request)

    line = refusal(iotflow("serve", "--port", "0", cwd=tmp_path, env={NAMES[store]: url.format_map(places)}))

    assert line.startswith(f"iotflow: {NAMES[store]}: ")
    assert reason.format_map(places) in line
    assert PASSWORD not in line


@pytest.mark.parametrize(
    ("urls", "reasons"),
    [
        (
            {
                "postgres": "postgresql+asyncpg://ada:hunter2@no-such-host.invalid/iotflow",
                "cassandra": "cassandra://ada:hunter2@no-such-host.invalid/iotflow",
                "redis": "redis://:hunter2@no-such-host.invalid",
                "mongo": "mongodb://ada:hunter2@no-such-host.invalid/iotflow",
            },
            {
                "postgres": "the server at no-such-host.invalid:5432: Name or service not known",
                "cassandra": "no-such-host.invalid:9042: the host names cannot be resolved",
                "redis": "Redis at no-such-host.invalid:6379 does not answer: Name or service not known",
                "mongo": "no-such-host.invalid:27017: [Errno -2] Name or service not known",
            },
        ),
        (
            {
                "postgres": "postgresql+asyncpg://ada:hunter2@{secured}/iotflow?ssl=verify-ca&sslrootcert={files}/b.pem",
                "cassandra": "cassandra://ada:hunter2@{secured}/iotflow?tls=on&ca={files}/b.pem",
                "redis": "rediss://:hunter2@{secured}?ca_file={files}/b.pem",
                "mongo": "mongodb://ada:hunter2@{secured}/iotflow?tls=true&tlsCAFile={files}/b.pem",
            },
            {
                "postgres": "the server at {secured}: no TLS connection: its certificate is not trusted",
                "cassandra": "{secured}: Invalid peer certificate",
                "redis": "the certificate of Redis at {secured} is not trusted",
                "mongo": "{secured}: [SSL: CERTIFICATE_VERIFY_FAILED]",
            },
        ),
        (
            {
                "postgres": "postgresql+asyncpg://ada:hunter2@{secured}/iotflow?ssl=verify-ca&sslrootcert={files}/text",
                "cassandra": "cassandra://ada:hunter2@{secured}/iotflow?tls=on&ca={files}/text",
                "redis": "rediss://:hunter2@{secured}?ca_file={files}/text",
                "mongo": "mongodb://ada:hunter2@{secured}/iotflow?tls=true&tlsCAFile={files}/text",
            },
            {
                "postgres": "sslrootcert={files}/text is no file in PEM",
                "cassandra": "ca={files}/text holds no certificate in PEM",
                "redis": "the ca_file {files}/text holds no certificate in PEM",
                "mongo": "the file of tlsCAFile or tlsCRLFile holds no certificate in PEM",
            },
        ),
    ],
    ids=["unknown hosts", "certificates of strangers", "no certificates"],
)
def test_doctor_has_one_line_for_each_unavailable_database(
    request: pytest.FixtureRequest, tmp_path: Path, urls: dict[str, str], reasons: dict[str, str]
) -> None:
    places = _Places(request)
    environment = {NAMES[store]: url.format_map(places) for store, url in urls.items()}

    outcome = iotflow("doctor", cwd=tmp_path, env=environment)

    assert outcome.returncode == 1
    lines = {line.split(": ")[1]: line for line in outcome.stderr.splitlines()}
    assert len(outcome.stderr.splitlines()) == len(urls), outcome.stderr
    for store, reason in reasons.items():
        assert reason.format_map(places) in lines[NAMES[store]]
    assert PASSWORD not in outcome.stdout + outcome.stderr


def test_several_workers_do_not_multiply_the_line(tmp_path: Path, nobody: str) -> None:
    urls = {
        "postgres": f"postgresql+asyncpg://ada:{PASSWORD}@{nobody}/iotflow",
        "redis": f"redis://:{PASSWORD}@{nobody}",
    }

    line = refusal(
        iotflow(
            *("serve", "--port", "0", "--workers", "2"),
            cwd=tmp_path,
            env={NAMES[store]: url for store, url in urls.items()},
        )
    )

    assert line == (
        f"iotflow: IOTFLOW_DATABASE_URL: the sql store is unavailable: the server at {nobody}: Connection refused"
    )


@pytest.mark.parametrize("store", ["postgres", "cassandra", "redis", "mongo"])
def test_a_server_that_is_too_old_is_refused(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: str
) -> None:
    for module, name, version in (
        (postgres, "OLDEST_VERSION", 99),
        (driver, "OLDEST_VERSION", (99, 0)),
        (redis, "OLDEST_VERSION", 99),
        (mongo, "OLDEST_VERSION", 99),
    ):
        monkeypatch.setattr(module, name, version)
    url: str = request.getfixturevalue("mongodb_url" if store == "mongo" else f"{store}_url")
    if store == "postgres":
        url = make_url(url).set(drivername="postgresql+asyncpg").render_as_string(hide_password=False)
    elif store == "cassandra":
        url = f"{url}/iotflow"
    elif store == "mongo":
        url = address_on(url, "iotflow").url

    line = refusal(iotflow_here("migrate", env={NAMES[store]: url, "IOTFLOW_DATA_DIR": str(tmp_path)}))

    assert line.startswith(f"iotflow: {NAMES[store]}: the ")
    assert " or later" in line


def test_serve_waits_for_a_server_that_is_starting(tmp_path: Path) -> None:
    require()
    server = RedisServer(tmp_path)
    service = ServiceProcess(tmp_path / "data", {"IOTFLOW_CACHE_URL": server.url}, options=["--wait", "60"])
    with ThreadPoolExecutor(1) as pool:
        ready = pool.submit(service.start)
        refuse_first_connection(server.port)
        with server:
            ready.result()
            assert service.stop() == 0
    assert "Traceback" not in service.log()
    assert "WARNING" not in service.log()


async def test_migrate_waits_for_a_server_that_is_starting(postgres_url: str, tmp_path: Path) -> None:
    async with new_database(postgres_url) as url, proxied(str(make_url(url).host), make_url(url).port or 5432) as proxy:
        await proxy.stop()
        through = make_url(url).set(host="127.0.0.1", port=proxy.port).render_as_string(hide_password=False)
        migrating = asyncio.create_task(
            asyncio.to_thread(iotflow, "migrate", "--wait", "60", cwd=tmp_path, env={"IOTFLOW_DATABASE_URL": through})
        )
        await asyncio.to_thread(refuse_first_connection, proxy.port)
        await proxy.start()
        outcome = await migrating
    assert outcome.returncode == 0, outcome.stderr
    assert outcome.stderr == ""
    assert outcome.stdout.startswith("sql: schema none -> ")


@pytest.mark.parametrize("command", ["serve --port 0", "migrate"])
async def test_the_wait_is_shared_by_all_servers_and_ends_with_the_error(
    migrated_postgres: str, tmp_path: Path, nobody: str, command: str
) -> None:
    wait_s, elapsed_s = 5.0, 2.5
    server = make_url(migrated_postgres)
    async with proxied(str(server.host), server.port or 5432) as proxy:
        await proxy.stop()
        through = server.set(host="127.0.0.1", port=proxy.port).render_as_string(hide_password=False)
        environment = {"IOTFLOW_DATABASE_URL": through, "IOTFLOW_CACHE_URL": f"redis://:{PASSWORD}@{nobody}"}
        arguments = (*command.split(), "--wait", str(wait_s))
        waiting = asyncio.create_task(asyncio.to_thread(iotflow, *arguments, cwd=tmp_path, env=environment))
        await asyncio.to_thread(refuse_first_connection, proxy.port)
        began = time.monotonic()
        await asyncio.sleep(elapsed_s)
        await proxy.start()
        line = refusal(await waiting)
        took_s = time.monotonic() - began
    where = f"Redis at {nobody}"
    assert line == (
        f"iotflow: IOTFLOW_CACHE_URL: the cache store is unavailable: {where} does not answer: Connection refused"
    )
    assert took_s < elapsed_s + wait_s


def refuse_first_connection(port: int) -> None:
    """Accept and close the first connection to a port, then stop listening."""
    with socket.create_server(("127.0.0.1", port)) as listener:
        listener.settimeout(ATTEMPTED_WITHIN_S)
        listener.accept()[0].close()
