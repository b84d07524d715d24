"""Contract suites of metadata and preferences on the SQL stores."""

import pytest

from iotflow.stores.sql.database import Database
from iotflow.stores.sql.metadata import SqlMetadata
from iotflow.stores.sql.preferences import SqlPreferences
from tests.contracts.metadata import MetadataContract
from tests.contracts.preferences import PreferencesContract
from tests.stores.sql import SqlTables


class StoredRows:
    """Implementation of `RawMetadata`: the rows of some tables."""

    def __init__(self, tables: SqlTables, *names: str) -> None:
        self._tables = tables
        self._names = names

    async def rows(self) -> int:
        return sum([await self._tables.count(name) for name in self._names])


class SqlMetadataSuite(MetadataContract):
    @pytest.fixture
    def metadata(self, database: Database) -> SqlMetadata:
        return SqlMetadata(database)

    @pytest.fixture
    def raw(self, tables: SqlTables) -> StoredRows:
        return StoredRows(tables, "device_metadata", "device_metadata_terms")


class SqlPreferencesSuite(PreferencesContract):
    @pytest.fixture
    def preferences(self, database: Database) -> SqlPreferences:
        return SqlPreferences(database)

    @pytest.fixture
    def raw(self, tables: SqlTables) -> StoredRows:
        return StoredRows(tables, "user_preferences")
