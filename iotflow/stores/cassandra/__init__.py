"""The player of telemetry on Cassandra 5, by acsylla."""
