"""The alert rules of a device, from the cache, else from the SQL store."""

from functools import partial

from iotflow.concurrency.single_flight import SingleFlight
from iotflow.domain.alert_rules import MAX_RULES_PER_DEVICE, DeviceRules
from iotflow.domain.devices import DeviceSummary
from iotflow.repositories.cache import Miss, VersionedCache
from iotflow.repositories.transactions import Transactions


class DeviceRuleLookup:
    """A look-up of rules by device, also those of its groups. Concurrent look-ups of one device share a read.

    Rules are cached per device, and cached also if there are none: a submission pays for the rules of its device only.
    """

    def __init__(self, transactions: Transactions, rules: VersionedCache[int, DeviceRules]) -> None:
        self._transactions = transactions
        self._rule_cache = rules
        self._reads = SingleFlight[DeviceRules | None]()

    async def of_device(self, device: DeviceSummary) -> DeviceRules:
        """Return the enabled rules that cover a device, none for a deleted one. Raises StoreUnavailable."""
        cached_or_miss = await self._rule_cache.get(device.id)
        if not isinstance(cached_or_miss, Miss):
            return cached_or_miss
        found = await self._reads.run((device.id, cached_or_miss), partial(self._read, device.id))
        if found is None:
            return DeviceRules(device.user_id, ())
        await self._rule_cache.fill(device.id, found, cached_or_miss)
        return found

    async def _read(self, device_id: int) -> DeviceRules | None:
        async with self._transactions.read() as transaction:
            return await transaction.alert_rules.of_device(device_id, MAX_RULES_PER_DEVICE)
