"""Contract of the interfaces of webhooks and of the queue of their deliveries."""

from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from iotflow.domain.accounts import User
from iotflow.domain.alert_rules import AlertRule
from iotflow.domain.devices import Device
from iotflow.domain.errors import Conflict, NotFound
from iotflow.domain.json import JsonObject
from iotflow.domain.times import Millis
from iotflow.domain.webhooks import (
    AlertChange,
    Delivery,
    DeliveryStatus,
    NewDelivery,
    Webhook,
    WebhookTemplate,
)
from iotflow.repositories.transactions import Transactions
from iotflow.repositories.webhooks import ClaimedDelivery
from tests.contracts.alert_rules import add_rule
from tests.contracts.transactional import LATER, NOW, TransactionalContract, add_device, add_user, new_user

URL = "https://hooks.example.org/one"
LEASE_MS = 1_000


async def add_webhook(transactions: Transactions, owner: User, url: str = URL) -> Webhook:
    """Store a webhook and return it."""
    async with transactions.write() as transaction:
        return await transaction.webhooks.add(owner.user_id, url, WebhookTemplate.NTFY, "whsec_c2VjcmV0", NOW)


def new_delivery(webhook: Webhook, rule: AlertRule, at: Millis = NOW) -> NewDelivery:
    """Return a delivery that is not stored."""
    alert: JsonObject = {"message": "zü", "details": {"signal": 1.5}}
    return NewDelivery(uuid4(), webhook.user_id, webhook.id, rule.id, uuid4(), AlertChange.RAISED, alert, at)


async def enqueue(transactions: Transactions, delivery: NewDelivery) -> bool:
    """Store a delivery, and return whether it was new."""
    async with transactions.write() as transaction:
        return await transaction.deliveries.add(delivery)


async def stored(transactions: Transactions, delivery_id: UUID) -> Delivery | None:
    """Return a stored delivery."""
    async with transactions.read() as transaction:
        return await transaction.deliveries.get(delivery_id)


async def claim(
    transactions: Transactions,
    owner: User,
    now: Millis = NOW,
    webhooks: tuple[int, ...] = (),
    hosts: tuple[str, ...] = (),
) -> ClaimedDelivery | None:
    """Claim a delivery of an account."""
    async with transactions.write() as transaction:
        return await transaction.deliveries.claim(owner.user_id, webhooks, hosts, now, LEASE_MS)


async def finish(
    transactions: Transactions, delivery_id: UUID, status: DeliveryStatus = DeliveryStatus.DELIVERED, at: Millis = NOW
) -> None:
    """Finish a delivery."""
    async with transactions.write() as transaction:
        await transaction.deliveries.finish(delivery_id, status, at, 200, None)


async def due(transactions: Transactions, now: Millis = NOW, after: UUID | None = None) -> list[UUID]:
    """Return the accounts with due deliveries."""
    async with transactions.read() as transaction:
        return list((await transaction.deliveries.due_accounts(now, after)).user_ids)


class WebhooksContract(TransactionalContract):
    async def test_a_stored_webhook_is_returned_unchanged(self, transactions: Transactions, owner: User) -> None:
        webhook = await add_webhook(transactions, owner)
        expected = Webhook(webhook.id, owner.user_id, URL, WebhookTemplate.NTFY, "whsec_c2VjcmV0", NOW, NOW)
        assert webhook == expected
        async with transactions.read() as transaction:
            assert await transaction.webhooks.get(webhook.id) == webhook
            assert await transaction.webhooks.find(owner.user_id, URL) == webhook
            assert await transaction.webhooks.find(owner.user_id, URL + "x") is None
            assert await transaction.webhooks.get(webhook.id + 1) is None

    async def test_an_account_has_one_webhook_of_a_url(self, transactions: Transactions, owner: User) -> None:
        await add_webhook(transactions, owner)
        other = await add_webhook(transactions, owner, URL + "/other")
        with pytest.raises(Conflict):
            await add_webhook(transactions, owner)
        with pytest.raises(Conflict):
            async with transactions.write() as transaction:
                await transaction.webhooks.update(other.id, {"url": URL}, LATER)
        await add_webhook(transactions, await add_user(transactions))
        with pytest.raises(NotFound):
            await add_webhook(transactions, new_user())

    async def test_a_change_keeps_the_other_fields(self, transactions: Transactions, owner: User) -> None:
        webhook = await add_webhook(transactions, owner)
        async with transactions.write() as transaction:
            changed = await transaction.webhooks.update(webhook.id, {"template": WebhookTemplate.SLACK}, LATER)
        assert changed == replace(webhook, template=WebhookTemplate.SLACK, updated_at=LATER)
        with pytest.raises(NotFound):
            async with transactions.write() as transaction:
                await transaction.webhooks.update(webhook.id + 1, {"secret": "x"}, LATER)

    async def test_pages_are_ordered_by_id_and_filtered_by_account(
        self, transactions: Transactions, owner: User
    ) -> None:
        webhooks = [await add_webhook(transactions, owner, f"{URL}/{number}") for number in range(3)]
        other = await add_webhook(transactions, await add_user(transactions))
        async with transactions.read() as transaction:
            assert await transaction.webhooks.page(owner.user_id, 2, 1) == (webhooks[1:], 3)
            assert await transaction.webhooks.page(None, 9, 0) == ([*webhooks, other], 4)
            assert await transaction.webhooks.has_more_than(2, owner.user_id)
            assert not await transaction.webhooks.has_more_than(3, owner.user_id)

    async def test_a_rule_has_the_webhook_of_its_owner_and_url(
        self, transactions: Transactions, owner: User, device: Device
    ) -> None:
        await add_webhook(transactions, await add_user(transactions))
        webhook = await add_webhook(transactions, owner)
        rule = await add_rule(transactions, owner, device_id=device.id, webhook_url=URL, email=True)
        assert (rule.webhook_id, rule.webhook_url, rule.email) == (webhook.id, URL, True)
        async with transactions.write() as transaction:
            changed = await transaction.alert_rules.update(rule.id, {"email": False}, LATER)
            assert (changed.webhook_id, changed.email) == (webhook.id, False)
            cleared = await transaction.alert_rules.update(rule.id, {"webhook_url": None}, LATER)
            assert (cleared.webhook_id, cleared.webhook_url) == (None, None)
            again = await transaction.alert_rules.update(rule.id, {"webhook_url": URL}, LATER)
            assert again.webhook_id == webhook.id
            await transaction.webhooks.delete(webhook.id)
        async with transactions.read() as transaction:
            found = await transaction.alert_rules.get(rule.id)
        assert found is not None
        assert (found.webhook_id, found.webhook_url) == (None, None)
        with pytest.raises(NotFound):
            async with transactions.write() as transaction:
                await transaction.webhooks.delete(webhook.id)


class DeliveriesContract(TransactionalContract):
    @pytest.fixture
    async def webhook(self, transactions: Transactions, owner: User) -> Webhook:
        """A webhook of `owner`."""
        return await add_webhook(transactions, owner)

    @pytest.fixture
    async def rule(self, transactions: Transactions, owner: User, device: Device) -> AlertRule:
        """A rule of `owner`."""
        return await add_rule(transactions, owner, device_id=device.id)

    async def test_a_delivery_is_stored_once(
        self, transactions: Transactions, webhook: Webhook, rule: AlertRule
    ) -> None:
        new = new_delivery(webhook, rule)
        assert await enqueue(transactions, new)
        assert not await enqueue(transactions, replace(new, alert={}, created_at=LATER))
        found = await stored(transactions, new.id)
        assert found is not None
        assert (found.alert, found.change, found.created_at) == (new.alert, AlertChange.RAISED, NOW)
        assert (found.status, found.attempts, found.due_at) == (DeliveryStatus.WAITING, 0, NOW)
        assert (found.finished_at, found.response_status, found.error) == (None, None, None)

    async def test_a_finished_delivery_is_not_stored_again(
        self, transactions: Transactions, owner: User, webhook: Webhook, rule: AlertRule
    ) -> None:
        new = new_delivery(webhook, rule)
        await enqueue(transactions, new)
        await claim(transactions, owner)
        await finish(transactions, new.id)
        assert not await enqueue(transactions, new)
        assert await due(transactions, LATER) == []

    async def test_nothing_is_stored_without_the_webhook_the_rule_or_the_account(
        self, transactions: Transactions, webhook: Webhook, rule: AlertRule
    ) -> None:
        new = new_delivery(webhook, rule)
        assert not await enqueue(transactions, replace(new, webhook_id=webhook.id + 1))
        assert not await enqueue(transactions, replace(new, rule_id=rule.id + 1))
        with pytest.raises(NotFound):
            await enqueue(transactions, replace(new, user_id=uuid4()))

    async def test_a_claim_is_exclusive_until_its_lease_ends(
        self, transactions: Transactions, owner: User, webhook: Webhook, rule: AlertRule
    ) -> None:
        new = new_delivery(webhook, rule)
        await enqueue(transactions, new)
        claimed = await claim(transactions, owner)
        assert claimed is not None
        assert (claimed.delivery.id, claimed.delivery.attempts, claimed.webhook) == (new.id, 1, webhook)
        assert await claim(transactions, owner) is None
        assert await due(transactions) == []
        after_lease = Millis(NOW + LEASE_MS)
        assert await due(transactions, after_lease) == [owner.user_id]
        again = await claim(transactions, owner, after_lease)
        assert again is not None
        assert (again.delivery.id, again.delivery.attempts) == (new.id, 2)

    async def test_concurrent_claims_get_different_deliveries(
        self, transactions: Transactions, owner: User, webhook: Webhook, rule: AlertRule
    ) -> None:
        for _ in range(2):
            await enqueue(transactions, new_delivery(webhook, rule))
        first, second = await claim(transactions, owner), await claim(transactions, owner)
        assert first is not None
        assert second is not None
        assert first.delivery.id != second.delivery.id

    async def test_the_delivery_that_has_been_due_for_the_longest_is_first(
        self, transactions: Transactions, owner: User, webhook: Webhook, rule: AlertRule
    ) -> None:
        late, early = new_delivery(webhook, rule, LATER), new_delivery(webhook, rule, NOW)
        for new in (late, early):
            await enqueue(transactions, new)
        order = [await claim(transactions, owner, LATER) for _ in range(2)]
        assert [claimed.delivery.id for claimed in order if claimed is not None] == [early.id, late.id]

    async def test_busy_webhooks_and_hosts_are_left_out(
        self, transactions: Transactions, owner: User, webhook: Webhook, rule: AlertRule
    ) -> None:
        other = await add_webhook(transactions, owner, "http://[2001:DB8::1]:8080/x")
        await enqueue(transactions, new_delivery(webhook, rule))
        await enqueue(transactions, new_delivery(other, rule, LATER))
        assert await claim(transactions, owner, LATER, (webhook.id, other.id)) is None
        assert await claim(transactions, owner, LATER, (), (webhook.host, "2001:db8::1")) is None
        claimed = await claim(transactions, owner, LATER, (), (webhook.host,))
        assert claimed is not None
        assert claimed.webhook == other

    async def test_a_failed_delivery_waits_for_its_next_attempt(
        self, transactions: Transactions, owner: User, webhook: Webhook, rule: AlertRule
    ) -> None:
        new = new_delivery(webhook, rule)
        await enqueue(transactions, new)
        await claim(transactions, owner)
        async with transactions.write() as transaction:
            await transaction.deliveries.retry(new.id, LATER, 500, "answered 500")
        found = await stored(transactions, new.id)
        assert found is not None
        assert (found.status, found.due_at, found.response_status, found.error) == (
            DeliveryStatus.WAITING,
            LATER,
            500,
            "answered 500",
        )
        assert await claim(transactions, owner, Millis(LATER - 1)) is None
        assert await claim(transactions, owner, LATER) is not None

    async def test_a_dead_delivery_is_replayed_without_attempts(
        self, transactions: Transactions, owner: User, webhook: Webhook, rule: AlertRule
    ) -> None:
        new = new_delivery(webhook, rule)
        await enqueue(transactions, new)
        async with transactions.write() as transaction:
            assert not await transaction.deliveries.replay(new.id, LATER)
        await claim(transactions, owner)
        await finish(transactions, new.id, DeliveryStatus.DEAD)
        found = await stored(transactions, new.id)
        assert found is not None
        assert (found.status, found.due_at, found.finished_at) == (DeliveryStatus.DEAD, None, NOW)
        async with transactions.write() as transaction:
            assert await transaction.deliveries.replay(new.id, LATER)
        replayed = await stored(transactions, new.id)
        assert replayed is not None
        assert (replayed.status, replayed.due_at, replayed.attempts) == (DeliveryStatus.WAITING, LATER, 0)

    async def test_accounts_take_turns_and_those_without_access_none(
        self, transactions: Transactions, owner: User, webhook: Webhook, rule: AlertRule
    ) -> None:
        users = [owner]
        await enqueue(transactions, new_delivery(webhook, rule))
        for _ in range(2):
            user = await add_user(transactions)
            device = await add_device(transactions, user.user_id)
            own = new_delivery(
                await add_webhook(transactions, user), await add_rule(transactions, user, device_id=device.id)
            )
            await enqueue(transactions, own)
            users.append(user)
        ids = sorted(user.user_id for user in users)
        assert await due(transactions) == ids
        assert await due(transactions, NOW, ids[0]) == ids[1:]
        assert await due(transactions, NOW, ids[2]) == []
        assert await due(transactions, Millis(NOW - 1)) == []
        async with transactions.write() as transaction:
            await transaction.accounts.update(ids[0], {"is_active": False}, NOW)
            await transaction.accounts.mark_deleted(ids[1], NOW)
        assert await due(transactions) == ids[2:]

    async def test_pages_are_newest_first_and_filtered_by_status(
        self, transactions: Transactions, owner: User, webhook: Webhook, rule: AlertRule
    ) -> None:
        news = [new_delivery(webhook, rule, Millis(NOW + number)) for number in range(3)]
        for new in news:
            await enqueue(transactions, new)
        await finish(transactions, news[0].id, DeliveryStatus.DEAD)
        async with transactions.read() as transaction:
            found, total = await transaction.deliveries.page(webhook.id, None, 2, 0)
            assert ([one.id for one in found], total) == ([news[2].id, news[1].id], 3)
            dead, total = await transaction.deliveries.page(webhook.id, DeliveryStatus.DEAD, 9, 0)
            assert ([one.id for one in dead], total) == ([news[0].id], 1)
            assert await transaction.deliveries.count_waiting(10) == 2
            assert await transaction.deliveries.count_waiting(1) == 1
            assert await transaction.deliveries.has_more_waiting_than(1, owner.user_id)
            assert not await transaction.deliveries.has_more_waiting_than(2, owner.user_id)

    async def test_old_finished_deliveries_are_trimmed_and_expire(
        self, transactions: Transactions, owner: User, webhook: Webhook, rule: AlertRule
    ) -> None:
        news = [new_delivery(webhook, rule) for _ in range(5)]
        for number, new in enumerate(news):
            await enqueue(transactions, new)
            if number < 4:
                await finish(transactions, new.id, at=Millis(NOW + number))
        async with transactions.write() as transaction:
            await transaction.deliveries.trim(owner.user_id, 3)
        assert await stored(transactions, news[0].id) is None
        async with transactions.write() as transaction:
            assert await transaction.deliveries.delete_finished_before(Millis(NOW + 3), 1) == 1
            assert await transaction.deliveries.delete_finished_before(Millis(NOW + 3), 9) == 1
            assert await transaction.deliveries.delete_finished_before(Millis(NOW + 3), 9) == 0
        async with transactions.read() as transaction:
            left, _ = await transaction.deliveries.page(webhook.id, None, 9, 0)
        assert {one.id for one in left} == {news[3].id, news[4].id}

    async def test_times_of_a_clock_that_ran_ahead_are_corrected(
        self, transactions: Transactions, owner: User, webhook: Webhook, rule: AlertRule
    ) -> None:
        await enqueue(transactions, new_delivery(webhook, rule, LATER))
        async with transactions.write() as transaction:
            await transaction.deliveries.clamp_due_at(LATER, NOW)
        assert await due(transactions) == []
        async with transactions.write() as transaction:
            await transaction.deliveries.clamp_due_at(Millis(LATER - 1), NOW)
        assert await due(transactions) == [owner.user_id]

    @pytest.mark.parametrize("removed", ["webhook", "rule", "account"])
    async def test_a_delivery_is_removed_with_what_it_belongs_to(
        self, transactions: Transactions, owner: User, webhook: Webhook, rule: AlertRule, removed: str
    ) -> None:
        new = new_delivery(webhook, rule)
        await enqueue(transactions, new)
        async with transactions.write() as transaction:
            if removed == "webhook":
                await transaction.webhooks.delete(webhook.id)
            elif removed == "rule":
                await transaction.alert_rules.delete(rule.id)
            else:
                await transaction.devices.delete_of_user(owner.user_id, 10)
                await transaction.accounts.delete(owner.user_id)
        assert await stored(transactions, new.id) is None
