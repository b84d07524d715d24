"""Metadata and preferences in SQLite, and the plans of searches."""

from uuid import UUID

import pytest

from iotflow.domain.geography import Box, Circle, Position
from iotflow.domain.metadata import MetadataFilter
from iotflow.stores.sql.metadata import SqlMetadata
from tests.contracts.metadata import attribute
from tests.stores.sql_metadata import SqlMetadataSuite, SqlPreferencesSuite
from tests.stores.sqlite import OnSqlite, SqliteTables
from tests.stores.statements import record_statements

CIRCLE, BOX = Circle(Position(1, 1), 1_000), Box(0, 0, 2, 2)
OWNER = UUID(int=1)


class TestSqliteMetadata(OnSqlite, SqlMetadataSuite):
    @pytest.mark.parametrize(
        ("where", "may_sort"),
        [
            (MetadataFilter(OWNER), False),
            (MetadataFilter(OWNER, tag="a"), False),
            (MetadataFilter(OWNER, attribute=attribute("x=text")), False),
            (MetadataFilter(OWNER, circle=CIRCLE), False),
            (MetadataFilter(OWNER, box=BOX), False),
            (MetadataFilter(OWNER, "a", attribute("x=1"), CIRCLE, BOX), True),
        ],
        ids=str,
    )
    async def test_a_search_reads_rows_of_the_account_alone(
        self, metadata: SqlMetadata, tables: SqliteTables, where: MetadataFilter, may_sort: bool
    ) -> None:
        with record_statements() as statements:
            await metadata.search(where, 100, 0, 0)
        for sql, parameters in statements.beginning_with("SELECT"):
            steps = [row["detail"] for row in tables.query(f"EXPLAIN QUERY PLAN {sql}", *parameters)]
            reads = [step for step in steps if " device_metadata" in step]
            assert reads
            assert all(step.startswith("SEARCH") and "(user_id=?" in step for step in reads), steps
            assert may_sort or "USE TEMP B-TREE" not in " ".join(steps), steps


class TestSqlitePreferences(OnSqlite, SqlPreferencesSuite): ...
