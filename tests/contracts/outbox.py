"""What the outbox role promises."""

import asyncio
import json
from collections.abc import Collection

from iotflow.domain.json import JsonObject
from iotflow.domain.outbox import ALL_TOPICS, Message, NewMessage, Topic
from iotflow.domain.times import Millis
from iotflow.repositories.transactions import Transactions
from tests.contracts.raw import RawTables
from tests.contracts.transactional import NOW, TransactionalContract

LEASE_MS = 10_000
AFTER_LEASE = Millis(NOW + LEASE_MS)


def message(subject: str, number: int, not_before: Millis = NOW, topic: Topic = Topic.EVENT) -> NewMessage:
    return NewMessage(topic, subject, {"number": number}, not_before)


async def add(transactions: Transactions, *messages: NewMessage) -> None:
    async with transactions.write() as transaction:
        await transaction.outbox.add(messages)


async def claim(
    transactions: Transactions, now: Millis = NOW, limit: int = 100, topics: Collection[Topic] = ALL_TOPICS
) -> list[Message]:
    async with transactions.write() as transaction:
        return await transaction.outbox.claim(now, LEASE_MS, limit, topics)


async def release(transactions: Transactions, messages: Collection[Message], not_before: Millis) -> None:
    async with transactions.write() as transaction:
        await transaction.outbox.release([message.id for message in messages], not_before)


async def has_due(transactions: Transactions, now: Millis, topics: Collection[Topic] = ALL_TOPICS) -> bool:
    async with transactions.read() as transaction:
        return await transaction.outbox.has_due(now, topics)


def numbers(messages: Collection[Message]) -> list[object]:
    return [message.payload["number"] for message in messages]


class OutboxContract(TransactionalContract):
    async def test_a_message_is_claimed_as_it_was_stored(self, transactions: Transactions, tables: RawTables) -> None:
        payload: JsonObject = {"text": "ü\U0001f321", "n": 2**53 + 1, "f": 1.5, "none": None, "list": [{"a": True}]}
        await add(transactions, NewMessage(Topic.PURGE_TELEMETRY, "device 1", payload, NOW))
        (claimed,) = await claim(transactions)
        assert claimed == Message(claimed.id, Topic.PURGE_TELEMETRY, "device 1", payload, attempts=1)
        (row,) = await tables.rows("outbox")
        assert (row["id"], row["subject"], json.loads(row["payload"])) == (claimed.id, "device 1", payload)

    async def test_messages_are_claimed_oldest_first_and_up_to_the_limit(self, transactions: Transactions) -> None:
        await add(transactions, *(message(f"subject {i % 3}", i) for i in range(5)))
        assert numbers(await claim(transactions, limit=3)) == [0, 1, 2]
        async with transactions.read() as transaction:
            assert await transaction.outbox.count() == 5

    async def test_topics_are_claimed_apart_and_keep_the_order_of_their_subject(
        self, transactions: Transactions
    ) -> None:
        purges, others = {Topic.PURGE_TELEMETRY}, ALL_TOPICS - {Topic.PURGE_TELEMETRY}
        await add(transactions, message("a", 1, topic=Topic.PURGE_TELEMETRY), message("a", 2), message("b", 3))
        assert await has_due(transactions, NOW, purges)
        assert numbers(await claim(transactions, topics=others)) == [3]
        assert numbers(await claim(transactions, topics=purges)) == [1]
        assert not await has_due(transactions, NOW, purges)
        assert await claim(transactions, topics=others) == []

    async def test_an_empty_outbox_has_nothing_to_claim(self, transactions: Transactions) -> None:
        await add(transactions)
        assert await claim(transactions) == []
        assert not await has_due(transactions, NOW)

    async def test_a_claimed_message_is_not_claimed_again_before_its_lease_ends(
        self, transactions: Transactions
    ) -> None:
        await add(transactions, message("a", 1))
        await claim(transactions)
        before = Millis(AFTER_LEASE - 1)
        assert not await has_due(transactions, before)
        assert await claim(transactions, before) == []
        assert await has_due(transactions, AFTER_LEASE)
        (again,) = await claim(transactions, AFTER_LEASE)
        assert again.attempts == 2

    async def test_a_delayed_message_waits_for_its_time(self, transactions: Transactions) -> None:
        await add(transactions, message("a", 1, Millis(NOW + 500)), message("b", 2))
        assert numbers(await claim(transactions)) == [2]
        assert not await has_due(transactions, Millis(NOW + 499))
        assert await claim(transactions, Millis(NOW + 499)) == []
        assert await has_due(transactions, Millis(NOW + 500))
        assert numbers(await claim(transactions, Millis(NOW + 500))) == [1]

    async def test_a_message_waits_while_an_earlier_one_of_its_subject_is_held(
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

    async def test_after_a_lost_lease_a_subject_goes_on_in_its_order(self, transactions: Transactions) -> None:
        await add(transactions, message("a", 1), message("a", 2))
        assert numbers(await claim(transactions, limit=1)) == [1]
        await add(transactions, message("a", 3))
        assert numbers(await claim(transactions, AFTER_LEASE)) == [1, 2, 3]

    async def test_released_messages_come_again_at_their_time_and_in_their_order(
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

    async def test_removed_messages_are_gone(self, transactions: Transactions, tables: RawTables) -> None:
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

    async def test_a_removed_message_s_id_is_never_given_again(self, transactions: Transactions) -> None:
        ids = []
        for number in range(3):
            await add(transactions, message("a", number))
            (claimed,) = await claim(transactions)
            ids.append(claimed.id)
            async with transactions.write() as transaction:
                await transaction.outbox.remove([claimed.id])
        assert sorted(set(ids)) == ids

    async def test_many_relays_claim_each_message_once(self, transactions: Transactions) -> None:
        await add(transactions, *(message(f"subject {i}", i) for i in range(60)))
        claims = await asyncio.gather(*(claim(transactions, limit=10) for _ in range(8)))
        assert sorted(number for claimed in claims for number in numbers(claimed) if isinstance(number, int)) == (
            list(range(60))
        )

    async def test_what_waits_for_a_time_of_the_future_is_brought_back(self, transactions: Transactions) -> None:
        ahead = Millis(NOW + 6 * 3_600_000)
        await add(transactions, message("ada", 1, ahead), message("ada", 2), message("bob", 3, Millis(NOW + 500)))
        assert numbers(await claim(transactions)) == []
        async with transactions.write() as transaction:
            await transaction.outbox.clamp_not_before(Millis(NOW + 500), NOW)
        assert numbers(await claim(transactions)) == [1, 2]
        assert numbers(await claim(transactions, Millis(NOW + 500))) == [3]
