"""Replay of an alert rule over stored records: when it would have fired."""

from dataclasses import dataclass, replace

from iotflow.concurrency.time_slices import TimeSlice
from iotflow.domain.alert_evaluation import Change, RuleState, Transition, evaluate, readings_of
from iotflow.domain.alert_rules import AlertRule, ReadingCondition, SilenceCondition
from iotflow.domain.context import Context
from iotflow.domain.devices import DeviceSummary
from iotflow.domain.errors import InvalidInput
from iotflow.domain.permissions import require_user
from iotflow.domain.personal_tokens import TokenScope
from iotflow.domain.telemetry import PageLimit, Value
from iotflow.domain.times import Millis, TimeRange
from iotflow.repositories.telemetry import TelemetryRepository
from iotflow.services.bulk_reads import BulkReads
from iotflow.services.device_lookup import DeviceLookup

MAX_REPLAYED_RECORDS = 100_000
MAX_FIRINGS = 1_000
RECORDS_PER_PAGE = 1_000


@dataclass(frozen=True, slots=True)
class Firing:
    """One time that a rule would have fired. `cleared_at` is None while it would still be firing.

    `signal` is what fired it, `count` the readings that fulfilled it.
    """

    fired_at: Millis
    cleared_at: Millis | None
    signal: Value
    count: int


@dataclass(frozen=True, slots=True)
class Replay:
    """The outcome of a replay. `next_time` is the first time that was not replayed, None at the end of the range."""

    device: DeviceSummary
    records: int
    firings: list[Firing]
    next_time: Millis | None


class RuleReplay:
    """Replays of rules over the telemetry store."""

    def __init__(self, telemetry: TelemetryRepository, device_lookup: DeviceLookup, bulk_reads: BulkReads) -> None:
        self._telemetry = telemetry
        self._device_lookup = device_lookup
        self._bulk_reads = bulk_reads

    async def run(self, context: Context, rule: AlertRule, device_id: int, time_range: TimeRange) -> Replay:
        """Evaluate a rule by a device's records of a time range, from a new state. Nothing is raised or stored.

        It ends early after `MAX_REPLAYED_RECORDS` records or `MAX_FIRINGS` firings.

        Raises:
        - Unauthenticated, Forbidden, NotFound: as a read of the device's history.
        - InvalidInput: readings alone never fulfil the rule's condition.
        - Overloaded: too many bulk reads.
        - StoreUnavailable.

        """
        caller = require_user(context.principal, TokenScope.READ)
        condition = rule.condition
        if isinstance(condition, SilenceCondition):
            message = "readings alone never fulfil this condition, so it cannot be replayed"
            raise InvalidInput.at("body", "condition", "type", message=message)
        device = await self._device_lookup.get_visible(caller, device_id, TokenScope.READ)
        async with self._bulk_reads.slot(caller.user_id):
            return await self._replay(rule, condition, device, time_range)

    async def _replay(
        self, rule: AlertRule, condition: ReadingCondition, device: DeviceSummary, time_range: TimeRange
    ) -> Replay:
        state, count, firings, after = RuleState(rule.version), 0, list[Firing](), None
        time_slice = TimeSlice()
        while True:
            page = await self._telemetry.records(
                device.id,
                time_range,
                descending=False,
                limit=PageLimit(RECORDS_PER_PAGE),
                after=after,
                names=[condition.field],
            )
            readings = readings_of(condition, [(record.timestamp, record.values) for record in page.records])
            state, transitions = evaluate(rule, state, readings)
            _collect(firings, transitions)
            count += len(page.records)
            if page.records:
                after = page.records[-1].timestamp
            if not page.more:
                return Replay(device, count, _with_count(firings, state), None)
            if count >= MAX_REPLAYED_RECORDS or len(firings) >= MAX_FIRINGS:
                return Replay(device, count, _with_count(firings, state), None if after is None else Millis(after + 1))
            await time_slice.pause()


def _collect(firings: list[Firing], transitions: list[Transition]) -> None:
    for one in transitions:
        if one.change is Change.FIRED:
            firings.append(Firing(Millis(one.at), None, one.signal, one.count))
        elif one.change is Change.CLEARED:
            firings[-1] = replace(firings[-1], cleared_at=Millis(one.at), count=one.count)


def _with_count(firings: list[Firing], state: RuleState) -> list[Firing]:
    """Set the count of a firing that has not cleared."""
    if firings and firings[-1].cleared_at is None:
        firings[-1] = replace(firings[-1], count=state.count)
    return firings
