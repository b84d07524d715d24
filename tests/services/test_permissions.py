"""Permissions: each method of each service with each kind of caller, admitted or refused."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict, dataclass, replace
from itertools import count
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest

from iotflow.domain.aggregates import Aggregation
from iotflow.domain.alert_rules import AlertRule, Comparison, NewAlertRule, Severity, Threshold
from iotflow.domain.alerts import AlertFilter, AlertType, NewAlert
from iotflow.domain.context import Context, RequestContext, SystemPrincipal
from iotflow.domain.devices import DeviceFilter, NewDevice
from iotflow.domain.errors import Forbidden, InvalidInput, NotFound, Unauthenticated
from iotflow.domain.events import EventFilter
from iotflow.domain.groups import NewGroup
from iotflow.domain.metadata import MetadataFilter
from iotflow.domain.personal_tokens import NewPersonalToken, TokenScope
from iotflow.domain.reports import NewReport, ReportType
from iotflow.domain.time_windows import Window
from iotflow.domain.times import Millis, TimeRange
from iotflow.domain.webhooks import AlertChange, DeliveryStatus, NewDelivery, WebhookTemplate
from iotflow.services.accounts import ProfileChange
from iotflow.services.container import Services
from iotflow.services.ingest import Chunk, Submission
from tests.services.harness import (
    RegisteredDevice,
    ServiceHarness,
    SignedInUser,
    build_harness,
    calling,
    create_token,
    register_device,
    register_user,
    submit,
)

OK = None
U, F, N = Unauthenticated, Forbidden, NotFound
SCOPES = tuple(TokenScope)
CALLERS = (
    *("anonymous", "owner", "another user", "admin", "the device", "another device", "the system"),
    *(f"a token to {scope}" for scope in SCOPES),
)
READ, WRITE, TELEMETRY = SCOPES
HOUR = TimeRange(Millis(0), Millis(3_600_000))
REPORT = NewReport(ReportType.DEVICE_SUMMARY, None, None, Millis(0), Millis(3_600_000))
RULE = NewAlertRule("hot", Severity.INFO, Threshold("temp", Comparison.GT, 50))
WEBHOOK_URL = "https://8.8.8.8/hook"
"""A public address, so that it is not resolved; nothing is sent to it."""
ALERT = NewAlert(0, AlertType.CUSTOM, Severity.INFO, "x", {})
RECORD = Submission({"temp": 1}, Millis(1_000), None)


@dataclass(frozen=True)
class Scenario:
    """All callers, and an owner with two devices, of which one is in a group and has telemetry."""

    harness: ServiceHarness
    owner: SignedInUser
    device: RegisteredDevice
    group_id: int
    token_id: int
    rule_id: int
    alert_id: UUID
    webhook_id: int
    delivery_id: UUID
    report_id: UUID
    contexts: dict[str, Context]

    @property
    def services(self) -> Services:
        """The services to call."""
        return self.harness.services


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
    for scope in SCOPES:
        contexts[f"a token to {scope}"] = (await create_token(harness, owner, scope)).context
    revocable = await harness.services.personal_tokens.create(owner.context, owner.caller.user_id, new_token())
    rule = await harness.services.alert_rules.create(owner.context, replace(RULE, device_id=device.id))
    alert = await harness.services.alerts.create(owner.context, replace(ALERT, device_id=device.id))
    webhook = await harness.services.webhooks.create(owner.context, WEBHOOK_URL, WebhookTemplate.NTFY)
    dead = NewDelivery(
        uuid4(), webhook.user_id, webhook.id, rule.id, alert.id, AlertChange.RAISED, {}, harness.clock.now()
    )
    async with harness.stores.transactions.write() as transaction:
        await transaction.deliveries.add(dead)
        await transaction.deliveries.finish(dead.id, DeliveryStatus.DEAD, harness.clock.now(), None, None)
    report = await harness.services.reports.create(owner.context, replace(REPORT, device_id=device.id))
    ids = (group.id, revocable.token.id, rule.id, alert.id, webhook.id, dead.id, report.id)
    return Scenario(harness, owner, device, *ids, contexts)


Refusals = tuple[type[Exception] | None, ...]
"""For each caller the error of a refusal."""


def needing(scope: TokenScope | None, refusals: Refusals) -> Refusals:
    """Add the owner's personal access tokens, of which that with the scope is admitted."""
    return (*refusals, *(OK if scope is one else F for one in SCOPES))


Call = Callable[[Scenario, Context], Awaitable[object]]

VISIBLE_DEVICE = (U, OK, N, OK, OK, N, OK)
MANAGED_DEVICE = (U, OK, N, OK, F, F, OK)
VISIBLE_GROUP = (U, OK, N, OK, N, N, OK)
OWNED = (U, OK, N, OK, F, F, F)
ACCOUNT = (U, OK, F, OK, F, F, OK)
OWN_ACCOUNT = (U, OK, F, F, F, F, F)
ADMIN = (U, F, F, OK, F, F, OK)
ANY_USER = (U, OK, OK, OK, F, F, F)
ANY_DEVICE = (U, F, F, F, OK, OK, F)

CALLS: dict[str, tuple[Refusals, Call]] = {
    "accounts.register an administrator": (
        needing(None, ADMIN),
        lambda s, c: register(s.harness, c, is_admin=True),
    ),
    "accounts.get": (needing(READ, ACCOUNT), lambda s, c: s.services.accounts.get(c, s.owner.caller.user_id)),
    "accounts.page": (needing(None, ADMIN), lambda s, c: s.services.accounts.page(c, 1, 0)),
    "accounts.update": (
        needing(None, ACCOUNT),
        lambda s, c: s.services.accounts.update(
            c, s.owner.caller.user_id, ProfileChange(username=f"name{next(serial)}")
        ),
    ),
    "accounts.update is_admin": (
        needing(None, ADMIN),
        lambda s, c: s.services.accounts.update(c, s.owner.caller.user_id, ProfileChange(is_admin=True)),
    ),
    "accounts.set_active": (
        needing(None, ADMIN),
        lambda s, c: s.services.accounts.set_active(c, s.owner.caller.user_id, active=False),
    ),
    "accounts.delete": (
        needing(None, ADMIN),
        lambda s, c: s.services.accounts.delete(c, s.owner.caller.user_id),
    ),
    "authentication.logout": (needing(None, ANY_USER), lambda s, c: s.services.authentication.logout(c)),
    "personal_tokens.create": (
        needing(None, ACCOUNT),
        lambda s, c: s.services.personal_tokens.create(c, s.owner.caller.user_id, new_token()),
    ),
    "personal_tokens.page": (
        needing(None, ACCOUNT),
        lambda s, c: s.services.personal_tokens.page(c, s.owner.caller.user_id, 1, 0),
    ),
    "personal_tokens.revoke": (
        needing(None, ACCOUNT),
        lambda s, c: s.services.personal_tokens.revoke(c, s.owner.caller.user_id, s.token_id),
    ),
    "devices.register": (
        needing(WRITE, ANY_USER),
        lambda s, c: s.services.devices.register(c, NewDevice("new", "sensor")),
    ),
    "devices.get": (needing(READ, VISIBLE_DEVICE), lambda s, c: s.services.devices.get(c, s.device.id)),
    "devices.page": (needing(None, ADMIN), lambda s, c: s.services.devices.page(c, DeviceFilter(), 1, 0)),
    "devices.page_of_user": (
        needing(READ, ACCOUNT),
        lambda s, c: s.services.devices.page_of_user(c, s.owner.caller.user_id, None, 1, 0),
    ),
    "devices.groups": (needing(READ, MANAGED_DEVICE), lambda s, c: s.services.devices.groups(c, s.device.id)),
    "devices.update": (
        needing(WRITE, VISIBLE_DEVICE),
        lambda s, c: s.services.devices.update(c, s.device.id, {"location": "roof"}),
    ),
    "devices.update rates": (
        needing(None, ADMIN),
        lambda s, c: s.services.devices.update(c, s.device.id, {"requests_per_second": 0}),
    ),
    "devices.delete": (needing(WRITE, MANAGED_DEVICE), lambda s, c: s.services.devices.delete(c, s.device.id)),
    "devices.rotate_key": (
        needing(WRITE, MANAGED_DEVICE),
        lambda s, c: s.services.devices.rotate_key(c, s.device.id, 0),
    ),
    "devices.key": (needing(None, ANY_DEVICE), lambda s, c: s.services.devices.key(c)),
    "devices.config": (needing(READ, VISIBLE_DEVICE), lambda s, c: s.services.devices.config(c, s.device.id)),
    "devices.configure": (
        needing(WRITE, VISIBLE_DEVICE),
        lambda s, c: s.services.devices.configure(c, s.device.id, {}),
    ),
    "versions.list": (needing(READ, MANAGED_DEVICE), lambda s, c: s.services.config_versions.list(c, s.device.id)),
    "versions.get": (needing(READ, MANAGED_DEVICE), lambda s, c: s.services.config_versions.get(c, s.device.id, 1)),
    "versions.restore": (
        needing(WRITE, MANAGED_DEVICE),
        lambda s, c: s.services.config_versions.restore(c, s.device.id, 1),
    ),
    "metadata.get": (needing(READ, MANAGED_DEVICE), lambda s, c: s.services.metadata.get(c, s.device.id)),
    "metadata.update": (
        needing(WRITE, MANAGED_DEVICE),
        lambda s, c: s.services.metadata.update(c, s.device.id, {"tags": ["outdoor"]}),
    ),
    "metadata.search": (
        needing(READ, OWN_ACCOUNT),
        lambda s, c: s.services.metadata.search(c, MetadataFilter(s.owner.caller.user_id), 1, 0, 0),
    ),
    "preferences.get": (
        needing(READ, OWN_ACCOUNT),
        lambda s, c: s.services.preferences.get(c, s.owner.caller.user_id),
    ),
    "preferences.replace": (
        needing(None, OWN_ACCOUNT),
        lambda s, c: s.services.preferences.replace(c, s.owner.caller.user_id, {}),
    ),
    "groups.create": (needing(WRITE, ANY_USER), lambda s, c: s.services.groups.create(c, NewGroup("new"))),
    "groups.page": (needing(READ, ANY_USER), lambda s, c: s.services.groups.page(c, 1, 0, with_members=True)),
    "groups.get": (needing(READ, (U, OK, N, OK, F, F, F)), lambda s, c: s.services.groups.get(c, s.group_id)),
    "groups.members": (
        needing(READ, VISIBLE_GROUP),
        lambda s, c: s.services.groups.members(c, s.group_id, 1, 0, None, None),
    ),
    "groups.update": (
        needing(WRITE, VISIBLE_GROUP),
        lambda s, c: s.services.groups.update(c, s.group_id, {"description": "x"}),
    ),
    "groups.delete": (needing(WRITE, VISIBLE_GROUP), lambda s, c: s.services.groups.delete(c, s.group_id)),
    "groups.add_devices": (
        needing(WRITE, VISIBLE_GROUP),
        lambda s, c: s.services.groups.add_devices(c, s.group_id, [s.device.id]),
    ),
    "groups.remove_device": (
        needing(WRITE, VISIBLE_GROUP),
        lambda s, c: s.services.groups.remove_device(c, s.group_id, s.device.id),
    ),
    "alert_rules.create": (
        needing(WRITE, OWNED),
        lambda s, c: s.services.alert_rules.create(c, replace(RULE, device_id=s.device.id)),
    ),
    "alert_rules.create for a group": (
        needing(WRITE, OWNED),
        lambda s, c: s.services.alert_rules.create(c, replace(RULE, group_id=s.group_id)),
    ),
    "alert_rules.page": (needing(READ, ANY_USER), lambda s, c: s.services.alert_rules.page(c, None, None, 1, 0)),
    "alert_rules.get": (needing(READ, OWNED), lambda s, c: s.services.alert_rules.get(c, s.rule_id)),
    "alert_rules.update": (
        needing(WRITE, OWNED),
        lambda s, c: s.services.alert_rules.update(c, s.rule_id, {"enabled": False}),
    ),
    "alert_rules.delete": (needing(WRITE, OWNED), lambda s, c: s.services.alert_rules.delete(c, s.rule_id)),
    "alerts.create": (
        needing(WRITE, OWNED),
        lambda s, c: s.services.alerts.create(c, replace(ALERT, device_id=s.device.id)),
    ),
    "alerts.page": (needing(READ, ANY_USER), lambda s, c: s.services.alerts.page(c, AlertFilter(), 1, None)),
    "alerts.get": (needing(READ, OWNED), lambda s, c: s.services.alerts.get(c, s.alert_id)),
    "alerts.acknowledge": (needing(WRITE, OWNED), lambda s, c: s.services.alerts.acknowledge(c, s.alert_id)),
    "alerts.resolve": (needing(WRITE, OWNED), lambda s, c: s.services.alerts.resolve(c, s.alert_id)),
    "webhooks.create": (
        needing(WRITE, ANY_USER),
        lambda s, c: s.services.webhooks.create(c, f"{WEBHOOK_URL}/{next(serial)}", WebhookTemplate.NTFY),
    ),
    "webhooks.page": (needing(READ, ANY_USER), lambda s, c: s.services.webhooks.page(c, 1, 0)),
    "webhooks.get": (needing(READ, OWNED), lambda s, c: s.services.webhooks.get(c, s.webhook_id)),
    "webhooks.update": (
        needing(WRITE, OWNED),
        lambda s, c: s.services.webhooks.update(c, s.webhook_id, {"template": WebhookTemplate.SLACK}),
    ),
    "webhooks.rotate_secret": (
        needing(WRITE, OWNED),
        lambda s, c: s.services.webhooks.rotate_secret(c, s.webhook_id),
    ),
    "webhooks.delete": (needing(WRITE, OWNED), lambda s, c: s.services.webhooks.delete(c, s.webhook_id)),
    "webhooks.deliveries": (
        needing(READ, OWNED),
        lambda s, c: s.services.webhooks.deliveries(c, s.webhook_id, None, 1, 0),
    ),
    "webhooks.replay": (
        needing(WRITE, OWNED),
        lambda s, c: s.services.webhooks.replay(c, s.webhook_id, s.delivery_id),
    ),
    "device_analytics.summarize": (
        needing(READ, (U, OK, N, OK, F, F, F)),
        lambda s, c: s.services.device_analytics.summarize(c, s.device.id, HOUR),
    ),
    "forecasts.forecast": (needing(READ, (U, OK, N, OK, F, F, F)), lambda s, c: forecast(s, c)),
    "account_analytics.summarize": (
        needing(READ, (U, OK, F, OK, F, F, F)),
        lambda s, c: s.services.account_analytics.summarize(c, s.owner.caller.user_id, HOUR),
    ),
    "reports.create": (
        needing(WRITE, OWNED),
        lambda s, c: s.services.reports.create(c, replace(REPORT, device_id=s.device.id)),
    ),
    "reports.page": (needing(READ, ANY_USER), lambda s, c: s.services.reports.page(c, 1, None)),
    "reports.get": (needing(READ, OWNED), lambda s, c: s.services.reports.get(c, s.report_id)),
    "rule_replay.run": (
        needing(READ, OWNED),
        lambda s, c: s.services.rule_replay.run(c, stored(RULE), s.device.id, HOUR),
    ),
    "ingest.submit": (needing(None, ANY_DEVICE), lambda s, c: s.services.ingest.submit(c, RECORD)),
    "ingest.submit_batch": (
        needing(None, ANY_DEVICE),
        lambda s, c: s.services.ingest.submit_batch(c, one_chunk()),
    ),
    "ingest.backfill": (
        needing(TELEMETRY, (U, OK, N, OK, F, F, F)),
        lambda s, c: s.services.ingest.backfill(c, s.device.id, one_chunk()),
    ),
    "telemetry.latest": (
        needing(READ, VISIBLE_DEVICE),
        lambda s, c: s.services.telemetry_queries.latest(c, s.device.id),
    ),
    "telemetry.records": (
        needing(READ, (U, OK, N, OK, OK, N, F)),
        lambda s, c: s.services.telemetry_queries.records(
            c, s.device.id, HOUR, descending=True, limit=1, after=None, names=None
        ),
    ),
    "telemetry.aggregate": (
        needing(READ, (U, OK, N, OK, OK, N, F)),
        lambda s, c: s.services.telemetry_queries.aggregate(
            c, s.device.id, "temp", Aggregation.MEAN, HOUR, Window(60_000), ZoneInfo("UTC")
        ),
    ),
    "telemetry.delete": (
        needing(WRITE, VISIBLE_DEVICE),
        lambda s, c: s.services.telemetry_queries.delete(c, s.device.id, HOUR),
    ),
    "feed.page": (
        needing(READ, (U, OK, F, OK, F, F, F)),
        lambda s, c: s.services.feed.page(c, s.owner.caller.user_id, HOUR, 1, None),
    ),
    "audit_log.page": (
        needing(READ, ACCOUNT),
        lambda s, c: s.services.audit_log.page(c, EventFilter(user_id=s.owner.caller.user_id), 1, None),
    ),
    "audit_log.page of all accounts": (
        needing(None, ADMIN),
        lambda s, c: s.services.audit_log.page(c, EventFilter(), 1, None),
    ),
    "statistics.read": (needing(None, ADMIN), lambda s, c: s.services.statistics.read(c)),
}


async def register(harness: ServiceHarness, context: Context, *, is_admin: bool = False) -> None:
    name = f"name{next(serial)}"
    await harness.services.accounts.register(context, name, f"{name}@example.org", "password", is_admin=is_admin)


def stored(rule: NewAlertRule) -> AlertRule:
    """Return a rule as it is stored."""
    return AlertRule(
        **asdict(rule) | {"condition": rule.condition},
        id=1,
        user_id=uuid4(),
        version=1,
        created_at=Millis(0),
        updated_at=Millis(0),
    )


def new_token() -> NewPersonalToken:
    return NewPersonalToken(f"n{next(serial)}", (TokenScope.READ,), None)


async def forecast(case: Scenario, context: Context) -> None:
    """Ask for a forecast, for which an admitted caller's history is not enough."""
    with pytest.raises(InvalidInput):
        await case.services.forecasts.forecast(context, case.device.id, "temp", Millis(0), 24)


async def one_chunk() -> AsyncIterator[Chunk]:
    yield {0: RECORD}


@pytest.mark.parametrize("name", CALLS)
async def test_every_kind_of_caller_is_admitted_or_refused(harness: ServiceHarness, name: str) -> None:
    expected, call = CALLS[name]
    changes_something = expected[CALLERS.index(f"a token to {READ}")] is not OK
    case = None
    for caller, refusal in zip(CALLERS, expected, strict=True):
        case = case or await scenario(harness)
        if refusal is None:
            await call(case, case.contexts[caller])
            if changes_something:
                case = None  # the call may have removed what the next one needs; one that is refused removes nothing
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
