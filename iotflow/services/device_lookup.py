"""Look-up of devices by id."""

from functools import partial

from iotflow.concurrency.single_flight import SingleFlight
from iotflow.domain.context import Caller
from iotflow.domain.devices import DeviceSummary
from iotflow.domain.permissions import require_visible_device
from iotflow.domain.personal_tokens import TokenScope
from iotflow.domain.principals import DevicePrincipal
from iotflow.repositories.cache import Miss, VersionedCache
from iotflow.repositories.transactions import Transactions


class DeviceLookup:
    """A look-up of devices in the cache, then in the SQL store. Concurrent look-ups of one device share a read."""

    def __init__(self, transactions: Transactions, devices: VersionedCache[int, DeviceSummary]) -> None:
        self._transactions = transactions
        self._device_cache = devices
        self._reads = SingleFlight[DeviceSummary | None]()

    async def get_visible(self, caller: Caller, device_id: int, scope: TokenScope | None) -> DeviceSummary:
        """Return a device that the caller may see. `scope` is what the operation needs of a personal access token.

        Raises:
            Unauthenticated: the caller has no credentials.
            Forbidden: the caller is a personal access token without the scope.
            NotFound: the device does not exist or is hidden from the caller.
            StoreUnavailable.

        """
        if isinstance(caller, DevicePrincipal) and caller.device_id == device_id:
            return caller.device
        cached_or_miss = await self._device_cache.get(device_id)
        if not isinstance(cached_or_miss, Miss):
            return require_visible_device(caller, device_id, cached_or_miss, scope)
        read = partial(self._read_summary, device_id)
        found = await self._reads.run((device_id, cached_or_miss), read)
        device = require_visible_device(caller, device_id, found, scope)
        # Filled only after the check: clients that guess ids would fill the cache with devices of others.
        await self._device_cache.fill(device_id, device, cached_or_miss)
        return device

    async def _read_summary(self, device_id: int) -> DeviceSummary | None:
        async with self._transactions.read() as transaction:
            found = await transaction.devices.get(device_id)
        return None if found is None else found.summary()
