"""Purges that an earlier version stored in the outbox, one for each device."""

import json

from sqlalchemy import text

from iotflow.stores.sql.database import Database
from iotflow.stores.sql.migrations import upgrade, upgrade_connection


async def check_waiting_purges(database: Database) -> None:
    """Check that the migration converts their payloads and adds the second purge of each first one."""
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
