"""The SQL schema's revisions: which one the database has, which one the code wants, and the way from one to the other.

Alembic's own scripts lie in `migrations/sql`, in a wheel beside this package.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.script.revision import RevisionError
from alembic.util import CommandError
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection

import iotflow
from iotflow.domain.errors import StoreUnavailable
from iotflow.stores.sql.dialect import Database

_PACKAGE = Path(iotflow.__file__).parent
_IN_WHEEL = _PACKAGE / "migrations" / "sql"
SCRIPTS = _IN_WHEEL if _IN_WHEEL.is_dir() else _PACKAGE.parent / "migrations" / "sql"


def wanted_revision() -> str:
    """The revision that this code needs."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None
    return head


async def stored_revision(database: Database) -> str | None:
    """The revision that the database has; None before the first migration. Raises StoreUnavailable."""
    async with database.read() as connection:
        return await connection.run_sync(lambda sync: MigrationContext.configure(sync).get_current_revision())


def pending(stored: str | None) -> list[str]:
    """What `upgrade` would do to a database of this revision, oldest first. Raises StoreUnavailable as it does."""
    with _known_revisions():
        revisions = list(ScriptDirectory.from_config(_config()).iterate_revisions("head", stored or "base"))
    return [f"{revision.revision} {revision.doc}" for revision in reversed(revisions)]


async def upgrade(database: Database) -> None:
    """Bring the database to the wanted revision, in one transaction; of two at once, one waits and finds it done.

    Raises StoreUnavailable, also for a revision that this code does not know: a newer version's.
    """
    with _known_revisions():
        async with database.migration() as connection:
            await upgrade_connection(connection)


async def upgrade_connection(connection: AsyncConnection, revision: str = "head") -> None:
    """Bring a database to a revision within the connection's transaction."""
    await connection.run_sync(_run, command.upgrade, revision)


async def downgrade_connection(connection: AsyncConnection, revision: str) -> None:
    """Bring a database back to a revision within the connection's transaction."""
    await connection.run_sync(_run, command.downgrade, revision)


@contextmanager
def _known_revisions() -> Iterator[None]:
    try:
        yield
    except (CommandError, RevisionError) as error:
        raise StoreUnavailable("sql", f"its schema is of a newer version of IoTFlow: {error}") from error


def _run(connection: Connection, action: Callable[[Config, str], None], revision: str) -> None:
    config = _config()
    config.attributes["connection"] = connection
    action(config, revision)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    return config
