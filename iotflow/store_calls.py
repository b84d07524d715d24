"""Instrumentation of the calls of stores: counts and durations, stored values, spans of traces.

Each store is wrapped once, by its interface, so no store and no caller has code for it. A call costs about 1 us more.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from time import perf_counter
from typing import Any, TypeVar, cast, get_origin

from iotflow import tracing
from iotflow.domain.errors import IoTFlowError, StoreUnavailable
from iotflow.domain.telemetry import Record
from iotflow.metrics import definitions
from iotflow.repositories.activity import ActivityRepository
from iotflow.repositories.alerts import AlertRepository, RuleStates
from iotflow.repositories.cache import CacheCounters, LatestCache, Miss, PresenceRepository, RateLimiter, VersionedCache
from iotflow.repositories.events import EventRepository
from iotflow.repositories.idempotency import IdempotencyKeys
from iotflow.repositories.metadata import MetadataRepository
from iotflow.repositories.preferences import PreferencesRepository
from iotflow.repositories.reports import ReportRepository
from iotflow.repositories.stores import Stores
from iotflow.repositories.telemetry import TelemetryRepository
from iotflow.repositories.transactions import Transaction, Transactions

T = TypeVar("T")

Call = Callable[..., Awaitable[Any]]  # Any: whatever the operation takes and returns
Success = Callable[[Sequence[Any], Any], None]
"""A function of a successful call's positional arguments and result."""


def instrument_stores(stores: Stores, *, instrument_cache: bool) -> Stores:
    """Return the same stores with each call instrumented.

    `instrument_cache` is False for a cache in the memory of this process: its calls take less time than the counts.
    """
    instrumented = replace(
        stores,
        transactions=_InstrumentedTransactions(stores.transactions),
        telemetry=_instrument(stores.telemetry, TelemetryRepository, "telemetry", write=_count_records),
        events=_instrument(stores.events, EventRepository, "events"),
        activity=_instrument(stores.activity, ActivityRepository, "activity"),
        alerts=_instrument(stores.alerts, AlertRepository, "alerts"),
        metadata=_instrument(stores.metadata, MetadataRepository, "metadata"),
        preferences=_instrument(stores.preferences, PreferencesRepository, "preferences"),
        reports=_instrument(stores.reports, ReportRepository, "reports"),
    )
    if not instrument_cache:
        return instrumented
    return replace(
        instrumented,
        identity_cache=_instrument(stores.identity_cache, VersionedCache, "identities"),
        device_cache=_instrument(stores.device_cache, VersionedCache, "devices"),
        rule_cache=_instrument(stores.rule_cache, VersionedCache, "alert_rules"),
        rule_states=_instrument(stores.rule_states, RuleStates, "rule_states"),
        latest_cache=_instrument(stores.latest_cache, LatestCache, "latest", get=_count_look_up),
        presence=_instrument(stores.presence, PresenceRepository, "presence"),
        rate_limiter=_instrument(stores.rate_limiter, RateLimiter, "rate_limiter"),
        counters=_instrument(stores.counters, CacheCounters, "counters"),
        idempotency_keys=_instrument(stores.idempotency_keys, IdempotencyKeys, "idempotency_keys"),
    )


class _InstrumentedStore:
    """A store with the operations of its interface instrumented. Its other attributes are the store's."""

    def __init__(self, store: object, interface: type, name: str, successes: dict[str, Success]) -> None:
        self._store = store
        for operation in _operations(interface):
            instrumented = _instrument_call(getattr(store, operation), name, operation, successes.get(operation))
            setattr(self, operation, instrumented)

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)


class _InstrumentedTransactions:
    """Transactions whose duration is that of their block."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def write(self, *, bulk: bool = False) -> AbstractAsyncContextManager[Transaction]:
        return _instrument_block(self._transactions.write(bulk=bulk), "write")

    def read(self, *, bulk: bool = False) -> AbstractAsyncContextManager[Transaction]:
        return _instrument_block(self._transactions.read(bulk=bulk), "read")


def _instrument(store: T, interface: type, name: str, **successes: Success) -> T:
    return cast(T, _InstrumentedStore(store, interface, name, successes))


def _operations(interface: type) -> Iterator[str]:
    """Return the names of an interface's operations that are awaited."""
    for name, member in vars(interface).items():
        is_awaited = asyncio.iscoroutinefunction(member) or (
            callable(member) and get_origin(member.__annotations__.get("return")) is Awaitable
        )
        if is_awaited and not name.startswith("_"):
            yield name


def _instrument_call(call: Call, interface: str, operation: str, succeed: Success | None) -> Call:
    count, observe = definitions.STORE_CALLS.add, definitions.STORE_CALL_DURATION.observe

    async def measured(started: Awaitable[Any], arguments: Sequence[Any]) -> Any:  # Any: as in `Call`
        began_s = perf_counter()
        outcome = "ok"
        try:
            result = await started
        except BaseException as error:
            outcome = _outcome(error)
            raise
        finally:
            count(1, interface, operation, outcome)
            observe(perf_counter() - began_s, interface, operation)
        if succeed is not None:
            succeed(arguments, result)
        return result

    def begin(*arguments: Any, **options: Any) -> Awaitable[Any]:  # Any: as in `Call`
        # The call begins now, not with the await: some operations promise that.
        return measured(call(*arguments, **options), arguments)

    if not tracing.is_active():
        return begin

    async def traced(*arguments: Any, **options: Any) -> Any:  # Any: as in `Call`
        with tracing.span(f"{interface}.{operation}"):
            return await begin(*arguments, **options)

    return traced


@asynccontextmanager
async def _instrument_block(
    transaction: AbstractAsyncContextManager[Transaction], operation: str
) -> AsyncIterator[Transaction]:
    began_s = perf_counter()
    outcome = "ok"
    try:
        with tracing.span(f"transactions.{operation}"):
            async with transaction as opened:
                yield opened
    except BaseException as error:
        outcome = _outcome(error)
        raise
    finally:
        definitions.STORE_CALLS.add(1, "transactions", operation, outcome)
        definitions.STORE_CALL_DURATION.observe(perf_counter() - began_s, "transactions", operation)


def _outcome(error: BaseException) -> str:
    if isinstance(error, StoreUnavailable):
        return "unavailable"
    if isinstance(error, IoTFlowError):
        return "refused"
    return "cancelled" if isinstance(error, asyncio.CancelledError) else "error"


def _count_records(arguments: Sequence[Any], _result: Any) -> None:  # Any: as in `Success`
    records: Sequence[Record] = arguments[1]
    definitions.RECORDS_STORED.add(len(records))
    definitions.POINTS_STORED.add(sum(len(record.values) for record in records))


def _count_look_up(_arguments: Sequence[Any], result: Any) -> None:  # Any: as in `Success`
    definitions.CACHE_LOOKUPS.add(1, "latest", "miss" if isinstance(result, Miss) else "hit")
