"""Where the documents lie: what a URL of MongoDB says."""

import re
from dataclasses import dataclass, field
from urllib.parse import unquote

EXPECTED = "expected mongodb://USER:PASSWORD@HOST[:PORT][,HOST…]/DATABASE[?OPTIONS] or mongodb+srv://…"

_ESCAPED = re.compile(r"([^%]|%[0-9A-Fa-f]{2})*")
_HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[^\s:\[\]]+)(:(?P<port>[0-9]{1,5}))?", re.ASCII)
_DATABASE = re.compile(r"[^/\\. \"$*<>:|?\0]{1,63}")


@dataclass(frozen=True, slots=True)
class MongoAddress:
    """A MongoDB server, replica set or cluster, and the database there. `url` holds the password, `repr` does not."""

    url: str = field(repr=False)
    hosts: str
    database: str


def parse_address(url: str) -> MongoAddress:
    """The address that a URL stands for. Raises ValueError saying what is wrong, and never the password.

    The options are the driver's own, and it judges them when it connects. The database must be named: MongoDB makes one
    that does not exist, so a default would hide a URL that was cut short.
    """
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in ("mongodb", "mongodb+srv"):
        raise ValueError(f"no URL of MongoDB; {EXPECTED}")
    before_options, _, _ = rest.partition("?")
    authority, _, path = before_options.partition("/")
    credentials, at, hosts = authority.rpartition("@")
    cut_short = "@" in rest and (not at or "@" in path)
    if cut_short or "@" in credentials or credentials.count(":") > 1 or not _ESCAPED.fullmatch(credentials):
        raise ValueError(f"the user name and password must be percent-encoded, `/` as %2F and `@` as %40; {EXPECTED}")
    if at and not credentials.partition(":")[0]:
        raise ValueError(f"no user name before the password; {EXPECTED}")
    _check_hosts(hosts, srv=scheme == "mongodb+srv")
    database = unquote(path)
    if not database:
        raise ValueError(f"no database named; {EXPECTED}")
    if not _DATABASE.fullmatch(database):
        raise ValueError(f"{database!r} is no name of a database, as MongoDB takes them; {EXPECTED}")
    return MongoAddress(url, hosts, database)


def _check_hosts(hosts: str, *, srv: bool) -> None:
    if not hosts:
        raise ValueError(f"no host named; {EXPECTED}")
    if srv and ("," in hosts or ":" in hosts):
        raise ValueError(
            f"mongodb+srv takes one host without a port: its record in the DNS names the servers; {EXPECTED}"
        )
    for host in hosts.split(","):
        match = _HOST.fullmatch(host)
        if match is None or not 0 < int(match["port"] or 27017) < 65_536:
            raise ValueError(f"{host!r} is no HOST or HOST:PORT; {EXPECTED}")
