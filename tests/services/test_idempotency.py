"""Repeated submissions while processes crash, callers are cancelled and the cache is unavailable."""

import asyncio
from dataclasses import replace

import pytest

from iotflow.domain.context import RequestContext
from iotflow.domain.errors import Overloaded, StoreUnavailable
from iotflow.domain.principals import DevicePrincipal
from iotflow.repositories.idempotency import LEASE_MS
from iotflow.services import idempotency
from iotflow.services.ingest import Submission
from iotflow.services.passwords import Passwords
from tests.clock import FakeClock
from tests.services.harness import ServiceHarness, SignedInUser, build_harness, calling, register_device
from tests.services.interception import Fail, Intercepted, Pause
from tests.stores.sqlite import SqliteTables

RECORD = Submission({"t": 1}, None, None)
DOWN = Fail(StoreUnavailable("cache", "Redis: unavailable"))


Caller = RequestContext[DevicePrincipal]


@pytest.fixture
async def caller(harness: ServiceHarness, ada: SignedInUser) -> Caller:
    device = await register_device(harness, ada)
    return RequestContext(await calling(harness, device.key))


def times(tables: SqliteTables) -> set[int]:
    """Return the times of the stored points."""
    return {row["time"] for row in tables.query("SELECT * FROM telemetry_records")}


def another_process(
    harness: ServiceHarness, passwords: Passwords, telemetry: object = None, keys: object = None
) -> ServiceHarness:
    """Return the services of another process on the same stores, some of them intercepted."""
    stores = replace(
        harness.stores,
        telemetry=telemetry or harness.stores.telemetry,  # type: ignore[arg-type]  # an interception replaces the store
        idempotency_keys=keys or harness.stores.idempotency_keys,  # type: ignore[arg-type]  # the same
    )
    return build_harness(stores, harness.clock, passwords)


async def test_a_repeat_after_a_crash_replaces_the_record(
    harness: ServiceHarness, caller: Caller, passwords: Passwords, clock: FakeClock, tables: SqliteTables
) -> None:
    keys = Intercepted(harness.stores.idempotency_keys, "complete", "release", before=DOWN)
    first = await another_process(harness, passwords, keys=keys).services.ingest.submit(caller, RECORD, "a")
    clock.advance(LEASE_MS / 1_000)
    assert await harness.services.ingest.submit(caller, RECORD, "a") == first
    assert times(tables) == {first.timestamp}


async def test_a_repeat_of_a_failed_submission_does_not_wait(
    harness: ServiceHarness, caller: Caller, passwords: Passwords, clock: FakeClock, tables: SqliteTables
) -> None:
    failing = Intercepted(harness.stores.telemetry, "write", after=Fail(StoreUnavailable("telemetry", "no answer")))
    first = clock.now()
    with pytest.raises(StoreUnavailable):
        await another_process(harness, passwords, telemetry=failing).services.ingest.submit(caller, RECORD, "a")
    clock.advance(1)
    assert (await harness.services.ingest.submit(caller, RECORD, "a")).timestamp == first
    assert times(tables) == {first}


async def test_a_repeat_waits_for_a_submission_of_another_process(
    harness: ServiceHarness, caller: Caller, passwords: Passwords, clock: FakeClock
) -> None:
    writing, polling, writes = Pause(), Pause(), Fail(None)
    telemetry, keys = harness.stores.telemetry, harness.stores.idempotency_keys
    here = another_process(harness, passwords, telemetry=Intercepted(telemetry, "write", before=writing))
    there = another_process(
        harness,
        passwords,
        telemetry=Intercepted(telemetry, "write", before=writes),
        keys=Intercepted(keys, "claim", after=polling),
    )
    first = asyncio.create_task(here.services.ingest.submit(caller, RECORD, "a"))
    await writing.reached.wait()
    clock.advance(1)
    repeat = asyncio.create_task(there.services.ingest.submit(caller, RECORD, "a"))
    await polling.reached.wait()
    writing.go_on.set()
    answer = await first
    polling.go_on.set()
    assert await repeat == answer
    assert writes.calls == 0


async def test_a_repeat_does_not_wait_for_ever(
    harness: ServiceHarness, caller: Caller, passwords: Passwords, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "POLL_INTERVAL_S", 0)
    keys = Intercepted(harness.stores.idempotency_keys, "complete", before=DOWN)
    await another_process(harness, passwords, keys=keys).services.ingest.submit(caller, RECORD, "a")
    with pytest.raises(Overloaded, match="still being stored"):
        await harness.services.ingest.submit(caller, RECORD, "a")


async def test_without_the_cache_submissions_are_stored_and_the_outage_is_logged_once(
    harness: ServiceHarness,
    caller: Caller,
    passwords: Passwords,
    clock: FakeClock,
    tables: SqliteTables,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    outage = Fail(StoreUnavailable("cache", "Redis: unavailable"))
    keys = Intercepted(harness.stores.idempotency_keys, "claim", before=outage)
    ingest = another_process(harness, passwords, keys=keys).services.ingest
    for _ in range(3):
        await ingest.submit(caller, RECORD, "a")
        clock.advance(1)
    assert len(times(tables)) == 3
    assert caplog.text.count("idempotency keys: Redis: unavailable") == 1
    outage.error = None
    await ingest.submit(caller, RECORD, "a")
    assert caplog.text.count("the cache is available again") == 1


async def test_a_caller_that_disconnects_leaves_a_completed_submission(
    harness: ServiceHarness, caller: Caller, passwords: Passwords, clock: FakeClock
) -> None:
    slow, writes = Pause(), Fail(None)
    telemetry = Intercepted(harness.stores.telemetry, "write", before=slow, after=writes)
    ingest = another_process(harness, passwords, telemetry=telemetry).services.ingest
    first, submission = clock.now(), asyncio.create_task(ingest.submit(caller, RECORD, "a"))
    await slow.reached.wait()
    submission.cancel()
    slow.go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await submission
    clock.advance(1)
    assert (await ingest.submit(caller, RECORD, "a")).timestamp == first
    assert writes.calls == 1
