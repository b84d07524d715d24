"""Where Redis is, as `IOTFLOW_CACHE_URL` tells it."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

FORM = "redis://[user[:password]@]host[:port][/database][?prefix=NAME], or rediss:// with an optional &ca_file=PATH"


@dataclass(frozen=True, slots=True)
class RedisAddress:
    """A server, a database of it, and what all keys begin with. `ca_file` None trusts the machine's authorities."""

    host: str
    port: int
    database: int
    username: str | None
    password: str | None = field(repr=False)
    prefix: str
    tls: bool
    ca_file: Path | None


def parse_address(url: str) -> RedisAddress:
    """The address that the URL names. Raises ValueError, which never repeats the URL: it may hold a password."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError(f"a port is a number, and reserved characters of a password are escaped: {FORM}") from None
    if parts.scheme not in ("redis", "rediss"):
        raise ValueError(f"the scheme is redis or rediss: {FORM}")
    if not parts.hostname:
        raise ValueError(f"it names no host: {FORM}")
    if not re.fullmatch(r"/?|/\d{1,9}", parts.path) or parts.fragment:
        raise ValueError(f"the path is a number, that of the database: {FORM}")
    options = _options(parts.query)
    prefix = options.pop("prefix", "iotflow")
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,64}", prefix):
        raise ValueError("the prefix has 1 to 64 letters, digits, dots, underscores or hyphens")
    ca_file = options.pop("ca_file", None)
    if options:
        raise ValueError(f"the options are prefix and ca_file, not {', '.join(sorted(options))}")
    if ca_file is not None and parts.scheme != "rediss":
        raise ValueError("ca_file is for rediss://, which uses TLS")
    return RedisAddress(
        host=parts.hostname,
        port=port or 6379,
        database=int(parts.path.lstrip("/") or 0),
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        prefix=prefix,
        tls=parts.scheme == "rediss",
        ca_file=Path(ca_file) if ca_file else None,
    )


def _options(query: str) -> dict[str, str]:
    pairs = parse_qsl(query, keep_blank_values=True)
    if any("@" in name for name, _ in pairs):
        raise ValueError(f"reserved characters of a password are escaped: {FORM}")
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError("each option is given once")
    return dict(pairs)
