"""What operators do beside a running service."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass

from iotflow.backends import Backend, BackendError
from iotflow.bootstrap import open_backends, open_stores
from iotflow.clock import SystemClock
from iotflow.domain.accounts import User
from iotflow.domain.errors import StoreUnavailable
from iotflow.services.accounts import Accounts
from iotflow.services.login_throttle import LoginThrottle
from iotflow.services.passwords import Passwords
from iotflow.settings import Settings

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Migration:
    """What was done, or is to be done, to one database. `stored` is what it had before, None for no schema.

    `warnings` tell what of the database's own settings endangers data.
    """

    store: str
    stored: str | None
    wanted: str
    steps: Sequence[str]
    warnings: Sequence[str]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What was found of one store. `latency_ms` is None when it did not answer; `problem` then says why.

    `warnings` are as a migration's.
    """

    store: str
    kind: str
    latency_ms: float | None
    schema: str
    problem: BackendError | None
    warnings: Sequence[str]
    is_well: bool


async def make_ready(settings: Settings, wait_s: float = 0) -> None:
    """See that every database answers and has its schema, bring an embedded one to it, and log the databases' warnings.

    Raises BackendError, after `wait_s` seconds in all for those that are not reached.
    """
    until_s = time.monotonic() + wait_s
    async with open_backends(settings) as backends:
        for backend in backends:
            await backend.ready(until_s)
            for warning in await backend.warnings():
                logger.warning("%s", warning)


async def migrate(settings: Settings, *, dry_run: bool = False, wait_s: float = 0) -> list[Migration]:
    """Bring each database to the schema that this code needs; on a dry run, only tell what that would do.

    Raises BackendError for one that is not reached within `wait_s` seconds, all told, or has a newer version's schema.
    """
    migrations: list[Migration] = []
    until_s = time.monotonic() + wait_s
    async with open_backends(settings) as backends:
        for backend in backends:
            await backend.reached(until_s)
            if backend.schema is None:
                continue
            try:
                stored = await backend.schema.stored()
                if not dry_run:
                    await backend.schema.upgrade()
                steps = backend.schema.pending(stored)
            except StoreUnavailable as error:
                raise backend.error(error) from error
            warnings = await backend.warnings()
            migrations.append(Migration(backend.stores[0], stored, backend.schema.wanted, steps, warnings))
    return migrations


async def make_admin(settings: Settings, username: str, email: str, password: str) -> User:
    """Make an administrator. Raises Conflict for a taken name or address, BackendError, StoreUnavailable."""
    await make_ready(settings)
    clock = SystemClock()
    passwords = Passwords()
    try:
        async with open_stores(settings, clock) as stores:
            throttle = LoginThrottle(stores.rate_limiter, settings.login_limits)
            accounts = Accounts(stores.transactions, stores.principals, throttle, passwords, clock)
            return await accounts.register(username, email, password, is_admin=True)
    finally:
        passwords.close()


async def diagnose(settings: Settings) -> list[Diagnosis]:
    """Ask every store whether it answers and what schema it has."""
    found: list[Diagnosis] = []
    async with open_backends(settings) as backends:
        for backend in backends:
            found += await _diagnose(backend)
    return found


async def _diagnose(backend: Backend) -> list[Diagnosis]:
    latency_ms, schema, problem = None, "-" if backend.schema is None else "unknown", None
    is_current, warnings = True, []
    try:
        await backend.reached()
        began = time.perf_counter()
        if backend.schema is not None:
            stored, wanted = await backend.schema.stored(), backend.schema.wanted
            is_current = stored == wanted
            schema = (
                f"{wanted}, current" if is_current else f"{stored or 'none'}, expected {wanted}: run `iotflow migrate`"
            )
        if is_current:
            began = time.perf_counter()
            await backend.ping()
        latency_ms = (time.perf_counter() - began) * 1_000
        warnings = await backend.warnings()
    except BackendError as error:
        problem = error
    except StoreUnavailable as error:
        problem = backend.error(error)
    return [
        Diagnosis(
            store,
            backend.kind,
            latency_ms,
            schema if store == backend.stores[0] else "-",
            problem if store == backend.stores[0] else None,
            warnings if store == backend.stores[0] else (),
            problem is None and is_current,
        )
        for store in backend.stores
    ]
