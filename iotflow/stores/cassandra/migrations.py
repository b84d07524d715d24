"""Schema migrations of the keyspace, and a warning if it may lose acknowledged data.

The numbered steps are scripts in `migrations/cassandra`, in a wheel beside this package. Each is idempotent: an
interrupted step is run again. Before the step that drops the former tables, their records are converted.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from uuid import UUID, uuid4, uuid5

import iotflow
from iotflow.clock import SystemClock
from iotflow.domain.errors import StoreUnavailable
from iotflow.stores.cassandra.conversion import convert_records, remaining_days
from iotflow.stores.cassandra.driver import STORE_NAME, InvalidQuery
from iotflow.stores.cassandra.session import Cassandra

_PACKAGE = Path(iotflow.__file__).parent
_IN_WHEEL = _PACKAGE / "migrations" / "cassandra"
SCRIPTS = _IN_WHEEL if _IN_WHEEL.is_dir() else _PACKAGE.parent / "migrations" / "cassandra"

WITHOUT_FORMER_TABLES = "0004_drop_points"
"""The step that drops the former tables."""

LEASE_S = 60
"""Lifetime of the migration lock, in seconds: others wait for this long after a migration was killed."""
LOCK_TIMEOUT_S = 2 * LEASE_S
LOCK_POLL_S = 0.25
STATEMENT_TIMEOUT_S = 30.0
AGREEMENT_TIMEOUT_S = 30.0
AGREEMENT_POLL_S = 0.1

DURABILITY_WARNING = (
    "the keyspace {keyspace} has one copy, and Cassandra acknowledges before its commit log is on the disk "
    "(commitlog_sync: periodic): a node that is killed loses acknowledged telemetry; set commitlog_sync: batch in "
    "cassandra.yaml, or keep three copies (docs/stores-cassandra.md)"
)

_COMMENT = re.compile(r"--.*$", re.MULTILINE)

_SELECT_KEYSPACE = "SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = ?"
_SELECT_REPLICATION = "SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = ?"
_SELECT_COMMIT_LOG_SYNC = "SELECT value FROM system_views.settings WHERE name = 'commitlog_sync'"
_CREATE_MIGRATIONS = "CREATE TABLE IF NOT EXISTS migrations (name text PRIMARY KEY, owner uuid) WITH id = "
_TABLE_IDS = UUID("7c1c6d3e-52c4-4a53-9c0e-0d6f3d0c5a01")
_LOCK = "lock"
_TAKE_LOCK = "INSERT INTO migrations (name, owner) VALUES (?, ?) IF NOT EXISTS USING TTL ?"
_RENEW_LOCK = "UPDATE migrations USING TTL ? SET owner = ? WHERE name = ? IF owner = ?"
_RELEASE_LOCK = "DELETE FROM migrations WHERE name = ? IF owner = ?"
_RECORD_STEP = "INSERT INTO migrations (name) VALUES (?)"


def wanted_version() -> str:
    """Return the last step that this code needs."""
    return _names()[-1]


async def stored_version(cassandra: Cassandra) -> str | None:
    """Return the last step that was applied to the keyspace; None before the first. Raises StoreUnavailable."""
    table = "SELECT table_name FROM system_schema.tables WHERE keyspace_name = ? AND table_name = 'migrations'"
    if not await cassandra.execute(table, [cassandra.address.keyspace]):
        return None
    rows = await cassandra.execute(f"SELECT name FROM {cassandra.address.keyspace}.migrations")  # noqa: S608  # checked
    return max((name for (name,) in rows if name != _LOCK), default=None)


def pending(stored: str | None) -> list[str]:
    """Return the steps after `stored`. Raises StoreUnavailable for an unknown step, as `upgrade` does."""
    return [f"{name} {_title(name)}" for name in _names() if stored is None or name > _require_known(stored)]


async def upgrade(cassandra: Cassandra) -> None:
    """Create the keyspace if it is missing, and migrate it to the wanted version. Concurrent upgrades wait.

    Raises StoreUnavailable, also for the version of a newer IoTFlow.
    """
    address = cassandra.address
    # CREATE KEYSPACE IF NOT EXISTS needs the right to create keyspaces even if this one exists, so look first.
    if not await cassandra.execute(_SELECT_KEYSPACE, [address.keyspace]):
        await _change_schema(
            cassandra,
            f"CREATE KEYSPACE IF NOT EXISTS {address.keyspace} WITH replication = {address.replication.as_cql()}",
        )
    await _use_keyspace(cassandra)
    # The lock is in this table, so nothing prevents two processes from creating it at once. With different ids the data
    # of one of the tables would be lost, so the id is fixed.
    await _change_schema(cassandra, f"{_CREATE_MIGRATIONS}{uuid5(_TABLE_IDS, address.keyspace)}")
    async with _migration_lock(cassandra) as owner:
        stored = await stored_version(cassandra)
        for name in _names():
            if stored is None or name > _require_known(stored):
                if name == WITHOUT_FORMER_TABLES:
                    await convert_records(cassandra, SystemClock(), partial(_renew_lock, cassandra, owner))
                await _apply(cassandra, name, owner)


async def conversion(cassandra: Cassandra, stored: str | None) -> str | None:
    """Return what `upgrade` will convert of a keyspace of this version; None for nothing. Raises StoreUnavailable."""
    if stored is None or stored >= WITHOUT_FORMER_TABLES:
        return None
    await _use_keyspace(cassandra)
    devices, days = await remaining_days(cassandra)
    return f"records to convert: {devices} devices, {days} partitions of a day" if days else None


async def durability_warnings(cassandra: Cassandra) -> list[str]:
    """Return a warning if the keyspace has one copy that is acknowledged before it is on the disk.

    Empty if the user may not read the node's settings, or if the keyspace does not exist yet.
    """
    # A missing right raises StoreUnavailable, a missing table InvalidQuery.
    with suppress(StoreUnavailable, InvalidQuery):
        replication = await cassandra.execute(_SELECT_REPLICATION, [cassandra.address.keyspace])
        if not replication or _copies(replication[0][0]) > 1:
            return []
        if await cassandra.execute(_SELECT_COMMIT_LOG_SYNC) == [("periodic",)]:
            return [DURABILITY_WARNING.format(keyspace=cassandra.address.keyspace)]
    return []


def _copies(replication: dict[str, str]) -> int:
    """Return the number of nodes that keep each row; `3/1` is three, one of them transient."""
    return sum(int(factor.partition("/")[0]) for name, factor in replication.items() if name != "class")


def _names() -> list[str]:
    return sorted(path.stem for path in SCRIPTS.glob("*.cql"))


def _require_known(stored: str) -> str:
    if stored not in _names():
        raise StoreUnavailable(STORE_NAME, f"its schema is of a newer version of IoTFlow: {stored}")
    return stored


def _title(name: str) -> str:
    """Return the comment in the first line of a step's script."""
    return (SCRIPTS / f"{name}.cql").read_text().partition("\n")[0].removeprefix("-- ")


async def _apply(cassandra: Cassandra, name: str, owner: UUID) -> None:
    script = _COMMENT.sub("", (SCRIPTS / f"{name}.cql").read_text())
    for statement in filter(None, map(str.strip, script.split(";"))):
        await _renew_lock(cassandra, owner)
        await _change_schema(cassandra, statement)
    await cassandra.execute(_RECORD_STEP, [name], timeout_s=STATEMENT_TIMEOUT_S)


async def _renew_lock(cassandra: Cassandra, owner: UUID) -> None:
    """Renew the lease of the migration lock. Raises StoreUnavailable if it has ended."""
    ((renewed, *_),) = await cassandra.execute(
        _RENEW_LOCK, [LEASE_S, owner, _LOCK, owner], timeout_s=STATEMENT_TIMEOUT_S
    )
    if not renewed:
        reason = f"a part of its migration took more than {LEASE_S} s, so another may have begun; try again"
        raise StoreUnavailable(STORE_NAME, reason)


async def _change_schema(cassandra: Cassandra, statement: str) -> None:
    """Change the schema, and wait until all nodes have it."""
    await cassandra.change_schema(statement, timeout_s=STATEMENT_TIMEOUT_S)
    try:
        async with asyncio.timeout(AGREEMENT_TIMEOUT_S):
            while len(await _schema_versions(cassandra)) > 1:  # noqa: ASYNC110  # Cassandra sends no event
                await asyncio.sleep(AGREEMENT_POLL_S)
    except TimeoutError as error:
        raise StoreUnavailable(STORE_NAME, "its nodes do not agree on the schema: is one of them down?") from error


async def _use_keyspace(cassandra: Cassandra) -> None:
    """Use the keyspace. While another process creates it, its row is readable before `USE` accepts it: retry."""
    try:
        async with asyncio.timeout(AGREEMENT_TIMEOUT_S):
            while True:
                with suppress(InvalidQuery):
                    return await cassandra.use_keyspace()
                await asyncio.sleep(AGREEMENT_POLL_S)
    except TimeoutError as error:
        raise StoreUnavailable(STORE_NAME, f"keyspace {cassandra.address.keyspace}: cannot be used") from error


async def _schema_versions(cassandra: Cassandra) -> set[UUID]:
    rows = await cassandra.execute("SELECT schema_version FROM system.local")
    rows += await cassandra.execute("SELECT schema_version FROM system.peers_v2")
    return {version for (version,) in rows}


@asynccontextmanager
async def _migration_lock(cassandra: Cassandra) -> AsyncIterator[UUID]:
    """Hold the keyspace's migration lock, a row with a TTL that each statement renews."""
    owner = uuid4()
    try:
        async with asyncio.timeout(LOCK_TIMEOUT_S):
            while not await _try_lock(cassandra, owner):  # noqa: ASYNC110  # Cassandra sends no event
                await asyncio.sleep(LOCK_POLL_S)
    except TimeoutError as error:
        raise StoreUnavailable(STORE_NAME, f"another migration has been under way for {LOCK_TIMEOUT_S} s") from error
    try:
        yield owner
    finally:
        await cassandra.execute(_RELEASE_LOCK, [_LOCK, owner], timeout_s=STATEMENT_TIMEOUT_S)


async def _try_lock(cassandra: Cassandra, owner: UUID) -> bool:
    ((applied, *held),) = await cassandra.execute(_TAKE_LOCK, [_LOCK, owner, LEASE_S], timeout_s=STATEMENT_TIMEOUT_S)
    # A speculative execution may find the row of the first one: then the lock is held too.
    return applied or owner in held


class CassandraSchema:
    """The schema version of a keyspace; implements `SchemaVersion` of `iotflow.databases`."""

    def __init__(self, cassandra: Cassandra) -> None:
        self.wanted = wanted_version()
        self._cassandra = cassandra

    async def stored(self) -> str | None:
        return await stored_version(self._cassandra)

    def pending(self, stored: str | None) -> Sequence[str]:
        return pending(stored)

    async def conversion(self, stored: str | None) -> str | None:
        return await conversion(self._cassandra, stored)

    async def upgrade(self) -> None:
        await upgrade(self._cassandra)
