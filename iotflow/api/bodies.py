"""Reading and decompression of request bodies, within limits of size, time and memory. No other module reads bodies."""

import zlib
from collections import Counter
from typing import NoReturn, Self

from starlette.exceptions import HTTPException
from starlette.requests import Request

from iotflow.concurrency.tasks import run_within
from iotflow.concurrency.time_slices import TimeSlice
from iotflow.domain.errors import InvalidInput, Overloaded
from iotflow.domain.networks import client_network
from iotflow.logs import LimitLog

BODY_DEADLINE_S = 60.0
"""Maximum time until a body has been received."""
GZIP_MAGIC = b"\x1f\x8b"
GZIP_WINDOW_BITS = 31
COMPRESSED_STEP_BYTES = 16_384
"""Input of one step of decompression."""
DECOMPRESSED_STEP_BYTES = 262_144
"""Maximum output of one step of decompression."""
UNCOUNTED_BYTES = 16_384
"""Bodies up to this size are not counted, so a login or a submission is not refused because of others' large bodies."""
CLIENT_SHARE_DIVISOR = 2
"""One client address may use at most the limit divided by this."""


class BodiesInFlight:
    """A limit on the bytes of request bodies in memory: one for the process, and a lower one for each client address.

    Bodies of at most `UNCOUNTED_BYTES` do not count.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._total = 0
        self._by_client: Counter[str] = Counter()
        self._log = LimitLog("request_bodies", f"{limit:,} bytes of request bodies in flight")

    def reserve(self, address: str) -> "Reservation":
        """Return a reservation for one request from this address, released at the end of its `with` block."""
        return Reservation(self, address)

    def add(self, address: str, size: int) -> None:
        """Add `size` bytes; a negative size releases bytes. Raises Overloaded, and then adds nothing."""
        client = client_network(address)
        total, client_total = self._total + size, self._by_client[client] + size
        share = self._limit // CLIENT_SHARE_DIVISOR
        if size > 0 and (total > self._limit or client_total > share):
            self._log.record(client)
            raise Overloaded(
                f"request bodies in flight: at most {self._limit} bytes over all requests and {share} of one address; "
                "send again later or less at a time"
            )
        self._total = total
        self._by_client[client] = client_total
        if not client_total:
            del self._by_client[client]


class Reservation:
    """The bytes of `BodiesInFlight` that one request uses, released at the end of its `with` block."""

    def __init__(self, bodies: BodiesInFlight, address: str) -> None:
        self._bodies = bodies
        self._address = address
        self._counted = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.resize(0)

    def resize(self, size: int) -> None:
        """Change the reservation to `size` bytes. Raises Overloaded, and then leaves it unchanged."""
        counted = size if size > UNCOUNTED_BYTES else 0
        if counted != self._counted:
            self._bodies.add(self._address, counted - self._counted)
            self._counted = counted


async def read_body(request: Request, limit: int, reservation: Reservation, *, gzip: bool) -> bytearray:
    """Return the body as sent, not decompressed.

    Raises:
        HTTPException: 408, the body did not arrive within `BODY_DEADLINE_S`; 413, it is larger than `limit` bytes.
        InvalidInput: with `gzip`, the body does not begin like gzip data.
        Overloaded: too many bytes of bodies are in flight.

    """
    if int(request.headers.get("content-length") or 0) > limit:
        _raise_too_large(limit)
    try:
        return await run_within(BODY_DEADLINE_S, _read_stream(request, limit, reservation, gzip=gzip))
    except TimeoutError:
        raise HTTPException(408, f"the body did not arrive within {BODY_DEADLINE_S:.0f} s") from None


async def _read_stream(request: Request, limit: int, reservation: Reservation, *, gzip: bool) -> bytearray:
    body = bytearray()
    async for chunk in request.stream():
        if len(body) + len(chunk) > limit:
            _raise_too_large(limit)
        reservation.resize(len(body) + len(chunk))
        body += chunk
        if gzip and not body.startswith(GZIP_MAGIC[: len(body)]):
            _raise_invalid_gzip()
    return body


async def gunzip(compressed: bytearray, limit: int, reservation: Reservation) -> bytearray:
    """Decompress gzip data (RFC 1952) of one or several members. Consumes `compressed` to save memory.

    Decompression begins when the body is complete, so an incomplete one uses only the memory of the received bytes.

    Raises:
        HTTPException: 413, the output is larger than `limit` bytes.
        InvalidInput: the gzip data is truncated or invalid.
        Overloaded: too many bytes of bodies are in flight.

    """
    time_slice = TimeSlice()
    body = bytearray()
    member = zlib.decompressobj(GZIP_WINDOW_BITS)
    while compressed:
        piece = bytes(compressed[:COMPRESSED_STEP_BYTES])
        del compressed[:COMPRESSED_STEP_BYTES]
        pending = True
        while pending:
            if member.eof:
                member = zlib.decompressobj(GZIP_WINDOW_BITS)
            try:
                output = member.decompress(piece, DECOMPRESSED_STEP_BYTES)
            except zlib.error:
                _raise_invalid_gzip()
            reservation.resize(len(compressed) + len(body) + len(output))
            body += output
            if len(body) > limit:
                _raise_too_large(limit)
            piece = member.unused_data if member.eof else member.unconsumed_tail
            # After a full step the decompressor may hold output although it has consumed all input.
            pending = bool(piece) or (len(output) == DECOMPRESSED_STEP_BYTES and not member.eof)
            await time_slice.pause()
    if not member.eof:
        _raise_invalid_gzip()
    return body


def _raise_too_large(limit: int) -> NoReturn:
    raise HTTPException(413, f"the body is larger than {limit} bytes")


def _raise_invalid_gzip() -> NoReturn:
    raise InvalidInput.at("body", message="the body is truncated or invalid gzip", kind="gzip_invalid")
