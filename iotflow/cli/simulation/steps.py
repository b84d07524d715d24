"""The steps of a fleet's day.

Each step makes its requests and compares every response with the expected one.
"""

import asyncio
import random
import secrets
import time
from collections.abc import Callable
from functools import partial
from math import ceil

from iotflow.cli.http import responses
from iotflow.cli.http.session import Session
from iotflow.cli.simulation.fleet import Device, Owner, expect, with_types
from iotflow.concurrency.tasks import gather_bounded
from iotflow.domain.times import format_rfc3339

KINDS = ("greenhouse", "cold_room", "weather_mast")
MAX_OWNERS = 3
HEALTH_ROUNDS = 5
HISTORY_PAGES = 3
"""Approximate number of pages of a device's history."""

Advance = Callable[[], None]
"""Advances the progress bar by one unit of a step."""


class SimulatedDay:
    """A day of a fleet: its steps in the order of the methods."""

    def __init__(self, session: Session, account: Session | None, *, devices: int, seed: int) -> None:
        """`account` is an existing user's session; without one the fleet registers owners."""
        self._session = session
        self._account = account
        self._seed = seed
        self._run = secrets.token_hex(4)
        self.device_count = devices
        self.owner_count = 1 if account else min(MAX_OWNERS, devices)
        self.owners: list[Owner] = []
        self.devices: list[Device] = []

    async def register_owners(self, advance: Advance) -> None:
        """Register owners and sign in; check that each session is its owner's."""

        async def make(number: int) -> Owner:
            owner = await self._account_owner() if self._account else await self._registered_owner(number)
            me = (await owner.session.get("/api/v1/users/me", responses.UserAnswer)).user
            expect(me == owner.user, f"the account of {owner.user.username} came back as {me.username}")
            advance()
            return owner

        self.owners = await gather_bounded(partial(make, number) for number in range(self.owner_count))

    async def register_devices(self, advance: Advance) -> None:
        """Register devices; check that each key works and every device is listed."""

        async def register(number: int) -> Device:
            owner = self.owners[number % len(self.owners)]
            device = await self._registered_device(owner, number)
            status = await device.session.get("/api/v1/devices/status", responses.OwnStatus)
            expect(
                status.device_id == device.id, f"the key of device {device.id} authenticated device {status.device_id}"
            )
            expect(status.status == "inactive", f"device {device.id} is new and {status.status}")
            advance()
            return device

        self.devices = await gather_bounded(partial(register, number) for number in range(self.device_count))
        for owner in self.owners:
            ids = {device.id for device in self.devices if device.owner is owner}
            missing = ids - {device.id for device in await owner.session.own_devices()}
            expect(not missing, f"the devices of {owner.user.username} are listed without {sorted(missing)}")

    async def create_groups(self, advance: Advance) -> None:
        """Create a group for each owner and kind of device; check that it is empty."""

        async def make(owner: Owner, kind: str) -> None:
            body = {"name": f"{kind} {self._run}", "color": "#1E90FF"}
            group = (await owner.session.post("/api/v1/groups", responses.GroupAnswer, body)).group
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
                path, body = f"/api/v1/groups/{group_id}/devices/bulk", {"device_ids": ids}
                first = await owner.session.post(path, responses.Additions, body, repeatable=True)
                again = await owner.session.post(path, responses.Additions, body, repeatable=True)
                expect(sorted(first.added) == ids, f"group {group_id} added {first.added} instead of {ids}")
                expect(sorted(again.skipped) == ids, f"group {group_id} added devices a second time: {again.added}")
            members = await owner.session.get(f"/api/v1/groups/{group_id}/devices", responses.DeviceList, limit=1_000)
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
            for caller in (device.owner.session, device.session):
                latest = await caller.get(f"/api/v1/telemetry/{device.id}/latest", responses.Latest)
                found = {name: newest.value for name, newest in latest.latest_data.items()}
                expect(
                    with_types(found) == with_types(values), f"device {device.id} sent {values} last, latest is {found}"
                )
                times = {newest.timestamp for newest in latest.latest_data.values()}
                expect(times == {timestamp}, f"device {device.id} sent last at {timestamp}, latest is of {times}")
            advance()

        await gather_bounded(partial(read, device) for device in self.devices)

    async def read_history(self, advance: Advance) -> None:
        """Check that the history has every record once, in both orders, and that the count agrees."""

        async def read(device: Device) -> None:
            expected = [(timestamp, with_types(values)) for timestamp, values in device.sent.items()]
            for order in ("asc", "desc"):
                found = [
                    (record.timestamp, with_types(record.measurements)) for record in await _records(device, order)
                ]
                wanted = expected if order == "asc" else expected[::-1]
                expect(
                    found == wanted,
                    f"device {device.id} sent {len(wanted)} records, its history ({order}) has {len(found)} or others",
                )
            counted = await device.owner.session.get(
                f"/api/v1/telemetry/{device.id}/aggregated",
                responses.Aggregated,
                **{
                    "field": "temperature",
                    "aggregation": "count",
                    "window": "1h",
                    "start_time": next(iter(device.sent)),
                },
            )
            total = sum(window.count for window in counted.data)
            expect(total == len(expected), f"device {device.id} sent {len(expected)} records, {total} are counted")
            advance()

        await gather_bounded(partial(read, device) for device in self.devices)

    async def read_status(self, advance: Advance) -> None:
        """Check that every device is active and online, for itself and its owner, and send a heartbeat."""

        async def read(device: Device) -> None:
            own = await device.session.get("/api/v1/devices/status", responses.OwnStatus)
            beat = await device.session.post("/api/v1/devices/heartbeat", responses.Heartbeat, repeatable=True)
            path = f"/api/v1/devices/{device.id}/status"
            shown = (await device.owner.session.get(path, responses.PresentDeviceAnswer)).device
            expect(
                beat.device_id == device.id,
                f"the heartbeat of device {device.id} was recorded for device {beat.device_id}",
            )
            for status, is_online in ((own.status, own.is_online), (shown.status, shown.is_online)):
                expect(status == "active", f"device {device.id} sends telemetry and is {status}")
                expect(is_online, f"device {device.id} has just made a request and is not online")
            seen = (own.last_seen or "never", shown.last_seen or "never")
            expect(seen[0] <= seen[1], f"device {device.id} was last seen {seen[0]}, then {seen[1]}")
            advance()

        await gather_bounded(partial(read, device) for device in self.devices)

    async def read_health(self, advance: Advance) -> None:
        """Check the health endpoints."""
        expected = {
            "/health": ("healthy", "degraded"),
            "/health/live": ("alive",),
            "/health/ready": ("ready",),
            "/api/v1/telemetry/status": ("healthy", "degraded"),
        }
        for _ in range(HEALTH_ROUNDS):
            for path, good in expected.items():
                health = await self._session.get(path, responses.Health)
                expect(health.status in good, f"{path} returned {health.status}")
            advance()

    async def _account_owner(self) -> Owner:
        assert self._account is not None
        me = await self._account.get("/api/v1/users/me", responses.UserAnswer)
        return Owner(self._account, me.user)

    async def _registered_owner(self, number: int) -> Owner:
        username, password = f"sim-{self._run}-{number}", secrets.token_urlsafe(16)
        body = {"username": username, "email": f"{username}@example.org", "password": password}
        await self._session.post("/api/v1/auth/register", responses.UserAnswer, body)
        session, user = await self._session.log_in(username, password)
        return Owner(session, user)

    async def _registered_device(self, owner: Owner, number: int) -> Device:
        name, kind = f"sim-{self._run}-{number}", KINDS[number % len(KINDS)]
        body = {"name": name, "device_type": kind, "firmware_version": "1.0.0"}
        made = (await owner.session.post("/api/v1/devices/register", responses.KeyedDeviceAnswer, body)).device
        rng = random.Random(f"{self._seed}/{number}")  # noqa: S311 - made-up measurements, the same for a seed
        return Device(made.id, name, kind, owner, self._session.as_device(made.api_key), rng)


def submissions(duration_s: float, rate: float) -> int:
    """Return the number of records that a device sends."""
    return max(1, round(duration_s * rate))


async def _submit(device: Device) -> None:
    timestamp, values = format_rfc3339(device.next_time()), device.measure()
    body = {"timestamp": timestamp, "data": values}
    accepted = await device.session.post("/api/v1/telemetry", responses.Accepted, body, repeatable=True)
    device.sent[timestamp] = values
    expect(
        (accepted.device_id, accepted.timestamp, accepted.accepted) == (device.id, timestamp, len(values)),
        f"device {device.id} sent {len(values)} values at {timestamp}, the service acknowledged {accepted}",
    )


async def _records(device: Device, order: str) -> list[responses.StoredRecord]:
    """Read the device's history from its first record on, in pages."""
    path = f"/api/v1/telemetry/{device.id}"
    limit = ceil(len(device.sent) / HISTORY_PAGES)
    start = {"start_time": next(iter(device.sent)), "order": order}
    page = await device.owner.session.get(path, responses.History, limit=limit, **start)
    records = page.data
    while page.next_cursor and len(records) <= len(device.sent):
        page = await device.owner.session.get(path, responses.History, limit=limit, cursor=page.next_cursor)
        records += page.data
    return records
