"""Steps of the outbox tests: stores that fail, and a relay that is driven by the test."""

from collections.abc import Sequence
from dataclasses import replace

from iotflow.background.outbox_relay import Consumer
from iotflow.domain.events import Event, EventFilter, EventType
from iotflow.domain.outbox import NewOutboxMessage, OutboxTopic
from iotflow.repositories.stores import Stores
from tests.services.harness import ServiceHarness, SignedInUser
from tests.services.interception import Fail, Intercepted


class FaultyEvents:
    """Stores whose events fail before or after they are stored, as a test requires."""

    def __init__(self, stores: Stores) -> None:
        self.before = Fail(None)
        self.after = Fail(None)
        self.added: list[EventType] = []
        self.stores = replace(stores, events=Intercepted(stores.events, "add", before=self._note, after=self.after))

    async def _note(self, events: Sequence[Event]) -> None:
        await self.before()
        self.added += [event.event_type for event in events]


async def events_of(harness: ServiceHarness, user: SignedInUser) -> list[Event]:
    """Return the user's events, oldest first."""
    page = await harness.stores.events.page(EventFilter(user_id=user.caller.user_id), 1_000, None)
    return page[::-1]


async def count_waiting(harness: ServiceHarness) -> int:
    """Return the number of messages in the outbox."""
    async with harness.stores.transactions.read() as transaction:
        return await transaction.outbox.count()


async def run_relay(harness: ServiceHarness, seconds: int = 200) -> None:
    """Run the relay once per second of the fake clock."""
    for _ in range(seconds):
        await harness.relay.handle_due()
        harness.clock.advance(1)


def consumer_of(harness: ServiceHarness, topic: OutboxTopic) -> Consumer:
    """Return the consumer of a topic."""
    (found,) = [consumer for consumer in harness.relay.consumers if consumer.topic is topic]
    return found


async def add_messages(harness: ServiceHarness, messages: Sequence[NewOutboxMessage]) -> None:
    """Add messages to the outbox."""
    async with harness.stores.transactions.write() as transaction:
        await transaction.outbox.add(messages)
