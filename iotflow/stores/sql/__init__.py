"""The SQL store, on SQLite and PostgreSQL by SQLAlchemy Core: implementations of the interfaces in `repositories`."""

from sqlalchemy.engine import make_url

# `tables.metadata` must hold all tables, for migrations.
from iotflow.stores.sql import alert_tables, block_tables, report_tables, watch_tables  # noqa: F401  # as above
from iotflow.stores.sql.database import Database


def open_database(url: str) -> Database:
    """Return the database of an SQLite or PostgreSQL URL. It connects when first used."""
    if make_url(url).get_backend_name() == "sqlite":
        from iotflow.stores.sql.sqlite import SqliteDatabase

        return SqliteDatabase(url)
    from iotflow.stores.sql.postgres import PostgresDatabase

    return PostgresDatabase(url)
