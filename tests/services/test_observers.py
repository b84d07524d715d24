"""Observers of stored records."""

import logging

import pytest

from iotflow.domain.context import RequestContext
from iotflow.domain.devices import DeviceSummary
from iotflow.domain.errors import StoreUnavailable
from iotflow.services import observers as module
from iotflow.services.idempotency import Idempotency
from iotflow.services.ingest import Ingest, Submission
from iotflow.services.observers import RecordObserver, RecordObservers, SubmittedRecords
from tests.services.harness import ServiceHarness, SignedInUser, calling, register_device
from tests.services.interception import Fail, Intercepted, Pause


class Recorder:
    """An observer that records its calls, then fails or waits if the test requires it."""

    def __init__(self, action: Fail | Pause | None = None) -> None:
        self.stored: list[SubmittedRecords] = []
        self.failed: list[int] = []
        self._action = action

    async def on_stored(self, stored: SubmittedRecords) -> None:
        self.stored.append(stored)
        if self._action is not None:
            await self._action()

    async def on_write_failed(self, device: DeviceSummary) -> None:
        self.failed.append(device.id)


def ingest_with(harness: ServiceHarness, observers: RecordObservers, telemetry: object = None) -> Ingest:
    stores, services = harness.stores, harness.services
    return Ingest(
        stores.transactions,
        telemetry or stores.telemetry,  # type: ignore[arg-type]  # an interception replaces the store
        observers,
        services.device_lookup,
        services.invalidation,
        Idempotency(stores.idempotency_keys),
        harness.clock,
    )


async def submitted(harness: ServiceHarness, owner: SignedInUser, *observers: RecordObserver) -> RecordObservers:
    registered = await register_device(harness, owner)
    observed = RecordObservers(observers)
    context = RequestContext(await calling(harness, registered.key))
    await ingest_with(harness, observed).submit(context, Submission({"temp": 1}, None, None))
    latest = await harness.services.telemetry_queries.latest(owner.context, registered.id)
    assert latest.latest_values["temp"].value == 1
    return observed


async def test_an_observer_receives_device_owner_and_records(harness: ServiceHarness, ada: SignedInUser) -> None:
    recorder = Recorder()
    await submitted(harness, ada, recorder)
    (stored,) = recorder.stored
    assert stored.device.user_id == ada.caller.user_id
    assert [dict(record.values) for record in stored.records] == [{"temp": 1}]
    assert stored.submissions == 1


async def test_an_observer_that_fails_fails_neither_the_submission_nor_others(
    harness: ServiceHarness, ada: SignedInUser, caplog: pytest.LogCaptureFixture
) -> None:
    last = Recorder()
    observed = await submitted(harness, ada, Recorder(Fail(RuntimeError("broken"))), last)
    assert observed.failures == 1
    assert len(last.stored) == 1
    assert "observer=Recorder" in caplog.text


async def test_submissions_in_an_outage_of_an_observer_s_store_fill_no_log(
    harness: ServiceHarness, ada: SignedInUser, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    observed = await submitted(harness, ada, Recorder(Fail(StoreUnavailable("cache", "circuit open"))))
    assert observed.failures == 1
    assert "observer=" not in caplog.text


async def test_an_observer_that_hangs_is_cancelled_at_its_deadline(
    harness: ServiceHarness, ada: SignedInUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "OBSERVER_TIMEOUT_S", 0.05)
    last = Recorder()
    observed = await submitted(harness, ada, Recorder(Pause()), last)
    assert observed.failures == 1
    assert len(last.stored) == 1


async def test_observers_are_called_only_after_a_durable_write(harness: ServiceHarness, ada: SignedInUser) -> None:
    registered = await register_device(harness, ada)
    recorder = Recorder()
    telemetry = Intercepted(harness.stores.telemetry, "write", before=Fail(StoreUnavailable("telemetry", "down")))
    ingest = ingest_with(harness, RecordObservers([recorder]), telemetry)
    with pytest.raises(StoreUnavailable):
        await ingest.submit(RequestContext(await calling(harness, registered.key)), Submission({"temp": 1}, None, None))
    assert recorder.stored == []
    assert recorder.failed == [registered.id]
