"""Clients that record the sent and the acknowledged requests."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx

BATCH = 20
BATCH_EACH = 7
PASSWORD = "correct horse battery"
RECORDS_PER_PAGE = 500


def open_client(base_url: str) -> httpx.AsyncClient:
    """Return a client of the API with a connection for each concurrent task."""
    limits = httpx.Limits(max_connections=80, max_keepalive_connections=80)
    return httpx.AsyncClient(base_url=f"{base_url}/api/v1", limits=limits, timeout=30.0, trust_env=False)


@dataclass
class Sender:
    """A device that submits without pause: record `n` has the time `first_ms + n` and the value `n`."""

    device_id: int
    key: str
    first_ms: int
    acknowledged: set[int] = field(default_factory=set)
    unanswered: set[int] = field(default_factory=set)
    _sent: int = 0

    async def run(self, client: httpx.AsyncClient) -> None:
        """Submit until the connection fails."""
        while True:
            size = BATCH if self._sent % BATCH_EACH == BATCH_EACH - 1 else 1
            numbers = set(range(self._sent, self._sent + size))
            self._sent += size
            try:
                answer = await self._submit(client, numbers)
            except httpx.TransportError:
                self.unanswered |= numbers
                return
            if await _must_wait(answer):
                self.unanswered |= numbers
                continue
            assert answer.is_success, answer.text
            assert answer.json()["accepted"] == size
            self.acknowledged |= numbers

    async def stored(self, client: httpx.AsyncClient, owner: dict[str, str], order: str) -> list[int]:
        """Return the numbers of all stored records, in the order of the pages."""
        query = {"start_time": str(self.first_ms), "order": order, "limit": RECORDS_PER_PAGE}
        numbers = []
        async for record in pages(client, f"/telemetry/{self.device_id}", owner, query, "data"):
            at_ms = round(datetime.fromisoformat(record["timestamp"]).timestamp() * 1_000)
            assert record["measurements"] == {"n": at_ms - self.first_ms}
            numbers.append(at_ms - self.first_ms)
        return numbers

    async def _submit(self, client: httpx.AsyncClient, numbers: set[int]) -> httpx.Response:
        records = [{"timestamp": self.first_ms + number, "data": {"n": number}} for number in sorted(numbers)]
        headers = {"X-API-Key": self.key}
        if len(records) == 1:
            return await client.post("/telemetry", json=records[0], headers=headers)
        return await client.post("/telemetry/batch", json=records, headers=headers)


@dataclass
class Registrar:
    """A client that registers accounts or devices one after another, and records the acknowledged ids by name."""

    path: str
    prefix: str
    headers: dict[str, str] = field(default_factory=dict)
    acknowledged: dict[str, str | int] = field(default_factory=dict)
    unanswered: set[str] = field(default_factory=set)
    _sent: int = 0

    async def run(self, client: httpx.AsyncClient) -> None:
        """Register until the connection fails."""
        while True:
            name = f"{self.prefix}-{self._sent}"
            self._sent += 1
            try:
                answer = await client.post(self.path, json=self._body(name), headers=self.headers)
            except httpx.TransportError:
                self.unanswered.add(name)
                return
            if await _must_wait(answer):
                self.unanswered.add(name)
                continue
            assert answer.status_code == 201, answer.text
            body = answer.json()
            self.acknowledged[name] = body["user"]["user_id"] if "user" in body else body["device"]["id"]
            if "user" in body:
                # Hashing passwords must leave processor time to the others.
                await asyncio.sleep(0.05)

    def _body(self, name: str) -> dict[str, str]:
        if self.path.startswith("/auth"):
            return {"username": name, "email": f"{name}@example.org", "password": PASSWORD}
        return {"name": name, "device_type": "sensor"}


async def _must_wait(answer: httpx.Response) -> bool:
    """Return whether the answer is 503, after the pause that it requests; a busy machine may cause that."""
    if answer.status_code != 503:
        return False
    assert int(answer.headers["Retry-After"]) >= 1
    await asyncio.sleep(0.2)
    return True


async def pages(
    client: httpx.AsyncClient, path: str, headers: dict[str, str], query: dict[str, Any], member: str
) -> AsyncIterator[dict[str, Any]]:
    """Iterate over the items of all pages of a list with cursors."""
    cursor: dict[str, str] = {}
    while True:
        answer = await client.get(path, params={**query, **cursor}, headers=headers)
        assert answer.status_code == 200, answer.text
        for item in answer.json()[member]:
            yield item
        if answer.json()["next_cursor"] is None:
            return
        cursor = {"cursor": answer.json()["next_cursor"]}


async def all_items(client: httpx.AsyncClient, path: str, headers: dict[str, str], member: str) -> list[dict[str, Any]]:
    """Return the items of all pages of a list with offsets."""
    items: list[dict[str, Any]] = []
    while True:
        answer = await client.get(path, params={"limit": 1_000, "offset": len(items)}, headers=headers)
        assert answer.status_code == 200, answer.text
        items += answer.json()[member]
        if len(items) == answer.json()["meta"]["total"]:
            return items


async def log_in(client: httpx.AsyncClient, username: str) -> dict[str, str]:
    """Log in and return the headers with the token."""
    answer = await client.post("/auth/login", json={"username": username, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}
