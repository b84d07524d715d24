"""Permissions: each method of each service with each kind of caller, admitted or refused."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from itertools import count
from zoneinfo import ZoneInfo

import pytest

from iotflow.domain.aggregates import Aggregation
from iotflow.domain.context import Context, RequestContext, SystemPrincipal
from iotflow.domain.devices import DeviceFilter, NewDevice
from iotflow.domain.errors import Forbidden, NotFound, Unauthenticated
from iotflow.domain.events import EventFilter
from iotflow.domain.groups import NewGroup
from iotflow.domain.times import Millis, TimeRange
from iotflow.services.accounts import ProfileChange
from iotflow.services.ingest import Chunk, Submission
from tests.services.harness import (
    RegisteredDevice,
    ServiceHarness,
    SignedInUser,
    build_harness,
    calling,
    register_device,
    register_user,
    submit,
)

OK = None
U, F, N = Unauthenticated, Forbidden, NotFound
CALLERS = ("anonymous", "owner", "another user", "admin", "the device", "another device", "the system")
HOUR = TimeRange(Millis(0), Millis(3_600_000))
RECORD = Submission({"temp": 1}, Millis(1_000), None)


@dataclass(frozen=True)
class Scenario:
    """All callers, and an owner with two devices, of which one is in a group and has telemetry."""

    harness: ServiceHarness
    owner: SignedInUser
    device: RegisteredDevice
    group_id: int
    contexts: dict[str, Context]


serial = count()


async def scenario(harness: ServiceHarness) -> Scenario:
    suffix = next(serial)
    owner, other = [await register_user(harness, f"{name}{suffix}") for name in ("owner", "other")]
    # The last admin cannot be suspended or deleted, so there is a second one.
    admin = await register_user(harness, f"admin{suffix}", is_admin=True)
    device, neighbour = [await register_device(harness, owner, name) for name in ("device", "neighbour")]
    await submit(harness, device, 10, temp=10)
    group = await harness.services.groups.create(owner.context, NewGroup("garden"))
    await harness.services.groups.add_device(owner.context, group.id, device.id)
    contexts: dict[str, Context] = {
        "anonymous": RequestContext(None),
        "owner": owner.context,
        "another user": other.context,
        "admin": admin.context,
        "the device": RequestContext(await calling(harness, device.key)),
        "another device": RequestContext(await calling(harness, neighbour.key)),
        "the system": RequestContext(SystemPrincipal()),
    }
    return Scenario(harness, owner, device, group.id, contexts)


Call = Callable[[Scenario, Context], Awaitable[object]]

VISIBLE_DEVICE = (U, OK, N, OK, OK, N, OK)
MANAGED_DEVICE = (U, OK, N, OK, F, F, OK)
VISIBLE_GROUP = (U, OK, N, OK, N, N, OK)
ACCOUNT = (U, OK, F, OK, F, F, OK)
ADMIN = (U, F, F, OK, F, F, OK)
ANY_USER = (U, OK, OK, OK, F, F, F)
ANY_DEVICE = (U, F, F, F, OK, OK, F)

CALLS: dict[str, tuple[tuple[type[Exception] | None, ...], Call]] = {
    "accounts.register an administrator": (
        ADMIN,
        lambda s, c: register(s.harness, c, is_admin=True),
    ),
    "accounts.get": (ACCOUNT, lambda s, c: s.harness.services.accounts.get(c, s.owner.caller.user_id)),
    "accounts.page": (ADMIN, lambda s, c: s.harness.services.accounts.page(c, 1, 0)),
    "accounts.update": (
        ACCOUNT,
        lambda s, c: s.harness.services.accounts.update(
            c, s.owner.caller.user_id, ProfileChange(username=f"n{next(serial)}")
        ),
    ),
    "accounts.update is_admin": (
        ADMIN,
        lambda s, c: s.harness.services.accounts.update(c, s.owner.caller.user_id, ProfileChange(is_admin=True)),
    ),
    "accounts.set_active": (
        ADMIN,
        lambda s, c: s.harness.services.accounts.set_active(c, s.owner.caller.user_id, active=False),
    ),
    "accounts.delete": (ADMIN, lambda s, c: s.harness.services.accounts.delete(c, s.owner.caller.user_id)),
    "authentication.logout": (ANY_USER, lambda s, c: s.harness.services.authentication.logout(c)),
    "devices.register": (ANY_USER, lambda s, c: s.harness.services.devices.register(c, NewDevice("new", "sensor"))),
    "devices.get": (VISIBLE_DEVICE, lambda s, c: s.harness.services.devices.get(c, s.device.id)),
    "devices.page": (ADMIN, lambda s, c: s.harness.services.devices.page(c, DeviceFilter(), 1, 0)),
    "devices.page_of_user": (
        ACCOUNT,
        lambda s, c: s.harness.services.devices.page_of_user(c, s.owner.caller.user_id, None, 1, 0),
    ),
    "devices.groups": (MANAGED_DEVICE, lambda s, c: s.harness.services.devices.groups(c, s.device.id)),
    "devices.update": (
        VISIBLE_DEVICE,
        lambda s, c: s.harness.services.devices.update(c, s.device.id, {"location": "roof"}),
    ),
    "devices.update rates": (
        ADMIN,
        lambda s, c: s.harness.services.devices.update(c, s.device.id, {"requests_per_second": 0}),
    ),
    "devices.delete": (MANAGED_DEVICE, lambda s, c: s.harness.services.devices.delete(c, s.device.id)),
    "devices.rotate_key": (MANAGED_DEVICE, lambda s, c: s.harness.services.devices.rotate_key(c, s.device.id, 0)),
    "devices.key": (ANY_DEVICE, lambda s, c: s.harness.services.devices.key(c)),
    "devices.config": (VISIBLE_DEVICE, lambda s, c: s.harness.services.devices.config(c, s.device.id)),
    "devices.configure": (VISIBLE_DEVICE, lambda s, c: s.harness.services.devices.configure(c, s.device.id, {})),
    "groups.create": (ANY_USER, lambda s, c: s.harness.services.groups.create(c, NewGroup("new"))),
    "groups.page": (ANY_USER, lambda s, c: s.harness.services.groups.page(c, 1, 0, with_members=True)),
    "groups.get": ((U, OK, N, OK, F, F, F), lambda s, c: s.harness.services.groups.get(c, s.group_id)),
    "groups.members": (
        VISIBLE_GROUP,
        lambda s, c: s.harness.services.groups.members(c, s.group_id, 1, 0, None, None),
    ),
    "groups.update": (
        VISIBLE_GROUP,
        lambda s, c: s.harness.services.groups.update(c, s.group_id, {"description": "x"}),
    ),
    "groups.delete": (VISIBLE_GROUP, lambda s, c: s.harness.services.groups.delete(c, s.group_id)),
    "groups.add_devices": (
        VISIBLE_GROUP,
        lambda s, c: s.harness.services.groups.add_devices(c, s.group_id, [s.device.id]),
    ),
    "groups.remove_device": (
        VISIBLE_GROUP,
        lambda s, c: s.harness.services.groups.remove_device(c, s.group_id, s.device.id),
    ),
    "ingest.submit": (ANY_DEVICE, lambda s, c: s.harness.services.ingest.submit(c, RECORD)),
    "ingest.submit_batch": (ANY_DEVICE, lambda s, c: s.harness.services.ingest.submit_batch(c, one_chunk())),
    "ingest.backfill": (
        (U, OK, N, OK, F, F, F),
        lambda s, c: s.harness.services.ingest.backfill(c, s.device.id, one_chunk()),
    ),
    "telemetry.latest": (VISIBLE_DEVICE, lambda s, c: s.harness.services.telemetry.latest(c, s.device.id)),
    "telemetry.records": (
        (U, OK, N, OK, OK, N, F),
        lambda s, c: s.harness.services.telemetry.records(
            c, s.device.id, HOUR, descending=True, limit=1, after=None, names=None
        ),
    ),
    "telemetry.aggregate": (
        (U, OK, N, OK, OK, N, F),
        lambda s, c: s.harness.services.telemetry.aggregate(
            c, s.device.id, "temp", Aggregation.MEAN, HOUR, 60_000, ZoneInfo("UTC")
        ),
    ),
    "telemetry.delete": (VISIBLE_DEVICE, lambda s, c: s.harness.services.telemetry.delete(c, s.device.id, HOUR)),
    "feed.page": (
        (U, OK, F, OK, F, F, F),
        lambda s, c: s.harness.services.feed.page(c, s.owner.caller.user_id, HOUR, 1, None),
    ),
    "audit_log.page": (
        ACCOUNT,
        lambda s, c: s.harness.services.audit_log.page(c, EventFilter(user_id=s.owner.caller.user_id), 1, None),
    ),
    "audit_log.page of all accounts": (
        ADMIN,
        lambda s, c: s.harness.services.audit_log.page(c, EventFilter(), 1, None),
    ),
    "statistics.read": (ADMIN, lambda s, c: s.harness.services.statistics.read(c)),
}


async def register(harness: ServiceHarness, context: Context, *, is_admin: bool = False) -> None:
    name = f"n{next(serial)}"
    await harness.services.accounts.register(context, name, f"{name}@example.org", "password", is_admin=is_admin)


async def one_chunk() -> AsyncIterator[Chunk]:
    yield {0: RECORD}


@pytest.mark.parametrize("name", CALLS)
async def test_every_kind_of_caller_is_admitted_or_refused(harness: ServiceHarness, name: str) -> None:
    expected, call = CALLS[name]
    for caller, refusal in zip(CALLERS, expected, strict=True):
        case = await scenario(harness)
        if refusal is None:
            await call(case, case.contexts[caller])
        else:
            with pytest.raises(refusal):
                await call(case, case.contexts[caller])


async def test_a_device_may_not_end_its_maintenance_nor_submit_in_it(harness: ServiceHarness) -> None:
    case = await scenario(harness)
    await harness.services.devices.update(case.owner.context, case.device.id, {"status": "maintenance"})
    context = RequestContext(await calling(harness, case.device.key))
    with pytest.raises(Forbidden, match="maintenance"):
        await harness.services.devices.update(context, case.device.id, {"status": "active"})
    for submission in (
        harness.services.ingest.submit(context, RECORD),
        harness.services.ingest.submit_batch(context, one_chunk()),
    ):
        with pytest.raises(Forbidden, match="maintenance"):
            await submission


@pytest.mark.parametrize("caller", CALLERS)
async def test_closed_registration_is_left_to_administrators(harness: ServiceHarness, caller: str) -> None:
    case = await scenario(harness)
    closed = closed_registration(harness)
    registration = register(closed, case.contexts[caller])
    if caller in ("admin", "the system"):
        await registration
    else:
        with pytest.raises((Unauthenticated, Forbidden)):
            await registration


def closed_registration(harness: ServiceHarness) -> ServiceHarness:
    settings = harness.settings.model_copy(update={"registration": "closed"})
    return build_harness(harness.stores, harness.clock, harness.services.passwords, settings)
