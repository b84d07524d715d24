"""Contract of the outbox interface."""

import asyncio
import json
from collections.abc import Collection

from iotflow.domain.json import JsonObject
from iotflow.domain.outbox import NewOutboxMessage, OutboxMessage, OutboxTopic
from iotflow.domain.times import Millis
from iotflow.repositories.transactions import Transactions
from tests.contracts.raw import RawTables
from tests.contracts.transactional import NOW, TransactionalContract

LEASE_MS = 10_000
AFTER_LEASE = Millis(NOW + LEASE_MS)


def message(
    subject: str, number: int, not_before: Millis = NOW, topic: OutboxTopic = OutboxTopic.EVENT
) -> NewOutboxMessage:
    return NewOutboxMessage(topic, subject, {"number": number}, not_before)


async def add(transactions: Transactions, *messages: NewOutboxMessage) -> None:
    async with transactions.write() as transaction:
        await transaction.outbox.add(messages)


async def due(transactions: Transactions, now: Millis = NOW, topic: OutboxTopic = OutboxTopic.EVENT) -> list[str]:
    async with transactions.read() as transaction:
        return (await transaction.outbox.due_subjects(topic, now)).subjects


async def claim_of(
    transactions: Transactions,
    subjects: Collection[str],
    now: Millis = NOW,
    per_subject: int = 100,
    topic: OutboxTopic = OutboxTopic.EVENT,
) -> list[OutboxMessage]:
    async with transactions.write() as transaction:
        return await transaction.outbox.claim(topic, subjects, now, LEASE_MS, per_subject)


async def claim(
    transactions: Transactions, now: Millis = NOW, per_subject: int = 100, topic: OutboxTopic = OutboxTopic.EVENT
) -> list[OutboxMessage]:
    """Claim the first messages of all due subjects."""
    return await claim_of(transactions, await due(transactions, now, topic), now, per_subject, topic)


async def release(transactions: Transactions, messages: Collection[OutboxMessage], not_before: Millis) -> None:
    async with transactions.write() as transaction:
        await transaction.outbox.release([message.id for message in messages], not_before)


def numbers(messages: Collection[OutboxMessage]) -> list[object]:
    return [message.payload["number"] for message in messages]


class OutboxContract(TransactionalContract):
    async def test_a_message_is_claimed_as_it_was_stored(self, transactions: Transactions, tables: RawTables) -> None:
        payload: JsonObject = {"text": "ü\U0001f321", "n": 2**53 + 1, "f": 1.5, "none": None, "list": [{"a": True}]}
        await add(transactions, NewOutboxMessage(OutboxTopic.PURGE_TELEMETRY, "device 1", payload, NOW))
        (claimed,) = await claim(transactions, topic=OutboxTopic.PURGE_TELEMETRY)
        assert claimed == OutboxMessage(claimed.id, OutboxTopic.PURGE_TELEMETRY, "device 1", payload, attempts=1)
        (row,) = await tables.rows("outbox")
        assert (row["id"], row["subject"], json.loads(row["payload"])) == (claimed.id, "device 1", payload)

    async def test_the_first_messages_of_each_subject_are_claimed_oldest_first(
        self, transactions: Transactions
    ) -> None:
        await add(transactions, *(message(f"subject {i % 3}", i) for i in range(5)))
        assert numbers(await claim(transactions, per_subject=1)) == [0, 1, 2]
        async with transactions.read() as transaction:
            assert await transaction.outbox.count() == 5

    async def test_topics_are_claimed_separately_in_the_order_of_each_subject(self, transactions: Transactions) -> None:
        purge = OutboxTopic.PURGE_TELEMETRY
        await add(transactions, message("a", 1), message("a", 2, topic=purge), message("a", 3), message("b", 4))
        assert await due(transactions, topic=purge) == []
        first, other = await claim(transactions)
        assert numbers([first, other]) == [1, 4]
        async with transactions.write() as transaction:
            await transaction.outbox.remove([first.id])
        assert await due(transactions) == []
        assert numbers(await claim(transactions, topic=purge)) == [2]
        assert await due(transactions, topic=purge) == []
        assert await claim(transactions) == []

    async def test_an_empty_outbox_has_nothing_to_claim(self, transactions: Transactions) -> None:
        await add(transactions)
        assert await claim(transactions) == []
        assert await due(transactions) == []

    async def test_a_claimed_message_is_not_claimed_again_before_its_lease_ends(
        self, transactions: Transactions
    ) -> None:
        await add(transactions, message("a", 1))
        await claim(transactions)
        before = Millis(AFTER_LEASE - 1)
        assert await due(transactions, before) == []
        assert await claim(transactions, before) == []
        assert await due(transactions, AFTER_LEASE)
        (again,) = await claim(transactions, AFTER_LEASE)
        assert again.attempts == 2

    async def test_a_delayed_message_waits_for_its_time(self, transactions: Transactions) -> None:
        await add(transactions, message("a", 1, Millis(NOW + 500)), message("b", 2))
        assert numbers(await claim(transactions)) == [2]
        assert await due(transactions, Millis(NOW + 499)) == []
        assert await claim(transactions, Millis(NOW + 499)) == []
        assert await due(transactions, Millis(NOW + 500)) == ["a"]
        assert numbers(await claim(transactions, Millis(NOW + 500))) == [1]

    async def test_a_message_waits_while_an_earlier_one_of_its_subject_is_claimed(
        self, transactions: Transactions
    ) -> None:
        await add(transactions, message("a", 1))
        held = await claim(transactions)
        await add(transactions, message("a", 2), message("b", 3))
        assert numbers(await claim(transactions)) == [3]
        async with transactions.write() as transaction:
            await transaction.outbox.remove([one.id for one in held])
        assert numbers(await claim(transactions)) == [2]

    async def test_a_message_waits_while_an_earlier_one_of_its_subject_is_not_due(
        self, transactions: Transactions
    ) -> None:
        await add(transactions, message("a", 1, Millis(NOW + 500)), message("a", 2), message("b", 3))
        assert numbers(await claim(transactions)) == [3]
        assert numbers(await claim(transactions, Millis(NOW + 500))) == [1, 2]

    async def test_after_an_expired_lease_a_subject_continues_in_order(self, transactions: Transactions) -> None:
        await add(transactions, message("a", 1), message("a", 2))
        assert numbers(await claim(transactions, per_subject=1)) == [1]
        await add(transactions, message("a", 3))
        assert numbers(await claim(transactions, AFTER_LEASE)) == [1, 2, 3]

    async def test_released_messages_are_claimed_again_at_their_time_and_in_order(
        self, transactions: Transactions
    ) -> None:
        await add(transactions, message("a", 1), message("a", 2), message("b", 3))
        claimed = await claim(transactions)
        await release(transactions, claimed[:2], Millis(NOW + 1_000))
        await add(transactions, message("a", 4))
        assert await claim(transactions, Millis(NOW + 999)) == []
        again = await claim(transactions, Millis(NOW + 1_000))
        assert numbers(again) == [1, 2, 4]
        assert [one.attempts for one in again] == [2, 2, 1]

    async def test_removed_messages_are_not_claimed_again(self, transactions: Transactions, tables: RawTables) -> None:
        await add(transactions, message("a", 1), message("b", 2))
        first, _ = await claim(transactions)
        for _ in range(2):
            async with transactions.write() as transaction:
                await transaction.outbox.remove([first.id])
        async with transactions.write() as transaction:
            await transaction.outbox.remove([])
            await transaction.outbox.release([], NOW)
        assert [json.loads(row["payload"]) for row in await tables.rows("outbox")] == [{"number": 2}]
        assert numbers(await claim(transactions, AFTER_LEASE)) == [2]

    async def test_the_id_of_a_removed_message_is_never_reused(self, transactions: Transactions) -> None:
        ids = []
        for number in range(3):
            await add(transactions, message("a", number))
            (claimed,) = await claim(transactions)
            ids.append(claimed.id)
            async with transactions.write() as transaction:
                await transaction.outbox.remove([claimed.id])
        assert sorted(set(ids)) == ids

    async def test_subjects_alternate(self, transactions: Transactions) -> None:
        await add(transactions, *(message(f"subject {i // 10}", i) for i in range(50)))
        async with transactions.read() as transaction:
            outbox = transaction.outbox
            all_of_them = await outbox.due_subjects(OutboxTopic.EVENT, NOW)
            assert all_of_them.subjects == [f"subject {i}" for i in range(5)]
            assert all_of_them.scanned_to == ""
            rest = await outbox.due_subjects(OutboxTopic.EVENT, NOW, "subject 2")
            assert rest.subjects == ["subject 3", "subject 4"]
            assert (await outbox.due_subjects(OutboxTopic.EVENT, NOW, "subject 4")).subjects == []

    async def test_a_scan_of_many_subjects_resumes_at_its_cursor(self, transactions: Transactions) -> None:
        await add(transactions, *(message(f"subject {i:04}", i, Millis(NOW + 1)) for i in range(2_500)))
        await add(transactions, message("subject 2499 b", 2_500))
        after, scans, found = "", 0, list[str]()
        while not found:
            async with transactions.read() as transaction:
                due_now = await transaction.outbox.due_subjects(OutboxTopic.EVENT, NOW, after)
            found, after, scans = due_now.subjects, due_now.scanned_to, scans + 1
        assert (found, after, scans) == (["subject 2499 b"], "", 3)

    async def test_a_subject_that_another_relay_has_claimed_is_skipped(self, transactions: Transactions) -> None:
        await add(transactions, message("a", 1), message("a", 2), message("b", 3))
        subjects = await due(transactions)
        assert numbers(await claim_of(transactions, ["a"])) == [1, 2]
        assert numbers(await claim_of(transactions, subjects)) == [3]

    async def test_a_message_with_progress_resumes_and_resets_its_attempts(self, transactions: Transactions) -> None:
        await add(transactions, message("a", 1), message("a", 2))
        await release(transactions, await claim(transactions), NOW)
        claimed = await claim(transactions)
        await release(transactions, claimed, NOW)
        async with transactions.write() as transaction:
            await transaction.outbox.release_unfinished(claimed[0].id, {"number": 7, "rest": [1]})
        again = await claim(transactions)
        assert [(one.payload, one.attempts) for one in again] == [({"number": 7, "rest": [1]}, 1), ({"number": 2}, 3)]

    async def test_many_relays_claim_each_message_once(self, transactions: Transactions) -> None:
        await add(transactions, *(message(f"subject {i}", i) for i in range(60)))
        subjects = await due(transactions)
        claims = await asyncio.gather(*(claim_of(transactions, subjects) for _ in range(8)))
        assert sorted(number for claimed in claims for number in numbers(claimed) if isinstance(number, int)) == (
            list(range(60))
        )

    async def test_messages_are_counted_by_topic_up_to_a_bound(self, transactions: Transactions) -> None:
        purge = OutboxTopic.PURGE_TELEMETRY
        later = Millis(NOW + 1_000)
        await add(transactions, *(message("ada", number) for number in range(5)), message("b", 5, later, purge))
        async with transactions.read() as transaction:
            counts = await transaction.outbox.count_by_topic(3)
        assert counts == dict.fromkeys(OutboxTopic, 0) | {OutboxTopic.EVENT: 3, purge: 1}

    async def test_due_times_in_the_future_are_corrected(self, transactions: Transactions) -> None:
        ahead = Millis(NOW + 6 * 3_600_000)
        await add(transactions, message("ada", 1, ahead), message("ada", 2), message("bob", 3, Millis(NOW + 500)))
        assert numbers(await claim(transactions)) == []
        async with transactions.write() as transaction:
            await transaction.outbox.clamp_not_before(Millis(NOW + 500), NOW)
        assert numbers(await claim(transactions)) == [1, 2]
        assert numbers(await claim(transactions, Millis(NOW + 500))) == [3]
