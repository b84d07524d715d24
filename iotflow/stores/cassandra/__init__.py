"""Cassandra implementation of `TelemetryRepository`, by the driver acsylla."""
