"""A connection to Redis; its driver's errors become StoreUnavailable here."""

import asyncio
import math
import os
import socket
import ssl
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeAlias, cast

from hiredis import pack_command
from redis.asyncio import Connection, SSLConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, RedisError, ResponseError

from iotflow.addresses import RedisAddress
from iotflow.domain.errors import StoreUnavailable

OLDEST_VERSION = 7
CONNECT_TIMEOUT_S = 2.0

Command: TypeAlias = Sequence[str | bytes | int]
Reply: TypeAlias = "bytes | int | list[Reply] | ErrorReply | None"


class UnexpectedReply(StoreUnavailable):
    """Redis sent a reply of a type that its command does not have."""

    def __init__(self, reply: Reply) -> None:
        super().__init__("cache", f"Redis: unexpected reply of type {type(reply).__name__}; check the server's version")


class ErrorReply:
    """The reply of Redis to a command that it refused."""

    def __init__(self, error: ResponseError) -> None:
        self.message = str(error)
        self.lacks_script = type(error).__name__ == "NoScriptError"


class RedisConnection:
    """A connection that opens when it is used, and again after an error; one exchange at a time.

    It has no timeouts: the caller sets a deadline, and an exchange that is cancelled closes the connection.
    """

    def __init__(self, address: RedisAddress) -> None:
        self._address = address
        self._lock = asyncio.Lock()
        kind: Callable[..., Connection] = Connection
        if address.tls:
            kind = partial(SSLConnection, ssl_ca_certs=None if address.ca_file is None else str(address.ca_file))
        self._connection = kind(
            host=address.host,
            port=address.port,
            db=address.database,
            username=address.username,
            password=address.password,
            protocol=2,
            socket_timeout=None,
            socket_connect_timeout=CONNECT_TIMEOUT_S,
            retry=Retry(NoBackoff(), 0),
            driver_info=None,
        )

    async def check_version(self) -> None:
        """Raise StoreUnavailable unless Redis is reachable and recent enough."""
        (info,) = await self.exchange([("INFO", "server")])
        if not isinstance(info, bytes):
            raise StoreUnavailable("cache", f"Redis: INFO reports no version: {_text(info)}")
        fields = dict(line.split(":", 1) for line in info.decode().splitlines() if ":" in line)
        version = fields.get("redis_version", "0")
        if int(version.split(".")[0]) < OLDEST_VERSION:
            raise StoreUnavailable("cache", f"Redis {OLDEST_VERSION} or later is needed, this one is {version}")

    async def exchange(self, commands: Sequence[Command]) -> list[Reply]:
        """Send commands together and return their replies, in order. Raises StoreUnavailable."""
        async with self._lock:
            was_connected = self._connection.is_connected
            try:
                return await self._exchange(commands)
            except (RedisError, OSError) as error:
                if not was_connected or isinstance(error, ResponseError):
                    raise StoreUnavailable("cache", self._reason(error)) from error
            # An idle connection may have been closed, which does not mean that the server is unavailable.
            try:
                return await self._exchange(commands)
            except (RedisError, OSError) as error:
                raise StoreUnavailable("cache", self._reason(error)) from error

    async def send(self, command: Command) -> None:
        """Send a command; `receive` returns its reply. Raises StoreUnavailable."""
        try:
            await self._connection.send_packed_command(_packed(command), check_health=False)
        except (RedisError, OSError) as error:
            raise StoreUnavailable("cache", self._reason(error)) from error

    async def receive(self, timeout_s: float) -> Reply:
        """Return the next reply or message, None after a timeout. Raises StoreUnavailable."""
        try:
            reply = await self._connection.read_response(timeout=timeout_s, disconnect_on_error=False)
        except (RedisError, OSError) as error:
            raise StoreUnavailable("cache", self._reason(error)) from error
        return cast("Reply", reply)

    async def close(self) -> None:
        """Close the connection; the next use opens it again."""
        await self._connection.disconnect(nowait=True)

    async def _exchange(self, commands: Sequence[Command]) -> list[Reply]:
        try:
            packed = b"".join(_packed(command) for command in commands)
            await self._connection.send_packed_command(packed, check_health=False)
            return [await self._reply() for _ in commands]
        except BaseException:
            # Replies that arrive later would be taken for those of the next exchange.
            await self._connection.disconnect(nowait=True)
            raise

    async def _reply(self) -> Reply:
        try:
            # Infinite: the caller has a deadline.
            reply = await self._connection.read_response(timeout=math.inf, disconnect_on_error=False)
        except ResponseError as error:
            return ErrorReply(error)
        return cast("Reply", reply)

    def _reason(self, error: BaseException) -> str:
        where = f"Redis at {self._address.host}:{self._address.port}"
        if isinstance(error, AuthenticationError) or "WRONGPASS" in str(error) or "NOAUTH" in str(error):
            return f"{where} refuses the user name or the password"
        if "DB index is out of range" in str(error):
            return f"{where} has no database {self._address.database}"
        ca_file = self._address.ca_file
        if ca_file is not None and (fault := _fault_of(ca_file)):
            return f"the ca_file {ca_file} {fault}"
        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, ssl.SSLCertVerificationError):
                return f"the certificate of {where} is not trusted: {cause.verify_message}"
            if isinstance(cause, ssl.SSLError):
                return f"{where}: TLS handshake failed: {cause.reason}"
            if isinstance(cause, OSError) and cause.errno:
                # asyncio replaces the system's message by one without the reason.
                reason = cause.strerror if isinstance(cause, socket.gaierror) else os.strerror(cause.errno)
                return f"{where} does not answer: {reason}"
            cause = cause.__cause__ or cause.__context__
        return f"{where} does not answer: {' '.join(str(error).split())}"


def _fault_of(ca_file: Path) -> str | None:
    """Return why a file holds no usable certificates; None if it does."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(ca_file)
    except ssl.SSLError:
        return "holds no certificate in PEM"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    return None


def _packed(command: Command) -> bytes:
    # The driver's packing is in Python and costs more than the rest of a call.
    packed: bytes = pack_command(tuple(command))  # type: ignore[arg-type]  # its stub accepts one word only
    return packed


def require_bytes(reply: Reply) -> bytes:
    """Return a bulk string reply. Raises UnexpectedReply."""
    if not isinstance(reply, bytes):
        raise UnexpectedReply(reply)
    return reply


def require_int(reply: Reply) -> int:
    """Return an integer reply. Raises UnexpectedReply."""
    if not isinstance(reply, int):
        raise UnexpectedReply(reply)
    return reply


def require_list(reply: Reply) -> list[Reply]:
    """Return an array reply. Raises UnexpectedReply."""
    if not isinstance(reply, list):
        raise UnexpectedReply(reply)
    return reply


def _text(reply: Reply) -> str:
    return reply.message if isinstance(reply, ErrorReply) else repr(reply)
