"""Deliveries over real sockets: receivers that hang, fail, redirect or stream, hosts that rebind, and crashes."""

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path
from uuid import UUID

import pytest

from iotflow.background import webhook_client
from iotflow.background.deliveries import (
    LEASE_MS,
    MAX_IN_FLIGHT_OF_WEBHOOK,
    DeliveryWorker,
)
from iotflow.background.webhook_client import WebhookClient
from iotflow.concurrency.tasks import cancel_and_wait
from iotflow.domain.alert_rules import AlertRule, Comparison, NewAlertRule, Severity, Threshold
from iotflow.domain.alerts import AlertFilter
from iotflow.domain.errors import StoreUnavailable
from iotflow.domain.webhooks import FIRST_RETRY_MS, MAX_ATTEMPTS, MAX_RETRY_MS, Delivery, retry_delay_ms
from iotflow.repositories.stores import Stores
from iotflow.services.passwords import Passwords
from iotflow.services.webhook_addresses import WebhookAddresses
from iotflow.settings import load_settings
from tests.clock import FakeClock
from tests.receiver import ERROR, OK, Receiver, hang, running_receiver
from tests.services.harness import (
    ServiceHarness,
    SignedInUser,
    build_harness,
    register_device,
    register_user,
    submit,
)
from tests.services.interception import Fail, InterceptedTransactions
from tests.waiting import wait_until

HERE = [ip_network("127.0.0.0/8")]
DEADLINE_S = 15.0
RETRY_MS = 10_000
OWNER = UUID(int=1)


@pytest.fixture
def harness(stores: Stores, clock: FakeClock, passwords: Passwords) -> ServiceHarness:
    """A harness whose webhooks may reach this host."""
    return build_harness(stores, clock, passwords, load_settings(webhook_allowed_networks="127.0.0.0/8"))


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with running_receiver() as receiver:
        yield receiver


class Hosts:
    """A resolver of one host, whose answers the test changes."""

    def __init__(self, *addresses: str) -> None:
        self.addresses: Sequence[str] = addresses
        self.asked: list[str] = []

    def __call__(self, host: str) -> Sequence[str]:
        self.asked.append(host)
        return self.addresses


def worker(
    harness: ServiceHarness,
    addresses: WebhookAddresses | None = None,
    tls: ssl.SSLContext | None = None,
) -> DeliveryWorker:
    """Return a worker whose retries wait for `RETRY_MS`."""
    client = WebhookClient(addresses or WebhookAddresses(HERE), tls)
    return DeliveryWorker(harness.stores.transactions, client, harness.clock, lambda _attempts: RETRY_MS)


async def fire(harness: ServiceHarness, owner: SignedInUser, *urls: str, name: str = "probe") -> list[AlertRule]:
    """Create a device with a rule for each URL, and fire them all."""
    device = await register_device(harness, owner, name)
    rules = []
    for url in urls:
        new = NewAlertRule(
            "hot", Severity.INFO, Threshold("t", Comparison.GT, 10), device_id=device.id, webhook_url=url
        )
        rules.append(await harness.services.alert_rules.create(owner.context, new))
    await submit(harness, device, 1, t=20)
    return rules


async def deliveries_of(harness: ServiceHarness, rule: AlertRule) -> list[Delivery]:
    """Return the deliveries of a rule's webhook."""
    assert rule.webhook_id is not None
    async with harness.stores.transactions.read() as transaction:
        found, _ = await transaction.deliveries.page(rule.webhook_id, None, 100, 0)
    return found


async def failure(harness: ServiceHarness, rule: AlertRule) -> str | None:
    """Return why the only delivery of a rule failed."""
    (delivery,) = await deliveries_of(harness, rule)
    assert delivery.due_at == harness.clock.now() + RETRY_MS
    return delivery.error


async def test_a_receiver_that_never_answers_holds_up_no_other_one(harness: ServiceHarness, ada: SignedInUser) -> None:
    bob = await register_user(harness, "bob")
    async with running_receiver(hang) as silent, running_receiver() as prompt:
        await fire(harness, ada, *([silent.url()] * 20), prompt.url("/ada"))
        await fire(harness, bob, prompt.url("/bob"))
        running = asyncio.create_task(worker(harness).run())
        lines = {request.line.split()[1] for request in await prompt.wait_for(2)}
        await cancel_and_wait(running)
        assert lines == {"/ada", "/bob"}
        assert silent.connections <= MAX_IN_FLIGHT_OF_WEBHOOK


async def test_an_answer_that_never_ends_costs_no_more_than_its_time(
    harness: ServiceHarness, ada: SignedInUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stream(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x" * 65_536)
            await writer.drain()

    async def drip(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            writer.write(b"X-Drip: 1\r\n")
            await writer.drain()
            await asyncio.sleep(0.05)

    monkeypatch.setattr(webhook_client, "TOTAL_TIMEOUT_S", 0.5)
    async with running_receiver(stream) as streaming, running_receiver(drip) as dripping:
        body, head = await fire(harness, ada, streaming.url(), dripping.url())
        sender = worker(harness)
        await sender.deliver_due()
        await sender.deliver_due()
        (delivered,) = await deliveries_of(harness, body)
        assert (delivered.response_status, delivered.error) == (200, None)
        assert await failure(harness, head) == "no answer within 0 s"


async def test_a_head_without_end_is_refused(harness: ServiceHarness, ada: SignedInUser) -> None:
    async with running_receiver(b"HTTP/1.1 200 OK\r\n" + b"X-Filler: " + b"x" * 1_000_000) as receiver:
        (rule,) = await fire(harness, ada, receiver.url())
        await worker(harness).deliver_due()
        assert str(await failure(harness, rule)).startswith("RemoteProtocolError")


async def test_a_redirect_is_not_followed(harness: ServiceHarness, ada: SignedInUser, receiver: Receiver) -> None:
    redirect = f"HTTP/1.1 307 Temporary Redirect\r\nLocation: {receiver.url()}\r\nContent-Length: 0\r\n\r\n"
    async with running_receiver(redirect.encode()) as redirecting:
        (rule,) = await fire(harness, ada, redirecting.url())
        await worker(harness).deliver_due()
    assert await failure(harness, rule) == "redirects are not followed"
    assert receiver.connections == 0


async def test_a_closed_port_is_a_failure(harness: ServiceHarness, ada: SignedInUser) -> None:
    (rule,) = await fire(harness, ada, "http://127.0.0.1:9/")
    await worker(harness).deliver_due()
    assert str(await failure(harness, rule)).startswith("ConnectError")


async def test_a_host_is_resolved_once_and_its_checked_address_is_used(
    harness: ServiceHarness, ada: SignedInUser, receiver: Receiver
) -> None:
    hosts = Hosts("127.0.0.1")
    # Only the test's resolver has an answer for the name: another look-up would fail.
    (rule,) = await fire(harness, ada, "http://127.0.0.1:9/")
    async with harness.stores.transactions.write() as transaction:
        assert rule.webhook_id is not None
        url = receiver.url(host="hook.invalid")
        await transaction.webhooks.update(rule.webhook_id, {"url": url}, harness.clock.now())
    await worker(harness, WebhookAddresses(HERE, hosts)).deliver_due()
    (request,) = receiver.requests
    assert request.headers["host"] == f"hook.invalid:{receiver.port}"
    assert hosts.asked == ["hook.invalid"]


@pytest.mark.parametrize("addresses", [("10.0.0.1",), ("8.8.8.8", "10.0.0.1"), ("::ffff:169.254.169.254",), ()])
async def test_a_host_that_was_rebound_is_refused(
    harness: ServiceHarness, ada: SignedInUser, receiver: Receiver, addresses: tuple[str, ...]
) -> None:
    (rule,) = await fire(harness, ada, receiver.url())
    await worker(harness, WebhookAddresses([], Hosts(*addresses))).deliver_due()
    assert str(await failure(harness, rule)).startswith("the host ")
    assert receiver.connections == 0


async def test_the_certificate_is_checked_for_the_name(
    harness: ServiceHarness, ada: SignedInUser, tmp_path: Path
) -> None:
    certificate = tmp_path / "server.crt"
    request = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=hook.invalid"]
    files = ["-keyout", str(certificate.with_suffix(".key")), "-out", str(certificate)]
    names = ["-addext", "subjectAltName=DNS:hook.invalid"]
    await asyncio.to_thread(subprocess.run, [*request, *names, *files], check=True, capture_output=True)
    of_server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    of_server.load_cert_chain(certificate, certificate.with_suffix(".key"))
    named: list[str | None] = []
    of_server.sni_callback = lambda _socket, name, _context: named.append(name)
    of_client = ssl.create_default_context(cafile=certificate)
    receiver = Receiver()
    server = await asyncio.start_server(receiver.handle, "127.0.0.1", ssl=of_server)
    receiver.port = server.sockets[0].getsockname()[1]
    addresses = WebhookAddresses(HERE, Hosts("127.0.0.1"))
    async with server, WebhookClient(addresses, of_client) as client, WebhookClient(addresses) as by_default:
        accepted = await client.post(OWNER, f"https://hook.invalid:{receiver.port}/", {}, b"x")
        refused = await client.post(OWNER, f"https://other.invalid:{receiver.port}/", {}, b"x")
        untrusted = await by_default.post(OWNER, f"https://hook.invalid:{receiver.port}/", {}, b"x")
    assert accepted.is_success
    assert "certificate" in str(refused.error)
    assert "certificate" in str(untrusted.error)
    await receiver.close()
    assert named == ["hook.invalid", "other.invalid", "hook.invalid"]
    assert len(receiver.requests) == 1


async def test_attempts_are_bounded_and_each_waits(harness: ServiceHarness, ada: SignedInUser) -> None:
    async with running_receiver(ERROR) as failing:
        (rule,) = await fire(harness, ada, failing.url())
        sender = worker(harness)
        for _ in range(MAX_ATTEMPTS):
            assert await sender.deliver_due() == 1
            assert await sender.deliver_due() == 0
            harness.clock.advance(RETRY_MS / 1_000)
        assert await sender.deliver_due() == 0
        (dead,) = await deliveries_of(harness, rule)
        assert (dead.status, dead.attempts, dead.error) == ("dead", MAX_ATTEMPTS, "answered 500")
        assert len({request.headers["webhook-id"] for request in failing.requests}) == 1


def test_waits_grow_exponentially_with_full_jitter_up_to_a_bound() -> None:
    for attempts in range(1, MAX_ATTEMPTS):
        longest = min(FIRST_RETRY_MS * 2 ** (attempts - 1), MAX_RETRY_MS)
        waits = [retry_delay_ms(attempts) for _ in range(200)]
        assert max(waits) <= longest
        assert min(waits) < longest / 4
        assert max(waits) > longest * 3 / 4


async def test_another_worker_takes_over_the_claims_of_a_killed_one(harness: ServiceHarness, ada: SignedInUser) -> None:
    async with running_receiver(hang, OK) as receiver:
        (rule,) = await fire(harness, ada, receiver.url())
        killed = asyncio.create_task(worker(harness).run())
        await receiver.wait_for(1)
        await cancel_and_wait(killed)
        assert await worker(harness).deliver_due() == 0
        harness.clock.advance(LEASE_MS / 1_000)
        assert await worker(harness).deliver_due() == 1
        first, second = receiver.requests
        assert first.headers["webhook-id"] == second.headers["webhook-id"]
        assert [delivery.status for delivery in await deliveries_of(harness, rule)] == ["delivered"]


async def test_several_workers_share_the_queue_without_repetitions(
    harness: ServiceHarness, ada: SignedInUser, receiver: Receiver
) -> None:
    urls = [receiver.url(f"/{number}") for number in range(20)]
    await fire(harness, ada, *urls)
    running = [asyncio.create_task(worker(harness).run()) for _ in range(3)]
    requests = await receiver.wait_for(len(urls))

    async def all_are_finished() -> bool:
        async with harness.stores.transactions.read() as transaction:
            return await transaction.deliveries.count_waiting(1) == 0

    await wait_until(all_are_finished, DEADLINE_S)
    for task in running:
        await cancel_and_wait(task)
    assert sorted(request.line.split()[1] for request in requests) == sorted(f"/{number}" for number in range(20))


async def test_a_crash_between_the_alert_and_its_delivery_loses_neither(
    stores: Stores, clock: FakeClock, passwords: Passwords, receiver: Receiver
) -> None:
    crash = Fail(None)
    intercepted = InterceptedTransactions(stores.transactions, "deliveries", "add", crash)
    settings = load_settings(webhook_allowed_networks="127.0.0.0/8")
    killed = build_harness(replace(stores, transactions=intercepted), clock, passwords, settings)
    ada = await register_user(killed)
    device = await register_device(killed, ada)
    new = NewAlertRule(
        "hot", Severity.INFO, Threshold("t", Comparison.GT, 10), device_id=device.id, webhook_url=receiver.url()
    )
    rule = await killed.services.alert_rules.create(ada.context, new)
    crash.error = StoreUnavailable("sql", "down")
    await submit(killed, device, 1, t=20)
    assert crash.calls == 1
    assert len(await stores.alerts.page(AlertFilter(device_id=device.id), 9, None)) == 1
    assert await deliveries_of(killed, rule) == []

    other = build_harness(stores, clock, passwords, settings)
    await submit(other, device, 2, t=25)
    (delivery,) = await deliveries_of(other, rule)
    crash.error = None
    await killed.services.alert_observer.apply_waiting()
    assert await deliveries_of(other, rule) == [delivery]
    await worker(other).deliver_due()
    assert [request.headers["webhook-id"] for request in receiver.requests] == [str(delivery.id)]


async def test_deliveries_beyond_the_limit_of_an_account_are_dropped_and_logged(
    harness: ServiceHarness,
    ada: SignedInUser,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("iotflow.services.notifications.MAX_WAITING_DELIVERIES", 2)
    rules = await fire(harness, ada, *(receiver.url(f"/{number}") for number in range(3)))
    assert [len(await deliveries_of(harness, rule)) for rule in rules] == [1, 1, 0]
    assert "waiting deliveries of an account; by account" in caplog.text


async def test_nothing_is_sent_for_an_account_without_access(
    harness: ServiceHarness, ada: SignedInUser, root: SignedInUser, receiver: Receiver
) -> None:
    await fire(harness, ada, receiver.url())
    await harness.services.accounts.set_active(root.context, ada.caller.user_id, active=False)
    assert await worker(harness).deliver_due() == 0
    await harness.services.accounts.set_active(root.context, ada.caller.user_id, active=True)
    assert await worker(harness).deliver_due() == 1


async def test_nothing_is_left_of_a_deleted_account(
    harness: ServiceHarness, ada: SignedInUser, root: SignedInUser, receiver: Receiver
) -> None:
    (rule,) = await fire(harness, ada, receiver.url())
    await harness.services.accounts.delete(root.context, ada.caller.user_id)
    while await harness.relay.handle_due():
        pass
    assert await deliveries_of(harness, rule) == []
    assert await worker(harness).deliver_due() == 0
