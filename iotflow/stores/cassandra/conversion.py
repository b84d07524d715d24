"""The conversion of `records`, which had a map of values a record, into `telemetry_records`.

It runs day by day: an interrupted conversion resumes after the last day that it finished of each device. Converting a
day again changes nothing: rows keep their write timestamps and expiries. The former tables are read only.
"""

import logging
import math
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import NamedTuple

from iotflow.clock import Clock
from iotflow.concurrency.tasks import gather_bounded
from iotflow.concurrency.time_slices import TimeSlice
from iotflow.domain.times import Micros, Millis
from iotflow.stores.cassandra.driver import Row, Statement
from iotflow.stores.cassandra.encoding import LAST_EXPIRY_S, NO_EXPIRY, bounds, chunked, day_span
from iotflow.stores.cassandra.rows import MAX_INLINE_BYTES
from iotflow.stores.cassandra.schema_catalogue import RecordHeader, SchemaCatalogue
from iotflow.stores.cassandra.session import SCAN_TIMEOUT_S, Cassandra
from iotflow.stores.cassandra.writes import (
    MAX_BYTES_PER_BATCH,
    MAX_STATEMENTS_PER_BATCH,
    STORE_LARGE_RECORD,
    STORE_METADATA,
    STORE_RECORD,
)
from iotflow.stores.record_encoding import Names, RecordSchemas

CONVERTED_RETENTION = -1
"""The key of the catalogue's entries of converted records, in place of a retention: no later write replaces them."""
RECORDS_PER_STATEMENT = 100
"""Records of 1 MiB at most."""
CONCURRENT_DEVICES = 4
CONCURRENT_DAYS = 4
DAYS_PER_CHUNK = 16
SECONDS_BETWEEN_REPORTS = 5.0

SELECT_TABLES = "SELECT table_name FROM system_schema.tables WHERE keyspace_name = ?"
SELECT_DEVICES = "SELECT DISTINCT device_id FROM devices"
SELECT_DAYS = "SELECT days FROM devices WHERE device_id = ?"
SELECT_RECORDS = """
    SELECT to_unix_timestamp(time), values, writetime(values), ttl(values), metadata, writetime(metadata), ttl(metadata)
    FROM records WHERE device_id = ? AND day = ? AND time < ? LIMIT ?"""
SELECT_CONVERTED = "SELECT day FROM telemetry_conversion WHERE device_id = ?"
STORE_CONVERTED = "UPDATE telemetry_conversion SET day = ? WHERE device_id = ?"

logger = logging.getLogger(__name__)


class _Submission(NamedTuple):
    """The values of one record that were received together, encoded, and their TTL; `NO_EXPIRY` for never."""

    time: Millis
    received: Micros
    ttl: int
    values: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class _Day:
    """What is to be converted of a device's day."""

    submissions: Sequence[_Submission]
    metadata: Sequence[tuple[Millis, str, Micros, int]]
    """Time, text, receipt and TTL."""


async def remaining_days(cassandra: Cassandra) -> tuple[int, int]:
    """Return the number of devices and of their days that are to be converted. Raises StoreUnavailable."""
    tables = await _tables(cassandra)
    if "devices" not in tables:
        return 0, 0
    read_days = _remaining_days if "telemetry_conversion" in tables else _stored_days
    devices = days = 0
    async for page in cassandra.pages(SELECT_DEVICES):
        for found in await gather_bounded(partial(read_days, cassandra, device_id) for (device_id,) in page):
            devices += bool(found)
            days += len(found)
    return devices, days


async def convert_records(cassandra: Cassandra, clock: Clock, renew_lock: Callable[[], Awaitable[None]]) -> None:
    """Convert all records. `renew_lock` is called at least once for each device. Raises StoreUnavailable."""
    if "devices" in await _tables(cassandra):
        await _Conversion(cassandra, clock, renew_lock).run()


async def _tables(cassandra: Cassandra) -> set[str]:
    return {name for (name,) in await cassandra.execute(SELECT_TABLES, [cassandra.address.keyspace])}


async def _stored_days(cassandra: Cassandra, device_id: int) -> list[int]:
    stored = await cassandra.execute(SELECT_DAYS, [device_id], timeout_s=SCAN_TIMEOUT_S)
    return sorted(frozenset[int]().union(*[found or () for (found,) in stored]))


async def _remaining_days(cassandra: Cassandra, device_id: int) -> list[int]:
    days = await _stored_days(cassandra, device_id)
    converted = await cassandra.execute(SELECT_CONVERTED, [device_id], timeout_s=SCAN_TIMEOUT_S)
    return [day for day in days if not converted or day > converted[0][0]]


class _Conversion:
    """One run of the conversion."""

    def __init__(self, cassandra: Cassandra, clock: Clock, renew_lock: Callable[[], Awaitable[None]]) -> None:
        self._cassandra = cassandra
        self._catalogue = SchemaCatalogue(cassandra, CONVERTED_RETENTION)
        self._clock = clock
        self._renew_lock = renew_lock
        self._devices = self._days = self._records = 0
        self._reported_at = time.monotonic()

    async def run(self) -> None:
        """Convert device by device."""
        async for page in self._cassandra.pages(SELECT_DEVICES):
            await gather_bounded(
                (partial(self._convert_device, device_id) for (device_id,) in page), CONCURRENT_DEVICES
            )

    async def _convert_device(self, device_id: int) -> None:
        await self._renew_lock()
        for days in chunked(await _remaining_days(self._cassandra, device_id), DAYS_PER_CHUNK):
            await gather_bounded((partial(self._convert_day, device_id, day) for day in days), CONCURRENT_DAYS)
            await self._cassandra.execute(STORE_CONVERTED, (days[-1], device_id), timeout_s=SCAN_TIMEOUT_S)
            await self._renew_lock()
            self._days += len(days)
            if time.monotonic() - self._reported_at >= SECONDS_BETWEEN_REPORTS:
                self._reported_at = time.monotonic()
                self._report("it can be interrupted")
        self._devices += 1

    async def _convert_day(self, device_id: int, day: int) -> None:
        end, time_slice = bounds(day_span(day))[1], TimeSlice()
        while True:
            values = (device_id, day, Decimal(end) / 1_000, RECORDS_PER_STATEMENT)
            rows = await self._cassandra.execute(SELECT_RECORDS, values, timeout_s=SCAN_TIMEOUT_S)
            await self._store(device_id, day, _day_of(rows))
            self._records += len(rows)
            if len(rows) < RECORDS_PER_STATEMENT:
                return
            end = rows[-1][0]
            await time_slice.pause()

    async def _store(self, device_id: int, day: int, found: _Day) -> None:
        now = self._clock.now()
        headers = [
            _header(tuple(sent.values), day, math.inf if sent.ttl == NO_EXPIRY else now // 1_000 + sent.ttl, now)
            for sent in found.submissions
        ]
        schemas_by_names, entries = await self._catalogue.plan_entries(device_id, headers)
        if entries:
            await self._send([self._catalogue.statement(entry, now) for entry in entries])
            self._catalogue.remember(entries, schemas_by_names)
        await self._send(_statements(device_id, day, found, schemas_by_names))

    async def _send(self, statements: Sequence[Statement]) -> None:
        batch: list[Statement] = []
        size = 0
        for statement in statements:
            weight = len(statement[1][2]) if isinstance(statement[1][2], bytes | str) else 0
            if batch and (len(batch) == MAX_STATEMENTS_PER_BATCH or size + weight > MAX_BYTES_PER_BATCH):
                await self._cassandra.execute_batch(batch, timeout_s=SCAN_TIMEOUT_S)
                batch, size = [], 0
            batch.append(statement)
            size += weight
        if batch:
            await self._cassandra.execute_batch(batch, timeout_s=SCAN_TIMEOUT_S)

    def _report(self, note: str) -> None:
        logger.info(
            "telemetry: records converted; records=%d days=%d devices=%d; %s",
            self._records,
            self._days,
            self._devices,
            note,
        )


def _header(names: Names, day: int, expires_s: float, now: Millis) -> RecordHeader:
    """Return the header whose stamp rises by 1 us with each second of its expiry: the longest-lived entry stays."""
    stamp = now * 1_000 - (0 if expires_s == math.inf else LAST_EXPIRY_S - int(expires_s) + 1)
    return RecordHeader(names, day, Micros(stamp), expires_s)


def _day_of(rows: Sequence[Row]) -> _Day:
    """Split rows into what was received together."""
    submissions: list[_Submission] = []
    metadata: list[tuple[Millis, str, Micros, int]] = []
    for time_ms, values, stamps, ttls, text, text_stamp, text_ttl in rows:
        if not values:  # only metadata
            continue
        groups: defaultdict[Micros, dict[str, bytes]] = defaultdict(dict)
        ttl_of: dict[Micros, int] = {}
        for (name, encoded), stamp, ttl in zip(values.items(), stamps, ttls, strict=True):
            groups[stamp][name] = encoded
            ttl_of[stamp] = ttl or NO_EXPIRY
        submissions += [_Submission(time_ms, stamp, ttl_of[stamp], groups[stamp]) for stamp in sorted(groups)]
        if text is not None:
            metadata.append((time_ms, text, text_stamp, text_ttl or NO_EXPIRY))
    return _Day(submissions, metadata)


def _statements(
    device_id: int, day: int, found: _Day, schemas_by_names: Mapping[Names, RecordSchemas]
) -> list[Statement]:
    statements: list[Statement] = []
    last_schema: dict[Millis, int] = {}
    for sent in found.submissions:
        for schema in schemas_by_names[tuple(sent.values)]:
            measurements = _join_encoded([sent.values[name] for name in schema.names])
            cql = STORE_RECORD if len(measurements) <= MAX_INLINE_BYTES else STORE_LARGE_RECORD
            key = (device_id, day, sent.time, schema.id)
            statements.append((cql, (sent.received, sent.ttl, measurements, *key)))
            last_schema[sent.time] = schema.id
    for time_ms, text, received, ttl in found.metadata:
        key = (device_id, day, time_ms, last_schema[time_ms])
        statements.append((STORE_METADATA, (received, ttl, text, *key)))
    return statements


def _join_encoded(values: Sequence[bytes]) -> bytes:
    """Return the MessagePack array of encoded values (MessagePack specification, "array format family")."""
    header = bytes([0x90 | len(values)]) if len(values) < 16 else b"\xdc" + len(values).to_bytes(2)
    return b"".join((header, *values))
