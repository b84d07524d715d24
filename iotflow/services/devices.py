"""Devices: registered, changed, configured, given new keys and deleted."""

from dataclasses import dataclass
from uuid import UUID

from iotflow.clock import Clock
from iotflow.domain import credentials
from iotflow.domain.devices import Device, DeviceChange, DeviceConfig, DeviceFilter, DeviceKey, DeviceStatus, NewDevice
from iotflow.domain.errors import Conflict, Forbidden, NotFound, Unauthenticated
from iotflow.domain.events import EventType
from iotflow.domain.groups import MAX_LISTED, JoinedGroup
from iotflow.domain.json import JsonObject, JsonValue
from iotflow.domain.permissions import visible_device
from iotflow.domain.principals import DevicePrincipal, Principal, UserPrincipal
from iotflow.domain.times import Millis
from iotflow.limit_log import LimitLog
from iotflow.repositories.presence import PresenceRepository
from iotflow.repositories.principal_cache import PrincipalCache
from iotflow.repositories.transactions import Transaction, Transactions
from iotflow.services.audit import Actor, record_event
from iotflow.services.invalidation import invalidate_with
from iotflow.services.presence import with_presence
from iotflow.services.purge import purge_messages


@dataclass(frozen=True, slots=True)
class KeyedDevice:
    """A device with its new key, which is shown this once."""

    device: Device
    api_key: str


class Devices:
    """What may be done with devices."""

    def __init__(
        self,
        transactions: Transactions,
        principals: PrincipalCache,
        presence: PresenceRepository,
        clock: Clock,
        *,
        online_window_s: int,
        max_devices_per_account: int,
    ) -> None:
        self._transactions = transactions
        self._principals = principals
        self._presence = presence
        self._clock = clock
        self._online_window_ms = online_window_s * 1_000
        self._max_devices = max_devices_per_account
        self._limit = LimitLog(_limit(max_devices_per_account))

    def is_online(self, device: Device) -> bool:
        """Whether the device was seen within the online window."""
        return device.last_seen is not None and device.last_seen > self._clock.now() - self._online_window_ms

    async def register(self, caller: UserPrincipal, new: NewDevice, request_id: str | None) -> KeyedDevice:
        """Make a device of the caller's, with its first key.

        Raises Conflict for a taken name, or an account that has as many devices as it may have.
        """
        now = self._clock.now()
        api_key = credentials.new_api_key()
        async with self._transactions.write() as transaction:
            device = await transaction.devices.add(caller.user_id, new, now)
            if await transaction.devices.has_more_than(self._max_devices, caller.user_id):
                self._limit.met(f"account {caller.user_id}")
                raise Conflict(f"{_limit(self._max_devices)}; delete devices that are not needed")
            await transaction.keys.add(_stored_key(device.id, api_key, now))
            await transaction.configs.add(device.id, now)
            await _tell(
                transaction, Actor.of(caller, request_id), EventType.DEVICE_REGISTERED, device, now, name=new.name
            )
        return KeyedDevice(device, api_key)

    async def get(self, caller: Principal, device_id: int) -> Device:
        """A device that the caller may see. Raises NotFound."""
        async with self._transactions.read() as transaction:
            device = visible_device(caller, device_id, await transaction.devices.get(device_id))
        return (await with_presence(self._presence, [device]))[0]

    async def page(self, where: DeviceFilter, limit: int, offset: int) -> tuple[list[Device], int]:
        """Devices by id, and how many match in all; who may see them is the caller's to check."""
        async with self._transactions.read() as transaction:
            devices, total = await transaction.devices.page(where, limit, offset)
        return await with_presence(self._presence, devices), total

    async def page_of_user(
        self, user_id: UUID, status: DeviceStatus | None, limit: int, offset: int
    ) -> tuple[list[Device], int]:
        """A user's devices by id, and how many match in all. Raises NotFound for an unknown user."""
        async with self._transactions.read() as transaction:
            if await transaction.accounts.get(user_id) is None:
                raise NotFound(f"there is no user {user_id}")
            devices, total = await transaction.devices.page(DeviceFilter(user_id, status), limit, offset)
        return await with_presence(self._presence, devices), total

    async def groups(self, caller: UserPrincipal, device_id: int) -> list[JoinedGroup]:
        """Return the first groups that hold a device. Raises NotFound."""
        async with self._transactions.read() as transaction:
            visible_device(caller, device_id, await transaction.devices.get(device_id))
            return await transaction.groups.of_device(device_id, MAX_LISTED)

    async def update(self, caller: Principal, device_id: int, change: DeviceChange, request_id: str | None) -> Device:
        """Change a device.

        Raises NotFound, Conflict for a taken name, Forbidden for a device that ends its own maintenance.
        """
        now = self._clock.now()
        async with self._transactions.write() as transaction:
            device = await self._change(transaction, Actor.of(caller, request_id), caller, device_id, change, now)
        return (await with_presence(self._presence, [device]))[0]

    async def delete(self, caller: UserPrincipal, device_id: int, request_id: str | None) -> None:
        """Delete a device: access ends at once, its telemetry is purged soon. Raises NotFound."""
        now = self._clock.now()
        async with self._transactions.write() as transaction:
            device = await _locked(transaction, caller, device_id)
            await self._invalidate(transaction, device_id, now)
            await transaction.devices.delete(device_id)
            await _tell(
                transaction, Actor.of(caller, request_id), EventType.DEVICE_DELETED, device, now, name=device.name
            )
            await transaction.outbox.add(purge_messages(device.user_id, [device_id], now))

    async def rotate_key(
        self, caller: UserPrincipal, device_id: int, grace_s: int, request_id: str | None
    ) -> KeyedDevice:
        """Give a device a new key; the former one works for the grace, older ones no more. Raises NotFound."""
        now = self._clock.now()
        api_key = credentials.new_api_key()
        expires_at = Millis(now + grace_s * 1_000) if grace_s else None
        async with self._transactions.write() as transaction:
            device = await _locked(transaction, caller, device_id)
            ended = await transaction.keys.retire(device_id, expires_at)
            await transaction.keys.add(_stored_key(device_id, api_key, now))
            await invalidate_with(transaction, self._principals, ended, now)
            actor = Actor.of(caller, request_id)
            await _tell(transaction, actor, EventType.DEVICE_KEY_ROTATED, device, now, grace_seconds=grace_s)
        return KeyedDevice((await with_presence(self._presence, [device]))[0], api_key)

    async def key(self, caller: DevicePrincipal) -> DeviceKey:
        """The key that the device came with. Raises Unauthenticated if it has ended meanwhile."""
        async with self._transactions.read() as transaction:
            key = await transaction.keys.get(caller.credential)
        if key is None:
            raise Unauthenticated("the API key is unknown, expired or suspended")
        return key

    async def config(self, caller: Principal, device_id: int) -> DeviceConfig:
        """A device's config. Raises NotFound."""
        async with self._transactions.read() as transaction:
            visible_device(caller, device_id, await transaction.devices.get(device_id))
            config = await transaction.configs.get(device_id)
        if config is None:
            raise NotFound(f"device {device_id} has no config")
        return config

    async def configure(
        self,
        caller: Principal,
        device_id: int,
        settings: JsonObject | None,
        expected_version: int | None,
        change: DeviceChange,
        request_id: str | None,
    ) -> DeviceConfig:
        """Replace a device's settings (None leaves them), change the device too, and raise the config's version.

        Raises NotFound; Conflict when the stored version is not the expected one; Forbidden for a device that ends its
        own maintenance.
        """
        now = self._clock.now()
        actor = Actor.of(caller, request_id)
        async with self._transactions.write() as transaction:
            device = await _locked(transaction, caller, device_id)
            if change:
                device = await self._change(transaction, actor, caller, device_id, change, now)
            config = await transaction.configs.update(device_id, settings, expected_version, now)
            version = config.config_version
            await _tell(transaction, actor, EventType.DEVICE_CONFIG_UPDATED, device, now, config_version=version)
        return config

    async def _change(
        self,
        transaction: Transaction,
        actor: Actor,
        caller: Principal,
        device_id: int,
        change: DeviceChange,
        at: Millis,
    ) -> Device:
        before = await _locked(transaction, caller, device_id)
        ends_maintenance = (
            before.status is DeviceStatus.MAINTENANCE and change.get("status", before.status) != before.status
        )
        if ends_maintenance and isinstance(caller, DevicePrincipal):
            raise Forbidden("a device can't end its own maintenance: its owner or an administrator does")
        after = await transaction.devices.update(device_id, change, at)
        await self._invalidate(transaction, device_id, at)
        changed: list[JsonValue] = [field for field in change if field != "status"]
        if changed:
            await _tell(transaction, actor, EventType.DEVICE_UPDATED, after, at, changed=changed)
        if after.status != before.status:
            status: dict[str, JsonValue] = {"from": before.status.value, "to": after.status.value}
            await _tell(transaction, actor, EventType.DEVICE_STATUS_CHANGED, after, at, **status)
        return after

    async def _invalidate(self, transaction: Transaction, device_id: int, at: Millis) -> None:
        digests = [credentials.device_reference(device_id), *await transaction.keys.digests_of_device(device_id)]
        await invalidate_with(transaction, self._principals, digests, at)


def _limit(max_devices: int) -> str:
    return f"IOTFLOW_MAX_DEVICES_PER_ACCOUNT: an account has at most {max_devices:,} devices"


async def _locked(transaction: Transaction, caller: Principal, device_id: int) -> Device:
    locked = await transaction.devices.lock([device_id])
    return visible_device(caller, device_id, locked[0] if locked else None)


def _stored_key(device_id: int, api_key: str, at: Millis) -> DeviceKey:
    return DeviceKey(credentials.digest(api_key), device_id, credentials.shown_prefix(api_key), at, None)


async def _tell(
    transaction: Transaction, actor: Actor, event_type: EventType, device: Device, at: Millis, **details: JsonValue
) -> None:
    await record_event(transaction, actor, event_type, at, user_id=device.user_id, device_id=device.id, details=details)
