"""Connecting to Cassandra, the reported reasons of failures, and outages."""

import asyncio
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from iotflow.clock import SystemClock
from iotflow.domain.errors import StoreUnavailable
from iotflow.domain.times import Millis
from iotflow.stores.cassandra.migrations import upgrade
from iotflow.stores.cassandra.session import Cassandra
from iotflow.stores.cassandra.telemetry import CassandraTelemetry
from iotflow.urls import parse_cassandra_url
from tests.cli.command import iotflow
from tests.cli.command import refusal as refusal_line
from tests.contracts.telemetry.base import new_device, record, values_of
from tests.servers.containers import Server
from tests.servers.kinds import CASSANDRA, NODE_ALONE, PASSWORDS

OwnServer = Callable[..., Server]
STARTS_A_SERVER = pytest.mark.timeout(300)
COMES_BACK_WITHIN_S = 20.0


async def refusal(url: str) -> str:
    """Return the reason of a refused connection."""
    cassandra = Cassandra(parse_cassandra_url(url))
    try:
        with pytest.raises(StoreUnavailable) as raised:
            await cassandra.connect()
    finally:
        await cassandra.close()
    reason = str(raised.value)
    assert "\n" not in reason
    assert "secret" not in reason
    return reason


async def first_login(url: str) -> None:
    """Wait until the first superuser may log in: it is created some seconds after the server is ready."""
    async with asyncio.timeout(60):
        while True:
            cassandra = Cassandra(parse_cassandra_url(url))
            try:
                await cassandra.connect()
            except StoreUnavailable:
                await asyncio.sleep(0.5)
            else:
                return
            finally:
                await cassandra.close()


async def test_a_closed_port() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        assert "No hosts available" in await refusal(f"cassandra://u:secret@127.0.0.1:{port}/k")


async def test_a_server_that_never_answers() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        began = time.monotonic()
        await refusal(f"cassandra://127.0.0.1:{silent.getsockname()[1]}/k")
        assert time.monotonic() - began < 10


async def test_an_unknown_host() -> None:
    assert await refusal("cassandra://nowhere.invalid/k")


async def test_tls_with_a_server_without_tls(cassandra_url: str, tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    authority(tmp_path, ca)
    assert await refusal(f"{cassandra_url}/k?tls=on&ca={ca}")
    assert "ca=/no/such/file cannot be read: No such file" in await refusal(
        f"{cassandra_url}/k?tls=on&ca=/no/such/file"
    )


async def test_files_without_a_certificate_or_key_are_named(tmp_path: Path) -> None:
    ca, other, text = tmp_path / "ca.pem", tmp_path / "other.pem", tmp_path / "text"
    authority(tmp_path, ca)
    authority(tmp_path, other)
    text.write_bytes(b"no certificate, and no UTF-8: \xe9")
    url = "cassandra://u:secret@127.0.0.1/k?tls=on"
    assert await refusal(f"{url}&ca={text}") == f"ca={text} holds no certificate in PEM"
    for key in (text, other.with_suffix(".key")):
        assert f"cert={ca} and key={key}: expected" in await refusal(f"{url}&ca={ca}&cert={ca}&key={key}")


@STARTS_A_SERVER
async def test_passwords(own_server: OwnServer, tmp_path: Path) -> None:
    server = await asyncio.to_thread(own_server, CASSANDRA, environment={"JVM_EXTRA_OPTS": f"{NODE_ALONE} {PASSWORDS}"})
    place = server.url.removeprefix("cassandra://")

    await first_login(f"cassandra://cassandra:cassandra@{place}/k")
    assert "credentials" in (await refusal(f"cassandra://cassandra:secret@{place}/k")).lower()
    assert await refusal(f"cassandra://{place}/k")
    environment = {"IOTFLOW_TELEMETRY_URL": f"cassandra://cassandra:secret@{place}/k"}
    line = refusal_line(await asyncio.to_thread(iotflow, "serve", "--port", "0", cwd=tmp_path, env=environment))
    assert line.startswith("iotflow: IOTFLOW_TELEMETRY_URL: the telemetry store is unavailable: ")
    assert "secret" not in line


@STARTS_A_SERVER
async def test_tls(own_server: OwnServer, tmp_path: Path) -> None:
    ca, other = tmp_path / "ca.pem", tmp_path / "other.pem"
    keystore = authority(tmp_path, ca)
    authority(tmp_path, other)
    server = await asyncio.to_thread(
        own_server,
        CASSANDRA,
        environment={"CASSANDRA_KEYSTORE": "/tls/server.p12", "CASSANDRA_KEYSTORE_PASSWORD": "storepass"},
        mounts={keystore: "/tls/server.p12"},
    )
    cassandra = Cassandra(parse_cassandra_url(f"{server.url}/k?tls=on&ca={ca}"))
    await cassandra.connect()
    await cassandra.close()
    assert await refusal(f"{server.url}/k")
    assert "certificate" in (await refusal(f"{server.url}/k?tls=on&ca={other}")).lower()
    # The certificate is for 127.0.0.1.
    elsewhere = server.url.replace("127.0.0.1", "127.0.0.2")
    assert await refusal(f"{elsewhere}/k?tls=on&ca={ca}")


class Writer:
    """A device whose records are written one after the other, with the number of acknowledged ones."""

    def __init__(self, telemetry: CassandraTelemetry, clock: SystemClock) -> None:
        self.device = new_device()
        self.acknowledged = 0
        self._telemetry = telemetry
        self._clock = clock

    async def write(self) -> None:
        """Write the next record."""
        await self._telemetry.write(self.device, [record(self._clock, self.acknowledged, {"x": self.acknowledged})])
        self.acknowledged += 1

    async def fail_fast(self) -> None:
        """Check that writes and reads of an unavailable store fail fast."""
        began = time.monotonic()
        for _ in range(5):
            with pytest.raises(StoreUnavailable):
                await self.write()
        # The first calls take their deadline, the rest fail at once.
        assert time.monotonic() - began < 3 * 2 + 1
        began = time.monotonic()
        with pytest.raises(StoreUnavailable):
            await self._telemetry.latest(self.device)
        assert time.monotonic() - began < 0.5

    async def wait_until_available(self) -> None:
        """Write until a write succeeds. Raises TimeoutError."""
        async with asyncio.timeout(COMES_BACK_WITHIN_S):
            while True:
                try:
                    await self.write()
                except StoreUnavailable:
                    await asyncio.sleep(0.1)
                else:
                    return


@STARTS_A_SERVER
async def test_an_outage_costs_milliseconds_and_ends_by_itself(own_server: OwnServer) -> None:
    server = await asyncio.to_thread(own_server, CASSANDRA)
    cassandra, clock = Cassandra(parse_cassandra_url(f"{server.url}/iotflow_outage")), SystemClock()
    telemetry = CassandraTelemetry(cassandra, clock, 30)
    writer = Writer(telemetry, clock)
    await upgrade(cassandra)
    await writer.write()
    await asyncio.to_thread(server.pause)
    await writer.fail_fast()
    await asyncio.to_thread(server.unpause)
    await writer.wait_until_available()
    await asyncio.to_thread(server.kill)
    await writer.fail_fast()
    await asyncio.to_thread(server.start)
    await writer.wait_until_available()
    shown = await values_of(telemetry, writer.device)
    assert shown.keys() >= {Millis(i) for i in range(writer.acknowledged)}
    await cassandra.close()


@pytest.mark.timeout(400)
async def test_one_node_of_three_may_hang_or_be_killed(cassandra_cluster: list[Server]) -> None:
    hosts, port = ",".join(node.host for node in cassandra_cluster), cassandra_cluster[0].port
    cassandra = Cassandra(parse_cassandra_url(f"cassandra://{hosts}:{port}/iotflow_three?replication=SimpleStrategy/3"))
    clock = SystemClock()
    telemetry = CassandraTelemetry(cassandra, clock, 30)
    device = new_device()
    stored: set[Millis] = set()

    async def write_on(count: int) -> int:
        """Write `count` records and return how many were refused."""
        refused = 0
        for _ in range(count):
            sent = record(clock, len(stored) + refused, {"x": 1})
            try:
                await telemetry.write(device, [sent])
            except StoreUnavailable:
                refused += 1
            else:
                stored.add(sent.timestamp)
            assert not cassandra.breaker.is_open
        return refused

    async def read() -> set[int]:
        """Return what is stored. Retry if a coordinator has asked the killed node."""
        async with asyncio.timeout(COMES_BACK_WITHIN_S):
            while True:
                try:
                    return set(await values_of(telemetry, device))
                except StoreUnavailable:
                    await asyncio.sleep(0.1)

    try:
        await upgrade(cassandra)
        assert await write_on(20) == 0
        await asyncio.to_thread(cassandra_cluster[2].pause)
        assert await write_on(20) <= 2
        await asyncio.to_thread(cassandra_cluster[2].unpause)
        await asyncio.to_thread(cassandra_cluster[1].kill)
        assert await write_on(50) <= 2
        assert await read() >= stored
    finally:
        await cassandra.close()


def authority(directory: Path, certificate: Path) -> Path:
    """Create an authority, and return the path of a key store with a certificate that it signed for 127.0.0.1."""
    key, request, signed, store = (certificate.with_suffix(suffix) for suffix in (".key", ".csr", ".signed", ".p12"))
    server_key, names = certificate.with_suffix(".server.key"), directory / "names"
    names.write_text("subjectAltName=IP:127.0.0.1\n")
    ours = ("-newkey", "rsa:2048", "-nodes", "-days", "2")
    for command in (
        ("req", "-x509", *ours, "-subj", "/CN=authority", "-keyout", key, "-out", certificate),
        ("req", *ours[:3], "-subj", "/CN=server", "-keyout", server_key, "-out", request),
        (
            *("x509", "-req", "-in", request, "-CA", certificate, "-CAkey", key, "-CAcreateserial", "-days", "2"),
            *("-extfile", names, "-out", signed),
        ),
        ("pkcs12", "-export", "-in", signed, "-inkey", server_key, "-out", store, "-passout", "pass:storepass"),
    ):
        subprocess.run(["openssl", *map(str, command)], check=True, capture_output=True)
    store.chmod(0o644)
    return store
