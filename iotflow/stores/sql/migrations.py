"""The SQL schema's revisions: which one the database has, which one the code requires, and how to get there.

The scripts are in `migrations/sql`, which a wheel has inside this package. Alembic is imported only when there is
something to migrate: importing it takes a tenth of the time of a start.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncConnection

import iotflow
from iotflow.domain.errors import StoreUnavailable
from iotflow.stores.sql.database import Database
from iotflow.stores.sql.points_conversion import convert_points, count_points

if TYPE_CHECKING:
    from alembic.config import Config

POINTS_AND_RECORDS = "0005"
"""The revision that has both the former and the present tables of telemetry."""

_PACKAGE = Path(iotflow.__file__).parent
_IN_WHEEL = _PACKAGE / "migrations" / "sql"
SCRIPTS = _IN_WHEEL if _IN_WHEEL.is_dir() else _PACKAGE.parent / "migrations" / "sql"


def wanted_version() -> str:
    """Return the revision that this code requires: the number at the beginning of the last script's name."""
    return max(path.name.partition("_")[0] for path in (SCRIPTS / "versions").glob("[0-9]*.py"))


async def stored_version(database: Database) -> str | None:
    """Return the database's revision; None before the first migration. Raises StoreUnavailable."""
    async with database.read() as connection:
        return await connection.run_sync(_stored_version)


def pending(stored: str | None) -> list[str]:
    """Return the revisions that a database at `stored` lacks, each with its title, oldest first.

    Raises StoreUnavailable for a revision of a newer version of the code.
    """
    from alembic.script import ScriptDirectory

    with _refuse_unknown_revisions():
        revisions = list(ScriptDirectory.from_config(_config()).iterate_revisions("head", stored or "base"))
    return [f"{revision.revision} {revision.doc}" for revision in reversed(revisions)]


async def upgrade(database: Database) -> None:
    """Upgrade the database to the required revision.

    The revisions are one transaction, but for a conversion of data between two of them, which is done in chunks and
    resumes after an interruption. Of two concurrent upgrades the second waits for the first. Raises StoreUnavailable,
    also for a revision of a newer version of the code.
    """
    stored = await stored_version(database)
    if stored == wanted_version():
        return
    if stored is not None and stored <= POINTS_AND_RECORDS:
        async with database.migration() as connection:
            await upgrade_connection(connection, POINTS_AND_RECORDS)
        await convert_points(database)
    async with database.migration() as connection:
        await upgrade_connection(connection)


async def upgrade_connection(connection: AsyncConnection, revision: str = "head") -> None:
    """Upgrade a database to a revision within the connection's transaction. Raises StoreUnavailable if it is newer."""
    from alembic import command

    with _refuse_unknown_revisions():
        await connection.run_sync(_run, command.upgrade, revision)


async def downgrade_connection(connection: AsyncConnection, revision: str) -> None:
    """Downgrade a database to a revision within the connection's transaction."""
    from alembic import command

    await connection.run_sync(_run, command.downgrade, revision)


def _stored_version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


class SqlSchema:
    """The schema version of the SQL database; implements `SchemaVersion` of `iotflow.databases`."""

    def __init__(self, database: Database) -> None:
        self.wanted = wanted_version()
        self._database = database

    async def stored(self) -> str | None:
        return await stored_version(self._database)

    def pending(self, stored: str | None) -> Sequence[str]:
        return pending(stored)

    async def conversion(self, stored: str | None) -> str | None:
        if stored is None or stored > POINTS_AND_RECORDS:
            return None
        number = await count_points(self._database)
        return f"points to convert: {number}" if number else None

    async def upgrade(self) -> None:
        await upgrade(self._database)


@contextmanager
def _refuse_unknown_revisions() -> Iterator[None]:
    from alembic.script.revision import RevisionError
    from alembic.util import CommandError

    try:
        yield
    except (CommandError, RevisionError) as error:
        raise StoreUnavailable("sql", f"its schema is of a newer version of IoTFlow: {error}") from error


def _run(connection: Connection, action: "Callable[[Config, str], None]", revision: str) -> None:
    config = _config()
    config.attributes["connection"] = connection
    action(config, revision)


def _config() -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    return config
