"""What a day with a fleet asks of the service.

Each step makes its requests and compares every answer with what is known to be true.
"""

import asyncio
import random
import secrets
import time
from collections.abc import Callable
from functools import partial
from math import ceil

from iotflow.client import answers
from iotflow.client.fleet import Device, Owner, check, typed
from iotflow.client.session import Session
from iotflow.domain.times import format_rfc3339
from iotflow.parallel import in_parallel

KINDS = ("greenhouse", "cold_room", "weather_mast")
MAX_OWNERS = 3
HEALTH_ROUNDS = 5
PAGES = 3
"""About how many pages a device's history is read in."""

Advance = Callable[[], None]
"""Tells the progress bar that one more unit of a step is done."""


class Day:
    """A day of a fleet: the steps, in the order of the methods."""

    def __init__(self, session: Session, account: Session | None, *, devices: int, seed: int) -> None:
        """`account` is an existing user's session; without one the fleet registers owners of its own."""
        self._session = session
        self._account = account
        self._seed = seed
        self._run = secrets.token_hex(4)
        self.device_count = devices
        self.owner_count = 1 if account else min(MAX_OWNERS, devices)
        self.owners: list[Owner] = []
        self.devices: list[Device] = []

    async def make_owners(self, advance: Advance) -> None:
        """Register and sign in; each owner is who they say."""

        async def make(number: int) -> Owner:
            owner = await self._account_owner() if self._account else await self._registered_owner(number)
            me = (await owner.session.get("/api/v1/users/me", answers.UserAnswer)).user
            check(me == owner.user, f"the account of {owner.user.username} came back as {me.username}")
            advance()
            return owner

        self.owners = await in_parallel(partial(make, number) for number in range(self.owner_count))

    async def register_devices(self, advance: Advance) -> None:
        """Register devices; each key works and every device is listed."""

        async def register(number: int) -> Device:
            owner = self.owners[number % len(self.owners)]
            device = await self._registered_device(owner, number)
            status = await device.session.get("/api/v1/devices/status", answers.OwnStatus)
            check(status.device_id == device.id, f"the key of device {device.id} proved {status.device_id}")
            check(status.status == "inactive", f"device {device.id} is new and {status.status}")
            advance()
            return device

        self.devices = await in_parallel(partial(register, number) for number in range(self.device_count))
        for owner in self.owners:
            ids = {device.id for device in self.devices if device.owner is owner}
            missing = ids - {device.id for device in await owner.session.own_devices()}
            check(not missing, f"the devices of {owner.user.username} are listed without {sorted(missing)}")

    async def make_groups(self, advance: Advance) -> None:
        """Each owner makes a group for each kind of device; it is empty."""

        async def make(owner: Owner, kind: str) -> None:
            body = {"name": f"{kind} {self._run}", "color": "#1E90FF"}
            group = (await owner.session.post("/api/v1/groups", answers.GroupAnswer, body)).group
            check(group.device_count == 0, f"group {group.id} is new and holds {group.device_count} devices")
            owner.group_ids[kind] = group.id
            advance()

        await in_parallel(partial(make, owner, kind) for owner in self.owners for kind in KINDS)

    async def group_devices(self, advance: Advance) -> None:
        """Put every device into its group, twice; it is there once."""

        async def fill(owner: Owner, kind: str) -> None:
            group_id = owner.group_ids[kind]
            ids = sorted(device.id for device in self.devices if device.owner is owner and device.kind == kind)
            if ids:
                path, body = f"/api/v1/groups/{group_id}/devices/bulk", {"device_ids": ids}
                first = await owner.session.post(path, answers.Additions, body, repeatable=True)
                again = await owner.session.post(path, answers.Additions, body, repeatable=True)
                check(sorted(first.added) == ids, f"group {group_id} took {first.added} instead of {ids}")
                check(sorted(again.skipped) == ids, f"group {group_id} took devices a second time: {again.added}")
            members = await owner.session.get(f"/api/v1/groups/{group_id}/devices", answers.DeviceList, limit=1_000)
            found = [device.id for device in members.devices]
            check(sorted(found) == ids, f"group {group_id} lists {found} instead of {ids}")
            advance()

        await in_parallel(partial(fill, owner, kind) for owner in self.owners for kind in KINDS)

    async def send_telemetry(self, advance: Advance, *, duration_s: float, rate: float) -> None:
        """Every device submits `rate` records a second; each is acknowledged as it was sent.

        Devices take turns within each interval. One that the service keeps waiting past the end sends no more.
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
        await in_parallel(reports, at_once=len(self.devices))

    async def read_latest(self, advance: Advance) -> None:
        """The latest values, for the owner and the device alike, are those sent last."""

        async def read(device: Device) -> None:
            timestamp, values = list(device.sent.items())[-1]
            for caller in (device.owner.session, device.session):
                latest = await caller.get(f"/api/v1/telemetry/{device.id}/latest", answers.Latest)
                found = {name: newest.value for name, newest in latest.latest_data.items()}
                check(typed(found) == typed(values), f"device {device.id} sent {values} last, latest is {found}")
                times = {newest.timestamp for newest in latest.latest_data.values()}
                check(times == {timestamp}, f"device {device.id} sent last at {timestamp}, latest is of {times}")
            advance()

        await in_parallel(partial(read, device) for device in self.devices)

    async def read_history(self, advance: Advance) -> None:
        """The history has every record once, in both orders, and the count of it agrees."""

        async def read(device: Device) -> None:
            expected = [(timestamp, typed(values)) for timestamp, values in device.sent.items()]
            for order in ("asc", "desc"):
                found = [(record.timestamp, typed(record.measurements)) for record in await _records(device, order)]
                wanted = expected if order == "asc" else expected[::-1]
                check(
                    found == wanted,
                    f"device {device.id} sent {len(wanted)} records, its history ({order}) has {len(found)} or others",
                )
            counted = await device.owner.session.get(
                f"/api/v1/telemetry/{device.id}/aggregated",
                answers.Aggregated,
                **{
                    "field": "temperature",
                    "aggregation": "count",
                    "window": "1h",
                    "start_time": next(iter(device.sent)),
                },
            )
            total = sum(window.count for window in counted.data)
            check(total == len(expected), f"device {device.id} sent {len(expected)} records, {total} are counted")
            advance()

        await in_parallel(partial(read, device) for device in self.devices)

    async def read_status(self, advance: Advance) -> None:
        """Every device is active and online, as itself and its owner see it, and its heartbeat is heard."""

        async def read(device: Device) -> None:
            own = await device.session.get("/api/v1/devices/status", answers.OwnStatus)
            beat = await device.session.post("/api/v1/devices/heartbeat", answers.Heartbeat, repeatable=True)
            path = f"/api/v1/devices/{device.id}/status"
            shown = (await device.owner.session.get(path, answers.PresentDeviceAnswer)).device
            check(beat.device_id == device.id, f"the heartbeat of device {device.id} was taken for {beat.device_id}'s")
            for status, is_online in ((own.status, own.is_online), (shown.status, shown.is_online)):
                check(status == "active", f"device {device.id} sends telemetry and is {status}")
                check(is_online, f"device {device.id} has just made a request and is not online")
            seen = (own.last_seen or "never", shown.last_seen or "never")
            check(seen[0] <= seen[1], f"device {device.id} was last seen {seen[0]}, then {seen[1]}")
            advance()

        await in_parallel(partial(read, device) for device in self.devices)

    async def read_health(self, advance: Advance) -> None:
        """The service is well."""
        expected = {
            "/health": ("healthy", "degraded"),
            "/health/live": ("alive",),
            "/health/ready": ("ready",),
            "/api/v1/telemetry/status": ("healthy", "degraded"),
        }
        for _ in range(HEALTH_ROUNDS):
            for path, good in expected.items():
                health = await self._session.get(path, answers.Health)
                check(health.status in good, f"{path} says {health.status}")
            advance()

    async def _account_owner(self) -> Owner:
        assert self._account is not None
        me = await self._account.get("/api/v1/users/me", answers.UserAnswer)
        return Owner(self._account, me.user)

    async def _registered_owner(self, number: int) -> Owner:
        username, password = f"sim-{self._run}-{number}", secrets.token_urlsafe(16)
        body = {"username": username, "email": f"{username}@example.org", "password": password}
        await self._session.post("/api/v1/auth/register", answers.UserAnswer, body)
        session, user = await self._session.log_in(username, password)
        return Owner(session, user)

    async def _registered_device(self, owner: Owner, number: int) -> Device:
        name, kind = f"sim-{self._run}-{number}", KINDS[number % len(KINDS)]
        body = {"name": name, "device_type": kind, "firmware_version": "1.0.0"}
        made = (await owner.session.post("/api/v1/devices/register", answers.KeyedDeviceAnswer, body)).device
        chance = random.Random(f"{self._seed}/{number}")  # noqa: S311 - made-up measurements, the same for a seed
        return Device(made.id, name, kind, owner, self._session.as_device(made.api_key), chance)


def submissions(duration_s: float, rate: float) -> int:
    """How many records a device sends."""
    return max(1, round(duration_s * rate))


async def _submit(device: Device) -> None:
    timestamp, values = format_rfc3339(device.next_time()), device.measure()
    body = {"timestamp": timestamp, "data": values}
    accepted = await device.session.post("/api/v1/telemetry", answers.Accepted, body, repeatable=True)
    device.sent[timestamp] = values
    check(
        (accepted.device_id, accepted.timestamp, accepted.accepted) == (device.id, timestamp, len(values)),
        f"device {device.id} sent {len(values)} values at {timestamp}, the service acknowledged {accepted}",
    )


async def _records(device: Device, order: str) -> list[answers.StoredRecord]:
    """The device's history since its first record, in pages."""
    path = f"/api/v1/telemetry/{device.id}"
    limit = ceil(len(device.sent) / PAGES)
    start = {"start_time": next(iter(device.sent)), "order": order}
    page = await device.owner.session.get(path, answers.History, limit=limit, **start)
    records = page.data
    while page.next_cursor and len(records) <= len(device.sent):
        page = await device.owner.session.get(path, answers.History, limit=limit, cursor=page.next_cursor)
        records += page.data
    return records
