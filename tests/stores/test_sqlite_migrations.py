"""The SQL schema on SQLite: its revisions, compared with the tables of the code."""

import re
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine

from iotflow.domain.errors import StoreUnavailable
from iotflow.stores.sql import open_database
from iotflow.stores.sql.database import Database
from iotflow.stores.sql.migrations import (
    SCRIPTS,
    downgrade_connection,
    stored_version,
    upgrade,
    upgrade_connection,
    wanted_version,
)
from iotflow.stores.sql.tables import metadata
from tests.stores.former_points import check_conversion
from tests.stores.sqlite import OnSqlite, SqliteTables
from tests.stores.waiting_purges import check_waiting_purges

Schema = dict[str, str]
"""The statement that creates each table and index, normalized: spaces, quotes and the order of its parts."""


def revisions() -> list[str]:
    """Return all revisions, oldest first."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    return [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()][::-1]


def schema(file: Path) -> Schema:
    rows = SqliteTables(file).query("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    return {
        row["name"]: _normalize(row["sql"]) for row in rows if row["name"] not in ("alembic_version", "sqlite_sequence")
    }


def _normalize(sql: str) -> str:
    statement = " ".join(re.sub(r"/\*.*?\*/", "", sql.replace('"', "")).split())
    head, _, rest = statement.partition("(")
    body, _, options = rest.rpartition(")")
    parts = re.split(r",\s*(?![^()]*\))", body)
    ordered = parts if head.startswith("CREATE INDEX") else sorted(part.strip() for part in parts)
    return f"{head.strip()} ({', '.join(ordered)}) {options.strip()}"


class TestSqliteMigrations(OnSqlite):
    async def test_a_migrated_database_has_the_wanted_version(self, database: Database, tmp_path: Path) -> None:
        assert await stored_version(database) == wanted_version() == revisions()[-1]
        fresh = open_database(f"sqlite+aiosqlite:///{tmp_path / 'fresh.db'}")
        assert await stored_version(fresh) is None
        await upgrade(fresh)
        await upgrade(fresh)
        assert await stored_version(fresh) == wanted_version()
        await fresh.close()

    async def test_alembic_finds_no_difference_between_models_and_migrations(self, database: Database) -> None:
        def differences(connection: Connection) -> list[Any]:  # Any: Alembic's own notation
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            found: list[Any] = compare_metadata(context, metadata)
            return found

        async with database.read() as connection:
            assert await connection.run_sync(differences) == []

    async def test_migrations_create_exactly_the_tables_of_the_models(self, sqlite_file: Path, tmp_path: Path) -> None:
        """Alembic compares neither AUTOINCREMENT nor WITHOUT ROWID nor what a foreign key does on deletion."""
        modelled = tmp_path / "models.db"
        engine = create_engine(f"sqlite:///{modelled}")
        metadata.create_all(engine)
        engine.dispose()
        assert schema(sqlite_file) == schema(modelled)

    async def test_each_revision_upgrades_downgrades_and_upgrades_again(self, tmp_path: Path) -> None:
        file = tmp_path / "revisions.db"
        database = open_database(f"sqlite+aiosqlite:///{file}")
        before = "base"
        assert revisions()
        for revision in revisions():
            old = schema(file) if file.exists() else {}
            async with database.write() as connection:
                await upgrade_connection(connection, revision)
            new = schema(file)
            assert await stored_version(database) == revision
            async with database.write() as connection:
                await downgrade_connection(connection, before)
            assert schema(file) == old
            async with database.write() as connection:
                await upgrade_connection(connection, revision)
            assert schema(file) == new
            before = revision
        await database.close()

    async def test_waiting_purges_are_converted_to_the_current_payload(self, tmp_path: Path) -> None:
        database = open_database(f"sqlite+aiosqlite:///{tmp_path / 'waiting.db'}")
        await check_waiting_purges(database)
        await database.close()

    async def test_points_are_converted_to_records_despite_interruptions(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        file = tmp_path / "points.db"
        database = open_database(f"sqlite+aiosqlite:///{file}")
        await check_conversion(database, SqliteTables(file), monkeypatch)
        await database.close()

    async def test_a_failed_upgrade_leaves_the_database_unchanged(self, tmp_path: Path) -> None:
        file = tmp_path / "conflict.db"
        database = open_database(f"sqlite+aiosqlite:///{file}")
        async with database.write() as connection:
            await connection.exec_driver_sql("CREATE TABLE users (in_the_way INTEGER)")
        with pytest.raises(StoreUnavailable):
            await upgrade(database)
        assert schema(file).keys() == {"users"}
        assert await stored_version(database) is None
        await database.close()
