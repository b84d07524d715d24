"""`GET /metrics`: who may read it, and that each metric moves when what it measures happens."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from functools import partial
from typing import Any

import httpx
import pytest

from iotflow.settings import InvalidSettings, Settings, load_settings
from tests.api.clients import ApiClient, DeviceClient, UserClient, submit
from tests.api.service import Service, run_service, with_changes
from tests.clock import FakeClock
from tests.metrics import METRICS_TOKEN, Reading, rise, scrape
from tests.waiting import wait_until

CACHED_WITHIN_S = 5.0
SAMPLED_WITHIN_S = 10.0


@pytest.fixture
async def service(settings: Settings, clock: FakeClock) -> AsyncIterator[Service]:
    async with run_service(with_changes(settings, metrics_token=METRICS_TOKEN), clock) as service:
        yield service


@pytest.fixture
async def prometheus(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    async with service.client(root="") as client:
        yield client


async def sampled(prometheus: httpx.AsyncClient, name: str, **labels: str) -> Reading:
    """Wait until a gauge is above 0."""
    reading = await scrape(prometheus)

    async def is_set() -> bool:
        nonlocal reading
        reading = await scrape(prometheus)
        return reading.value(name, **labels) > 0

    await wait_until(is_set, SAMPLED_WITHIN_S)
    return reading


@pytest.mark.parametrize("sent", [None, "Bearer", "Bearer wrong", f"Basic {METRICS_TOKEN}", f"Bearer {METRICS_TOKEN}0"])
async def test_it_needs_the_token(prometheus: httpx.AsyncClient, sent: str | None) -> None:
    answer = await prometheus.get("/metrics", headers={"Authorization": sent} if sent else {})
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, 'Bearer realm="iotflow"')


async def test_tokens_of_users_do_not_read_it(prometheus: httpx.AsyncClient, admin: UserClient) -> None:
    assert (await prometheus.get("/metrics", headers=admin.headers)).status_code == 401


async def test_it_is_prometheus_text_outside_the_openapi_document(prometheus: httpx.AsyncClient) -> None:
    answer = await prometheus.get("/metrics", headers={"Authorization": f"Bearer {METRICS_TOKEN}"})
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    assert "/metrics" not in (await prometheus.get("/openapi.json")).json()["paths"]


async def test_without_a_token_the_path_does_not_exist(embedded_settings: Settings, clock: FakeClock) -> None:
    async with run_service(embedded_settings, clock) as service, service.client(root="") as client:
        answer = await client.get("/metrics", headers={"Authorization": "Bearer "})
    assert (answer.status_code, answer.json()["detail"]) == (404, "there is nothing at /metrics")


@pytest.mark.parametrize("token", ["short", "with spaces is no token", "ünicode-has-other-bytes"])
def test_a_weak_token_is_refused(token: str) -> None:
    with pytest.raises(InvalidSettings, match="IOTFLOW_METRICS_TOKEN: expected at least 16 visible ASCII characters"):
        load_settings(metrics_token=token)


@pytest.mark.parametrize(
    ("method", "path", "labels"),
    [
        ("GET", "/users/me", {"method": "GET", "route": "/api/v1/users/{user_id}", "status": "200"}),
        ("HEAD", "/users/me", {"method": "HEAD", "route": "/api/v1/users/{user_id}", "status": "200"}),
        ("GET", "/devices/9007199254740991", {"route": "/api/v1/devices/{device_id}", "status": "404"}),
        ("POST", "/groups", {"route": "/api/v1/groups", "status": "422"}),
        ("GET", "/no/such/path", {"route": "unmatched", "status": "404"}),
        ("BREW", "/no/such/path", {"method": "other", "route": "unmatched", "status": "404"}),
    ],
)
async def test_requests(
    prometheus: httpx.AsyncClient, ada: UserClient, method: str, path: str, labels: dict[str, str]
) -> None:
    read, act = partial(scrape, prometheus), partial(ada.send, method, path)
    assert await rise(read, act, "iotflow_http_requests_total", **labels) == 1
    labels = {label: value for label, value in labels.items() if label != "status"}
    assert await rise(read, act, "iotflow_http_request_duration_seconds_count", **labels) == 1
    assert await rise(read, act, "iotflow_http_request_duration_seconds_sum", **labels) > 0
    assert await rise(read, act, "iotflow_http_request_duration_seconds_bucket", le="+Inf", **labels) == 1


async def test_refused_logins(prometheus: httpx.AsyncClient, anonymous: ApiClient, ada: UserClient) -> None:
    async def guess(times: int) -> None:
        for _ in range(times):
            body = {"username": "ada", "password": "not the password"}
            assert (await anonymous.send("POST", "/auth/login", json=body)).status_code in (401, 429)

    read, login = partial(scrape, prometheus), "/api/v1/auth/login"
    assert await rise(read, partial(guess, 10), "iotflow_http_requests_total", route=login, status="401") == 10
    assert await rise(read, partial(guess, 2), "iotflow_limits_met_total", limit="logins_of_account") == 2
    assert await rise(read, partial(guess, 1), "iotflow_http_requests_total", route=login, status="429") == 1


async def test_stored_records_and_calls_of_stores(prometheus: httpx.AsyncClient, device: DeviceClient) -> None:
    read = partial(scrape, prometheus)
    written = {"interface": "telemetry", "operation": "write"}
    assert await rise(read, partial(submit, device, a=1, b=2, c=True), "iotflow_points_stored_total") == 3
    assert await rise(read, partial(submit, device, a=1, b=2, c=True), "iotflow_records_stored_total") == 1
    assert await rise(read, partial(submit, device, a=1), "iotflow_store_calls_total", outcome="ok", **written) == 1
    assert await rise(read, partial(submit, device, a=1), "iotflow_store_call_duration_seconds_count", **written) == 1
    assert await rise(read, partial(submit, device, a=1), "iotflow_store_call_duration_seconds_sum", **written) > 0


async def test_calls_of_the_cache_on_redis(
    prometheus: httpx.AsyncClient, device: DeviceClient, service: Service
) -> None:
    act = partial(device.post, "/devices/heartbeat")
    is_counted = service.settings.cache_url != "memory"
    calls = {"interface": "presence", "operation": "touch", "outcome": "ok"}
    assert await rise(partial(scrape, prometheus), act, "iotflow_store_calls_total", **calls) == is_counted


async def test_a_refusal_is_another_outcome_than_a_failure(prometheus: httpx.AsyncClient, ada: UserClient) -> None:
    act = partial(ada.refused, 404, "GET", "/groups/1")
    calls = {"interface": "transactions", "operation": "read", "outcome": "refused"}
    assert await rise(partial(scrape, prometheus), act, "iotflow_store_calls_total", **calls) == 1


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({"data": {"a": [1]}}, "invalid"),
        ({"data": {}}, "invalid"),
        ({"data": {"a": 1}, "timestamp": "2100-01-01T00:00:00Z"}, "time"),
        ({"data": {f"n{index}": 1 for index in range(256)}}, "names"),
    ],
)
async def test_rejected_records(
    prometheus: httpx.AsyncClient, device: DeviceClient, record: dict[str, Any], reason: str
) -> None:
    if reason == "names":
        for first in range(0, 1_000, 200):
            await submit(device, **{f"name{first + index}": 1 for index in range(200)})
    single = partial(device.refused, 422, "POST", "/telemetry", record)
    batch = partial(device.post, "/telemetry/batch", [{"timestamp": 1_700_000_000, **record}])
    for act in (single, batch):
        assert await rise(partial(scrape, prometheus), act, "iotflow_records_rejected_total", reason=reason) == 1


async def test_caches(prometheus: httpx.AsyncClient, device: DeviceClient) -> None:
    await submit(device, a=1)
    path, read = f"/telemetry/{device.id}/latest", partial(scrape, prometheus)
    assert (
        await rise(read, partial(device.get, path), "iotflow_cache_lookups_total", cache="latest", result="miss") == 1
    )
    assert await rise(read, partial(device.get, path), "iotflow_cache_lookups_total", cache="latest", result="hit") == 1

    async def finds_the_identity() -> bool:
        hits = {"cache": "identities", "result": "hit"}
        return await rise(read, partial(device.get, path), "iotflow_cache_lookups_total", **hits) == 1

    # An identity is not cached while an invalidation of it is under way, as after the registration of its device.
    await wait_until(finds_the_identity, CACHED_WITHIN_S)
    await sampled(prometheus, "iotflow_cache_entries", cache="identities")
    await sampled(prometheus, "iotflow_cache_bytes", cache="identities")


async def test_the_lag_of_the_event_loop(prometheus: httpx.AsyncClient) -> None:
    async def block() -> None:
        for _ in range(3):
            await asyncio.sleep(0.1)
            time.sleep(0.4)  # noqa: ASYNC251  # the lag to measure

    assert await rise(partial(scrape, prometheus), block, "iotflow_event_loop_lag_seconds_sum") > 0.3


async def test_the_process_and_its_pools(prometheus: httpx.AsyncClient) -> None:
    reading = await sampled(prometheus, "iotflow_workers")
    assert reading.value("iotflow_workers") == 1
    assert reading.value("iotflow_build_info") == 1
    assert reading.value("process_resident_memory_bytes") > 2**20
    assert reading.value("process_open_fds") > 3
    assert reading.value("process_cpu_seconds_total") > 0
    for pool in ("sql_read", "sql_write"):
        assert reading.value("iotflow_pool_connections", pool=pool) >= 1


async def test_labels_are_bounded(prometheus: httpx.AsyncClient, service: Service, ada: UserClient) -> None:
    # Other apps of this process have other routes.
    others = (await scrape(prometheus)).labels("route")
    for number in range(50):
        with suppress(httpx.HTTPError):
            await ada.send("GET", f"/devices/{number}")
            await ada.send(f"M{number}", f"/groups/{number}")
            await ada.send("GET", f"/{number}")
    templates = {getattr(route, "path_format", "") for route in service.app.routes}
    reading = await scrape(prometheus)
    assert reading.labels("route") - others <= templates | {"unmatched", "refused"}
    assert reading.labels("method") <= {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "other"}
