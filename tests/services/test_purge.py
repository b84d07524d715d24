"""Purges of deleted devices and users: only events without personal data remain."""

import json
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import pytest

from iotflow.background.composition import FLUSH_EVERY_S
from iotflow.databases import CACHED_ACCESS_LIFETIME_S
from iotflow.domain.context import RequestContext
from iotflow.domain.devices import NewDevice
from iotflow.domain.errors import NotFound, StoreUnavailable, Unauthenticated
from iotflow.domain.groups import NewGroup
from iotflow.domain.reports import NewReport, ReportType
from iotflow.domain.telemetry import Record
from iotflow.domain.times import Millis
from iotflow.repositories.cache import Miss
from iotflow.services.ingest import Submission
from iotflow.services.outbox_messages import PURGE_AGAIN_AFTER_MS
from iotflow.services.passwords import Passwords
from iotflow.services.presence import flush_presence
from tests.clock import FakeClock
from tests.services.harness import (
    PURGE_AGAIN_AFTER_S,
    RegisteredDevice,
    ServiceHarness,
    SignedInUser,
    build_harness,
    calling,
    register_device,
    register_user,
    submit,
)
from tests.services.interception import Fail, Intercepted
from tests.stores.sqlite import SqliteTables

OF_USERS = (
    "users",
    "tokens",
    "devices",
    "device_keys",
    "device_configs",
    "device_config_versions",
    "device_groups",
    "outbox",
)
OF_DEVICES = (
    "telemetry_records",
    "telemetry_schemas",
    "telemetry_metadata",
    "telemetry_blocks",
    "activity",
    "device_metadata",
    "device_metadata_terms",
)


async def _seal(harness: ServiceHarness, devices: Sequence[RegisteredDevice]) -> None:
    """Give each device a sealed day."""
    for device in devices:
        of_day = [
            Record(Millis(second * 1_000), {"temp": 21}, None, harness.clock.unique_now()) for second in range(50)
        ]
        await harness.stores.telemetry.write(device.id, of_day)
    assert harness.stores.sealer is not None
    while await harness.stores.sealer.seal_chunk():
        pass


async def use_all_features(harness: ServiceHarness, user: SignedInUser, name: str) -> list[RegisteredDevice]:
    """Use each feature that stores data of a user, and return the user's devices."""
    devices = [await register_device(harness, user, f"{name}'s {kind}") for kind in ("stove", "fridge")]
    groups = harness.services.groups
    group = await groups.create(user.context, NewGroup(f"{name}'s kitchen"))
    for device in devices:
        await groups.add_device(user.context, group.id, device.id)
        await harness.services.devices.configure(user.context, device.id, {"of": name}, None, {})
        await harness.services.devices.rotate_key(user.context, device.id, 3_600)
        await harness.services.metadata.update(user.context, device.id, {"tags": [name], "attributes": {"of": name}})
        about = NewReport(ReportType.DEVICE_SUMMARY, device.id, None, Millis(0), Millis(1))
        await harness.services.reports.create(user.context, about)
        caller = await calling(harness, device.key)
        await harness.services.ingest.submit(
            RequestContext(caller), Submission({"temp": 21, "of": name}, None, {"seen": name})
        )
        await harness.services.telemetry_queries.latest(user.context, device.id)
    await harness.services.preferences.replace(user.context, user.caller.user_id, {"of": name})
    about = NewReport(ReportType.ACCOUNT_SUMMARY, None, None, Millis(0), Millis(1))
    await harness.services.reports.create(user.context, about)
    await flush_presence(harness.stores.presence, harness.stores.transactions, harness.clock)
    await harness.services.activity.flush()
    await _seal(harness, devices)
    # Again: this presence and activity is only in memory when the user is deleted.
    for device in devices:
        await submit(harness, device, 1_700_000_000, temp=20)
    return devices


async def pass_time(harness: ServiceHarness, seconds: int) -> None:
    """Advance the clock while the relay and the flushes run."""
    for second in range(seconds):
        await harness.relay.handle_due()
        if second % 30 == 29:
            await flush_presence(harness.stores.presence, harness.stores.transactions, harness.clock)
            await harness.services.activity.flush()
        harness.clock.advance(1)


def mentions(tables: SqliteTables, words: list[str], device_ids: set[int]) -> dict[str, int]:
    """Return for each table the number of rows that contain one of the words or device ids."""
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
    harness: ServiceHarness, root: SignedInUser, tables: SqliteTables
) -> None:
    names = {"adalovelace": await register_user(harness, "adalovelace"), "grace": await register_user(harness, "grace")}
    devices = {name: await use_all_features(harness, user, name) for name, user in names.items()}
    leaving, staying = (
        (words_of(user.caller.user_id, name), {device.id for device in devices[name]}) for name, user in names.items()
    )
    before = mentions(tables, *leaving)
    others = mentions(tables, *staying)
    assert before.keys() >= {
        "users",
        "tokens",
        "devices",
        "device_keys",
        "device_configs",
        "device_config_versions",
        "device_groups",
        "user_preferences",
        "reports",
        *OF_DEVICES,
    }
    user_id = names["adalovelace"].caller.user_id
    await harness.services.accounts.delete(root.context, user_id)
    await pass_time(harness, 2 * PURGE_AGAIN_AFTER_S)

    assert mentions(tables, *leaving).keys() == {"events"}
    events = [row for row in tables.query("SELECT * FROM events") if row["user_id"] == user_id.hex]
    assert events
    for event in events:
        assert "adalovelace" not in json.dumps(event)
        assert json.loads(event["details"])["actor"]
    for device in devices["adalovelace"]:
        assert await harness.stores.presence.last_seen([device.id]) == {}
        assert isinstance(await harness.stores.latest_cache.get(device.id), Miss)
        with pytest.raises(Unauthenticated):
            await calling(harness, device.key)
    # The other account is unchanged, except that messages of the outbox have become events.
    unmoved = {table: count for table, count in others.items() if table not in ("outbox", "events")}
    assert mentions(tables, *staying).items() >= unmoved.items()
    assert (
        await harness.services.telemetry_queries.latest(names["grace"].context, devices["grace"][0].id)
    ).latest_values["of"].value == "grace"


async def test_a_purge_of_a_deleted_device_leaves_others_unchanged(
    harness: ServiceHarness, ada: SignedInUser, tables: SqliteTables
) -> None:
    first, second = await use_all_features(harness, ada, "ada")
    await harness.services.devices.delete(ada.context, first.id)
    await pass_time(harness, 2 * PURGE_AGAIN_AFTER_S)
    for table in OF_DEVICES:
        assert {row["device_id"] for row in tables.query(f"SELECT * FROM {table}")} == {second.id}
    assert {row["device_id"] for row in tables.query("SELECT * FROM reports")} == {second.id, None}
    with pytest.raises(NotFound):
        await harness.services.telemetry_queries.latest(ada.context, first.id)
    assert (await harness.services.telemetry_queries.latest(ada.context, second.id)).latest_values["temp"].value == 21
    # A reused id would give its new owner the data that a store may still hold, so ids are never reused.
    again = await harness.services.devices.register(ada.context, NewDevice("ada's stove", "sensor"))
    assert again.device.id > second.id


async def test_a_device_is_purged_again_after_the_lifetime_of_cached_keys(
    harness: ServiceHarness, ada: SignedInUser, tables: SqliteTables, clock: FakeClock
) -> None:
    device = await register_device(harness, ada)
    await submit(harness, device, 1, temp=21)
    await harness.services.devices.delete(ada.context, device.id)
    assert await harness.stores.presence.last_seen([device.id])
    await harness.relay.handle_due()
    assert tables.query("SELECT * FROM telemetry_records") == []
    assert await harness.stores.presence.last_seen([device.id]) == {}
    # Another process had cached the key and admitted a submission.
    late = Record(Millis(2_000), {"temp": 22}, None, clock.unique_now())
    await harness.stores.telemetry.write(device.id, [late])
    await pass_time(harness, PURGE_AGAIN_AFTER_S - 1)
    assert len(tables.query("SELECT * FROM telemetry_records")) == 1
    await pass_time(harness, 2)
    assert tables.query("SELECT * FROM telemetry_records") == []
    assert tables.query("SELECT * FROM outbox") == []


def test_a_purge_is_repeated_after_the_lifetime_of_cached_keys_and_two_flushes() -> None:
    assert PURGE_AGAIN_AFTER_MS == 1_000 * (CACHED_ACCESS_LIFETIME_S + 2 * FLUSH_EVERY_S)


async def test_a_purge_waits_for_an_unavailable_store(
    harness: ServiceHarness, ada: SignedInUser, tables: SqliteTables, passwords: Passwords
) -> None:
    away = Fail(StoreUnavailable("telemetry", "gone"))
    stores = replace(harness.stores, telemetry=Intercepted(harness.stores.telemetry, "purge_chunk", before=away))
    shaky = build_harness(stores, harness.clock, passwords)
    device = await register_device(harness, ada)
    await submit(harness, device, 1, temp=21)
    await harness.services.devices.delete(ada.context, device.id)
    await pass_time(shaky, 30)
    assert len(tables.query("SELECT * FROM telemetry_records")) == 1
    away.error = None
    await pass_time(shaky, 60)
    assert tables.query("SELECT * FROM telemetry_records") == []
