"""The keyspace's schema: which numbered steps it has had, which the code wants, and the way from one to the other.

The steps lie in `migrations/cassandra`, in a wheel beside this package. Each may be repeated without harm, so that one
that was cut off is done again.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from uuid import UUID, uuid4, uuid5

import iotflow
from iotflow.domain.errors import StoreUnavailable
from iotflow.stores.cassandra.connection import STORE, Cassandra
from iotflow.stores.cassandra.driver import InvalidQuery

_PACKAGE = Path(iotflow.__file__).parent
_IN_WHEEL = _PACKAGE / "migrations" / "cassandra"
SCRIPTS = _IN_WHEEL if _IN_WHEEL.is_dir() else _PACKAGE.parent / "migrations" / "cassandra"

LEASE_S = 60
"""How long a migration that was killed keeps others waiting."""
LOCK_TIMEOUT_S = 2 * LEASE_S
LOCK_POLL_S = 0.25
STATEMENT_TIMEOUT_S = 30.0
AGREEMENT_TIMEOUT_S = 30.0
AGREEMENT_POLL_S = 0.1

_COMMENT = re.compile(r"--.*$", re.MULTILINE)

_KEYSPACE = "SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = ?"
_MIGRATIONS = "CREATE TABLE IF NOT EXISTS migrations (name text PRIMARY KEY, owner uuid) WITH id = "
_IDS = UUID("7c1c6d3e-52c4-4a53-9c0e-0d6f3d0c5a01")
_LOCK = "lock"
_TAKE_LOCK = "INSERT INTO migrations (name, owner) VALUES (?, ?) IF NOT EXISTS USING TTL ?"
_RENEW_LOCK = "UPDATE migrations USING TTL ? SET owner = ? WHERE name = ? IF owner = ?"
_RELEASE_LOCK = "DELETE FROM migrations WHERE name = ? IF owner = ?"
_RECORD = "INSERT INTO migrations (name) VALUES (?)"


def wanted_version() -> str:
    """The last step that this code needs."""
    return _names()[-1]


async def stored_version(cassandra: Cassandra) -> str | None:
    """The last step that the keyspace has had; None before the first. Raises StoreUnavailable."""
    table = "SELECT table_name FROM system_schema.tables WHERE keyspace_name = ? AND table_name = 'migrations'"
    if not await cassandra.execute(table, [cassandra.address.keyspace]):
        return None
    rows = await cassandra.execute(f"SELECT name FROM {cassandra.address.keyspace}.migrations")  # noqa: S608  # checked
    return max((name for (name,) in rows if name != _LOCK), default=None)


def pending(stored: str | None) -> list[str]:
    """The steps that a keyspace with those up to `stored` lacks. Raises StoreUnavailable as `upgrade` does."""
    return [f"{name} {_title(name)}" for name in _names() if stored is None or name > _known(stored)]


async def upgrade(cassandra: Cassandra) -> None:
    """Make the keyspace where it is missing, and bring it to the wanted version. Two at once wait for each other.

    Raises StoreUnavailable, also for a version that this code does not know: a newer one's.
    """
    address = cassandra.address
    # To ask for one that is there takes the right to make any.
    if not await cassandra.execute(_KEYSPACE, [address.keyspace]):
        await _change(
            cassandra,
            f"CREATE KEYSPACE IF NOT EXISTS {address.keyspace} WITH replication = {address.replication.as_cql()}",
        )
    await _use_keyspace(cassandra)
    # There is no lock yet: of tables made in two places at once one would be lost, unless they have the same id.
    await _change(cassandra, f"{_MIGRATIONS}{uuid5(_IDS, address.keyspace)}")
    async with _locked(cassandra) as owner:
        stored = await stored_version(cassandra)
        for name in _names():
            if stored is None or name > _known(stored):
                await _apply(cassandra, name, owner)


def _names() -> list[str]:
    return sorted(path.stem for path in SCRIPTS.glob("*.cql"))


def _known(stored: str) -> str:
    if stored not in _names():
        raise StoreUnavailable(STORE, f"its schema is of a newer version of IoTFlow: {stored}")
    return stored


def _title(name: str) -> str:
    """The first line of a step's script, a comment."""
    return (SCRIPTS / f"{name}.cql").read_text().partition("\n")[0].removeprefix("-- ")


async def _apply(cassandra: Cassandra, name: str, owner: UUID) -> None:
    script = _COMMENT.sub("", (SCRIPTS / f"{name}.cql").read_text())
    for statement in filter(None, map(str.strip, script.split(";"))):
        ((renewed, *_),) = await cassandra.execute(
            _RENEW_LOCK, [LEASE_S, owner, _LOCK, owner], timeout_s=STATEMENT_TIMEOUT_S
        )
        if not renewed:
            raise StoreUnavailable(STORE, "its migration took so long that another may have begun; try again")
        await _change(cassandra, statement)
    await cassandra.execute(_RECORD, [name], timeout_s=STATEMENT_TIMEOUT_S)


async def _change(cassandra: Cassandra, statement: str) -> None:
    """Change the schema, and wait until all nodes have it."""
    await cassandra.change_schema(statement, timeout_s=STATEMENT_TIMEOUT_S)
    try:
        async with asyncio.timeout(AGREEMENT_TIMEOUT_S):
            while len(await _schema_versions(cassandra)) > 1:  # noqa: ASYNC110  # nothing tells of it
                await asyncio.sleep(AGREEMENT_POLL_S)
    except TimeoutError as error:
        raise StoreUnavailable(STORE, "its nodes do not agree on the schema: is one of them down?") from error


async def _use_keyspace(cassandra: Cassandra) -> None:
    """Use the keyspace. While another process creates it, its row is readable before `USE` accepts it: retry."""
    try:
        async with asyncio.timeout(AGREEMENT_TIMEOUT_S):
            while True:
                with suppress(InvalidQuery):
                    return await cassandra.use_keyspace()
                await asyncio.sleep(AGREEMENT_POLL_S)
    except TimeoutError as error:
        raise StoreUnavailable(STORE, f"keyspace {cassandra.address.keyspace}: cannot be used") from error


async def _schema_versions(cassandra: Cassandra) -> set[UUID]:
    rows = await cassandra.execute("SELECT schema_version FROM system.local")
    rows += await cassandra.execute("SELECT schema_version FROM system.peers_v2")
    return {version for (version,) in rows}


@asynccontextmanager
async def _locked(cassandra: Cassandra) -> AsyncIterator[UUID]:
    """Hold the keyspace's lock, a row that expires unless it is renewed."""
    owner = uuid4()
    try:
        async with asyncio.timeout(LOCK_TIMEOUT_S):
            while not await _lock_taken(cassandra, owner):  # noqa: ASYNC110  # nothing tells of it
                await asyncio.sleep(LOCK_POLL_S)
    except TimeoutError as error:
        raise StoreUnavailable(STORE, f"another migration has been under way for {LOCK_TIMEOUT_S} s") from error
    try:
        yield owner
    finally:
        await cassandra.execute(_RELEASE_LOCK, [_LOCK, owner], timeout_s=STATEMENT_TIMEOUT_S)


async def _lock_taken(cassandra: Cassandra, owner: UUID) -> bool:
    ((applied, *held),) = await cassandra.execute(_TAKE_LOCK, [_LOCK, owner, LEASE_S], timeout_s=STATEMENT_TIMEOUT_S)
    # A statement that was sent a second time may find the first one's row.
    return applied or owner in held
