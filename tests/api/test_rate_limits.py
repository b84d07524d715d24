"""Rate limits of devices, accounts and client networks."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from iotflow.settings import Settings
from tests.api.clients import ADMIN, PASSWORD, ApiClient, login, new_device, new_token, register, sign_up, submit
from tests.api.service import Service, run_service, with_changes
from tests.clock import FakeClock


@asynccontextmanager
async def limited(
    settings: Settings, clock: FakeClock, **limits: int
) -> AsyncIterator[tuple[Service, httpx.AsyncClient]]:
    async with run_service(with_changes(settings, **limits), clock) as service, service.client() as client:
        yield service, client


def counted(answer: httpx.Response) -> tuple[str, str]:
    return answer.headers["RateLimit-Policy"], answer.headers["RateLimit"]


async def test_requests_of_a_device_are_limited(settings: Settings, clock: FakeClock) -> None:
    async with limited(settings, clock, device_requests_per_second=2) as (_, client):
        ada = await sign_up(client, "ada")
        device, sibling = await new_device(ada, "probe"), await new_device(ada, "sibling")
        for used in range(1, 21):
            answer = await device.send("POST", "/devices/heartbeat")
            assert counted(answer)[0] == '"device-requests";q=20;w=10'
            remaining = dict(part.split("=") for part in counted(answer)[1].split(";")[1:])
            assert 20 - used <= int(remaining["r"]) <= 20
            assert int(remaining["t"]) <= 10
        if settings.cache_url == "memory":  # Redis's clock advances between the calls
            answer = await device.send("POST", "/devices/heartbeat")
            assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
            assert answer.json()["detail"] == ("device-requests: at most 20 at once, then 2 a second; try again in 1 s")
            assert counted(answer) == ('"device-requests";q=20;w=10', '"device-requests";r=0;t=10')
            await sibling.post("/devices/heartbeat")
            clock.advance(0.5)
            await device.post("/devices/heartbeat")
            await device.refused(429, "POST", "/devices/heartbeat")


async def test_values_of_a_device_are_limited(settings: Settings, clock: FakeClock) -> None:
    records = [{"timestamp": second, "data": {"a": 1, "b": 2}} for second in range(1, 41)]
    async with limited(settings, clock, device_points_per_second=10) as (_, client):
        ada = await sign_up(client, "ada")
        device = await new_device(ada)
        answer = await device.send("POST", "/telemetry/batch", json=records)
        assert counted(answer) == (
            '"device-requests";q=10000;w=10, "device-points";q=100;w=10',
            '"device-requests";r=9999;t=1, "device-points";r=20;t=8',
        )
        await device.refused(429, "POST", "/telemetry/batch", [{**one, "data": {"c": 1}} for one in records])
        refused = await ada.refused(429, "POST", f"/telemetry/{device.id}/batch", records)
        assert refused["detail"].startswith("device-points: at most 100 at once, then 10 a second; try again in ")
        assert (await ada.get(f"/telemetry/{device.id}/latest"))["latest_data"].keys() == {"a", "b"}
        await submit(device, c=1)
        await new_device(ada, "sibling")


async def test_a_batch_above_the_burst_limit_is_refused_with_the_limit(settings: Settings, clock: FakeClock) -> None:
    async with limited(settings, clock, device_points_per_second=1) as (_, client):
        device = await new_device(await sign_up(client, "ada"))
        records = [{"timestamp": second, "data": {"a": 1}} for second in range(1, 12)]
        refused = await device.refused(429, "POST", "/telemetry/batch", records)
        assert "at most 10 at once" in refused["detail"]
        await device.post("/telemetry/batch", records[:10])


async def test_requests_of_an_account_are_limited(embedded_settings: Settings, clock: FakeClock) -> None:
    async with limited(embedded_settings, clock, account_requests_per_second=1) as (_, client):
        ada, bob = await sign_up(client, "ada"), await sign_up(client, "bob")
        again = await login(client, "ada")
        _, token = await new_token(ada, "export", "read")
        clock.advance(1)
        for caller in (ada, again, token, *(ada, again) * 3, token):
            answer = await caller.send("GET", "/users/me")
            assert counted(answer)[0] == '"account-requests";q=10;w=10'
        await ada.refused(429, "GET", "/users/me")
        await again.refused(429, "GET", "/users/me")
        await token.refused(429, "GET", "/users/me")
        await bob.get("/users/me")
        clock.advance(1)
        await ada.get("/users/me")


async def test_limits_are_checked_before_the_body_and_after_permissions(
    embedded_settings: Settings, clock: FakeClock
) -> None:
    limits = {"account_requests_per_second": 1, "device_requests_per_second": 1}
    async with limited(embedded_settings, clock, **limits) as (_, client):
        ada = await sign_up(client, "ada")
        device = await new_device(ada)
        for _ in range(9):
            await ada.get("/users/me")
        for _ in range(10):
            await device.post("/devices/heartbeat")
        broken = {"content": b"{", "headers": {"Content-Type": "text/plain"}}
        await device.refused(429, "POST", "/telemetry", **broken)
        await ada.refused(429, "POST", "/devices/register", **broken)
        await ada.refused(403, "GET", "/admin/stats")
        admin = await login(client, ADMIN)
        await admin.patch(f"/devices/{device.id}", {"status": "maintenance"})
        await device.refused(403, "POST", "/telemetry", **broken)


@pytest.mark.parametrize("limits", [{"requests_per_second": 1}, {"points_per_second": 1}])
async def test_an_administrator_sets_the_limits_of_one_device(
    settings: Settings, clock: FakeClock, limits: dict[str, int]
) -> None:
    async with limited(settings, clock) as (_, client):
        ada, admin = await sign_up(client, "ada"), await login(client, ADMIN)
        device = await new_device(ada)
        path = f"/admin/devices/{device.id}"
        await submit(device, x=1)
        clock.advance(1)
        answer = (await admin.put(path, {"rate_limits": limits}))["device"]
        whole = {"requests_per_second": None, "points_per_second": None} | limits
        assert answer["rate_limits"] == whole
        assert (await admin.get(path))["device"]["rate_limits"] == whole
        assert (await admin.get("/admin/devices"))["devices"][0]["rate_limits"] == whole
        assert "rate_limits" not in (await ada.get(f"/devices/{device.id}"))["device"]
        statuses = [(await device.send("POST", "/telemetry", json={"data": {"x": 1}})).status_code for _ in range(13)]
        assert statuses[:10] == [201] * 10
        assert statuses[-1] == 429
        assert (await admin.put(path, {"location": "roof"}))["device"]["rate_limits"] == whole
        assert (await admin.put(path, {"rate_limits": None}))["device"]["rate_limits"] is None
        await submit(device, x=1)


async def test_invalid_limits(admin: ApiClient, device: ApiClient) -> None:
    for limits in ({"requests_per_second": -1}, {"points_per_second": 1.5}, {"x": 1}, 7, {"points_per_second": 2**40}):
        await admin.refused(422, "PUT", "/admin/devices/1", {"rate_limits": limits})
    await device.refused(422, "PUT", "/devices/config", {"rate_limits": None})


async def test_zero_means_no_limit(embedded_settings: Settings, clock: FakeClock) -> None:
    limits = dict.fromkeys(
        (
            "device_requests_per_second",
            "device_points_per_second",
            "account_requests_per_second",
            "registrations_per_address",
            "failed_credentials_per_address",
        ),
        0,
    )
    async with limited(embedded_settings, clock, **limits) as (_, client):
        ada = await sign_up(client, "ada")
        device = await new_device(ada)
        for caller in (ada, device):
            assert "RateLimit" not in (await caller.send("GET", f"/telemetry/{device.id}")).headers
        for _ in range(150):
            await ApiClient(client, {"X-API-Key": "wrong"}).refused(401, "POST", "/devices/heartbeat")


async def test_registrations_are_limited_by_network(embedded_settings: Settings, clock: FakeClock) -> None:
    async with limited(embedded_settings, clock, registrations_per_address=3) as (service, client):
        for number in range(3):
            await register(client, f"user{number}")
        body = {"username": "more", "email": "more@example.org", "password": PASSWORD}
        answer = await ApiClient(client).send("POST", "/auth/register", json=body)
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
        assert answer.json()["detail"] == "registrations: at most 3 at once, then 1 a second; try again in 1 s"
        async with service.client(address="192.0.2.2") as elsewhere:
            await register(elsewhere, "elsewhere")
        clock.advance(1)
        await register(client, "more")
        for spelling, status in (("2001:db8::1", 201), ("2001:db8::2", 201), ("2001:db8:0:1::", 201)):
            async with service.client(address=spelling) as other:
                answer = await ApiClient(other).send("POST", "/auth/register", json=body | _named(spelling))
                assert answer.status_code == status


async def test_unknown_credentials_are_limited_by_network(settings: Settings, clock: FakeClock) -> None:
    async with limited(settings, clock, failed_credentials_per_address=5) as (service, client):
        ada = await sign_up(client, "ada")
        known, unseen = await new_device(ada, "known"), await new_device(ada, "unseen")
        await known.post("/devices/heartbeat")
        for number in range(6):
            scheme, path = (("X-API-Key", "/devices/status"), ("Authorization", "/users/me"))[number % 2]
            credential = f"{'Bearer ' * (number % 2)}guess {number}"
            await ApiClient(client, {scheme: credential}).refused(401 if number < 5 else 429, "GET", path)
        refused = await unseen.refused(429, "POST", "/devices/heartbeat")
        assert refused["detail"].startswith("failed-credentials: at most 5 at once, then 1 a second; try again in ")
        # Cached in this process, and after the entry is gone.
        await known.post("/devices/heartbeat")
        await ada.patch(f"/devices/{known.id}", {"location": "roof"})
        await known.post("/devices/heartbeat")
        async with service.client(address="192.0.2.2") as elsewhere:
            await ApiClient(elsewhere, unseen.headers).post("/devices/heartbeat")


def _named(spelling: str) -> dict[str, Any]:
    name = "u" + "".join(character for character in spelling if character.isalnum())
    return {"username": name, "email": f"{name}@example.org"}
