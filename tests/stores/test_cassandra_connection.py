"""Reaching Cassandra, and what is said when that fails."""

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
from iotflow.stores.cassandra.address import parse_address
from iotflow.stores.cassandra.connection import Cassandra
from iotflow.stores.cassandra.migrations import upgrade
from iotflow.stores.cassandra.telemetry import CassandraTelemetry
from tests.cli.command import iotflow
from tests.cli.command import refusal as told_by
from tests.contracts.telemetry.base import new_device, record, values_of
from tests.servers.containers import Server
from tests.servers.kinds import CASSANDRA, NODE_ALONE, PASSWORDS

OwnServer = Callable[..., Server]
STARTS_A_SERVER = pytest.mark.timeout(300)
COMES_BACK_WITHIN_S = 20.0


async def refusal(url: str) -> str:
    """Why the cluster cannot be reached."""
    cassandra = Cassandra(parse_address(url))
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
    """Return once the first superuser is let in, who is made some seconds after the server is ready."""
    async with asyncio.timeout(60):
        while True:
            cassandra = Cassandra(parse_address(url))
            try:
                await cassandra.connect()
            except StoreUnavailable:
                await asyncio.sleep(0.5)
            else:
                return
            finally:
                await cassandra.close()


async def test_nobody_listens() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        assert "No hosts available" in await refusal(f"cassandra://u:secret@127.0.0.1:{port}/k")


async def test_somebody_listens_and_says_nothing() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        began = time.monotonic()
        await refusal(f"cassandra://127.0.0.1:{silent.getsockname()[1]}/k")
        assert time.monotonic() - began < 10


async def test_a_host_without_an_address() -> None:
    assert await refusal("cassandra://nowhere.invalid/k")


async def test_a_plain_server_is_asked_for_tls(cassandra_url: str, tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    authority(tmp_path, ca)
    assert await refusal(f"{cassandra_url}/k?tls=on&ca={ca}")
    assert "ca=/no/such/file cannot be read: No such file" in await refusal(
        f"{cassandra_url}/k?tls=on&ca=/no/such/file"
    )


async def test_a_file_of_certificates_that_is_none_is_named(tmp_path: Path) -> None:
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
    line = told_by(await asyncio.to_thread(iotflow, "serve", "--port", "0", cwd=tmp_path, env=environment))
    assert line.startswith("iotflow: IOTFLOW_TELEMETRY_URL: the telemetry store cannot be used: ")
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
    cassandra = Cassandra(parse_address(f"{server.url}/k?tls=on&ca={ca}"))
    await cassandra.connect()
    await cassandra.close()
    assert await refusal(f"{server.url}/k")
    assert "certificate" in (await refusal(f"{server.url}/k?tls=on&ca={other}")).lower()
    # The certificate is for 127.0.0.1.
    elsewhere = server.url.replace("127.0.0.1", "127.0.0.2")
    assert await refusal(f"{elsewhere}/k?tls=on&ca={ca}")


@STARTS_A_SERVER
async def test_an_outage_costs_milliseconds_and_ends_by_itself(own_server: OwnServer) -> None:
    server = await asyncio.to_thread(own_server, CASSANDRA)
    cassandra, clock = Cassandra(parse_address(f"{server.url}/iotflow_outage")), SystemClock()
    telemetry = CassandraTelemetry(cassandra, clock, 30)
    device, acknowledged = new_device(), 0

    async def write() -> float:
        """Write the next record; how long that took."""
        nonlocal acknowledged
        began = time.monotonic()
        try:
            await telemetry.write(device, [record(clock, acknowledged, {"x": acknowledged})])
        finally:
            took = time.monotonic() - began
        acknowledged += 1
        return took

    async def fails_fast() -> None:
        began = time.monotonic()
        for _ in range(5):
            with pytest.raises(StoreUnavailable):
                await write()
        # Some pay for the deadline, the rest nothing.
        assert time.monotonic() - began < 3 * 2 + 1
        began = time.monotonic()
        with pytest.raises(StoreUnavailable):
            await telemetry.latest(device)
        assert time.monotonic() - began < 0.5

    async def comes_back() -> None:
        async with asyncio.timeout(COMES_BACK_WITHIN_S):
            while True:
                try:
                    await write()
                except StoreUnavailable:
                    await asyncio.sleep(0.1)
                else:
                    return

    await upgrade(cassandra)
    await write()
    await asyncio.to_thread(server.pause)
    await fails_fast()
    await asyncio.to_thread(server.unpause)
    await comes_back()
    await asyncio.to_thread(server.kill)
    await fails_fast()
    await asyncio.to_thread(server.start)
    await comes_back()
    shown = await values_of(telemetry, device)
    assert shown.keys() >= {Millis(i) for i in range(acknowledged)}
    await cassandra.close()


@pytest.mark.timeout(400)
async def test_one_node_of_three_may_hang_or_be_killed(cassandra_cluster: list[Server]) -> None:
    hosts, port = ",".join(node.host for node in cassandra_cluster), cassandra_cluster[0].port
    cassandra = Cassandra(parse_address(f"cassandra://{hosts}:{port}/iotflow_three?replication=SimpleStrategy/3"))
    clock = SystemClock()
    telemetry = CassandraTelemetry(cassandra, clock, 30)
    device = new_device()
    stored: set[Millis] = set()

    async def write_on(count: int) -> int:
        """Write so many records; how many of them were refused."""
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
        """What is stored, read again where a coordinator has asked the node that is gone."""
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
    """Make an authority, and a key store with a certificate that it signed for 127.0.0.1; the latter's path."""
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
