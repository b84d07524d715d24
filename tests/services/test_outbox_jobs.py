"""Fairness of the outbox relay between accounts, and progress of its jobs."""

import pytest

from iotflow.background import outbox_handlers
from iotflow.background.outbox_handlers import JobHandler
from iotflow.background.outbox_relay import MESSAGES_PER_CLAIM, Consumer
from iotflow.domain.errors import StoreUnavailable
from iotflow.domain.json import JsonObject
from iotflow.domain.outbox import NewOutboxMessage, OutboxTopic
from tests.clock import FakeClock
from tests.services.harness import ServiceHarness, SignedInUser, register_device, register_user
from tests.services.interception import Fail
from tests.services.outbox import add_messages, consumer_of, count_waiting, events_of


async def test_events_of_an_account_do_not_delay_other_accounts(harness: ServiceHarness, ada: SignedInUser) -> None:
    others = [await register_user(harness, f"user-{number}") for number in range(3)]
    device = await register_device(harness, ada, active=False)
    for version in range(450):
        await harness.services.devices.configure(ada.context, device.id, {"version": version}, None, {})
    for other in others:
        await register_device(harness, other, active=False)
    await consumer_of(harness, OutboxTopic.EVENT).handle_due()
    for other in others:
        assert len(await events_of(harness, other)) == 1
    assert 0 < len(await events_of(harness, ada)) <= MESSAGES_PER_CLAIM


async def test_an_unfinished_job_keeps_its_progress_and_yields_to_others(
    harness: ServiceHarness, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox_handlers, "TIME_SLICE_S", 0.0)
    done: list[str] = []

    async def count_down(payload: JsonObject) -> JsonObject | None:
        left = payload["left"]
        assert isinstance(left, int)
        done.append(f"{payload['of']}{left}")
        return {**payload, "left": left - 1} if left > 1 else None

    jobs = Consumer(harness.stores.transactions, clock, OutboxTopic.ANONYMIZE_EVENTS, JobHandler(count_down))
    await add_messages(
        harness,
        [
            NewOutboxMessage(OutboxTopic.ANONYMIZE_EVENTS, f"user:{of}", {"of": of, "left": left}, clock.now())
            for of, left in (("a", 3), ("a", 1), ("b", 1))
        ],
    )
    rounds = [await jobs.handle_due() for _ in range(5)]
    assert done == ["a3", "b1", "a2", "a1", "a1"]
    assert rounds == [3, 2, 2, 1, 0]
    assert await count_waiting(harness) == 0


async def test_a_failed_job_is_retried_from_its_last_progress(harness: ServiceHarness, clock: FakeClock) -> None:
    fail = Fail(StoreUnavailable("telemetry", "gone"))
    done: list[object] = []

    async def work(payload: JsonObject) -> JsonObject | None:
        done.append(payload["left"])
        await fail()
        return None

    jobs = Consumer(harness.stores.transactions, clock, OutboxTopic.PURGE_TELEMETRY, JobHandler(work))
    await add_messages(
        harness, [NewOutboxMessage(OutboxTopic.PURGE_TELEMETRY, "purge:a", {"left": n}, clock.now()) for n in (2, 1)]
    )
    await jobs.handle_due()
    assert await jobs.handle_due() == 0
    fail.error = None
    clock.advance(1)
    await jobs.handle_due()
    assert done == [2, 2, 1]


async def test_all_jobs_of_a_subject_run_soon_after_a_long_outage(harness: ServiceHarness, clock: FakeClock) -> None:
    fail = Fail(StoreUnavailable("telemetry", "gone"))
    done: list[object] = []

    async def work(payload: JsonObject) -> JsonObject | None:
        await fail()
        done.append(payload["of"])
        return None

    jobs = Consumer(harness.stores.transactions, clock, OutboxTopic.PURGE_TELEMETRY, JobHandler(work))
    await add_messages(
        harness, [NewOutboxMessage(OutboxTopic.PURGE_TELEMETRY, "purge:a", {"of": n}, clock.now()) for n in range(3)]
    )
    for _ in range(120):
        await jobs.handle_due()
        clock.advance(1)
    fail.error = None
    for _ in range(2):
        await jobs.handle_due()
        clock.advance(1)
    assert done == [0, 1, 2]
