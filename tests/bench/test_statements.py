"""The baseline sends the same statements to the SQL database as the store."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, event

from bench.baseline.statements import (
    BEGIN_READ,
    BEGIN_WRITE,
    PAGE,
    ROLLBACK,
    STORE_RECORDS,
)
from iotflow.clock import SystemClock
from iotflow.domain.telemetry import PageLimit, Record
from iotflow.domain.times import Millis, TimeRange
from iotflow.stores.sql import open_database
from iotflow.stores.sql.migrations import upgrade
from iotflow.stores.sql.telemetry import SqlTelemetry
from tests.stores.statements import record_statements


async def test_on_sqlite(tmp_path: Path) -> None:
    database = open_database(f"sqlite+aiosqlite:///{tmp_path / 'iotflow.db'}")
    await upgrade(database)
    telemetry = SqlTelemetry(database, SystemClock(), 90)
    record = Record(Millis(1_000), {"a": 1.5, "b": 2}, None, SystemClock().unique_now())
    try:
        await telemetry.write(1, [record])
        with record_statements() as writing:
            await telemetry.write(1, [record])
        with recorded() as reading:
            await telemetry.records(1, TimeRange(Millis(0), Millis(2_000)), descending=True, limit=PageLimit(100))
    finally:
        await database.close()

    assert [" ".join(sql.split()) for sql, _ in writing.sent] == [BEGIN_WRITE, STORE_RECORDS, "COMMIT"]
    assert reading == [BEGIN_READ, PAGE, ROLLBACK]


@contextmanager
def recorded() -> Iterator[list[str]]:
    """Record the statements that SQLAlchemy sends to its drivers within the block."""
    statements: list[str] = []

    def execute(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(" ".join(statement.split()))

    def begin(_connection: object) -> None:
        statements.append(BEGIN_READ)  # the connection sends it with the first statement

    def commit(_connection: object) -> None:
        statements.append("COMMIT")

    def roll_back(_connection: object) -> None:
        statements.append(ROLLBACK)

    listeners: dict[str, Callable[..., None]] = {
        "begin": begin,
        "before_cursor_execute": execute,
        "commit": commit,
        "rollback": roll_back,
    }
    for name, listener in listeners.items():
        event.listen(Engine, name, listener)
    try:
        yield statements
    finally:
        for name, listener in listeners.items():
            event.remove(Engine, name, listener)
