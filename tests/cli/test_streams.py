"""Live streams over real connections: one process embedded, and two workers on servers."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from iotflow.domain.live_events import MAX_EVENTS_PER_BATCH
from iotflow.services.live_streams import MAX_STREAMS_PER_ACCOUNT
from tests.api.clients import PASSWORD
from tests.processes import ServiceProcess
from tests.server_stack import ServerStack
from tests.waiting import wait_until

DEADLINE_S = 15.0
RULE = {"name": "Hot", "severity": "warning", "condition": {"type": "threshold", "field": "n", "op": "gt", "value": 45}}


class Stream:
    """A client of a stream. Names of its fields are those of server-sent events."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.aiter_lines()

    async def next(self) -> dict[str, Any]:
        """Return the next event, with its data decoded. Raises TimeoutError, and StopAsyncIteration at the end."""
        fields: dict[str, Any] = {}
        async with asyncio.timeout(DEADLINE_S):
            while not ("event" in fields and "data" in fields):
                name, _, value = (await anext(self._lines)).partition(": ")
                fields[name] = value
        return {"id": fields.get("id"), "event": fields["event"], "data": json.loads(fields["data"])}

    async def values(self, number: int) -> list[int]:
        """Return the values of `n` of the next events."""
        return [(await self.next())["data"]["measurements"]["n"] for _ in range(number)]

    async def collect(self, into: set[int]) -> None:
        """Add the value of `n` of each event until cancelled."""
        while True:
            into.update(await self.values(1))


class Owner:
    """An account with a new connection for each call, so that workers share them."""

    def __init__(self, url: str, token: str) -> None:
        self._url = f"{url}/api/v1"
        self.headers = {"Authorization": f"Bearer {token}"}

    async def call(self, method: str, path: str, body: object = None, **headers: str) -> Any:
        async with httpx.AsyncClient(trust_env=False, timeout=30, headers=headers or self.headers) as client:
            answer = await client.request(method, f"{self._url}{path}", json=body)
            return answer.raise_for_status().json() if answer.status_code != 204 else None

    async def device(self, name: str = "probe") -> tuple[int, str]:
        device = (await self.call("POST", "/devices/register", {"name": name, "device_type": "x"}))["device"]
        return device["id"], device["api_key"]

    async def submit(self, key: str, n: int) -> None:
        await self.call("POST", "/telemetry", {"data": {"n": n}}, **{"X-API-Key": key})

    @asynccontextmanager
    async def stream(self, query: str = "", **headers: str) -> AsyncIterator[Stream]:
        async with (
            httpx.AsyncClient(trust_env=False, timeout=60, headers={**self.headers, **headers}) as client,
            client.stream("GET", f"{self._url}/stream{query}") as response,
        ):
            assert response.status_code == 200, await response.aread()
            yield Stream(response)


async def sign_in(url: str, name: str) -> Owner:
    """Register an account and return it."""
    async with httpx.AsyncClient(base_url=f"{url}/api/v1", trust_env=False, timeout=30) as client:
        account = {"username": name, "email": f"{name}@example.org", "password": PASSWORD}
        (await client.post("/auth/register", json=account)).raise_for_status()
        login = await client.post("/auth/login", json={"username": name, "password": PASSWORD})
        return Owner(url, login.raise_for_status().json()["access_token"])


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    with ServiceProcess(tmp_path_factory.mktemp("streams") / "data") as process:
        yield process


@pytest.fixture
def workers(server_stack: ServerStack, tmp_path: Path) -> Iterator[ServiceProcess]:
    asyncio.run(server_stack.restore({}))
    with ServiceProcess(tmp_path / "data", server_stack.environment(), options=["--workers", "2"]) as process:
        yield process


async def test_a_stream_shows_records_alerts_and_changes_of_status(embedded: ServiceProcess) -> None:
    ada, bob = await sign_in(embedded.base_url, "ada"), await sign_in(embedded.base_url, "bob")
    device_id, key = await ada.device()
    _, key_of_bob = await bob.device()
    await ada.call("POST", "/alert-rules", {**RULE, "device_id": device_id})
    async with ada.stream() as stream, ada.stream("?types=alert") as alerts:
        await bob.submit(key_of_bob, 0)
        await ada.submit(key, 50)
        found = [await stream.next() for _ in range(3)]
        by_event = {event["event"]: event["data"] for event in found}
        assert by_event["telemetry"]["device_id"] == device_id
        assert by_event["telemetry"]["measurements"] == {"n": 50}
        assert by_event["alert"]["alert"]["status"] == "active"
        assert by_event["status"]["event_type"] == "device.status_changed"
        alert = await alerts.next()
        assert alert["data"] == by_event["alert"]
        alert_id = alert["data"]["alert"]["id"]
        for change in ("acknowledge", "resolve"):
            await ada.call("POST", f"/alerts/{alert_id}/{change}")
        shown = [(await alerts.next())["data"]["alert"]["status"] for _ in range(2)]
        assert shown == ["acknowledged", "resolved"]
        assert "content-length" not in stream.response.headers
        assert stream.response.headers["content-type"] == "text/event-stream; charset=utf-8"


async def test_filters(embedded: ServiceProcess) -> None:
    cleo, dan = await sign_in(embedded.base_url, "cleo"), await sign_in(embedded.base_url, "dan")
    devices = [await cleo.device(f"probe-{number}") for number in range(3)]
    group_id = (await cleo.call("POST", "/groups", {"name": "roof"}))["group"]["id"]
    await cleo.call("POST", f"/groups/{group_id}/devices", {"device_id": devices[1][0]})
    async with (
        cleo.stream(f"?types=telemetry&device_id={devices[0][0]}") as of_device,
        cleo.stream(f"?types=telemetry&group_id={group_id}") as of_group,
        cleo.stream("?types=telemetry") as of_all,
    ):
        for number, (_, key) in enumerate(devices):
            await cleo.submit(key, number)
        await cleo.submit(devices[0][1], 10)
        await cleo.submit(devices[1][1], 11)
        assert await of_all.values(5) == [0, 1, 2, 10, 11]
        assert await of_device.values(2) == [0, 10]
        assert await of_group.values(2) == [1, 11]
    for query in (f"device_id={devices[0][0]}", f"group_id={group_id}"):
        with pytest.raises(httpx.HTTPStatusError, match="404"):
            await dan.call("GET", f"/stream?{query}")
    with pytest.raises(httpx.HTTPStatusError, match="422"):
        await dan.call("GET", "/stream?types=telemetry,weather")


async def test_a_stream_resumes_after_the_last_event(embedded: ServiceProcess) -> None:
    eve = await sign_in(embedded.base_url, "eve")
    _, key = await eve.device()
    async with eve.stream("?types=telemetry") as stream:
        await eve.submit(key, 0)
        last = (await stream.next())["id"]
    for number in (1, 2):
        await eve.submit(key, number)
    async with eve.stream("?types=telemetry", **{"Last-Event-ID": last}) as stream:
        await eve.submit(key, 3)
        assert await stream.values(3) == [1, 2, 3]
    for unknown in ("17-1", "nonsense"):
        async with eve.stream("?types=telemetry", **{"Last-Event-ID": unknown}) as stream:
            assert (await stream.next())["event"] == "missed"
            await eve.submit(key, 4)
            assert await stream.values(1) == [4]


async def test_of_a_batch_the_newest_records_are_shown(embedded: ServiceProcess) -> None:
    finn = await sign_in(embedded.base_url, "finn")
    _, key = await finn.device()
    batch = [{"timestamp": 1_700_000_000 + n, "data": {"n": n}} for n in range(2 * MAX_EVENTS_PER_BATCH)]
    async with finn.stream("?types=telemetry") as stream:
        await finn.call("POST", "/telemetry/batch", batch, **{"X-API-Key": key})
        assert await stream.values(MAX_EVENTS_PER_BATCH) == [*range(MAX_EVENTS_PER_BATCH, 2 * MAX_EVENTS_PER_BATCH)]


async def test_a_stream_ends_with_its_token(embedded: ServiceProcess) -> None:
    gil = await sign_in(embedded.base_url, "gil")
    async with gil.stream() as stream:
        await gil.call("POST", "/auth/logout")
        async with asyncio.timeout(1.5):
            event = await stream.next()
        assert (event["event"], event["data"]) == ("end", {"reason": "credentials"})
        with pytest.raises(StopAsyncIteration):
            await stream.next()


async def test_streams_of_an_account_are_limited(embedded: ServiceProcess) -> None:
    hal = await sign_in(embedded.base_url, "hal")
    url = f"{embedded.base_url}/api/v1/stream"
    limits = httpx.Limits(max_connections=None)
    async with (
        asyncio.timeout(60),
        httpx.AsyncClient(trust_env=False, timeout=60, headers=hal.headers, limits=limits) as client,
        AsyncExitStack() as streams,
    ):
        for _ in range(MAX_STREAMS_PER_ACCOUNT):
            assert (await streams.enter_async_context(client.stream("GET", url))).status_code == 200
        with pytest.raises(httpx.HTTPStatusError, match="503"):
            await hal.call("GET", "/stream")
        await hal.call("GET", "/users/me")
        await streams.aclose()

        async def has_room() -> bool:
            async with client.stream("GET", url) as response:
                return response.status_code == 200

        await wait_until(has_room, DEADLINE_S)


async def test_a_stream_ends_with_the_service(tmp_path: Path) -> None:
    with ServiceProcess(tmp_path / "data") as service:
        ida = await sign_in(service.base_url, "ida")
        async with ida.stream() as stream:
            stopping = asyncio.create_task(asyncio.to_thread(service.stop))
            event = await stream.next()
            assert (event["event"], event["data"]) == ("end", {"reason": "stopping"})
            assert await stopping == 0


async def test_streams_of_all_workers_show_the_events_of_all(workers: ServiceProcess) -> None:
    ada = await sign_in(workers.base_url, "ada")
    _, key = await ada.device()
    numbers = itertools.count()
    async with ada.stream("?types=telemetry") as one, ada.stream("?types=telemetry") as two:
        shown: tuple[set[int], set[int]] = (set(), set())
        async with asyncio.TaskGroup() as group:
            readers = [group.create_task(stream.collect(into)) for stream, into in zip((one, two), shown, strict=True)]

            async def are_shown_by_both() -> bool:
                sent = {next(numbers) for _ in range(20)}
                for number in sent:  # each on a new connection, so both workers take some
                    await ada.submit(key, number)
                with suppress(TimeoutError):
                    await wait_until(lambda: _is_within(sent, shown[0] & shown[1]), 1.0, 0.01)
                return sent <= shown[0] & shown[1]

            await wait_until(are_shown_by_both, DEADLINE_S)
            for reader in readers:
                reader.cancel()
        async with ada.stream("?types=telemetry") as third:
            await ada.submit(key, next(numbers))
            last = (await third.next())["id"]
    later = [next(numbers), next(numbers)]
    for number in later:
        await ada.submit(key, number)
    for _ in range(6):  # on either worker
        async with ada.stream("?types=telemetry", **{"Last-Event-ID": last}) as stream:
            assert sorted(await stream.values(2)) == later


async def _is_within(values: set[int], found: set[int]) -> bool:
    return values <= found
