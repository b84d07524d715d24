"""Request bodies: the bytes in flight, and decompression."""

import gzip
import random
import zlib
from collections.abc import Iterator

import pytest
from starlette.exceptions import HTTPException

from iotflow.api.bodies import DECOMPRESSED_STEP_BYTES, UNCOUNTED_BYTES, BodiesInFlight, Reservation, gunzip
from iotflow.domain.errors import InvalidInput, Overloaded

MiB = 2**20


@pytest.fixture
def reservation() -> Iterator[Reservation]:
    with BodiesInFlight(64 * MiB).reserve("192.0.2.1") as reservation:
        yield reservation


def test_one_address_holds_at_most_half() -> None:
    bodies = BodiesInFlight(4 * MiB)
    with (
        bodies.reserve("192.0.2.1") as first,
        bodies.reserve("192.0.2.1") as second,
        bodies.reserve("192.0.2.2") as other,
    ):
        first.resize(MiB)
        second.resize(MiB)
        with pytest.raises(Overloaded, match="at most 4194304 bytes over all requests and 2097152 of one address"):
            second.resize(MiB + 1)
        other.resize(2 * MiB)
        first.resize(MiB // 2)
        second.resize(MiB + MiB // 2)


def test_all_addresses_together_hold_at_most_the_limit() -> None:
    bodies = BodiesInFlight(4 * MiB)
    with (
        bodies.reserve("192.0.2.1") as first,
        bodies.reserve("192.0.2.2") as second,
        bodies.reserve("2001:db8::1") as third,
    ):
        first.resize(2 * MiB)
        second.resize(2 * MiB - UNCOUNTED_BYTES)
        with pytest.raises(Overloaded):
            third.resize(UNCOUNTED_BYTES + 1)
        third.resize(UNCOUNTED_BYTES)
        second.resize(0)
        third.resize(2 * MiB)


def test_the_bytes_are_released_at_the_end_of_the_block() -> None:
    bodies = BodiesInFlight(4 * MiB)
    for _ in range(10):
        with bodies.reserve("192.0.2.1") as reservation:
            reservation.resize(2 * MiB)
            with pytest.raises(Overloaded):
                reservation.resize(3 * MiB)
    with bodies.reserve("192.0.2.1") as reservation:
        reservation.resize(2 * MiB)


@pytest.mark.parametrize("size", [0, 1, *(DECOMPRESSED_STEP_BYTES * n + d for n in (1, 2) for d in (-1, 0, 1)), MiB])
@pytest.mark.parametrize("noise", [True, False])
async def test_gzip_of_any_size_is_decompressed(reservation: Reservation, size: int, noise: bool) -> None:
    plain = random.Random(size).randbytes(size) if noise else bytes(size)
    for packed in (gzip.compress(plain), gzip.compress(plain, 0), gzip.compress(plain) + gzip.compress(plain)):
        unpacked = await gunzip(bytearray(packed), 4 * MiB, reservation)
        assert unpacked in (plain, plain + plain)


async def test_any_number_of_gzip_members_is_decompressed(reservation: Reservation) -> None:
    plain = random.Random(1).randbytes(3_000)
    packed = b"".join(gzip.compress(plain[at : at + 1]) for at in range(3_000))
    assert await gunzip(bytearray(packed), MiB, reservation) == plain


async def test_truncated_or_invalid_gzip_is_refused(reservation: Reservation) -> None:
    packed = gzip.compress(random.Random(1).randbytes(500))
    for end in range(len(packed)):
        with pytest.raises(InvalidInput):
            await gunzip(bytearray(packed[:end]), MiB, reservation)
    with pytest.raises(InvalidInput):
        await gunzip(bytearray(packed + b"x"), MiB, reservation)
    with pytest.raises(InvalidInput):
        await gunzip(bytearray(zlib.compress(b"x")), MiB, reservation)


async def test_decompression_ends_at_the_limit(reservation: Reservation) -> None:
    for size, status in ((MiB, None), (MiB + 1, 413), (100 * MiB, 413)):
        packed = bytearray(gzip.compress(bytes(size)))
        if status is None:
            assert len(await gunzip(packed, MiB, reservation)) == size
        else:
            with pytest.raises(HTTPException) as refused:
                await gunzip(packed, MiB, reservation)
            assert refused.value.status_code == status


async def test_decompression_is_refused_beyond_the_bytes_in_flight() -> None:
    with BodiesInFlight(2 * MiB).reserve("192.0.2.1") as reservation, pytest.raises(Overloaded):
        await gunzip(bytearray(gzip.compress(bytes(2 * MiB))), 16 * MiB, reservation)
