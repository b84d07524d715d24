"""Summaries of accounts and groups: their devices, what these sent, and the alerts about them."""

from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterable
from contextlib import aclosing
from heapq import nlargest
from uuid import UUID

from iotflow.clock import Clock
from iotflow.domain.analytics import (
    MAX_ACCOUNT_RANGE_DAYS,
    MAX_BUSIEST_DEVICES,
    MAX_LISTED_TYPES,
    AccountAnalytics,
    BusyDevice,
    DayActivity,
    DeviceCounts,
    GroupAnalytics,
    range_error,
)
from iotflow.domain.context import Context
from iotflow.domain.devices import DeviceStatus
from iotflow.domain.errors import InvalidInput, NotFound
from iotflow.domain.permissions import require_account, require_user
from iotflow.domain.personal_tokens import TokenScope
from iotflow.domain.times import Millis, TimeRange
from iotflow.repositories.activity import Activity, ActivityRepository
from iotflow.repositories.alerts import AlertRepository
from iotflow.repositories.transactions import Transactions
from iotflow.services.activity import ActivityBuffer
from iotflow.services.bulk_reads import BulkReads

DEVICES_PER_READ = 1_000
"""Devices whose activity one statement sums up."""


class AccountSummaries:
    """Summaries of accounts and of groups.

    All methods raise these errors; docstrings list others:
    - NotFound: the account or group does not exist.
    - Overloaded: too many bulk reads of an account, or more than one may take.
    - StoreUnavailable.
    """

    def __init__(
        self,
        transactions: Transactions,
        activity: ActivityRepository,
        buffer: ActivityBuffer,
        alerts: AlertRepository,
        bulk_reads: BulkReads,
        clock: Clock,
    ) -> None:
        self._transactions = transactions
        self._activity = activity
        self._buffer = buffer
        self._alerts = alerts
        self._bulk_reads = bulk_reads
        self._clock = clock

    async def summarize(self, context: Context, user_id: UUID, time_range: TimeRange) -> AccountAnalytics:
        """Summarize an account's devices now, and what happened within a time range.

        Raises:
        - Unauthenticated, Forbidden: by `require_account`.
        - InvalidInput: a range of more than `MAX_ACCOUNT_RANGE_DAYS`.

        """
        require_account(context.principal, user_id, TokenScope.READ)
        caller = require_user(context.principal, TokenScope.READ)
        if error := range_error(time_range, self._clock.now(), MAX_ACCOUNT_RANGE_DAYS):
            raise InvalidInput.at("query", "start_time", message=error)
        return await self.of_account(user_id, time_range, reader=caller.user_id)

    async def of_account(self, user_id: UUID, time_range: TimeRange, *, reader: UUID) -> AccountAnalytics:
        """Return the summary of an account without a check of rights. `reader` is the account whose bulk read it is."""
        async with self._bulk_reads.slot(reader):
            async with self._transactions.read() as transaction:
                if await transaction.accounts.get(user_id) is None:
                    raise NotFound(f"there is no user {user_id}")
                statuses = await transaction.devices.count_by_status(user_id)
                types = await transaction.devices.count_by_type(user_id, MAX_LISTED_TYPES)
            async with aclosing(self._ids_of_user(user_id)) as chunks:
                days, busiest = await self._activity_of(chunks, time_range)
            alerts = await self._alerts.count_by_severity(user_id, time_range)
        return AccountAnalytics(time_range, DeviceCounts(statuses, types), days, alerts, busiest)

    async def of_group(self, group_id: int, time_range: TimeRange) -> GroupAnalytics:
        """Return the summary of a group without a check of rights. It is a bulk read of its owner's account."""
        async with self._transactions.read() as transaction:
            group = await transaction.groups.get(group_id)
        if group is None:
            raise NotFound(f"there is no group {group_id}")
        statuses, types = Counter(dict.fromkeys(DeviceStatus, 0)), Counter[str]()
        chunks = self._ids_of_group(group_id, statuses, types)
        async with self._bulk_reads.slot(group.user_id), aclosing(chunks):
            days, busiest = await self._activity_of(chunks, time_range)
        devices = DeviceCounts(statuses, dict(types.most_common(MAX_LISTED_TYPES)))
        return GroupAnalytics(group, time_range, devices, days, busiest)

    async def _activity_of(
        self, chunks: AsyncIterable[list[int]], time_range: TimeRange
    ) -> tuple[dict[Millis, DayActivity], list[BusyDevice]]:
        """Return what devices sent per day, and those that sent most."""
        await self._buffer.flush()
        days: dict[Millis, DayActivity] = {}
        busiest: dict[int, Activity] = {}
        async for device_ids in chunks:
            for day, one in (await self._activity.by_day(device_ids, time_range)).items():
                days[day] = _add(days.get(day), one)
            busiest |= await self._activity.busiest(device_ids, time_range, MAX_BUSIEST_DEVICES)
        chosen = nlargest(MAX_BUSIEST_DEVICES, busiest.items(), key=lambda item: (item[1].submissions, -item[0]))
        async with self._transactions.read() as transaction:
            names = await transaction.devices.names([device_id for device_id, _ in chosen])
        listed = [BusyDevice(device_id, names.get(device_id), *sent) for device_id, sent in chosen]
        return dict(sorted(days.items())), listed

    async def _ids_of_user(self, user_id: UUID) -> AsyncGenerator[list[int], None]:
        """Yield the ids of the user's devices in chunks."""
        last = 0
        while True:
            async with self._transactions.read() as transaction:
                chunk = await transaction.devices.ids_after(user_id, last, DEVICES_PER_READ)
            if chunk:
                yield chunk
            if len(chunk) < DEVICES_PER_READ:
                return
            last = chunk[-1]

    async def _ids_of_group(
        self, group_id: int, statuses: Counter[DeviceStatus], types: Counter[str]
    ) -> AsyncGenerator[list[int], None]:
        """Yield the ids of a group's devices in chunks, and count their statuses and types."""
        read = 0
        while True:
            async with self._transactions.read(bulk=True) as transaction:
                members, _ = await transaction.groups.members(group_id, DEVICES_PER_READ, read)
            statuses.update(member.device.status for member in members)
            types.update(member.device.device_type for member in members)
            if members:
                yield [member.device.id for member in members]
            if len(members) < DEVICES_PER_READ:
                return
            read += len(members)


def _add(one: DayActivity | None, other: DayActivity) -> DayActivity:
    if one is None:
        return other
    return DayActivity(one.submissions + other.submissions, one.points + other.points, one.hours + other.hours)
