"""The floor says to SQL what the stores say, or its figures are of something else."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, event

from bench.statements import (
    BEGIN_READ,
    BEGIN_WRITE,
    DEVICE,
    DEVICE_ON_POSTGRES,
    METADATA,
    POINTS,
    ROLLBACK,
    STORE_POINTS,
    TIMES,
)
from iotflow.clock import SystemClock
from iotflow.domain.telemetry import Record
from iotflow.domain.times import Millis, Span
from iotflow.stores.sql.dialect import Database, open_database
from iotflow.stores.sql.migrations import upgrade
from iotflow.stores.sql.telemetry import SqlTelemetry
from iotflow.stores.sql.transactions import SqlTransactions


async def test_on_sqlite(tmp_path: Path) -> None:
    database = open_database(f"sqlite+aiosqlite:///{tmp_path / 'iotflow.db'}")
    await upgrade(database)
    telemetry = SqlTelemetry(database, SystemClock(), 90)
    record = Record(Millis(1_000), {"a": 1.5, "b": 2}, None, SystemClock().receipt())
    try:
        with said() as writing:
            await telemetry.write(1, [record])
        with said() as reading:
            await telemetry.records(1, Span(Millis(0), Millis(2_000)), descending=True, limit=101)
        with said() as looking_up:
            await look_up_device(database)
    finally:
        await database.close()

    assert writing == [BEGIN_WRITE, STORE_POINTS, "COMMIT"]
    assert reading == [BEGIN_READ, TIMES, POINTS, METADATA, ROLLBACK]
    assert looking_up == [BEGIN_READ, DEVICE, ROLLBACK]


async def test_on_postgres(migrated_postgres: str) -> None:
    database = open_database(migrated_postgres)
    try:
        with said() as looking_up:
            await look_up_device(database)
    finally:
        await database.close()

    # The driver's adapter begins the transaction, unseen here.
    assert looking_up == [DEVICE_ON_POSTGRES, ROLLBACK]


async def look_up_device(database: Database) -> None:
    async with SqlTransactions(database).read() as transaction:
        await transaction.devices.get(1)


@contextmanager
def said() -> Iterator[list[str]]:
    """What SQLAlchemy gives its drivers within the block, in order."""
    statements: list[str] = []

    def execute(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(" ".join(statement.split()))

    def commit(_connection: object) -> None:
        statements.append("COMMIT")

    def roll_back(_connection: object) -> None:
        statements.append(ROLLBACK)

    listeners: dict[str, Callable[..., None]] = {
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
