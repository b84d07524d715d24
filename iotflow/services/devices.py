"""Devices: registration, changes, configs, keys and deletion."""

from dataclasses import dataclass, replace
from uuid import UUID

from iotflow.clock import Clock
from iotflow.domain import credentials
from iotflow.domain.context import Context
from iotflow.domain.devices import Device, DeviceChange, DeviceConfig, DeviceFilter, DeviceKey, DeviceStatus, NewDevice
from iotflow.domain.errors import Conflict, NotFound, Unauthenticated
from iotflow.domain.events import EventType
from iotflow.domain.groups import MAX_LISTED, JoinedGroup
from iotflow.domain.json import JsonObject, JsonValue
from iotflow.domain.names import normalize, require_name
from iotflow.domain.permissions import (
    require_account,
    require_admin,
    require_device,
    require_managed_device,
    require_status_change,
    require_user,
    require_visible_device,
)
from iotflow.domain.personal_tokens import TokenScope
from iotflow.domain.times import Millis
from iotflow.logs import LimitLog
from iotflow.repositories.cache import PresenceRepository
from iotflow.repositories.transactions import Transaction, Transactions
from iotflow.services.audit_log import actor_of, record_event
from iotflow.services.cache_invalidation import CacheInvalidation
from iotflow.services.outbox_messages import purge_messages
from iotflow.services.presence import merge_presence

RATE_LIMIT_FIELDS = ("requests_per_second", "points_per_second")
"""Fields of a device that only an administrator may set."""


@dataclass(frozen=True, slots=True)
class DeviceWithKey:
    """A device with its new key, which is returned only once."""

    device: Device
    api_key: str


class Devices:
    """Operations on devices. Each method checks the rights of its caller.

    All methods raise these errors; docstrings list others:
    - Unauthenticated: the caller has no credentials.
    - Forbidden: the caller lacks the right.
    - NotFound: the device does not exist or is hidden from the caller.
    - StoreUnavailable.
    """

    def __init__(
        self,
        transactions: Transactions,
        invalidation: CacheInvalidation,
        presence: PresenceRepository,
        clock: Clock,
        *,
        online_window_s: int,
        max_devices_per_account: int,
    ) -> None:
        self._transactions = transactions
        self._invalidation = invalidation
        self._presence = presence
        self._clock = clock
        self._online_window_s = online_window_s
        self._max_devices = max_devices_per_account
        self._limit = LimitLog("devices_of_account", _limit_text(max_devices_per_account))

    def is_online(self, device: Device) -> bool:
        """Return whether the device was seen within its online window, or that of the settings."""
        return device.is_online(self._clock.now(), self._online_window_s)

    async def register(self, context: Context, new: NewDevice) -> DeviceWithKey:
        """Register a device of the caller, with its first key.

        Raises InvalidInput for the name, Conflict if it is taken or if the account has its maximum of devices.
        """
        caller = require_user(context.principal, TokenScope.WRITE)
        new = replace(new, name=require_name(new.name))
        now = self._clock.now()
        api_key = credentials.new_api_key()
        async with self._transactions.write() as transaction:
            device = await transaction.devices.add(caller.user_id, new, now)
            if await transaction.devices.has_more_than(self._max_devices, caller.user_id):
                self._limit.record(f"account {caller.user_id}")
                raise Conflict(f"{_limit_text(self._max_devices)}; delete devices that are not needed")
            await transaction.keys.add(_new_key(device.id, api_key, now))
            await transaction.configs.add(device.id, now, actor_of(context, device.user_id))
            await _record_event(transaction, context, EventType.DEVICE_REGISTERED, device, now, name=new.name)
        return DeviceWithKey(device, api_key)

    async def get(self, context: Context, device_id: int) -> Device:
        """Return a device."""
        async with self._transactions.read() as transaction:
            found = await transaction.devices.get(device_id)
            device = require_visible_device(context.principal, device_id, found, TokenScope.READ)
        return (await merge_presence(self._presence, [device]))[0]

    async def page(self, context: Context, where: DeviceFilter, limit: int, offset: int) -> tuple[list[Device], int]:
        """Return a page of all accounts' devices, ordered by id, and the number that match. For administrators."""
        require_admin(context.principal)
        if where.name_part is not None:
            where = replace(where, name_part=normalize(where.name_part))
        async with self._transactions.read() as transaction:
            devices, total = await transaction.devices.page(where, limit, offset)
        return await merge_presence(self._presence, devices), total

    async def page_of_user(
        self, context: Context, user_id: UUID, status: DeviceStatus | None, limit: int, offset: int
    ) -> tuple[list[Device], int]:
        """Return a page of a user's devices by id, and the number that match. Raises NotFound for an unknown user."""
        require_account(context.principal, user_id, TokenScope.READ)
        async with self._transactions.read() as transaction:
            if await transaction.accounts.get(user_id) is None:
                raise NotFound(f"there is no user {user_id}")
            devices, total = await transaction.devices.page(DeviceFilter(user_id, status), limit, offset)
        return await merge_presence(self._presence, devices), total

    async def groups(self, context: Context, device_id: int) -> list[JoinedGroup]:
        """Return the first groups that contain a device, at most `MAX_LISTED`."""
        async with self._transactions.read() as transaction:
            device = await transaction.devices.get(device_id)
            require_managed_device(context.principal, device_id, device, TokenScope.READ)
            return await transaction.groups.of_device(device_id, MAX_LISTED)

    async def update(self, context: Context, device_id: int, change: DeviceChange) -> Device:
        """Change a device.

        Raises:
            InvalidInput: the name breaks a rule.
            Conflict: the name is taken.
            Forbidden: also for a device that ends its maintenance, and for rate limits without an administrator.

        """
        now = self._clock.now()
        async with self._transactions.write() as transaction:
            device = await self._change(transaction, context, device_id, change, now)
        return (await merge_presence(self._presence, [device]))[0]

    async def delete(self, context: Context, device_id: int) -> None:
        """Delete a device. Access ends at once; its telemetry is purged in the background."""
        now = self._clock.now()
        async with self._transactions.write() as transaction:
            device = await _lock_device(transaction, device_id)
            device = require_managed_device(context.principal, device_id, device, TokenScope.WRITE)
            await self._invalidate(transaction, device_id, now)
            await transaction.devices.delete(device_id)
            await _record_event(transaction, context, EventType.DEVICE_DELETED, device, now, name=device.name)
            await transaction.outbox.add(purge_messages(device.user_id, [device_id], now))

    async def rotate_key(self, context: Context, device_id: int, grace_s: int) -> DeviceWithKey:
        """Issue a new key for a device. The current key stays valid for `grace_s` seconds; older keys end now."""
        now = self._clock.now()
        api_key = credentials.new_api_key()
        current_until = Millis(now + grace_s * 1_000) if grace_s else None
        async with self._transactions.write() as transaction:
            locked = await _lock_device(transaction, device_id)
            device = require_managed_device(context.principal, device_id, locked, TokenScope.WRITE)
            digests = await transaction.keys.expire_keys(device_id, current_until)
            await transaction.keys.add(_new_key(device_id, api_key, now))
            await self._invalidation.invalidate_on_commit(transaction, now, digests=digests)
            await _record_event(transaction, context, EventType.DEVICE_KEY_ROTATED, device, now, grace_seconds=grace_s)
        return DeviceWithKey((await merge_presence(self._presence, [device]))[0], api_key)

    async def key(self, context: Context) -> DeviceKey:
        """Return the key of the calling device. Raises Unauthenticated also if the key has ended since."""
        caller = require_device(context.principal)
        async with self._transactions.read() as transaction:
            key = await transaction.keys.get(caller.digest)
        if key is None:
            raise Unauthenticated("the API key is unknown, expired or suspended")
        return key

    async def config(self, context: Context, device_id: int) -> DeviceConfig:
        """Return a device's config."""
        async with self._transactions.read() as transaction:
            device = await transaction.devices.get(device_id)
            require_visible_device(context.principal, device_id, device, TokenScope.READ)
            config = await transaction.configs.get(device_id)
        if config is None:
            raise NotFound(f"device {device_id} has no config")
        return config

    async def configure(
        self,
        context: Context,
        device_id: int,
        settings: JsonObject | None,
        expected_version: int | None = None,
        change: DeviceChange | None = None,
    ) -> DeviceConfig:
        """Replace a device's settings (None keeps them), and increment the config's version by one.

        `change` is applied to the device in the same transaction.

        Raises the errors of `update`, and Conflict if the stored version is not `expected_version` (None expects any).
        """
        now = self._clock.now()
        async with self._transactions.write() as transaction:
            locked = await _lock_device(transaction, device_id)
            device = require_visible_device(context.principal, device_id, locked, TokenScope.WRITE)
            if change:
                device = await self._change(transaction, context, device_id, change, now)
            actor = actor_of(context, device.user_id)
            config = await transaction.configs.update(device_id, settings, expected_version, now, actor)
            version = config.config_version
            await _record_event(
                transaction, context, EventType.DEVICE_CONFIG_UPDATED, device, now, config_version=version
            )
        return config

    async def _change(
        self, transaction: Transaction, context: Context, device_id: int, change: DeviceChange, at: Millis
    ) -> Device:
        if any(field in change for field in RATE_LIMIT_FIELDS):
            require_admin(context.principal)
        locked = await _lock_device(transaction, device_id)
        before = require_visible_device(context.principal, device_id, locked, TokenScope.WRITE)
        require_status_change(context.principal, before.status, DeviceStatus(str(change.get("status", before.status))))
        if "name" in change:
            change = {**change, "name": require_name(change["name"])}
        after = await transaction.devices.update(device_id, change, at)
        await self._invalidate(transaction, device_id, at)
        if "online_window" in change:
            await transaction.watches.check_online_at({device_id: at})
        changed: list[JsonValue] = [field for field in change if field != "status"]
        if changed:
            await _record_event(transaction, context, EventType.DEVICE_UPDATED, after, at, changed=changed)
        if after.status != before.status:
            status: dict[str, JsonValue] = {"from": before.status.value, "to": after.status.value}
            await _record_event(transaction, context, EventType.DEVICE_STATUS_CHANGED, after, at, **status)
        return after

    async def _invalidate(self, transaction: Transaction, device_id: int, at: Millis) -> None:
        digests = await transaction.keys.digests_of_device(device_id)
        await self._invalidation.invalidate_on_commit(transaction, at, digests=digests, device_ids=[device_id])


def _limit_text(max_devices: int) -> str:
    return f"IOTFLOW_MAX_DEVICES_PER_ACCOUNT: an account has at most {max_devices:,} devices"


async def _lock_device(transaction: Transaction, device_id: int) -> Device | None:
    locked = await transaction.devices.lock([device_id])
    return locked[0] if locked else None


def _new_key(device_id: int, api_key: str, at: Millis) -> DeviceKey:
    return DeviceKey(credentials.digest(api_key), device_id, credentials.shown_prefix(api_key), at, None)


async def _record_event(
    transaction: Transaction, context: Context, event_type: EventType, device: Device, at: Millis, **details: JsonValue
) -> None:
    await record_event(
        transaction, context, event_type, at, user_id=device.user_id, device_id=device.id, details=details
    )
