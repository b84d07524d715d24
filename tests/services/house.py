"""All services over one set of stores, and who lives there."""

from dataclasses import dataclass
from uuid import uuid4

from iotflow.bootstrap import Stores
from iotflow.domain import credentials
from iotflow.domain.accounts import User
from iotflow.domain.devices import DeviceStatus, NewDevice
from iotflow.domain.principals import DevicePrincipal, UserPrincipal
from iotflow.domain.telemetry import Value
from iotflow.domain.times import Millis
from iotflow.services.accounts import Accounts
from iotflow.services.activity import ActivityCounter
from iotflow.services.authentication import Authentication
from iotflow.services.bulk_reads import BulkReads
from iotflow.services.devices import Devices
from iotflow.services.history import History
from iotflow.services.ingest import Ingest, Submission
from iotflow.services.login_throttle import LoginLimits, LoginThrottle
from iotflow.services.passwords import Passwords
from iotflow.services.purge import AGAIN_AFTER_MS, Purge
from iotflow.services.relay import Relay
from iotflow.services.request_limits import RequestLimits
from iotflow.settings import load_settings
from tests.clock import FakeClock

DAY_S = 86_400
NETWORK = "192.0.2.1"
PURGE_AGAIN_AFTER_S = AGAIN_AFTER_MS // 1_000


@dataclass(frozen=True)
class House:
    """The services, as the app puts them together."""

    stores: Stores
    clock: FakeClock
    authentication: Authentication
    accounts: Accounts
    devices: Devices
    ingest: Ingest
    history: History
    activity: ActivityCounter
    relay: Relay


@dataclass(frozen=True)
class Resident:
    """A user who is signed in with this token."""

    caller: UserPrincipal
    token: str


@dataclass(frozen=True)
class Probe:
    """A device with this key."""

    id: int
    key: str


def furnish(stores: Stores, clock: FakeClock, passwords: Passwords) -> House:
    """The services over these stores."""
    transactions, principals, latest = stores.transactions, stores.principals, stores.latest
    activity = ActivityCounter(stores.activity, clock)
    throttle = LoginThrottle(stores.rate_limiter, LoginLimits(per_account=10, per_network=50, window_s=300))
    purge = Purge(stores.telemetry, latest, stores.presence, stores.activity)
    return House(
        stores=stores,
        clock=clock,
        authentication=Authentication(
            transactions,
            principals,
            stores.presence,
            throttle,
            RequestLimits(stores.rate_limiter, load_settings().rates),
            stores.counters,
            passwords,
            clock,
            token_lifetime_s=DAY_S,
        ),
        accounts=Accounts(transactions, principals, throttle, passwords, clock),
        devices=Devices(
            transactions, principals, stores.presence, clock, online_window_s=300, max_devices_per_account=1_000
        ),
        ingest=Ingest(transactions, stores.telemetry, latest, principals, activity, clock, retention_days=90),
        history=History(transactions, stores.telemetry, latest, principals, stores.counters, BulkReads(), clock),
        activity=activity,
        relay=Relay(transactions, stores.events, purge, principals, clock),
    )


async def new_resident(house: House, name: str = "ada", *, is_admin: bool = False) -> Resident:
    """A user who is signed in; without a password, which would take time to hash."""
    now = house.clock.now()
    user = User(uuid4(), name, f"{name}@example.org", True, is_admin, now, now, None)
    token = credentials.new_access_token()
    async with house.stores.transactions.write() as transaction:
        await transaction.accounts.add(user, "no hash")
        expires_at = Millis(now + DAY_S * 1_000)
        await transaction.tokens.add(credentials.digest(token), user.user_id, now, expires_at)
    caller, _ = await house.authentication.user(token, NETWORK)
    return Resident(caller, token)


async def calling(house: House, key: str) -> DevicePrincipal:
    """The device that calls with this key. Raises Unauthenticated."""
    device, _ = await house.authentication.device(key, NETWORK)
    return device


async def new_probe(house: House, owner: Resident, name: str = "probe", *, active: bool = True) -> Probe:
    """A device of the owner's."""
    made = await house.devices.register(owner.caller, NewDevice(name, "sensor"), None)
    if active:
        await house.devices.update(owner.caller, made.device.id, {"status": DeviceStatus.ACTIVE.value}, None)
    return Probe(made.device.id, made.api_key)


async def submit(house: House, probe: Probe, second: int, **values: Value) -> None:
    """Submit a record of the time `second` after the epoch."""
    device = await calling(house, probe.key)
    await house.ingest.submit(device, Submission(values, Millis(second * 1_000), None), None)
