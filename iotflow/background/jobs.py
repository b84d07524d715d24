"""Jobs that follow a deletion, done in bounded steps.

`run_step` does one idempotent step and returns the payload of the next one, None when the job is done.

Raises:
- StoreUnavailable: a store is unavailable; the step can be repeated.
- msgspec.ValidationError: the payload is malformed.

"""

from functools import partial

from iotflow.clock import Clock
from iotflow.concurrency.tasks import gather_bounded
from iotflow.domain.events import EventPosition
from iotflow.domain.json import JsonObject
from iotflow.domain.times import Millis
from iotflow.repositories.activity import ActivityRepository
from iotflow.repositories.alerts import AlertRepository, RuleStates
from iotflow.repositories.cache import LatestCache, PresenceRepository
from iotflow.repositories.events import EventRepository
from iotflow.repositories.metadata import MetadataRepository
from iotflow.repositories.preferences import PreferencesRepository
from iotflow.repositories.reports import ReportRepository
from iotflow.repositories.telemetry import TelemetryRepository
from iotflow.repositories.transactions import Transactions
from iotflow.services.outbox_messages import (
    AccountPayload,
    AnonymizePayload,
    PurgePayload,
    RulePayload,
    anonymize_message,
    decode,
    encode,
    purge_messages,
)

ROWS_PER_STEP = 500
DEVICES_PER_STEP = 200
"""Some 800 rows with keys and configs, in a transaction of some 20 ms."""


class PurgeDevices:
    """A job that removes what is stored about deleted devices outside the SQL store's tables of devices."""

    def __init__(
        self,
        telemetry: TelemetryRepository,
        latest_cache: LatestCache,
        presence: PresenceRepository,
        activity: ActivityRepository,
        metadata: MetadataRepository,
        alerts: AlertRepository,
        reports: ReportRepository,
        rule_states: RuleStates,
    ) -> None:
        self._telemetry = telemetry
        self._latest_cache = latest_cache
        self._presence = presence
        self._activity = activity
        self._metadata = metadata
        self._alerts = alerts
        self._reports = reports
        self._rule_states = rule_states

    async def run_step(self, payload: JsonObject) -> JsonObject | None:
        """Remove one chunk."""
        device_ids = decode(payload, PurgePayload).device_ids
        if (
            await self._activity.purge_chunk(device_ids)
            or await self._metadata.purge_chunk(device_ids)
            or await self._alerts.purge_chunk(device_ids)
            or await self._reports.purge_chunk(device_ids)
        ):
            return payload
        await self._rule_states.remove(device_ids)
        await gather_bounded(partial(self._latest_cache.invalidate, device_id) for device_id in device_ids)
        await self._presence.remove(device_ids)
        rest = list(await self._telemetry.purge_chunk(device_ids))
        return encode(PurgePayload(rest)) if rest else None


class ResolveAlerts:
    """A job that resolves the open alerts of a rule that is no longer evaluated, at all or for a device."""

    def __init__(self, alerts: AlertRepository, clock: Clock) -> None:
        self._alerts = alerts
        self._clock = clock

    async def run_step(self, payload: JsonObject) -> JsonObject | None:
        """Resolve one chunk."""
        rule = decode(payload, RulePayload)
        if rule.device_id is None:
            return payload if await self._alerts.resolve_chunk(rule.rule_id, self._clock.now()) else None
        for alert in await self._alerts.open_of_device(rule.device_id, [rule.rule_id]):
            await self._alerts.resolve(alert.id, self._clock.now())
        return None


class DeleteAccount:
    """A job that removes a deleted account's memberships, groups and devices, then its row."""

    def __init__(self, transactions: Transactions, clock: Clock) -> None:
        self._transactions = transactions
        self._clock = clock

    async def run_step(self, payload: JsonObject) -> JsonObject | None:
        """Remove one chunk."""
        user_id = decode(payload, AccountPayload).user_id
        async with self._transactions.write() as transaction:
            if await transaction.groups.remove_members_of_user(user_id, ROWS_PER_STEP):
                return payload
            if await transaction.groups.delete_of_user(user_id, ROWS_PER_STEP):
                return payload
            device_ids = await transaction.devices.delete_of_user(user_id, DEVICES_PER_STEP)
            if device_ids:
                await transaction.outbox.add(purge_messages(user_id, device_ids, self._clock.now()))
                return payload
            await transaction.accounts.delete(user_id)
            # Again: a change under way when the account was marked may have added an event since the first one.
            await transaction.outbox.add([anonymize_message(user_id, self._clock.now())])
        return None


class AnonymizeAccount:
    """A job that removes the preferences and reports of a deleted account, and names and addresses from its events."""

    def __init__(self, events: EventRepository, preferences: PreferencesRepository, reports: ReportRepository) -> None:
        self._events = events
        self._preferences = preferences
        self._reports = reports

    async def run_step(self, payload: JsonObject) -> JsonObject | None:
        """Anonymize one chunk."""
        at = decode(payload, AnonymizePayload)
        await self._preferences.delete(at.user_id)
        await self._reports.trim(at.user_id, 0)
        after = None if at.timestamp is None or at.id is None else EventPosition(Millis(at.timestamp), at.id)
        last = await self._events.anonymize_chunk(at.user_id, after)
        return None if last is None else encode(AnonymizePayload(at.user_id, last.timestamp, last.id))
