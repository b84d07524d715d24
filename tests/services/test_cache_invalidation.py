"""Invalidations that fail after the commit: the outbox repeats them."""

import json
from dataclasses import replace

import pytest

from iotflow.domain.errors import StoreUnavailable, Unauthenticated
from iotflow.domain.json import JsonObject
from iotflow.domain.outbox import NewOutboxMessage, OutboxTopic
from iotflow.domain.personal_tokens import TokenScope
from iotflow.repositories.cache import Miss
from iotflow.services.passwords import Passwords
from tests.services.harness import (
    RegisteredDevice,
    ServiceHarness,
    SignedInUser,
    build_harness,
    calling,
    register_device,
)
from tests.services.interception import Fail, Intercepted
from tests.services.test_identity_races import OF_KEYS, Revocation
from tests.stores.sqlite import SqliteTables


class Killed(BaseException):
    """The process is killed at this point."""


@pytest.fixture
async def device(harness: ServiceHarness, ada: SignedInUser, root: SignedInUser) -> RegisteredDevice:
    """A device of Ada's with a cached key; the outbox is empty."""
    device = await register_device(harness, ada)
    await harness.relay.handle_due()
    assert await key_works(harness, device)
    return device


async def key_works(harness: ServiceHarness, device: RegisteredDevice) -> bool:
    try:
        await calling(harness, device.key)
    except Unauthenticated:
        return False
    return True


def broken(harness: ServiceHarness, passwords: Passwords, error: BaseException) -> tuple[ServiceHarness, Fail]:
    """The services of a process whose cache fails each invalidation."""
    fail = Fail(error)
    identities = Intercepted(harness.stores.identity_cache, "invalidate", "invalidate_account", before=fail)
    return build_harness(replace(harness.stores, identity_cache=identities), harness.clock, passwords), fail


@pytest.mark.parametrize("revoke", OF_KEYS)
async def test_a_kill_after_the_commit_only_delays_the_invalidation(
    harness: ServiceHarness,
    ada: SignedInUser,
    root: SignedInUser,
    device: RegisteredDevice,
    passwords: Passwords,
    revoke: Revocation,
) -> None:
    killed, _ = broken(harness, passwords, Killed())
    with pytest.raises(Killed):
        await revoke(killed, ada, root, device)
    assert await key_works(harness, device), "the cache was invalidated before the message was handled"
    await harness.relay.handle_due()
    assert not await key_works(harness, device)


@pytest.mark.parametrize("revoke", OF_KEYS)
async def test_a_revocation_succeeds_while_the_cache_is_unavailable_and_is_repeated_later(
    harness: ServiceHarness,
    ada: SignedInUser,
    root: SignedInUser,
    device: RegisteredDevice,
    passwords: Passwords,
    tables: SqliteTables,
    revoke: Revocation,
) -> None:
    shaky, fail = broken(harness, passwords, StoreUnavailable("cache", "gone"))
    await revoke(shaky, ada, root, device)
    for _ in range(10):
        await shaky.relay.handle_due()
        harness.clock.advance(1)
    assert fail.calls > 2
    fail.error = None
    harness.clock.advance(60)
    await shaky.relay.handle_due()
    assert not await key_works(harness, device)
    assert waiting_invalidations(tables) == 0


async def test_an_outage_of_the_documents_store_delays_no_invalidation(
    harness: ServiceHarness, ada: SignedInUser, root: SignedInUser, device: RegisteredDevice, passwords: Passwords
) -> None:
    order: list[str] = []

    async def refuse_events(*_: object) -> None:
        order.append("events")
        raise StoreUnavailable("documents", "gone")

    async def note(*_: object) -> None:
        order.append("invalidation")

    events = Intercepted(harness.stores.events, "add", before=refuse_events)
    identities = Intercepted(harness.stores.identity_cache, "invalidate", "invalidate_account", before=note)
    shaky = build_harness(replace(harness.stores, events=events, identity_cache=identities), harness.clock, passwords)
    await harness.services.devices.rotate_key(ada.context, device.id, 0)
    await shaky.relay.handle_due()
    assert order == ["invalidation", "events"]


async def test_a_message_holds_digests_and_no_secret(
    harness: ServiceHarness, ada: SignedInUser, device: RegisteredDevice, tables: SqliteTables
) -> None:
    await harness.services.devices.rotate_key(ada.context, device.id, 0)
    (message,) = [row for row in tables.query("SELECT * FROM outbox") if row["topic"] == "invalidate_principals"]
    (digest,) = json.loads(message["payload"])["digests"]
    assert len(bytes.fromhex(digest)) == 32
    assert device.key not in str(dict(message))


async def test_a_malformed_message_delays_no_other_message(
    harness: ServiceHarness, device: RegisteredDevice, tables: SqliteTables
) -> None:
    async with harness.stores.transactions.write() as transaction:
        message = NewOutboxMessage(OutboxTopic.INVALIDATE_CACHES, "credential:x", {"digests": "x"}, harness.clock.now())
        await transaction.outbox.add([message])
    await harness.relay.handle_due()
    assert await key_works(harness, device)
    assert waiting_invalidations(tables) == 1


async def test_a_message_of_an_earlier_release_invalidates_a_device_by_its_former_digest(
    harness: ServiceHarness, ada: SignedInUser, device: RegisteredDevice
) -> None:
    await harness.services.device_lookup.get_visible(ada.caller, device.id, TokenScope.READ)
    digest = (await calling(harness, device.key)).digest
    payload: JsonObject = {"digests": [digest.hex(), device.id.to_bytes(8, "big").hex()]}
    async with harness.stores.transactions.write() as transaction:
        message = NewOutboxMessage(OutboxTopic.INVALIDATE_CACHES, "credential:x", payload, harness.clock.now())
        await transaction.outbox.add([message])
    await harness.relay.handle_due()
    assert isinstance(await harness.stores.identity_cache.get(digest), Miss)
    assert isinstance(await harness.stores.device_cache.get(device.id), Miss)


def waiting_invalidations(tables: SqliteTables) -> int:
    return len(tables.query("SELECT * FROM outbox WHERE topic = 'invalidate_principals'"))
