"""The SQL schema's revisions: which one the database has, which one the code wants, and the way there."""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

import iotflow
from iotflow.stores.sql.dialect import Database

_PACKAGE = Path(iotflow.__file__).parent
_IN_WHEEL = _PACKAGE / "migrations" / "sql"
SCRIPTS = _IN_WHEEL if _IN_WHEEL.is_dir() else _PACKAGE.parent / "migrations" / "sql"


def wanted_version() -> str:
    """The revision that this code needs: its number begins the name of the last script."""
    return max(path.name.partition("_")[0] for path in (SCRIPTS / "versions").glob("[0-9]*.py"))


async def stored_version(database: Database) -> str | None:
    """The revision that the database has; None before the first migration. Raises StoreUnavailable."""
    async with database.read() as connection:
        return await connection.run_sync(_stored_version)


def pending(stored: str | None) -> list[str]:
    """What `upgrade` would do to a database of this revision, oldest first. Raises StoreUnavailable as it does."""
    from iotflow.stores.sql.scripts import revisions_after

    return revisions_after(stored)


async def upgrade(database: Database) -> None:
    """Bring the database to the wanted revision, in one transaction; of two at once, one waits and finds it done.

    Raises StoreUnavailable, also for a revision that this code does not know: a newer version's.
    """
    if await stored_version(database) == wanted_version():
        return
    from iotflow.stores.sql.scripts import upgrade_connection

    async with database.migration() as connection:
        await upgrade_connection(connection)


def _stored_version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision
