"""The SQL statements of a request. A test compares them with the statements of the stores.

The SQL store builds its statements at run time, so it has no constants to import.
"""

BEGIN_WRITE = "BEGIN IMMEDIATE"
BEGIN_READ = "BEGIN"
ROLLBACK = "ROLLBACK"

STORE_RECORDS = """\
INSERT INTO telemetry_records (device_id, time, schema_id, received_us, expires_us, measurements) VALUES \
(?, ?, ?, ?, ?, ?) ON CONFLICT (device_id, time, schema_id) DO UPDATE SET received_us = excluded.received_us, \
expires_us = excluded.expires_us, measurements = excluded.measurements \
WHERE telemetry_records.received_us <= excluded.received_us"""

_NEXT_RECORDS = """\
FROM telemetry_records WHERE telemetry_records.device_id = ? AND telemetry_records.expires_us > ? AND \
telemetry_records.time >= ? AND telemetry_records.time < ? \
ORDER BY telemetry_records.time DESC, telemetry_records.schema_id DESC LIMIT ? OFFSET ?"""

_RECORDS = f"""\
SELECT telemetry_records.time AS time, telemetry_records.schema_id AS schema_id, telemetry_records.received_us AS \
received_us, telemetry_records.measurements AS measurements {_NEXT_RECORDS}"""

PAGE = f"""\
SELECT CASE WHEN (coalesce((SELECT max(length(anon_1.measurements)) AS max_1 FROM ({_RECORDS}) AS anon_1), ?) \
* ? <= ?) THEN (SELECT json_group_array(json_array(anon_2.time, anon_2.schema_id, anon_2.received_us, \
hex(anon_2.measurements))) AS json_group_array_1 FROM ({_RECORDS}) AS anon_2) END AS packed, \
(SELECT max(telemetry_blocks.last_time) AS max_2 FROM telemetry_blocks WHERE telemetry_blocks.device_id = ? AND \
telemetry_blocks.last_time >= ? AND telemetry_blocks.last_time < ?) AS sealed_from, \
(SELECT min(telemetry_metadata.time) AS min_1 FROM telemetry_metadata WHERE telemetry_metadata.device_id = ? AND \
telemetry_metadata.time >= ? AND telemetry_metadata.time < ?) AS metadata_from"""
"""The next records unless they are large, and where the range has sealed ones and metadata."""
