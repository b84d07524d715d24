"""What operators do beside a running service."""

from dataclasses import dataclass

from iotflow.bootstrap import SchemaState, embedded_database, migrate, open_stores, schema_state
from iotflow.clock import SystemClock
from iotflow.domain.accounts import User
from iotflow.domain.errors import StoreUnavailable
from iotflow.services.accounts import Accounts
from iotflow.services.health import Health, HealthCheck
from iotflow.services.passwords import Passwords
from iotflow.settings import Settings


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What `diagnose` found. `schema` is None when the SQL store did not answer; `reason` then says why."""

    health: Health
    schema: SchemaState | None
    reason: str | None

    @property
    def well(self) -> bool:
        """Whether every store answers and has the schema that the code needs."""
        return self.health.verdict == "healthy" and self.schema is not None and self.schema.current

    @property
    def schema_line(self) -> str:
        """The schema in a few words."""
        if self.schema is None:
            return "unknown"
        if self.schema.current:
            return f"{self.schema.wanted}, current"
        return f"{self.schema.stored or 'none'}, expected {self.schema.wanted}: run `iotflow migrate`"


async def make_admin(settings: Settings, username: str, email: str, password: str) -> User:
    """Make an administrator. Raises Conflict for a taken name or address, StoreUnavailable."""
    if embedded_database(settings) is not None:
        await migrate(settings)
    clock = SystemClock()
    passwords = Passwords()
    try:
        async with open_stores(settings, clock) as stores:
            accounts = Accounts(stores.transactions, stores.principals, passwords, clock)
            return await accounts.register(username, email, password, is_admin=True)
    finally:
        passwords.close()


async def diagnose(settings: Settings) -> Diagnosis:
    """Probe every store and read the schema's revision."""
    async with open_stores(settings, SystemClock()) as stores:
        health = await HealthCheck(stores.probes).check()
    try:
        return Diagnosis(health, await schema_state(settings), None)
    except StoreUnavailable as error:
        return Diagnosis(health, None, str(error))
