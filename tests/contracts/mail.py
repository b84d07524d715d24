"""Contract of the interface of the e-mails about alerts."""

from dataclasses import replace
from uuid import uuid4

import pytest

from iotflow.domain.accounts import User
from iotflow.domain.alert_rules import AlertRule
from iotflow.domain.devices import Device
from iotflow.domain.errors import NotFound
from iotflow.domain.mail import Digest, Notice
from iotflow.domain.times import Millis
from iotflow.domain.webhooks import AlertChange
from iotflow.repositories.transactions import Transactions
from tests.contracts.alert_rules import add_rule
from tests.contracts.transactional import LATER, NOW, TransactionalContract

LEASE_MS = 1_000


async def add(transactions: Transactions, rule: AlertRule, at: Millis = NOW, **fields: object) -> Notice:
    """Store a notice and return it."""
    notice = Notice(uuid4(), rule.user_id, rule.id, AlertChange.RAISED, {"message": "zü"}, at)
    notice = replace(notice, **fields)  # type: ignore[arg-type]  # the keys are names of fields
    async with transactions.write() as transaction:
        await transaction.mail.add(notice)
    return notice


async def claim(transactions: Transactions, now: Millis = NOW) -> Digest | None:
    """Claim an e-mail."""
    async with transactions.write() as transaction:
        return await transaction.mail.claim(now, LEASE_MS)


class MailContract(TransactionalContract):
    @pytest.fixture
    async def rule(self, transactions: Transactions, owner: User, device: Device) -> AlertRule:
        """A rule of `owner`."""
        return await add_rule(transactions, owner, device_id=device.id)

    async def test_an_e_mail_has_all_notices_of_its_account_once_and_in_order(
        self, transactions: Transactions, owner: User, rule: AlertRule
    ) -> None:
        second = await add(transactions, rule, LATER)
        first = await add(transactions, rule)
        await add(transactions, rule, id=first.id, alert={})
        assert await claim(transactions, Millis(NOW - 1)) is None
        assert await claim(transactions, LATER) == Digest(owner.user_id, owner.email, (first, second), 1)

    async def test_a_claim_is_exclusive_until_its_lease_ends(self, transactions: Transactions, rule: AlertRule) -> None:
        await add(transactions, rule)
        assert await claim(transactions) is not None
        assert await claim(transactions) is None
        again = await claim(transactions, Millis(NOW + LEASE_MS))
        assert again is not None
        assert again.attempts == 2

    async def test_the_next_e_mail_waits_for_its_time(self, transactions: Transactions, rule: AlertRule) -> None:
        await add(transactions, rule)
        digest = await claim(transactions)
        assert digest is not None
        during = await add(transactions, rule)
        async with transactions.write() as transaction:
            await transaction.mail.finish(digest, LATER)
        await add(transactions, rule, Millis(NOW + 1))
        assert await claim(transactions, Millis(LATER - 1)) is None
        following = await claim(transactions, LATER)
        assert following is not None
        assert (following.notices[0], len(following.notices), following.attempts) == (during, 2, 1)

    async def test_a_failed_e_mail_is_tried_again(self, transactions: Transactions, rule: AlertRule) -> None:
        await add(transactions, rule)
        digest = await claim(transactions)
        assert digest is not None
        async with transactions.write() as transaction:
            await transaction.mail.retry(rule.user_id, LATER)
        assert await claim(transactions, Millis(LATER - 1)) is None
        assert await claim(transactions, LATER) == replace(digest, attempts=2)

    async def test_an_account_without_notices_leaves_the_queue_and_returns(
        self, transactions: Transactions, rule: AlertRule
    ) -> None:
        await add(transactions, rule)
        digest = await claim(transactions)
        assert digest is not None
        async with transactions.write() as transaction:
            await transaction.mail.finish(digest, NOW)
        assert await claim(transactions, LATER) is None
        await add(transactions, rule, LATER)
        assert await claim(transactions, LATER) is not None

    async def test_an_account_without_access_receives_nothing(
        self, transactions: Transactions, owner: User, rule: AlertRule
    ) -> None:
        await add(transactions, rule)
        async with transactions.write() as transaction:
            await transaction.accounts.update(owner.user_id, {"is_active": False}, NOW)
        assert await claim(transactions) is None
        async with transactions.read() as transaction:
            assert not await transaction.mail.has_more_than(0, owner.user_id)

    async def test_nothing_is_stored_without_the_rule_or_the_account(
        self, transactions: Transactions, owner: User, rule: AlertRule
    ) -> None:
        await add(transactions, rule, rule_id=rule.id + 1)
        with pytest.raises(NotFound):
            await add(transactions, rule, user_id=uuid4())
        await add(transactions, rule)
        async with transactions.write() as transaction:
            assert await transaction.mail.has_more_than(0, owner.user_id)
            assert not await transaction.mail.has_more_than(1, owner.user_id)
            await transaction.alert_rules.delete(rule.id)
        assert await claim(transactions) is None

    async def test_times_of_a_clock_that_ran_ahead_are_corrected(
        self, transactions: Transactions, rule: AlertRule
    ) -> None:
        await add(transactions, rule, LATER)
        async with transactions.write() as transaction:
            await transaction.mail.clamp_due_at(Millis(LATER - 1), NOW)
        assert await claim(transactions) is not None
