"""The work of `iotflow migrate`, `doctor` and `create-admin`; all of them may run beside a service."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from iotflow.clock import SystemClock
from iotflow.composition import open_stores
from iotflow.databases import DatabaseError, DatabaseTarget, SchemaVersion, open_databases
from iotflow.domain.accounts import User
from iotflow.domain.context import RequestContext, SystemPrincipal
from iotflow.domain.errors import StoreUnavailable
from iotflow.services.container import build_services
from iotflow.settings import Settings

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Migration:
    """The steps run, or to be run, on one database. `stored` is the version before them, None for no schema.

    `conversion` is the data that they convert, None for nothing; counted on a dry run alone.
    `warnings` are the database's own settings that endanger data.
    """

    store: str
    stored: str | None
    wanted: str
    steps: Sequence[str]
    conversion: str | None
    warnings: Sequence[str]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The state of one store. `latency_ms` is None when it did not answer; `problem` is the reason.

    `warnings` are the database's own settings that endanger data.
    """

    store: str
    kind: str
    latency_ms: float | None
    schema: str
    problem: DatabaseError | None
    warnings: Sequence[str]
    is_well: bool


async def prepare_databases(settings: Settings, wait_s: float = 0) -> None:
    """Check that each database is reachable and has its schema, upgrade an embedded one, and log warnings.

    Raises DatabaseError, for unreachable ones after `wait_s` seconds in all.
    """
    until_s = time.monotonic() + wait_s
    async with open_databases(settings) as databases:
        for target in databases.targets(settings):
            await target.ensure_schema(until_s)
            for warning in await target.warnings():
                logger.warning("%s", warning)


async def migrate(settings: Settings, *, dry_run: bool = False, wait_s: float = 0) -> list[Migration]:
    """Upgrade the schema of each database to the version that this code needs; on a dry run only return the steps.

    Raises DatabaseError for a database that is unreachable, after `wait_s` seconds in all, or has a newer schema.
    """
    until_s = time.monotonic() + wait_s
    migrations: list[Migration] = []
    async with open_databases(settings) as databases:
        for target in databases.targets(settings):
            await target.wait_until_reachable(until_s)
            if target.schema is not None:
                migrations.append(await _migrate(target, target.schema, dry_run=dry_run))
    return migrations


async def create_admin(settings: Settings, username: str, email: str, password: str) -> User:
    """Create an administrator. Raises Conflict for a taken name or address, DatabaseError, StoreUnavailable."""
    await prepare_databases(settings)
    clock = SystemClock()
    async with open_stores(settings, clock) as stores:
        services = build_services(stores, settings, clock)
        try:
            context = RequestContext(SystemPrincipal())
            return await services.accounts.register(context, username, email, password, is_admin=True)
        finally:
            await services.close()


async def diagnose(settings: Settings) -> list[Diagnosis]:
    """Check the reachability and the schema of each store."""
    diagnoses: list[Diagnosis] = []
    async with open_databases(settings) as databases:
        for target in databases.targets(settings):
            first = await _diagnose(target)
            diagnoses.append(first)
            # A database of several stores has its schema, problem and warnings listed once.
            others = (replace(first, store=store, schema="-", problem=None, warnings=()) for store in target.stores[1:])
            diagnoses.extend(others)
    return diagnoses


async def _migrate(target: DatabaseTarget, schema: SchemaVersion, *, dry_run: bool) -> Migration:
    try:
        stored = await schema.stored()
        conversion = await schema.conversion(stored) if dry_run else None
        if not dry_run:
            await schema.upgrade()
        steps = schema.pending(stored)
    except StoreUnavailable as error:
        raise target.error(error) from error
    return Migration(target.stores[0], stored, schema.wanted, steps, conversion, await target.warnings())


async def _diagnose(target: DatabaseTarget) -> Diagnosis:
    """Check one database, as its first store."""
    latency_ms, problem = None, None
    schema, is_current = ("-" if target.schema is None else "unknown"), True
    warnings: list[str] = []
    try:
        await target.wait_until_reachable()
        started = time.perf_counter()
        if target.schema is not None:
            stored = await target.schema.stored()
            is_current = stored == target.schema.wanted
            schema = _describe_schema(stored, target.schema.wanted)
        if is_current:
            started = time.perf_counter()
            await target.ping()
        latency_ms = (time.perf_counter() - started) * 1_000
        warnings = await target.warnings()
    except DatabaseError as error:
        problem = error
    except StoreUnavailable as error:
        problem = target.error(error)
    is_well = problem is None and is_current
    return Diagnosis(target.stores[0], target.kind, latency_ms, schema, problem, warnings, is_well)


def _describe_schema(stored: str | None, wanted: str) -> str:
    return f"{wanted}, current" if stored == wanted else f"{stored or 'none'}, expected {wanted}: run `iotflow migrate`"
