"""The steps of a fleet's day.

Each step makes its requests and compares every response with the expected one.
"""

import asyncio
import random
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from math import ceil
from typing import Protocol

from iotflow_sdk import DeviceKey, Login
from iotflow_sdk.api.authentication import register_user
from iotflow_sdk.api.devices import get_device_status, register_device
from iotflow_sdk.api.groups import add_devices_to_group, create_group, list_devices_of_group
from iotflow_sdk.api.health import get_health, get_liveness, get_readiness
from iotflow_sdk.api.own_device import get_own_status, send_heartbeat
from iotflow_sdk.api.telemetry import aggregate_telemetry, get_telemetry_status
from iotflow_sdk.api.users import get_user
from iotflow_sdk.models import AddDevicesRequest, Aggregation, DeviceCreate, GroupCreate, TelemetryRecord, UserCreate

from iotflow.cli.http.client import ServiceClient
from iotflow.cli.simulation.fleet import EPOCH, Device, Owner, expect, with_types
from iotflow.concurrency.tasks import gather_bounded

KINDS = ("greenhouse", "cold_room", "weather_mast")
MAX_OWNERS = 3
HEALTH_ROUNDS = 5
HISTORY_PAGES = 3
"""Approximate number of pages of a device's history."""

Advance = Callable[[], None]
"""Advances the progress bar by one unit of a step."""


class _Health(Protocol):
    @property
    def status(self) -> str:
        """The status that the service reports."""


class SimulatedDay:
    """A day of a fleet: its steps in the order of the methods."""

    def __init__(self, client: ServiceClient, account: ServiceClient | None, *, devices: int, seed: int) -> None:
        """`account` is an existing user's client; without one the fleet registers owners."""
        self._client = client
        self._account = account
        self._seed = seed
        self._run = secrets.token_hex(4)
        self.device_count = devices
        self.owner_count = 1 if account else min(MAX_OWNERS, devices)
        self.owners: list[Owner] = []
        self.devices: list[Device] = []

    async def register_owners(self, advance: Advance) -> None:
        """Register owners and sign in; check that each client is its owner's."""

        async def make(number: int) -> Owner:
            owner = await self._account_owner() if self._account else await self._registered_owner(number)
            me = (await get_user.asyncio(owner.client, "me")).user
            found, expected = (me.user_id, me.username), (owner.user.user_id, owner.user.username)
            expect(found == expected, f"the account of {owner.user.username} came back as {me.username}")
            advance()
            return owner

        self.owners = await gather_bounded(partial(make, number) for number in range(self.owner_count))

    async def register_devices(self, advance: Advance) -> None:
        """Register devices; check that each key works and every device is listed."""

        async def register(number: int) -> Device:
            owner = self.owners[number % len(self.owners)]
            device = await self._registered_device(owner, number)
            status = await get_own_status.asyncio(device.client)
            expect(
                status.device_id == device.id, f"the key of device {device.id} authenticated device {status.device_id}"
            )
            expect(status.status == "inactive", f"device {device.id} is new and {status.status}")
            advance()
            return device

        self.devices = await gather_bounded(partial(register, number) for number in range(self.device_count))
        for owner in self.owners:
            ids = {device.id for device in self.devices if device.owner is owner}
            missing = ids - {device.id async for device in owner.client.devices()}
            expect(not missing, f"the devices of {owner.user.username} are listed without {sorted(missing)}")

    async def create_groups(self, advance: Advance) -> None:
        """Create a group for each owner and kind of device; check that it is empty."""

        async def make(owner: Owner, kind: str) -> None:
            body = GroupCreate(name=f"{kind} {self._run}", color="#1E90FF")
            group = (await create_group.asyncio(owner.client, body=body)).group
            expect(group.device_count == 0, f"group {group.id} is new and holds {group.device_count} devices")
            owner.group_ids[kind] = group.id
            advance()

        await gather_bounded(partial(make, owner, kind) for owner in self.owners for kind in KINDS)

    async def group_devices(self, advance: Advance) -> None:
        """Add every device to its group twice; check that the group lists it once."""

        async def fill(owner: Owner, kind: str) -> None:
            group_id = owner.group_ids[kind]
            ids = sorted(device.id for device in self.devices if device.owner is owner and device.kind == kind)
            if ids:
                body = AddDevicesRequest(device_ids=ids)
                first = await add_devices_to_group.asyncio(owner.client, group_id, body=body)
                again = await add_devices_to_group.asyncio(owner.client, group_id, body=body)
                expect(sorted(first.added) == ids, f"group {group_id} added {first.added} instead of {ids}")
                expect(sorted(again.skipped) == ids, f"group {group_id} added devices a second time: {again.added}")
            members = await list_devices_of_group.asyncio(owner.client, group_id, limit=1_000)
            found = [device.id for device in members.devices]
            expect(sorted(found) == ids, f"group {group_id} lists {found} instead of {ids}")
            advance()

        await gather_bounded(partial(fill, owner, kind) for owner in self.owners for kind in KINDS)

    async def send_telemetry(self, advance: Advance, *, duration_s: float, rate: float) -> None:
        """Submit `rate` records per second and device; check each acknowledgement.

        Devices are spread over each interval. A device whose request lasts beyond the end sends no further one.
        """
        started = time.monotonic()

        async def report(device: Device, phase: float) -> None:
            for number in range(submissions(duration_s, rate)):
                await asyncio.sleep(max(0.0, started + (number + phase) / rate - time.monotonic()))
                if number and time.monotonic() > started + duration_s:
                    return
                await _submit(device)
                advance()

        reports = (partial(report, device, index / len(self.devices)) for index, device in enumerate(self.devices))
        await gather_bounded(reports, max_concurrent=len(self.devices))

    async def read_latest(self, advance: Advance) -> None:
        """The latest values, for the owner and the device alike, are those sent last."""

        async def read(device: Device) -> None:
            timestamp, values = list(device.sent.items())[-1]
            for caller in (device.owner.client, device.client):
                latest = await caller.latest(device.id)
                found = {name: newest.value for name, newest in latest.items()}
                expect(
                    with_types(found) == with_types(values), f"device {device.id} sent {values} last, latest is {found}"
                )
                times = {newest.timestamp for newest in latest.values()}
                expect(times == {timestamp}, f"device {device.id} sent last at {timestamp}, latest is of {times}")
            advance()

        await gather_bounded(partial(read, device) for device in self.devices)

    async def read_history(self, advance: Advance) -> None:
        """Check that the history has every record once, in both orders, and that the count agrees."""

        async def read(device: Device) -> None:
            expected = [(timestamp, with_types(values)) for timestamp, values in device.sent.items()]
            for order in ("asc", "desc"):
                found = [
                    (record.timestamp, with_types(record.measurements.additional_properties))
                    for record in await _records(device, ascending=order == "asc")
                ]
                wanted = expected if order == "asc" else expected[::-1]
                expect(
                    found == wanted,
                    f"device {device.id} sent {len(wanted)} records, its history ({order}) has {len(found)} or others",
                )
            counted = await aggregate_telemetry.asyncio(
                device.owner.client,
                device.id,
                field="temperature",
                aggregation=Aggregation.COUNT,
                window="1h",
                start_time=next(iter(device.sent)).isoformat(),
            )
            total = sum(window.count for window in counted.data)
            expect(total == len(expected), f"device {device.id} sent {len(expected)} records, {total} are counted")
            advance()

        await gather_bounded(partial(read, device) for device in self.devices)

    async def read_status(self, advance: Advance) -> None:
        """Check that every device is active and online, for itself and its owner, and send a heartbeat."""

        async def read(device: Device) -> None:
            own = await get_own_status.asyncio(device.client)
            beat = await send_heartbeat.asyncio(device.client)
            shown = (await get_device_status.asyncio(device.owner.client, device.id)).device
            expect(
                beat.device_id == device.id,
                f"the heartbeat of device {device.id} was recorded for device {beat.device_id}",
            )
            for status, is_online in ((own.status, own.is_online), (shown.status, shown.is_online)):
                expect(status == "active", f"device {device.id} sends telemetry and is {status}")
                expect(is_online, f"device {device.id} has just made a request and is not online")
            seen = (own.last_seen or EPOCH, shown.last_seen or EPOCH)
            expect(seen[0] <= seen[1], f"device {device.id} was last seen {seen[0]}, then {seen[1]}")
            advance()

        await gather_bounded(partial(read, device) for device in self.devices)

    async def read_health(self, advance: Advance) -> None:
        """Check the health endpoints."""
        reads: Sequence[tuple[Callable[[ServiceClient], Awaitable[_Health]], tuple[str, ...]]] = (
            (get_health.asyncio, ("healthy", "degraded")),
            (get_liveness.asyncio, ("alive",)),
            (get_readiness.asyncio, ("ready",)),
            (get_telemetry_status.asyncio, ("healthy", "degraded")),
        )
        for _ in range(HEALTH_ROUNDS):
            for read, good in reads:
                health = await read(self._client)
                expect(health.status in good, f"{health} instead of {' or '.join(good)}")
            advance()

    async def _account_owner(self) -> Owner:
        assert self._account is not None
        return Owner(self._account, (await get_user.asyncio(self._account, "me")).user)

    async def _registered_owner(self, number: int) -> Owner:
        username, password = f"sim-{self._run}-{number}", secrets.token_urlsafe(16)
        body = UserCreate(username=username, email=f"{username}@example.org", password=password)
        user = (await register_user.asyncio(self._client, body=body)).user
        return Owner(self._client.with_credentials(Login(username, password)), user)

    async def _registered_device(self, owner: Owner, number: int) -> Device:
        name, kind = f"sim-{self._run}-{number}", KINDS[number % len(KINDS)]
        body = DeviceCreate(name=name, device_type=kind, firmware_version="1.0.0")
        made = (await register_device.asyncio(owner.client, body=body)).device
        rng = random.Random(f"{self._seed}/{number}")  # noqa: S311 - made-up measurements, the same for a seed
        return Device(made.id, name, kind, owner, self._client.with_credentials(DeviceKey(made.api_key)), rng)


def submissions(duration_s: float, rate: float) -> int:
    """Return the number of records that a device sends."""
    return max(1, round(duration_s * rate))


async def _submit(device: Device) -> None:
    time_sent, values = device.next_time(), device.measure()
    accepted = await device.client.submit(values, time=time_sent)
    device.sent[time_sent] = values
    expect(
        (accepted.device_id, accepted.timestamp, accepted.accepted) == (device.id, time_sent, len(values)),
        f"device {device.id} sent {len(values)} values at {time_sent}, the service acknowledged {accepted}",
    )


async def _records(device: Device, *, ascending: bool) -> list[TelemetryRecord]:
    """Read the device's history from its first record on, in pages, up to one record more than it sent."""
    records: list[TelemetryRecord] = []
    async for record in device.owner.client.history(
        device.id,
        start_time=next(iter(device.sent)),
        ascending=ascending,
        page_size=ceil(len(device.sent) / HISTORY_PAGES),
    ):
        records.append(record)
        if len(records) > len(device.sent):
            break
    return records
