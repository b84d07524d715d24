"""Former versions of devices' configs: list, read and restore them."""

from iotflow.clock import Clock
from iotflow.domain.context import Context
from iotflow.domain.devices import ConfigVersion, DeviceConfig
from iotflow.domain.errors import NotFound
from iotflow.domain.events import EventType
from iotflow.domain.permissions import require_managed_device
from iotflow.domain.personal_tokens import TokenScope
from iotflow.repositories.transactions import Transaction, Transactions
from iotflow.services.audit_log import actor_of, record_event


class ConfigVersions:
    """Operations on the versions of a config. All methods raise the errors of `domain/permissions.py`.

    `get` and `restore` raise NotFound also for a version that is not kept.
    """

    def __init__(self, transactions: Transactions, clock: Clock) -> None:
        self._transactions = transactions
        self._clock = clock

    async def list(self, context: Context, device_id: int) -> list[ConfigVersion]:
        """Return the versions of a device's config that are kept, newest first."""
        async with self._transactions.read() as transaction:
            device = await transaction.devices.get(device_id)
            require_managed_device(context.principal, device_id, device, TokenScope.READ)
            return await transaction.configs.versions(device_id)

    async def get(self, context: Context, device_id: int, config_version: int) -> DeviceConfig:
        """Return a version of a device's config."""
        async with self._transactions.read() as transaction:
            device = await transaction.devices.get(device_id)
            require_managed_device(context.principal, device_id, device, TokenScope.READ)
            return await _kept_version(transaction, device_id, config_version)

    async def restore(self, context: Context, device_id: int, config_version: int) -> DeviceConfig:
        """Make a new version of a device's config with the settings of a former one."""
        now = self._clock.now()
        async with self._transactions.write() as transaction:
            locked = await transaction.devices.lock([device_id])
            device = require_managed_device(
                context.principal, device_id, locked[0] if locked else None, TokenScope.WRITE
            )
            former = await _kept_version(transaction, device_id, config_version)
            actor = actor_of(context, device.user_id)
            config = await transaction.configs.update(device_id, former.settings, None, now, actor)
            await record_event(
                transaction,
                context,
                EventType.DEVICE_CONFIG_UPDATED,
                now,
                user_id=device.user_id,
                device_id=device_id,
                details={"config_version": config.config_version, "restored_version": config_version},
            )
        return config


async def _kept_version(transaction: Transaction, device_id: int, config_version: int) -> DeviceConfig:
    found = await transaction.configs.version(device_id, config_version)
    if found is None:
        raise NotFound(f"device {device_id} has no config of version {config_version}, or it is no longer kept")
    return found
