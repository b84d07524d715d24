"""Contract of publish/subscribe."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from iotflow.repositories.broker import (
    MAX_QUEUED_BYTES,
    MAX_QUEUED_MESSAGES,
    Broker,
    Message,
    SubscriberTooSlow,
    SubscriptionEvent,
)

DEADLINE_S = 10.0


async def received(events: AsyncIterator[SubscriptionEvent], number: int) -> list[tuple[str, bytes]]:
    """Wait for this number of messages. Raises TimeoutError."""
    messages: list[tuple[str, bytes]] = []
    async with asyncio.timeout(DEADLINE_S):
        while len(messages) < number:
            event = await anext(events)
            assert isinstance(event, Message)
            messages.append((event.topic, event.content))
    return messages


async def drain(events: AsyncIterator[SubscriptionEvent]) -> int:
    """Read until the subscription is dropped; return the number of messages. Raises TimeoutError."""
    number = 0
    async with asyncio.timeout(DEADLINE_S):
        try:
            async for _ in events:
                number += 1
        except SubscriberTooSlow:
            return number
    raise AssertionError("the iterator ended")


class BrokerContract:
    """The broker under test in one process and in another; the same object if the broker serves one process only."""

    @pytest.fixture
    def broker(self) -> Broker:
        raise NotImplementedError

    @pytest.fixture
    def other(self, broker: Broker) -> Broker:
        return broker

    async def test_a_message_reaches_every_subscriber_of_its_topic(self, broker: Broker, other: Broker) -> None:
        async with (
            broker.subscribe(["a"]) as first,
            broker.subscribe(["a", "b"]) as second,
            other.subscribe(["b", "a"]) as third,
        ):
            await broker.publish("a", b"one")
            for events in (first, second, third):
                assert await received(events, 1) == [("a", b"one")]

    async def test_messages_of_other_topics_do_not_arrive(self, broker: Broker, other: Broker) -> None:
        async with broker.subscribe(["a"]) as events:
            for topic in ("b", "a:b", "", "A", "a"):
                await other.publish(topic, topic.encode())
            assert await received(events, 1) == [("a", b"a")]

    async def test_messages_of_a_publisher_arrive_in_order_and_unchanged(self, broker: Broker, other: Broker) -> None:
        sent = [bytes([number]) * number for number in range(256)]
        async with broker.subscribe(["a"]) as events:
            for message in sent:
                await other.publish("a", message)
            assert await received(events, 256) == [("a", message) for message in sent]

    async def test_publishing_without_subscribers_is_no_error(self, broker: Broker) -> None:
        await broker.publish("a", b"early")
        async with broker.subscribe(["a"]) as events:
            await broker.publish("a", b"late")
            assert await received(events, 1) == [("a", b"late")]

    async def test_a_subscriber_that_unsubscribes_does_not_affect_others(self, broker: Broker, other: Broker) -> None:
        async with broker.subscribe(["a", "b"]) as staying:
            async with broker.subscribe(["a"]) as leaving:
                await other.publish("a", b"1")
                assert await received(leaving, 1) == [("a", b"1")]
            await other.publish("a", b"2")
            assert await received(staying, 2) == [("a", b"1"), ("a", b"2")]

    async def test_a_topic_can_be_unsubscribed_and_subscribed_again(self, broker: Broker, other: Broker) -> None:
        for number in range(20):
            async with broker.subscribe(["a"]) as events:
                await other.publish("a", b"%d" % number)
                assert await received(events, 1) == [("a", b"%d" % number)]

    async def test_a_subscriber_that_waits_is_woken(self, broker: Broker, other: Broker) -> None:
        async with broker.subscribe(["a"]) as events:
            waiting = asyncio.create_task(received(events, 1))
            await asyncio.sleep(0)
            await other.publish("a", b"1")
            assert await waiting == [("a", b"1")]

    @pytest.mark.parametrize(
        ("messages", "size"), [(MAX_QUEUED_MESSAGES + 1, 1), (5, MAX_QUEUED_BYTES // 4)], ids=["number", "bytes"]
    )
    async def test_only_a_slow_subscriber_is_dropped(
        self, broker: Broker, other: Broker, messages: int, size: int
    ) -> None:
        message = b"x" * size
        async with broker.subscribe(["a"]) as slow, broker.subscribe(["a"]) as fast:
            for _ in range(messages):
                await other.publish("a", message)
                assert await received(fast, 1) == [("a", message)]
            assert await drain(slow) == 0
            async with broker.subscribe(["a"]) as again:
                await other.publish("a", b"1")
                assert await received(again, 1) == await received(fast, 1) == [("a", b"1")]

    async def test_a_subscriber_with_a_full_queue_is_not_dropped(self, broker: Broker, other: Broker) -> None:
        async with broker.subscribe(["a"]) as events, broker.subscribe(["a"]) as arrived:
            for _ in range(MAX_QUEUED_MESSAGES):
                await other.publish("a", b"1")
                await received(arrived, 1)
            assert len(await received(events, MAX_QUEUED_MESSAGES)) == MAX_QUEUED_MESSAGES
