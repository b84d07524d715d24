"""Alembic and its scripts, which lie in `migrations/sql`, in a wheel beside this package.

A service whose schema is current starts without them: to import Alembic takes a tenth of the time of a start.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.script.revision import RevisionError
from alembic.util import CommandError
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection

from iotflow.domain.errors import StoreUnavailable
from iotflow.stores.sql.migrations import SCRIPTS


def revisions_after(stored: str | None) -> list[str]:
    """The revisions that a database of this one lacks, each with its title, oldest first. Raises StoreUnavailable."""
    with _known_revisions():
        revisions = list(ScriptDirectory.from_config(_config()).iterate_revisions("head", stored or "base"))
    return [f"{revision.revision} {revision.doc}" for revision in reversed(revisions)]


async def upgrade_connection(connection: AsyncConnection, revision: str = "head") -> None:
    """Bring a database to a revision within the connection's transaction. Raises StoreUnavailable if it is newer."""
    with _known_revisions():
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
