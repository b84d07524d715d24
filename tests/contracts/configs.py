"""Contract of the configs interface."""

import asyncio
import json

import pytest

from iotflow.domain.devices import MAX_CONFIG_VERSIONS, ConfigVersion, Device, DeviceConfig
from iotflow.domain.errors import Conflict, NotFound
from iotflow.domain.json import JsonObject
from iotflow.domain.times import Millis
from iotflow.repositories.transactions import Transactions
from tests.contracts.raw import RawTables
from tests.contracts.transactional import LATER, NOW, TransactionalContract

SETTINGS: JsonObject = {
    "interval": 30,
    "scale": 1.0,
    "on": True,
    "off": None,
    "näme": '\U0001f321 it\'s "x"',
    "nested": {"list": [1, 2.5, {"deep": []}], "empty": {}},
    "large": 2**53 + 1,
}


class ConfigsContract(TransactionalContract):
    @pytest.fixture
    async def configured(self, transactions: Transactions, device: Device) -> Device:
        async with transactions.write() as transaction:
            await transaction.configs.add(device.id, NOW)
        return device

    async def test_a_new_config_is_empty_and_of_version_1(self, transactions: Transactions, configured: Device) -> None:
        async with transactions.read() as transaction:
            assert await transaction.configs.get(configured.id) == DeviceConfig(configured.id, 1, {}, NOW)
            assert await transaction.configs.get(configured.id + 1) is None

    async def test_settings_are_replaced_as_a_whole(
        self, transactions: Transactions, tables: RawTables, configured: Device
    ) -> None:
        replacements: list[JsonObject] = [{"old": 1}, SETTINGS, {}]
        for version, settings in enumerate(replacements, start=2):
            at = Millis(NOW + version)
            async with transactions.write() as transaction:
                changed = await transaction.configs.update(configured.id, settings, None, at)
            assert changed == DeviceConfig(configured.id, version, settings, at)
            async with transactions.read() as transaction:
                assert await transaction.configs.get(configured.id) == changed
            (row,) = await tables.rows("device_configs")
            assert (json.loads(row["settings"]), row["config_version"]) == (settings, version)

    async def test_numbers_in_settings_keep_their_type(self, transactions: Transactions, configured: Device) -> None:
        async with transactions.write() as transaction:
            await transaction.configs.update(configured.id, {"a": 1, "b": 1.0, "c": True}, None, LATER)
        async with transactions.read() as transaction:
            stored = await transaction.configs.get(configured.id)
        assert stored is not None
        assert {name: type(value) for name, value in stored.settings.items()} == {"a": int, "b": float, "c": bool}

    async def test_without_settings_only_the_version_rises(
        self, transactions: Transactions, configured: Device
    ) -> None:
        async with transactions.write() as transaction:
            await transaction.configs.update(configured.id, SETTINGS, None, NOW)
            assert await transaction.configs.update(configured.id, None, None, LATER) == DeviceConfig(
                configured.id, 3, SETTINGS, LATER
            )

    async def test_another_version_than_expected_is_a_conflict(
        self, transactions: Transactions, configured: Device
    ) -> None:
        for expected in (0, 2):
            with pytest.raises(Conflict, match="1"):
                async with transactions.write() as transaction:
                    await transaction.configs.update(configured.id, SETTINGS, expected, LATER)
        async with transactions.write() as transaction:
            assert (await transaction.configs.update(configured.id, SETTINGS, 1, LATER)).config_version == 2

    async def test_one_of_several_changes_that_expect_the_same_version_succeeds(
        self, transactions: Transactions, configured: Device
    ) -> None:
        async def update(writer: int) -> int:
            async with transactions.write() as transaction:
                return (await transaction.configs.update(configured.id, {"of": writer}, 1, LATER)).config_version

        outcomes = await asyncio.gather(*(update(writer) for writer in range(8)), return_exceptions=True)
        assert [outcome for outcome in outcomes if not isinstance(outcome, Conflict)] == [2]

    async def test_an_unknown_device_has_no_config_to_change(
        self, transactions: Transactions, configured: Device
    ) -> None:
        for expected in (None, 1):
            with pytest.raises(NotFound):
                async with transactions.write() as transaction:
                    await transaction.configs.update(configured.id + 1, {}, expected, LATER)

    async def test_the_last_versions_are_kept_with_their_authors(
        self, transactions: Transactions, tables: RawTables, device: Device
    ) -> None:
        actors: list[JsonObject | None] = [None, {"type": "user", "id": "a"}, {"type": "device", "id": "1"}]
        async with transactions.write() as transaction:
            await transaction.configs.add(device.id, NOW, actors[1])
            assert await transaction.configs.versions(device.id) == [ConfigVersion(1, NOW, actors[1])]
            assert await transaction.configs.version(device.id, 1) == DeviceConfig(device.id, 1, {}, NOW)
        for version in range(2, MAX_CONFIG_VERSIONS + 4):
            async with transactions.write() as transaction:
                actor = actors[version % 3]
                await transaction.configs.update(device.id, {"of": version}, None, Millis(NOW + version), actor)
        kept = range(MAX_CONFIG_VERSIONS + 3, 3, -1)
        assert len(kept) == MAX_CONFIG_VERSIONS
        async with transactions.read() as transaction:
            assert await transaction.configs.versions(device.id) == [
                ConfigVersion(version, Millis(NOW + version), actors[version % 3]) for version in kept
            ]
            for version in kept:
                expected = DeviceConfig(device.id, version, {"of": version}, Millis(NOW + version))
                assert await transaction.configs.version(device.id, version) == expected
            for unknown in (3, kept[0] + 1):
                assert await transaction.configs.version(device.id, unknown) is None
            assert await transaction.configs.versions(device.id + 1) == []
        assert len(await tables.rows("device_config_versions")) == MAX_CONFIG_VERSIONS

    async def test_a_refused_change_makes_no_version(self, transactions: Transactions, configured: Device) -> None:
        with pytest.raises(Conflict):
            async with transactions.write() as transaction:
                await transaction.configs.update(configured.id, {}, 7, LATER)
        async with transactions.read() as transaction:
            assert len(await transaction.configs.versions(configured.id)) == 1

    async def test_deleting_a_device_deletes_its_config(
        self, transactions: Transactions, tables: RawTables, configured: Device
    ) -> None:
        async with transactions.write() as transaction:
            await transaction.devices.delete(configured.id)
        assert await tables.rows("device_configs") == []
        assert await tables.rows("device_config_versions") == []
