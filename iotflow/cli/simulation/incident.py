"""The steps of an incident: sensors overheat, one falls silent, webhooks arrive, people acknowledge, all recovers.

Each step makes its requests and compares every response, and every webhook, with the expected one.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from uuid import UUID

from iotflow_sdk.api.alerts import (
    acknowledge_alert,
    create_alert_rule,
    create_webhook,
    get_alert,
    list_alerts,
)
from iotflow_sdk.models import (
    Alert,
    AlertCondition,
    AlertRuleCreate,
    AlertType,
    Comparison,
    ConditionType,
    Severity,
    WebhookCreate,
)

from iotflow.cli.simulation.fleet import Device, expect
from iotflow.cli.simulation.steps import Advance, SimulatedDay
from iotflow.cli.simulation.webhook_receiver import Delivery, WebhookReceiver
from iotflow.concurrency.tasks import gather_bounded

USUAL, LIMIT, PEAK = 20.0, 30.0, 35.0
"""Temperatures in degrees Celsius."""
SILENCE_S = 10
"""The shortest silence that a rule can have."""
PATIENCE_S = 60.0
"""Time for an alert to be raised or resolved, and for its webhook to arrive."""
POLL_S = 0.5


class Incident:
    """An incident of a fleet that is registered: its steps in the order of the methods."""

    def __init__(self, day: SimulatedDay, receiver: WebhookReceiver) -> None:
        self._day = day
        self._receiver = receiver
        self._alerts: list[tuple[Device, Alert]] = []

    @property
    def _devices(self) -> Sequence[Device]:
        return self._day.devices

    @property
    def _silent(self) -> Device:
        return self._devices[-1]

    @property
    def _overheated(self) -> Sequence[Device]:
        return self._devices[: self.overheated_count]

    @property
    def overheated_count(self) -> int:
        """The number of devices that overheat: a third, and at least one."""
        return max(1, self._day.device_count // 3)

    async def create_webhooks(self, advance: Advance) -> None:
        """Create a webhook for each owner; its secret is shown once."""
        for number, owner in enumerate(self._day.owners):
            path = f"/owner/{number}"
            made = await create_webhook.asyncio(owner.client, body=WebhookCreate(url=f"{self._receiver.url}{path}"))
            self._receiver.secrets[path] = made.secret
            advance()

    async def create_rules(self, advance: Advance) -> None:
        """Create two rules for each device, for its temperature and for its silence, that call the owner's webhook."""

        async def create(device: Device) -> None:
            url = f"{self._receiver.url}/owner/{self._day.owners.index(device.owner)}"
            hot = AlertCondition(ConditionType.THRESHOLD, "temperature", Comparison.GT, LIMIT, hysteresis=2.0)
            silent = AlertCondition(ConditionType.OFFLINE, after_seconds=SILENCE_S)
            for name, severity, condition in (("hot", Severity.CRITICAL, hot), ("silent", Severity.ERROR, silent)):
                body = AlertRuleCreate(
                    f"{device.name} is {name}", severity, condition, device_id=device.id, webhook_url=url
                )
                rule = (await create_alert_rule.asyncio(device.owner.client, body=body)).alert_rule
                expect(rule.enabled, f"rule {rule.id} is new and disabled")
            advance()

        await gather_bounded(partial(create, device) for device in self._devices)

    async def report_usual(self, advance: Advance) -> None:
        """Submit the usual temperature; no alert is raised."""
        for device in self._devices:
            await _submit(device, USUAL)
            advance()
        found = await self._unresolved()
        expect(not found, f"{len(found)} alerts are open while all temperatures are usual")

    async def overheat(self, advance: Advance) -> None:
        """Let some temperatures drift beyond the limit; each raises one alert, whatever the number of readings."""

        async def drift(device: Device) -> None:
            for step in range(1, int(PEAK - USUAL) + 1):
                await _submit(device, USUAL + step)
            advance()

        await gather_bounded(partial(drift, device) for device in self._overheated)
        await self._until_open({(device.id, AlertType.THRESHOLD_EXCEEDED) for device in self._overheated})

    async def fall_silent(self, advance: Advance) -> None:
        """Let the last device send nothing while the others do; its silence raises one alert."""
        expected = {(device.id, AlertType.THRESHOLD_EXCEEDED) for device in self._overheated}
        expected.add((self._silent.id, AlertType.DEVICE_OFFLINE))
        await self._until_open(expected, between_polls=self._report_others)
        advance()

    async def receive_webhooks(self, advance: Advance) -> None:
        """Each alert was delivered to the owner's webhook, signed."""
        await self._until_delivered("raised")
        advance()

    async def acknowledge(self, advance: Advance) -> None:
        """Acknowledge each alert as its owner."""
        for device, alert in self._alerts:
            changed = (await acknowledge_alert.asyncio(device.owner.client, alert.id)).alert
            found = (changed.status, changed.acknowledged_by)
            expect(
                found == ("acknowledged", device.owner.user.user_id),
                f"alert {alert.id} was acknowledged and is {found}",
            )
            advance()

    async def recover(self, advance: Advance) -> None:
        """Report usual temperatures from all devices; each alert is resolved by itself and delivered."""
        for device in self._devices:
            await _submit(device, USUAL)

        async def are_resolved() -> bool:
            return not await self._unresolved()

        await _until(are_resolved, "alerts are open although all temperatures are usual", self._report_all)
        for device, alert in self._alerts:
            resolved = (await get_alert.asyncio(device.owner.client, alert.id)).alert
            expect(resolved.resolved_at is not None, f"alert {alert.id} is resolved without a time")
            advance()
        await self._until_delivered("resolved")

    async def _until_open(
        self, expected: set[tuple[int, AlertType]], between_polls: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        """Wait until exactly the expected alerts, by device and type, are open."""

        async def are_open() -> bool:
            self._alerts = await self._unresolved()
            found = Counter((alert.device_id, alert.alert_type) for _, alert in self._alerts)
            surplus = found - Counter(expected)
            expect(not surplus, f"alerts beyond the expected ones: {surplus}")
            return found.keys() == expected

        await _until(are_open, f"not all of {len(expected)} alerts were raised", between_polls)

    async def _until_delivered(self, change: str) -> None:
        expected = {Delivery(str(alert.id), change) for _, alert in self._alerts}

        async def are_delivered() -> bool:
            self._receiver.require_valid()
            found = Counter(delivery for delivery in self._receiver.deliveries.values() if delivery.change == change)
            expect(not found - Counter(expected), f"webhooks got other deliveries than {expected}: {found}")
            return found.keys() == expected

        await _until(are_delivered, f"not all of {len(expected)} webhooks of alerts that were {change} arrived")

    async def _unresolved(self) -> list[tuple[Device, Alert]]:
        """Return the alerts of the fleet that are not resolved."""
        devices = {device.id: device for device in self._devices}
        found: dict[UUID, tuple[Device, Alert]] = {}
        for owner in self._day.owners:
            for alert in (await list_alerts.asyncio(owner.client, limit=1_000)).alerts:
                if alert.device_id in devices and alert.resolved_at is None:
                    found[alert.id] = (devices[alert.device_id], alert)
        return list(found.values())

    async def _report_others(self) -> None:
        await gather_bounded(
            partial(_submit, device, PEAK if device in self._overheated else USUAL)
            for device in self._devices
            if device is not self._silent
        )

    async def _report_all(self) -> None:
        await gather_bounded(partial(_submit, device, USUAL) for device in self._devices)


async def _submit(device: Device, temperature: float) -> None:
    at = device.next_time()
    accepted = await device.client.submit({"temperature": temperature}, time=at)
    expect(accepted.timestamp == at, f"device {device.id} sent a record of {at}, {accepted.timestamp} was stored")


async def _until(
    condition: Callable[[], Awaitable[bool]], otherwise: str, between_polls: Callable[[], Awaitable[None]] | None = None
) -> None:
    """Poll until a condition holds; run `between_polls` after each failed poll. Raises CheckFailed at the deadline."""
    deadline = time.monotonic() + PATIENCE_S
    while not await condition():
        expect(time.monotonic() < deadline, f"{otherwise} within {PATIENCE_S:.0f} s")
        if between_polls is not None:
            await between_polls()
        await asyncio.sleep(POLL_S)
