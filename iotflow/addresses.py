"""The addresses of Cassandra, MongoDB and Redis, as their URLs give them. No `repr` shows a password."""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path


class Verification(StrEnum):
    """Checks of a Cassandra node's certificate, beside that of its signature."""

    ADDRESS = "address"
    """It names the node's IP address."""
    HOSTNAME = "hostname"
    """It names the host that the node's IP address resolves to."""
    AUTHORITY = "authority"
    """No other check."""


@dataclass(frozen=True, slots=True)
class Tls:
    """PEM files for TLS to Cassandra. `ca` is required: the driver trusts no authority by default."""

    ca: Path
    certificate: Path | None
    key: Path | None
    verification: Verification


@dataclass(frozen=True, slots=True)
class Replication:
    """The replication of a keyspace; `factors` by data centre, or under `replication_factor` for each of them."""

    strategy: str
    factors: tuple[tuple[str, int], ...]

    def as_cql(self) -> str:
        """Return the map that CREATE KEYSPACE takes."""
        options = [("class", f"'{self.strategy}'"), *((name, str(factor)) for name, factor in self.factors)]
        return "{" + ", ".join(f"'{name}': {value}" for name, value in options) + "}"


@dataclass(frozen=True, slots=True)
class CassandraAddress:
    """A Cassandra cluster and a keyspace. `data_centre` None: that of the first host that answers."""

    hosts: tuple[str, ...]
    port: int
    keyspace: str
    user: str | None
    password: str | None = field(repr=False)
    data_centre: str | None
    consistency: str
    replication: Replication
    tls: Tls | None


@dataclass(frozen=True, slots=True)
class MongoAddress:
    """A MongoDB server, replica set or cluster, and a database. `url` holds the password, `repr` does not."""

    url: str = field(repr=False)
    hosts: str
    database: str


@dataclass(frozen=True, slots=True)
class RedisAddress:
    """A Redis server, one of its databases, and the prefix of all keys. `ca_file` None: the system's authorities."""

    host: str
    port: int
    database: int
    username: str | None
    password: str | None = field(repr=False)
    prefix: str
    tls: bool
    ca_file: Path | None


@dataclass(frozen=True, slots=True)
class SmtpAddress:
    """An SMTP server and the address that e-mails are sent from. `tls`: TLS from the beginning, not by STARTTLS."""

    host: str
    port: int
    username: str | None
    password: str | None = field(repr=False)
    tls: bool
    sender: str
