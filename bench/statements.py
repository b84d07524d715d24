"""The SQL statements of a request. A test compares them with the statements of the stores.

The SQL store builds its statements at run time, so it has no constants to import.
"""

BEGIN_WRITE = "BEGIN IMMEDIATE"
BEGIN_READ = "BEGIN"
ROLLBACK = "ROLLBACK"

STORE_POINTS = """\
INSERT INTO telemetry_points (device_id, time, name, bool_value, int_value, float_value, text_value, received_us, \
expires_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (device_id, time, name) DO UPDATE SET \
bool_value = excluded.bool_value, int_value = excluded.int_value, float_value = excluded.float_value, \
text_value = excluded.text_value, received_us = excluded.received_us, expires_us = excluded.expires_us \
WHERE telemetry_points.received_us <= excluded.received_us"""

POINTS = """\
SELECT telemetry_points.time, telemetry_points.name, telemetry_points.bool_value, telemetry_points.int_value, \
telemetry_points.float_value, telemetry_points.text_value FROM telemetry_points WHERE \
telemetry_points.device_id = ? AND telemetry_points.expires_us > ? AND telemetry_points.time >= ? AND \
telemetry_points.time < ? ORDER BY telemetry_points.time DESC, telemetry_points.name DESC LIMIT ? OFFSET ?"""

METADATA = """\
SELECT telemetry_metadata.time, CAST(telemetry_metadata.metadata AS TEXT) AS metadata FROM telemetry_metadata WHERE \
telemetry_metadata.device_id = ? AND telemetry_metadata.expires_us > ? AND telemetry_metadata.time >= ? AND \
telemetry_metadata.time < ? ORDER BY telemetry_metadata.time DESC"""
