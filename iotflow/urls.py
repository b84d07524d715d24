"""Parsers for the URLs of the SQL database, Cassandra, MongoDB and Redis.

A function raises ValueError with one line: the problem and the expected form. The message never repeats the password.
A malformed URL may hold it anywhere, so a message repeats only parts that cannot hold it.

`urllib.parse` takes one host only. `pydantic_core.MultiHostUrl` accepts an unescaped `@`, an empty port and line
breaks, and reports every malformed host as an invalid port.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, unquote

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from iotflow.addresses import CassandraAddress, MongoAddress, RedisAddress, Replication, Tls, Verification

SQL_FORM = "sqlite+aiosqlite:///PATH or postgresql+asyncpg://USER:PASSWORD@HOST/NAME"
CASSANDRA_FORM = "cassandra://[user:password@]host1[,host2...][:port]/keyspace[?option=value&...]"
MONGO_FORM = "mongodb://USER:PASSWORD@HOST[:PORT][,HOST…]/DATABASE[?OPTIONS] or mongodb+srv://…"
REDIS_FORM = (
    "redis://[user[:password]@]host[:port][/database][?prefix=NAME], or rediss:// with an optional &ca_file=PATH"
)
REPLICATION_FORM = (
    "replication is SimpleStrategy/FACTOR, NetworkTopologyStrategy/FACTOR or NetworkTopologyStrategy/DC:FACTOR,..., "
    "like NetworkTopologyStrategy/3"
)

CASSANDRA_PORT = 9042
REDIS_PORT = 6379
CASSANDRA_OPTIONS = ("dc", "consistency", "replication", "tls", "verify", "ca", "cert", "key")
REDIS_OPTIONS = ("prefix", "ca_file")
CONSISTENCIES = ("LOCAL_ONE", "ONE", "LOCAL_QUORUM", "QUORUM", "ALL")
STRATEGIES = ("SimpleStrategy", "NetworkTopologyStrategy")

_HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+(%[\w.-]+)?\]|[^\s:\[\]]+)(:(?P<port>[0-9]{1,5}))?", re.ASCII)
_CASSANDRA_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+", re.ASCII)
_KEYSPACE = re.compile(r"[a-z][a-z0-9_]{0,47}", re.ASCII)
_DATA_CENTRE = re.compile(r"[A-Za-z0-9_. -]{1,64}", re.ASCII)
_ESCAPED = re.compile(r"([^%]|%[0-9A-Fa-f]{2})*")
_MONGO_DATABASE = re.compile(r"[^/\\. \"$*<>:|?\0]{1,63}")
_REDIS_DATABASE = re.compile(r"\d{0,9}", re.ASCII)
_REDIS_PREFIX = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Parts:
    """A URL cut at its delimiters, nothing unescaped. `credentials` is None without an `@`."""

    scheme: str
    credentials: str | None
    hosts: str
    path: str
    query: str


def check_sql_url(url: str) -> None:
    """Check a `sqlite+aiosqlite://` or `postgresql+asyncpg://` URL. Raises ValueError."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise ValueError(f"expected {SQL_FORM}") from None
    except ValueError:
        raise ValueError(
            f"the port is a number, and `@` in the password is written as %40; expected {SQL_FORM}"
        ) from None
    # Each connection to `:memory:` would open another, empty database.
    if parsed.drivername not in ("sqlite+aiosqlite", "postgresql+asyncpg") or parsed.database in (None, "", ":memory:"):
        raise ValueError(f"expected {SQL_FORM}")
    if parsed.port is not None and not 0 < parsed.port < 65_536:
        raise ValueError("expected a port from 1 to 65535")
    if parsed.drivername == "postgresql+asyncpg" and "@" in f"{parsed.host}{parsed.database}":
        raise ValueError(f"`@` in the password is written as %40; expected {SQL_FORM}")


def parse_cassandra_url(url: str) -> CassandraAddress:
    """Parse a `cassandra://` URL. Raises ValueError."""
    parts = _split(url)
    if parts is None or parts.scheme != "cassandra":
        raise ValueError(f"the scheme is not cassandra; expected {CASSANDRA_FORM}")
    _refuse_reserved(parts, CASSANDRA_FORM)
    hosts, port = _cassandra_hosts(parts.hosts)
    user, password = _cassandra_credentials(parts.credentials)
    if not _KEYSPACE.fullmatch(parts.path):
        raise ValueError(
            f"no keyspace after the hosts, of up to 48 small letters, digits and underscores; expected {CASSANDRA_FORM}"
        )
    options = _options(parts.query, CASSANDRA_OPTIONS, CASSANDRA_FORM)
    return CassandraAddress(
        hosts=hosts,
        port=port,
        keyspace=parts.path,
        user=user,
        password=password,
        data_centre=_data_centre(options.get("dc")),
        consistency=_one_of("consistency", options.get("consistency", "LOCAL_QUORUM").upper(), CONSISTENCIES),
        replication=_replication(options.get("replication", "NetworkTopologyStrategy/1")),
        tls=_tls(options),
    )


def parse_mongo_url(url: str) -> MongoAddress:
    """Parse a `mongodb://` or `mongodb+srv://` URL. Raises ValueError.

    The driver checks the options when it connects. The database is required: MongoDB creates a missing one, so a
    default would hide a truncated URL.
    """
    form = f"expected {MONGO_FORM}"
    parts = _split(url)
    if parts is None or parts.scheme not in ("mongodb", "mongodb+srv"):
        raise ValueError(f"no URL of MongoDB; {form}")
    credentials = parts.credentials or ""
    is_cut_short = "@" in parts.path or (parts.credentials is None and "@" in parts.query)
    if is_cut_short or "@" in credentials or credentials.count(":") > 1 or not _ESCAPED.fullmatch(credentials):
        raise ValueError(f"the user name and password must be percent-encoded, `/` as %2F and `@` as %40; {form}")
    if parts.credentials is not None and not credentials.partition(":")[0]:
        raise ValueError(f"no user name before the password; {form}")
    if not parts.hosts:
        raise ValueError(f"no host named; {form}")
    if parts.scheme == "mongodb+srv" and ("," in parts.hosts or ":" in parts.hosts):
        raise ValueError(f"mongodb+srv takes one host without a port: its DNS record names the servers; {form}")
    for host in parts.hosts.split(","):
        if _host_and_port(host) is None:
            raise ValueError(f"{host!r} is no HOST or HOST:PORT; {form}")
    database = unquote(parts.path)
    if not database:
        raise ValueError(f"no database named; {form}")
    if not _MONGO_DATABASE.fullmatch(database):
        raise ValueError(f"{database!r} is no name of a database that MongoDB accepts; {form}")
    return MongoAddress(url, parts.hosts, database)


def parse_redis_url(url: str) -> RedisAddress:
    """Parse a `redis://` or `rediss://` URL. Raises ValueError."""
    parts = _split(url)
    if parts is None or parts.scheme not in ("redis", "rediss"):
        raise ValueError(f"the scheme is not redis or rediss; expected {REDIS_FORM}")
    _refuse_reserved(parts, REDIS_FORM)
    if not parts.hosts:
        raise ValueError(f"no host named; expected {REDIS_FORM}")
    place = _host_and_port(parts.hosts)
    if place is None:
        raise ValueError(
            "no host with a port from 1 to 65535; reserved characters of a password must be percent-encoded; "
            f"expected {REDIS_FORM}"
        )
    if not _REDIS_DATABASE.fullmatch(parts.path):
        raise ValueError(f"the path is not the number of a database; expected {REDIS_FORM}")
    options = _options(parts.query, REDIS_OPTIONS, REDIS_FORM)
    prefix = options.get("prefix", "iotflow")
    if not _REDIS_PREFIX.fullmatch(prefix):
        raise ValueError("the prefix has 1 to 64 letters, digits, dots, underscores or hyphens")
    if "ca_file" in options and parts.scheme != "rediss":
        raise ValueError("ca_file is for rediss://, which uses TLS")
    username, _, password = (parts.credentials or "").partition(":")
    return RedisAddress(
        host=place[0].lower(),
        port=place[1] or REDIS_PORT,
        database=int(parts.path or 0),
        username=unquote(username) or None,
        password=unquote(password) or None,
        prefix=prefix,
        tls=parts.scheme == "rediss",
        ca_file=Path(options["ca_file"]) if options.get("ca_file") else None,
    )


def _split(url: str) -> _Parts | None:
    scheme, separator, rest = url.partition("://")
    if not separator:
        return None
    before_query, _, query = rest.partition("?")
    authority, _, path = before_query.partition("/")
    credentials, at, hosts = authority.rpartition("@")
    return _Parts(scheme, credentials if at else None, hosts, path, query)


def _refuse_reserved(parts: _Parts, form: str) -> None:
    """Raise ValueError for characters that must be escaped in a user name or password, and for a fragment."""
    credentials = parts.credentials or ""
    if (
        "@" in parts.path
        or any("#" in part for part in (credentials, parts.hosts, parts.path, parts.query))
        or any(bracket in credentials for bracket in "[]")
    ):
        raise ValueError(
            "reserved characters of a password must be percent-encoded, like '/' as %2F, '@' as %40 and '#' as %23; "
            f"expected {form}"
        )


def _host_and_port(text: str) -> tuple[str, int | None] | None:
    """Return a host without brackets and its port, which is None when it is absent. None: malformed."""
    match = _HOST.fullmatch(text)
    if match is None:
        return None
    port = None if match["port"] is None else int(match["port"])
    if port is not None and not 0 < port < 65_536:
        return None
    return match["name"].strip("[]"), port


def _options(query: str, allowed: tuple[str, ...], form: str) -> dict[str, str]:
    pairs = parse_qsl(query, keep_blank_values=True)
    # All names before any is repeated in a message: a `?` in a password puts the rest of it here.
    if any("@" in name for name, _ in pairs):
        raise ValueError(f"reserved characters of a password must be percent-encoded; expected {form}")
    options: dict[str, str] = {}
    for name, value in pairs:
        if name not in allowed:
            raise ValueError(f"the options are {', '.join(allowed)}, not {name}")
        if name in options:
            raise ValueError(f"{name} is given twice; expected it once")
        options[name] = value
    return options


def _cassandra_hosts(text: str) -> tuple[tuple[str, ...], int]:
    """Return the hosts and their common port."""
    *others, last = [_host_and_port(host) for host in text.split(",")]
    places = [place for place in (*others, last) if place is not None and _CASSANDRA_HOST.fullmatch(place[0])]
    if last is None or len(places) <= len(others) or any(port is not None for _, port in places[:-1]):
        raise ValueError(
            "no list of names or addresses of hosts with one port, from 1 to 65535, after the last; "
            f"expected {CASSANDRA_FORM}"
        )
    return tuple(name for name, _ in places), last[1] or CASSANDRA_PORT


def _cassandra_credentials(text: str | None) -> tuple[str | None, str | None]:
    if not text:
        return None, None
    user, colon, password = text.partition(":")
    if not user or not colon:
        raise ValueError(f"no user:password before the '@'; expected {CASSANDRA_FORM}")
    return unquote(user), unquote(password)


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
            raise ValueError(REPLICATION_FORM)
        if colon and not _DATA_CENTRE.fullmatch(data_centre):
            raise ValueError(REPLICATION_FORM)
        counted.append((data_centre or "replication_factor", int(factor)))
    names = {name for name, _ in counted}
    everywhere = "replication_factor" in names
    if len(names) < len(counted) or (everywhere and len(counted) > 1) or (strategy == STRATEGIES[0] and not everywhere):
        raise ValueError(REPLICATION_FORM)
    return Replication(strategy, tuple(counted))


def _tls(options: dict[str, str]) -> Tls | None:
    if _one_of("tls", options.get("tls", "off"), ("on", "off")) == "off":
        if unused := sorted({"verify", "ca", "cert", "key"} & options.keys()):
            raise ValueError(f"{', '.join(unused)} would be unused; expected tls=on beside it")
        return None
    if not options.get("ca"):
        raise ValueError("tls=on needs ca=PATH, the certificate of the authority that signed the servers' certificates")
    if ("cert" in options) != ("key" in options):
        raise ValueError("expected cert=PATH and key=PATH together, the client's certificate and its key")
    return Tls(
        ca=Path(options["ca"]),
        certificate=Path(options["cert"]) if "cert" in options else None,
        key=Path(options["key"]) if "key" in options else None,
        verification=Verification(_one_of("verify", options.get("verify", "address"), tuple(Verification))),
    )
