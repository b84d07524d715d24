"""The parsing of settings whose values have a form: lists, networks and the stores' URLs."""

from ipaddress import ip_network
from urllib.parse import unquote, urlsplit

from iotflow.addresses import SmtpAddress
from iotflow.urls import parse_cassandra_url, parse_mongo_url, parse_redis_url


def _comma_separated(value: str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()]


def origins(value: object) -> object:
    """Return the origins of a comma-separated text."""
    return _comma_separated(value) if isinstance(value, str) else value


def networks(value: object) -> object:
    """Return the networks of a comma-separated text. Raises ValueError."""
    try:
        return [ip_network(part) for part in _comma_separated(value)] if isinstance(value, str) else value
    except ValueError as error:
        raise ValueError(f"{error}; expected addresses or networks, like 127.0.0.1,10.0.0.0/8") from None


def telemetry(url: str) -> str:
    """Return the URL of the telemetry store. Raises ValueError."""
    if url != "sql":
        if not url.startswith("cassandra:"):
            raise ValueError("expected sql or cassandra://HOST[,HOST…][:PORT]/KEYSPACE")
        parse_cassandra_url(url)
    return url


def documents(url: str) -> str:
    """Return the URL of the document store. Raises ValueError."""
    if url != "sql":
        if not url.startswith(("mongodb:", "mongodb+srv:")):
            raise ValueError("expected sql or mongodb://[USER:PASSWORD@]HOST[,HOST…]/DATABASE")
        parse_mongo_url(url)
    return url


def cache(url: str) -> str:
    """Return the URL of the cache. Raises ValueError."""
    if url != "memory":
        if not url.startswith(("redis:", "rediss:")):
            raise ValueError("expected memory or redis://[USER:PASSWORD@]HOST[:PORT][/NUMBER], rediss:// with TLS")
        parse_redis_url(url)
    return url


SMTP_FORM = "smtp://[USER:PASSWORD@]HOST[:PORT], or smtps:// with TLS from the beginning"
_SMTP_PORTS = {"smtp": 587, "smtps": 465}


def parse_smtp_url(url: str, sender: str) -> SmtpAddress:
    """Parse an `smtp://` or `smtps://` URL. Raises ValueError, whose message has no part of the URL."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError(f"no host with a port from 1 to 65535; expected {SMTP_FORM}") from None
    if parts.scheme not in _SMTP_PORTS or not parts.hostname or parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError(f"expected {SMTP_FORM}")
    if (parts.username is None) != (parts.password is None):
        raise ValueError(f"a user has a password; expected {SMTP_FORM}")
    return SmtpAddress(
        host=parts.hostname,
        port=port or _SMTP_PORTS[parts.scheme],
        username=None if parts.username is None else unquote(parts.username),
        password=None if parts.password is None else unquote(parts.password),
        tls=parts.scheme == "smtps",
        sender=sender,
    )
