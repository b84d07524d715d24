"""Where a Cassandra cluster is, and how the service speaks to it, as one URL says it."""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

EXPECTED = "cassandra://[user:password@]host1[,host2...][:port]/keyspace[?option=value&...]"
DEFAULT_PORT = 9042
CONSISTENCIES = ("LOCAL_ONE", "ONE", "LOCAL_QUORUM", "QUORUM", "ALL")
STRATEGIES = ("SimpleStrategy", "NetworkTopologyStrategy")
OPTIONS = ("dc", "consistency", "replication", "tls", "verify", "ca", "cert", "key")
REPLICATION_EXPECTED = (
    "replication is SimpleStrategy/FACTOR, NetworkTopologyStrategy/FACTOR or NetworkTopologyStrategy/DC:FACTOR,..., "
    "like NetworkTopologyStrategy/3"
)

_KEYSPACE = re.compile(r"[a-z][a-z0-9_]{0,47}", re.ASCII)
_HOST = re.compile(r"[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]", re.ASCII)
_DATA_CENTRE = re.compile(r"[A-Za-z0-9_. -]{1,64}", re.ASCII)


class Verification(StrEnum):
    """What must be right about a server's certificate, beside the authority that signed it."""

    ADDRESS = "address"
    """It names the server's IP address."""
    HOSTNAME = "hostname"
    """It names the host that the server's IP address resolves to."""
    AUTHORITY = "authority"
    """Nothing."""


@dataclass(frozen=True, slots=True)
class Tls:
    """Files of certificates in PEM. Without `ca` no certificate would be trusted."""

    ca: Path
    certificate: Path | None
    key: Path | None
    verification: Verification


@dataclass(frozen=True, slots=True)
class Replication:
    """How many nodes keep each row; `factors` by data centre, or under `replication_factor` for each of them."""

    strategy: str
    factors: tuple[tuple[str, int], ...]

    def as_cql(self) -> str:
        """The map that CREATE KEYSPACE takes."""
        options = [("class", f"'{self.strategy}'"), *((name, str(factor)) for name, factor in self.factors)]
        return "{" + ", ".join(f"'{name}': {value}" for name, value in options) + "}"


@dataclass(frozen=True, slots=True)
class CassandraAddress:
    """A cluster and the keyspace in it. `data_centre` None is that of the first host that answers."""

    hosts: tuple[str, ...]
    port: int
    keyspace: str
    user: str | None
    password: str | None = field(repr=False)
    data_centre: str | None
    consistency: str
    replication: Replication
    tls: Tls | None


def parse_address(url: str) -> CassandraAddress:
    """The address that a URL stands for. Raises ValueError saying what is expected, and never the password."""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ValueError(f"expected {EXPECTED}") from None
    if parts.scheme != "cassandra":
        raise ValueError(f"expected a URL like {EXPECTED}")
    credentials, _, places = parts.netloc.rpartition("@")
    hosts, port = _places(places)
    user, password = _credentials(credentials)
    keyspace = parts.path.removeprefix("/")
    if not _KEYSPACE.fullmatch(keyspace):
        raise ValueError(
            "expected a keyspace after the hosts, of up to 48 small letters, digits and underscores: " + EXPECTED
        )
    if parts.fragment:
        raise ValueError(f"a '#' begins nothing here (write %23 within a password); expected {EXPECTED}")
    options = _options(parts.query)
    return CassandraAddress(
        hosts=hosts,
        port=port,
        keyspace=keyspace,
        user=user,
        password=password,
        data_centre=_data_centre(options.get("dc")),
        consistency=_one_of("consistency", options.get("consistency", "LOCAL_QUORUM").upper(), CONSISTENCIES),
        replication=_replication(options.get("replication", "NetworkTopologyStrategy/1")),
        tls=_tls(options),
    )


def _places(text: str) -> tuple[tuple[str, ...], int]:
    """Hosts and the port that all of them listen on."""
    hosts, colon, port = text, "", ""
    if not text.endswith("]"):
        head, colon, tail = text.rpartition(":")
        if colon:
            hosts, port = head, tail
    if colon and not (port.isascii() and port.isdigit() and 0 < int(port) < 65_536):
        raise ValueError(f"expected a port from 1 to 65535 after the last host: {EXPECTED}")
    names = hosts.split(",")
    for name in names:
        if not _HOST.fullmatch(name):
            raise ValueError(f"expected names or addresses of hosts, with one port after the last: {EXPECTED}")
    return tuple(name.strip("[]") for name in names), int(port) if colon else DEFAULT_PORT


def _credentials(text: str) -> tuple[str | None, str | None]:
    if not text:
        return None, None
    user, colon, password = text.partition(":")
    if not user or not colon:
        raise ValueError(f"expected user:password before the '@': {EXPECTED}")
    return unquote(user), unquote(password)


def _options(query: str) -> dict[str, str]:
    options: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if "@" in name:
            raise ValueError(f"what means something in a URL is escaped in a password; expected {EXPECTED}")
        if name not in OPTIONS:
            raise ValueError(f"{name!r} is no option; expected some of {', '.join(OPTIONS)}")
        if name in options:
            raise ValueError(f"{name} stands twice")
        options[name] = value
    return options


def _one_of(option: str, value: str, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise ValueError(f"{option} is one of {', '.join(allowed)}, not {value!r}")
    return value


def _data_centre(value: str | None) -> str | None:
    if value is not None and not _DATA_CENTRE.fullmatch(value):
        raise ValueError("dc is the name of a data centre, like datacenter1")
    return value


def _replication(value: str) -> Replication:
    strategy, _, factors = value.partition("/")
    _one_of("the strategy of replication", strategy, STRATEGIES)
    counted = []
    for part in factors.split(","):
        data_centre, colon, factor = part.rpartition(":")
        if not (factor.isascii() and factor.isdigit() and 0 < int(factor) < 100):
            raise ValueError(REPLICATION_EXPECTED)
        if colon and not _DATA_CENTRE.fullmatch(data_centre):
            raise ValueError(REPLICATION_EXPECTED)
        counted.append((data_centre or "replication_factor", int(factor)))
    names = {name for name, _ in counted}
    everywhere = "replication_factor" in names
    if len(names) < len(counted) or (everywhere and len(counted) > 1) or (strategy == STRATEGIES[0] and not everywhere):
        raise ValueError(REPLICATION_EXPECTED)
    return Replication(strategy, tuple(counted))


def _tls(options: dict[str, str]) -> Tls | None:
    if _one_of("tls", options.get("tls", "off"), ("on", "off")) == "off":
        if unused := sorted({"verify", "ca", "cert", "key"} & options.keys()):
            raise ValueError(f"{', '.join(unused)} would go unused: expected tls=on beside it")
        return None
    if not options.get("ca"):
        raise ValueError("tls=on needs ca=PATH, the certificate of the authority that signed the servers' ones")
    if ("cert" in options) != ("key" in options):
        raise ValueError("expected cert=PATH and key=PATH together, the client's certificate and its key")
    return Tls(
        ca=Path(options["ca"]),
        certificate=Path(options["cert"]) if "cert" in options else None,
        key=Path(options["key"]) if "key" in options else None,
        verification=Verification(_one_of("verify", options.get("verify", "address"), tuple(Verification))),
    )
