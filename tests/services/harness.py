"""All services over one set of stores, with signed-in users and registered devices."""

from dataclasses import dataclass
from uuid import uuid4

from iotflow.background.composition import build_relay
from iotflow.background.outbox_relay import OutboxRelay
from iotflow.domain import credentials
from iotflow.domain.accounts import User
from iotflow.domain.context import RequestContext
from iotflow.domain.devices import DeviceStatus, NewDevice
from iotflow.domain.personal_tokens import NewPersonalToken, TokenScope
from iotflow.domain.principals import DevicePrincipal, UserPrincipal
from iotflow.domain.telemetry import Value
from iotflow.domain.times import Millis
from iotflow.repositories.stores import Stores
from iotflow.services.container import Services, build_services
from iotflow.services.ingest import Submission
from iotflow.services.outbox_messages import PURGE_AGAIN_AFTER_MS
from iotflow.services.passwords import Passwords
from iotflow.settings import Settings, load_settings
from tests.clock import FakeClock

DAY_S = 86_400
NETWORK = "192.0.2.1"
PURGE_AGAIN_AFTER_S = PURGE_AGAIN_AFTER_MS // 1_000


@dataclass(frozen=True)
class ServiceHarness:
    """The services, wired as in the app."""

    stores: Stores
    clock: FakeClock
    services: Services
    relay: OutboxRelay
    settings: Settings


@dataclass(frozen=True)
class SignedInUser:
    """A user and the access token of its session."""

    caller: UserPrincipal
    token: str

    @property
    def context(self) -> RequestContext[UserPrincipal]:
        """The context of a call by this user."""
        return RequestContext(self.caller)


@dataclass(frozen=True)
class RegisteredDevice:
    """A device and its current key."""

    id: int
    key: str


def build_harness(
    stores: Stores, clock: FakeClock, passwords: Passwords, settings: Settings | None = None
) -> ServiceHarness:
    """Build the services over these stores, with default settings unless others are given."""
    settings = settings or load_settings()
    services = build_services(stores, settings, clock, passwords)
    return ServiceHarness(stores, clock, services, build_relay(stores, services, clock), settings)


async def register_user(harness: ServiceHarness, name: str = "ada", *, is_admin: bool = False) -> SignedInUser:
    """Add a user with a token, but without a password, which would take time to hash."""
    now = harness.clock.now()
    user = User(uuid4(), name, f"{name}@example.org", True, is_admin, now, now, None)
    token = credentials.new_access_token()
    async with harness.stores.transactions.write() as transaction:
        await transaction.accounts.add(user, "no hash")
        expires_at = Millis(now + DAY_S * 1_000)
        await transaction.tokens.add(credentials.digest(token), user.user_id, now, expires_at)
    caller, _ = await harness.services.authentication.authenticate_user(token, NETWORK)
    return SignedInUser(caller, token)


async def create_token(
    harness: ServiceHarness, owner: SignedInUser, *scopes: TokenScope, expires_at: Millis | None = None
) -> SignedInUser:
    """Create a personal access token of the owner with an unused name, and return its bearer."""
    new = NewPersonalToken(uuid4().hex, scopes, expires_at)
    made = await harness.services.personal_tokens.create(owner.context, owner.caller.user_id, new)
    caller, _ = await harness.services.authentication.authenticate_user(made.secret, NETWORK)
    return SignedInUser(caller, made.secret)


async def calling(harness: ServiceHarness, key: str) -> DevicePrincipal:
    """Authenticate a device by its key. Raises Unauthenticated."""
    device, _ = await harness.services.authentication.authenticate_device(key, NETWORK)
    return device


async def register_device(
    harness: ServiceHarness, owner: SignedInUser, name: str = "probe", *, active: bool = True
) -> RegisteredDevice:
    """Register a device of the owner."""
    made = await harness.services.devices.register(owner.context, NewDevice(name, "sensor"))
    if active:
        await harness.services.devices.update(owner.context, made.device.id, {"status": DeviceStatus.ACTIVE.value})
    return RegisteredDevice(made.device.id, made.api_key)


async def submit(harness: ServiceHarness, device: RegisteredDevice, second: int, **values: Value) -> None:
    """Submit a record whose time is `second` seconds after the epoch."""
    context = RequestContext(await calling(harness, device.key))
    await harness.services.ingest.submit(context, Submission(values, Millis(second * 1_000), None))
