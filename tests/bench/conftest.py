"""Fixtures of the tests of the bench."""

from tests.stores.cassandra import cassandra_keyspace

__all__ = ["cassandra_keyspace"]
