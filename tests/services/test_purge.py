"""What is left of deleted devices and users: nothing but events, without personal details."""

import json
from dataclasses import replace
from uuid import UUID

import pytest

from iotflow.app import FLUSH_EVERY_S
from iotflow.bootstrap import PRINCIPAL_LIFETIME_S
from iotflow.domain.devices import NewDevice
from iotflow.domain.errors import NotFound, StoreUnavailable, Unauthenticated
from iotflow.domain.groups import NewGroup
from iotflow.domain.telemetry import Record
from iotflow.domain.times import Millis
from iotflow.repositories.latest_cache import LatestMiss
from iotflow.services.bulk_reads import BulkReads
from iotflow.services.groups import Groups
from iotflow.services.ingest import Submission
from iotflow.services.passwords import Passwords
from iotflow.services.purge import AGAIN_AFTER_MS
from iotflow.services.upkeep import flush_presence
from tests.clock import FakeClock
from tests.services.edges import Edge, Fail
from tests.services.house import (
    PURGE_AGAIN_AFTER_S,
    House,
    Probe,
    Resident,
    calling,
    furnish,
    new_probe,
    new_resident,
    submit,
)
from tests.stores.sqlite import SqliteTables

OF_USERS = ("users", "tokens", "devices", "device_keys", "device_configs", "device_groups", "outbox")
OF_DEVICES = ("telemetry_points", "telemetry_metadata", "activity")


async def live(house: House, resident: Resident, name: str) -> list[Probe]:
    """Use everything that leaves a trace of a user, and give the user's devices."""
    probes = [await new_probe(house, resident, f"{name}'s {kind}") for kind in ("stove", "fridge")]
    groups = Groups(house.stores.transactions, house.stores.presence, BulkReads(), house.clock)
    group = await groups.create(resident.caller, NewGroup(f"{name}'s kitchen"), None)
    for probe in probes:
        await groups.add_device(resident.caller, group.id, probe.id, None)
        await house.devices.configure(resident.caller, probe.id, {"of": name}, None, {}, None)
        await house.devices.rotate_key(resident.caller, probe.id, 3_600, None)
        device = await calling(house, probe.key)
        await house.ingest.submit(device, Submission({"temp": 21, "of": name}, None, {"seen": name}), None)
        await house.history.latest(resident.caller, probe.id)
    await flush_presence(house.stores.presence, house.stores.transactions, house.clock)
    await house.activity.flush()
    # And some of it again, which is in memory alone when the user is deleted.
    for probe in probes:
        await submit(house, probe, 1_700_000_000, temp=20)
    return probes


async def pass_time(house: House, seconds: int) -> None:
    """Let time pass while the relay and the flushes are at work."""
    for second in range(seconds):
        await house.relay.handle_due()
        if second % 30 == 29:
            await flush_presence(house.stores.presence, house.stores.transactions, house.clock)
            await house.activity.flush()
        house.clock.advance(1)


def mentions(tables: SqliteTables, words: list[str], device_ids: set[int]) -> dict[str, int]:
    """By table, how many rows hold one of the words or of the devices' ids."""
    found = {}
    for table in tables.query("SELECT name FROM sqlite_master WHERE type = 'table'"):
        rows = tables.query(f"SELECT * FROM {table['name']}")
        count = sum(
            row.get("device_id") in device_ids
            or (table["name"] == "devices" and row["id"] in device_ids)
            or any(word in str(cell) for cell in row.values() for word in words)
            for row in rows
        )
        if count:
            found[table["name"]] = count
    return found


def words_of(user_id: UUID, name: str) -> list[str]:
    return [str(user_id), user_id.hex, name]


async def test_a_deleted_user_leaves_events_without_personal_details_and_nothing_else(
    house: House, root: Resident, tables: SqliteTables
) -> None:
    names = {"adalovelace": await new_resident(house, "adalovelace"), "grace": await new_resident(house, "grace")}
    probes = {name: await live(house, resident, name) for name, resident in names.items()}
    leaving, staying = (
        (words_of(resident.caller.user_id, name), {probe.id for probe in probes[name]})
        for name, resident in names.items()
    )
    before = mentions(tables, *leaving)
    others = mentions(tables, *staying)
    assert before.keys() >= {
        "users",
        "tokens",
        "devices",
        "device_keys",
        "device_configs",
        "device_groups",
        *OF_DEVICES,
    }
    user_id = names["adalovelace"].caller.user_id
    await house.accounts.delete(root.caller, user_id, None)
    await pass_time(house, 2 * PURGE_AGAIN_AFTER_S)

    assert mentions(tables, *leaving).keys() == {"events"}
    events = [row for row in tables.query("SELECT * FROM events") if row["user_id"] == user_id.hex]
    assert events
    for event in events:
        assert "adalovelace" not in json.dumps(event)
        assert json.loads(event["details"])["actor"]
    for probe in probes["adalovelace"]:
        assert await house.stores.presence.last_seen([probe.id]) == {}
        assert isinstance(await house.stores.latest.get(probe.id), LatestMiss)
        with pytest.raises(Unauthenticated):
            await calling(house, probe.key)
    # Their neighbour has lost nothing; messages of the outbox have become events meanwhile.
    unmoved = {table: count for table, count in others.items() if table not in ("outbox", "events")}
    assert mentions(tables, *staying).items() >= unmoved.items()
    assert (await house.history.latest(names["grace"].caller, probes["grace"][0].id)).values["of"].value == "grace"


async def test_a_deleted_device_is_purged_while_its_neighbours_stay(
    house: House, ada: Resident, tables: SqliteTables
) -> None:
    first, second = await live(house, ada, "ada")
    await house.devices.delete(ada.caller, first.id, None)
    await pass_time(house, 2 * PURGE_AGAIN_AFTER_S)
    for table in OF_DEVICES:
        assert {row["device_id"] for row in tables.query(f"SELECT * FROM {table}")} == {second.id}
    with pytest.raises(NotFound):
        await house.history.latest(ada.caller, first.id)
    assert (await house.history.latest(ada.caller, second.id)).values["temp"].value == 21
    # Its id is nobody's ever again, so that nobody inherits what a store might still hold.
    again = await house.devices.register(ada.caller, NewDevice("ada's stove", "sensor"), None)
    assert again.device.id > second.id


async def test_a_device_is_purged_again_when_nobody_can_have_its_key_any_more(
    house: House, ada: Resident, tables: SqliteTables, clock: FakeClock
) -> None:
    probe = await new_probe(house, ada)
    await submit(house, probe, 1, temp=21)
    await house.devices.delete(ada.caller, probe.id, None)
    assert await house.stores.presence.last_seen([probe.id])
    await house.relay.handle_due()
    assert tables.query("SELECT * FROM telemetry_points") == []
    assert await house.stores.presence.last_seen([probe.id]) == {}
    # Another process had the key in its cache and has admitted a submission meanwhile.
    late = Record(Millis(2_000), {"temp": 22}, None, clock.receipt())
    await house.stores.telemetry.write(probe.id, [late])
    await pass_time(house, PURGE_AGAIN_AFTER_S - 1)
    assert len(tables.query("SELECT * FROM telemetry_points")) == 1
    await pass_time(house, 2)
    assert tables.query("SELECT * FROM telemetry_points") == []
    assert tables.query("SELECT * FROM outbox") == []


def test_a_purge_is_repeated_after_the_lifetime_of_cached_keys_and_two_flushes() -> None:
    assert AGAIN_AFTER_MS == 1_000 * (PRINCIPAL_LIFETIME_S + 2 * FLUSH_EVERY_S)


async def test_a_purge_waits_for_a_store_that_is_away(
    house: House, ada: Resident, tables: SqliteTables, passwords: Passwords
) -> None:
    away = Fail(StoreUnavailable("telemetry", "gone"))
    stores = replace(house.stores, telemetry=Edge(house.stores.telemetry, "purge_chunk", before=away))
    shaky = furnish(stores, house.clock, passwords)
    probe = await new_probe(house, ada)
    await submit(house, probe, 1, temp=21)
    await house.devices.delete(ada.caller, probe.id, None)
    await pass_time(shaky, 30)
    assert len(tables.query("SELECT * FROM telemetry_points")) == 1
    away.error = None
    await pass_time(shaky, 60)
    assert tables.query("SELECT * FROM telemetry_points") == []
