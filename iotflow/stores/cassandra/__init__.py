"""Cassandra plays the telemetry role. Imported only when the service's settings ask for it: its driver is large."""
