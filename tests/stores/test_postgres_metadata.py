"""Metadata and preferences in PostgreSQL."""

from tests.stores.postgres import OnPostgres
from tests.stores.sql_metadata import SqlMetadataSuite, SqlPreferencesSuite


class TestPostgresMetadata(OnPostgres, SqlMetadataSuite): ...


class TestPostgresPreferences(OnPostgres, SqlPreferencesSuite): ...
