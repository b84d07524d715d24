"""Purges that waited in the outbox before they were claimed by account."""

import json

from sqlalchemy import text

from iotflow.stores.sql.dialect import Database
from iotflow.stores.sql.migrations import upgrade
from iotflow.stores.sql.scripts import upgrade_connection


async def check_waiting_purges(database: Database) -> None:
    """See that a migration brings them to the present form, and that a first purge is still repeated."""
    async with database.write() as connection:
        await upgrade_connection(connection, "0001")
        for device_id, again in ((7, "false"), (8, "true")):
            await connection.execute(
                text(
                    "INSERT INTO outbox (topic, subject, payload, not_before, attempts) VALUES ('purge_telemetry', "
                    f"'device:{device_id}', '{{\"device_id\": {device_id}, \"again\": {again}}}', 1000, 0)"
                )
            )
    await upgrade(database)
    async with database.read() as connection:
        rows = (await connection.execute(text("SELECT subject, payload, not_before FROM outbox ORDER BY id"))).all()
    payloads = [json.loads(row.payload) if isinstance(row.payload, str) else row.payload for row in rows]
    assert [(row.subject, row.not_before) for row in rows] == [
        ("device:7", 1_000),
        ("device:8", 1_000),
        ("again:device:7", 91_000),
    ]
    assert payloads == [{"device_ids": [7]}, {"device_ids": [8]}, {"device_ids": [7]}]
