"""Request bodies: read within a limit and a deadline, and unpacked. Nothing else in the project reads one."""

import asyncio
import zlib
from collections import Counter
from typing import NoReturn, Self

from starlette.exceptions import HTTPException
from starlette.requests import Request

from iotflow.domain.addresses import client_network
from iotflow.domain.errors import InvalidInput, Overloaded
from iotflow.limit_log import LimitLog
from iotflow.time_slices import TimeSlice

DEADLINE_S = 60.0
GZIP_MAGIC = b"\x1f\x8b"
GZIP_WINDOW_BITS = 31
PACKED_STEP_BYTES = 16_384
UNPACKED_STEP_BYTES = 262_144
"""Output of one step of unpacking."""
UNCOUNTED_BYTES = 16_384
"""A connection may hold this anyway; so a submission or a login is never refused for others' large bodies."""
CLIENT_SHARE = 2
"""One address may hold at most this part of the limit: a half."""


class BodiesInFlight:
    """Bounds the bytes of bodies that are held at a time, over all requests and for one client address.

    Bodies of at most `UNCOUNTED_BYTES` do not count.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._total = 0
        self._of_client: Counter[str] = Counter()
        self._log = LimitLog(f"{limit:,} bytes of request bodies in flight")

    def hold(self, address: str) -> "Hold":
        """Count what one request from this address holds, within a `with` block."""
        return Hold(self, address)

    def add(self, address: str, size: int) -> None:
        """Count `size` bytes more; a negative size gives bytes back. Raises Overloaded, and then counts nothing."""
        client = client_network(address)
        total, of_client = self._total + size, self._of_client[client] + size
        share = self._limit // CLIENT_SHARE
        if size > 0 and (total > self._limit or of_client > share):
            self._log.met(client)
            raise Overloaded(
                f"request bodies in flight: at most {self._limit} bytes over all requests and {share} of one address; "
                "send again later or less at a time"
            )
        self._total = total
        self._of_client[client] = of_client
        if not of_client:
            del self._of_client[client]


class Hold:
    """The bytes of one request's body, given back at the end of its `with` block."""

    def __init__(self, bodies: BodiesInFlight, address: str) -> None:
        self._bodies = bodies
        self._address = address
        self._counted = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.resize(0)

    def resize(self, size: int) -> None:
        """Hold `size` bytes from now on. Raises Overloaded, and then holds what it did."""
        counted = size if size > UNCOUNTED_BYTES else 0
        if counted != self._counted:
            self._bodies.add(self._address, counted - self._counted)
            self._counted = counted


async def read(request: Request, limit: int, hold: Hold, *, gzip: bool) -> bytearray:
    """Return the body as it was sent. Answers 408, and 413 past the limit; raises Overloaded.

    Raises InvalidInput for a body that should be gzip and does not begin so.
    """
    if int(request.headers.get("content-length") or 0) > limit:
        _refuse_size(limit)
    body = bytearray()
    try:
        async with asyncio.timeout(DEADLINE_S):
            async for chunk in request.stream():
                if len(body) + len(chunk) > limit:
                    _refuse_size(limit)
                hold.resize(len(body) + len(chunk))
                body += chunk
                if gzip and not body.startswith(GZIP_MAGIC[: len(body)]):
                    _refuse_gzip()
    except TimeoutError:
        raise HTTPException(408, f"the body did not arrive within {DEADLINE_S:.0f} s") from None
    return body


async def gunzip(packed: bytearray, limit: int, hold: Hold) -> bytearray:
    """Return what gzip data (RFC 1952) of one or several members unpacks to; `packed` is used up.

    A body is unpacked once it is whole: one that never ends then holds no more than was sent of it. Answers 413 past
    the limit; raises InvalidInput for broken gzip, and Overloaded.
    """
    work = TimeSlice()
    body = bytearray()
    member = zlib.decompressobj(GZIP_WINDOW_BITS)
    while packed:
        piece = bytes(packed[:PACKED_STEP_BYTES])
        del packed[:PACKED_STEP_BYTES]
        pending = True
        while pending:
            if member.eof:
                member = zlib.decompressobj(GZIP_WINDOW_BITS)
            try:
                unpacked = member.decompress(piece, UNPACKED_STEP_BYTES)
            except zlib.error:
                _refuse_gzip()
            hold.resize(len(packed) + len(body) + len(unpacked))
            body += unpacked
            if len(body) > limit:
                _refuse_size(limit)
            piece = member.unused_data if member.eof else member.unconsumed_tail
            # A full step may have left output in the decompressor though it has taken all input.
            pending = bool(piece) or (len(unpacked) == UNPACKED_STEP_BYTES and not member.eof)
            await work.pause()
    if not member.eof:
        _refuse_gzip()
    return body


def _refuse_size(limit: int) -> NoReturn:
    raise HTTPException(413, f"the body is larger than {limit} bytes")


def _refuse_gzip() -> NoReturn:
    raise InvalidInput.at("body", message="the body is no whole gzip stream", kind="gzip_invalid")
