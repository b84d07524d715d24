"""Bulk inserts into the SQL store, which over HTTP would take hours, and row counts."""

from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from iotflow.stores.terms import tag_term

NUMBERS = "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :count)"


class Rows:
    """The SQL store of a service, on a separate connection."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._is_sqlite = url.startswith("sqlite")

    @classmethod
    def embedded(cls, data_dir: Path) -> "Rows":
        """Return the embedded store of this data directory."""
        return cls(f"sqlite+aiosqlite:///{data_dir / 'iotflow.db'}")

    async def add_devices(self, user_id: str, count: int) -> None:
        """Add devices with a key and a config each to an account."""
        owner = self._uuid(user_id)
        of_new_ones = f"FROM devices WHERE user_id = {owner} AND name LIKE 'seeded %'"
        digest = "randomblob(32)" if self._is_sqlite else "sha256(('key of ' || id)::bytea)"
        await self._run(
            f"""INSERT INTO devices (user_id, name, name_key, device_type, status, created_at, updated_at)
            {NUMBERS} SELECT {owner}, 'seeded ' || n, 'seeded ' || n, 'sensor', 'active', 1, 1 FROM numbers""",
            f"INSERT INTO device_keys SELECT {digest}, id, 'iot_', 1, NULL {of_new_ones}",
            f"INSERT INTO device_configs SELECT id, 1, '{{}}', 1 {of_new_ones}",
            count=count,
        )

    async def add_groups(self, user_id: str, count: int) -> None:
        """Add groups to an account."""
        await self._run(
            f"""INSERT INTO device_groups (user_id, name, created_at, updated_at)
            {NUMBERS} SELECT {self._uuid(user_id)}, 'seeded ' || n, 1, 1 FROM numbers""",
            count=count,
        )

    async def add_tokens(self, user_id: str, count: int) -> None:
        """Add old tokens to an account."""
        digest = "randomblob(32)" if self._is_sqlite else "sha256(('token ' || n)::bytea)"
        await self._run(
            f"""INSERT INTO tokens (digest, user_id, created_at, expires_at)
            {NUMBERS} SELECT {digest}, {self._uuid(user_id)}, n, 9000000000000000 FROM numbers""",
            count=count,
        )

    async def add_members(self, group_id: int, user_id: str) -> None:
        """Add all devices of an account to a group."""
        await self._run(
            f"INSERT INTO group_members SELECT {group_id}, id, 1 FROM devices WHERE user_id = {self._uuid(user_id)}"
        )

    async def add_points(self, device_id: int, count: int) -> None:
        """Add records of one value to a device."""
        measurements = "x'9101'" if self._is_sqlite else "'\\x9101'::bytea"
        await self._run(
            f"""INSERT INTO telemetry_records
            {NUMBERS} SELECT {device_id}, n, 1, 1, 9000000000000000000, {measurements} FROM numbers""",
            count=count,
        )

    async def add_waiting_events(self, user_id: str, count: int) -> None:
        """Add events of an account to the outbox."""
        number = "printf('%012x', n)" if self._is_sqlite else "lpad(to_hex(n), 12, '0')"
        payload = (
            f"""'{{"id": "00000000-0000-4000-8000-' || {number} || '", "event_type": "device.updated", """
            f""""timestamp": 1700000000000, "user_id": "{user_id}", "device_id": null, "details": {{}}, """
            """"request_id": null}'"""
        )
        payload = payload if self._is_sqlite else f"({payload})::json"
        await self._run(
            f"""INSERT INTO outbox (topic, subject, payload, not_before, attempts)
            {NUMBERS} SELECT 'event', 'user:{user_id}', {payload}, 0, 0 FROM numbers""",
            count=count,
        )

    async def add_waiting_purges(self, user_id: str, count: int) -> None:
        """Add purges of single devices to the outbox."""
        payload = """'{"device_ids": [' || (1000000 + n) || ']}'"""
        payload = payload if self._is_sqlite else f"({payload})::json"
        await self._run(
            f"""INSERT INTO outbox (topic, subject, payload, not_before, attempts)
            {NUMBERS} SELECT 'purge_telemetry', 'purge:{user_id}', {payload}, 0, 0 FROM numbers""",
            count=count,
        )

    async def add_rules(self, user_id: str, device_id: int, count: int) -> None:
        """Add alert rules of a device to an account."""
        condition = """'{"type": "threshold", "field": "n", "op": "gt", "value": 10}'"""
        await self._run(
            f"""INSERT INTO alert_rules (user_id, device_id, name, severity, condition, for_seconds, cooldown_seconds,
            enabled, version, created_at, updated_at)
            {NUMBERS} SELECT {self._uuid(user_id)}, {device_id}, 'seeded ' || n, 'info', {condition}, 0, 0,
            TRUE, 1, 1, 1 FROM numbers""",
            count=count,
        )

    async def add_metadata(self, user_id: str, tag: str) -> None:
        """Add metadata to all devices of an account that have none: this tag, and a position at latitude 0."""
        without = f"""FROM devices WHERE user_id = {self._uuid(user_id)}
            AND id NOT IN (SELECT device_id FROM device_metadata)"""
        term = tag_term(tag).hex()
        term = f"x'{term}'" if self._is_sqlite else f"'\\x{term}'::bytea"
        await self._run(
            f"INSERT INTO device_metadata_terms SELECT user_id, {term}, id {without}",
            f"""INSERT INTO device_metadata (device_id, user_id, tags, attributes, lat, lon, x, y, z, updated_at)
            SELECT id, user_id, '["{tag}"]', '{{}}', 0, 0, 1, 0, 0, 1 {without}""",
        )

    async def repeat_delivery(self, webhook_id: int, count: int) -> None:
        """Add waiting deliveries to a webhook that are like one of it and were due long ago."""
        new_id = "lower(hex(randomblob(16)))" if self._is_sqlite else "gen_random_uuid()"
        await self._run(
            f"""INSERT INTO deliveries (id, user_id, webhook_id, rule_id, alert_id, change, alert, status, created_at,
            due_at, attempts)
            {NUMBERS} SELECT {new_id}, user_id, webhook_id, rule_id, alert_id, change, alert, 'waiting', created_at,
            1, 0 FROM numbers CROSS JOIN (SELECT * FROM deliveries WHERE webhook_id = {webhook_id} LIMIT 1) AS one""",
            count=count,
        )

    async def count(self, table: str, where: str = "TRUE") -> int:
        """Return the number of rows of a table."""
        engine = create_async_engine(self._url)
        async with engine.connect() as connection:
            found = await connection.scalar(text(f"SELECT count(*) FROM {table} WHERE {where}"))
        await engine.dispose()
        return int(found or 0)

    async def _run(self, *statements: str, **values: int) -> None:
        engine = create_async_engine(self._url, connect_args={"timeout": 60})
        async with engine.begin() as connection:
            for statement in statements:
                used = {name: value for name, value in values.items() if f":{name}" in statement}
                await connection.execute(text(statement), used)
        await engine.dispose()

    def _uuid(self, user_id: str) -> str:
        return f"'{user_id.replace('-', '')}'" if self._is_sqlite else f"'{user_id}'::uuid"
