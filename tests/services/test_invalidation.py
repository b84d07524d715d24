"""Invalidations that do not follow their commit at once: a message tells of them."""

import json
from dataclasses import replace

import pytest

from iotflow.domain.errors import StoreUnavailable, Unauthenticated
from iotflow.domain.outbox import NewMessage, Topic
from iotflow.services.passwords import Passwords
from tests.services.edges import Edge, Fail
from tests.services.house import House, Probe, Resident, calling, furnish, new_probe
from tests.services.test_principal_races import OF_KEYS, Revocation
from tests.stores.sqlite import SqliteTables


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture
async def probe(house: House, ada: Resident, root: Resident) -> Probe:
    """A device of Ada's, whose key the caches know; no message waits."""
    probe = await new_probe(house, ada)
    await house.relay.handle_due()
    assert await key_works(house, probe)
    return probe


async def key_works(house: House, probe: Probe) -> bool:
    try:
        await calling(house, probe.key)
    except Unauthenticated:
        return False
    return True


def broken(house: House, passwords: Passwords, error: BaseException) -> tuple[House, Fail]:
    """The services of a process whose cache takes no invalidation."""
    fail = Fail(error)
    principals = Edge(house.stores.principals, "invalidate", "invalidate_account", before=fail)
    return furnish(replace(house.stores, principals=principals), house.clock, passwords), fail


@pytest.mark.parametrize("revoke", OF_KEYS)
async def test_a_process_that_is_killed_after_the_commit_only_delays_the_invalidation(
    house: House, ada: Resident, root: Resident, probe: Probe, passwords: Passwords, revoke: Revocation
) -> None:
    killed, _ = broken(house, passwords, Killed())
    with pytest.raises(Killed):
        await revoke(killed, ada, root, probe)
    assert await key_works(house, probe), "nobody has told the cache"
    await house.relay.handle_due()
    assert not await key_works(house, probe)


@pytest.mark.parametrize("revoke", OF_KEYS)
async def test_a_cache_that_is_away_fails_no_revocation_and_is_told_when_it_is_back(
    house: House,
    ada: Resident,
    root: Resident,
    probe: Probe,
    passwords: Passwords,
    tables: SqliteTables,
    revoke: Revocation,
) -> None:
    shaky, fail = broken(house, passwords, StoreUnavailable("cache", "gone"))
    await revoke(shaky, ada, root, probe)
    for _ in range(10):
        await shaky.relay.handle_due()
        house.clock.advance(1)
    assert fail.calls > 2
    fail.error = None
    house.clock.advance(60)
    await shaky.relay.handle_due()
    assert not await key_works(house, probe)
    assert waiting_invalidations(tables) == 0


async def test_documents_that_are_away_delay_no_invalidation(
    house: House, ada: Resident, root: Resident, probe: Probe, passwords: Passwords
) -> None:
    order: list[str] = []

    async def refuse_events(*_: object) -> None:
        order.append("events")
        raise StoreUnavailable("documents", "gone")

    async def note(*_: object) -> None:
        order.append("invalidation")

    events = Edge(house.stores.events, "add", before=refuse_events)
    principals = Edge(house.stores.principals, "invalidate", "invalidate_account", before=note)
    shaky = furnish(replace(house.stores, events=events, principals=principals), house.clock, passwords)
    await house.devices.rotate_key(ada.caller, probe.id, 0, None)
    await shaky.relay.handle_due()
    assert order == ["invalidation", "events"]


async def test_a_message_holds_digests_and_no_secret(
    house: House, ada: Resident, probe: Probe, tables: SqliteTables
) -> None:
    await house.devices.rotate_key(ada.caller, probe.id, 0, None)
    (message,) = [row for row in tables.query("SELECT * FROM outbox") if row["topic"] == "invalidate_principals"]
    (digest,) = json.loads(message["payload"])["digests"]
    assert len(bytes.fromhex(digest)) == 32
    assert probe.key not in str(dict(message))


async def test_a_message_that_is_no_invalidation_stops_nobody(house: House, probe: Probe, tables: SqliteTables) -> None:
    async with house.stores.transactions.write() as transaction:
        message = NewMessage(Topic.INVALIDATE_PRINCIPALS, "credential:x", {"digests": "x"}, house.clock.now())
        await transaction.outbox.add([message])
    await house.relay.handle_due()
    assert await key_works(house, probe)
    assert waiting_invalidations(tables) == 1


def waiting_invalidations(tables: SqliteTables) -> int:
    return len(tables.query("SELECT * FROM outbox WHERE topic = 'invalidate_principals'"))
