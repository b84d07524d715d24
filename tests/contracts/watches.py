"""Contract of the watch over devices that fall silent."""

import asyncio

from iotflow.domain.accounts import User
from iotflow.domain.devices import Device
from iotflow.domain.groups import Group
from iotflow.domain.times import Millis
from iotflow.repositories.transactions import Transactions
from iotflow.repositories.watches import PresenceChange
from tests.contracts.transactional import LATER, NOW, TransactionalContract, add_device

UNKNOWN = 999_999


async def mark_online(transactions: Transactions, *device_ids: int, check_at: Millis = NOW) -> list[PresenceChange]:
    """Mark devices as online."""
    async with transactions.write() as transaction:
        return list(await transaction.watches.mark_online(device_ids, check_at))


async def ids_to_check(transactions: Transactions, now: Millis, limit: int = 10) -> list[int]:
    """Return the ids of the online devices that are due."""
    async with transactions.read() as transaction:
        return [device.id for device in await transaction.watches.online_to_check(now, limit)]


async def silence_to_check(transactions: Transactions, now: Millis) -> dict[int, Millis]:
    """Return the times of due checks of silence by device id."""
    async with transactions.read() as transaction:
        due = await transaction.watches.silence_to_check(now, 10)
    return {device.id: at for device, at in due.items()}


class WatchesContract(TransactionalContract):
    async def test_each_change_of_presence_is_returned_once(
        self, transactions: Transactions, owner: User, device: Device
    ) -> None:
        changes = await asyncio.gather(*(mark_online(transactions, device.id, UNKNOWN) for _ in range(5)))
        assert [change for found in changes for change in found] == [PresenceChange(device.id, owner.user_id)]
        for expected in ([PresenceChange(device.id, owner.user_id)], []):
            async with transactions.write() as transaction:
                assert await transaction.watches.mark_offline([device.id, UNKNOWN]) == expected

    async def test_online_devices_are_due_at_their_time_the_oldest_first(
        self, transactions: Transactions, owner: User, device: Device
    ) -> None:
        other = await add_device(transactions, owner.user_id)
        await mark_online(transactions, device.id, other.id)
        async with transactions.write() as transaction:
            await transaction.watches.check_online_at({device.id: LATER, UNKNOWN: LATER})
        assert await ids_to_check(transactions, Millis(LATER - 1)) == [other.id]
        assert await ids_to_check(transactions, LATER) == [other.id, device.id]
        assert await ids_to_check(transactions, LATER, 1) == [other.id]

    async def test_a_deleted_device_is_watched_no_longer(self, transactions: Transactions, device: Device) -> None:
        await mark_online(transactions, device.id)
        async with transactions.write() as transaction:
            await transaction.watches.watch_silence([device.id, UNKNOWN])
            await transaction.devices.delete(device.id)
        assert await ids_to_check(transactions, LATER) == []
        assert await silence_to_check(transactions, LATER) == {}

    async def test_a_check_of_silence_is_set_unless_another_was_asked_for(
        self, transactions: Transactions, device: Device
    ) -> None:
        async with transactions.write() as transaction:
            await transaction.watches.watch_silence([device.id])
            await transaction.watches.check_silence_at(device.id, Millis(0), LATER)
        assert await silence_to_check(transactions, NOW) == {}
        assert await silence_to_check(transactions, LATER) == {device.id: LATER}
        async with transactions.write() as transaction:
            await transaction.watches.watch_silence([device.id])
            for at in (LATER, None):
                await transaction.watches.check_silence_at(device.id, LATER, at)
        assert await silence_to_check(transactions, NOW) == {device.id: 0}
        async with transactions.write() as transaction:
            await transaction.watches.check_silence_at(device.id, Millis(0), None)
        assert await silence_to_check(transactions, LATER) == {}

    async def test_the_members_of_a_group_are_watched(
        self, transactions: Transactions, owner: User, device: Device, group: Group
    ) -> None:
        await add_device(transactions, owner.user_id)
        async with transactions.write() as transaction:
            await transaction.groups.add_members(group.id, [device.id], NOW)
            await transaction.watches.watch_silence_of_group(group.id)
        assert await silence_to_check(transactions, NOW) == {device.id: 0}

    async def test_checks_of_a_clock_that_ran_ahead_are_brought_forward(
        self, transactions: Transactions, device: Device
    ) -> None:
        await mark_online(transactions, device.id, check_at=Millis(LATER + 1))
        async with transactions.write() as transaction:
            await transaction.watches.watch_silence([device.id])
            await transaction.watches.check_silence_at(device.id, Millis(0), LATER)
            await transaction.watches.clamp_checks(LATER, NOW)
        assert await ids_to_check(transactions, NOW) == [device.id]
        assert await silence_to_check(transactions, NOW) == {}
