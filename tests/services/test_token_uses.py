"""The latest uses of personal access tokens: kept in memory, stored in bulk, at most once for each flush."""

import asyncio

import pytest

from iotflow.domain.personal_tokens import TokenScope
from iotflow.domain.times import Millis
from iotflow.services import token_uses
from iotflow.services.token_uses import TokenUses
from iotflow.settings import Settings
from tests.api.clients import new_token, sign_up
from tests.api.service import run_service
from tests.clock import START, FakeClock
from tests.services.harness import NETWORK, ServiceHarness, SignedInUser, create_token
from tests.services.interception import InterceptedTransactions, Pause
from tests.stores.sqlite import SqliteTables

USES = "SELECT id, last_used_at FROM personal_tokens ORDER BY id"


async def use(harness: ServiceHarness, bearer: SignedInUser) -> None:
    await harness.services.authentication.authenticate_user(bearer.token, NETWORK)


def stored(tables: SqliteTables) -> list[int | None]:
    return [row["last_used_at"] for row in tables.query(USES)]


async def test_uses_are_stored_by_flushes_alone(
    harness: ServiceHarness, ada: SignedInUser, clock: FakeClock, tables: SqliteTables
) -> None:
    bearers = [await create_token(harness, ada, TokenScope.READ) for _ in range(2)]
    for _ in range(5):
        clock.advance(1)
        await use(harness, bearers[0])
    assert stored(tables) == [None, None]
    await harness.services.token_uses.flush()
    assert stored(tables) == [START + 5_000, START]


async def test_a_flush_stores_many_uses_in_chunks(
    harness: ServiceHarness, ada: SignedInUser, tables: SqliteTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(token_uses, "TOKENS_PER_FLUSH", 2)
    for _ in range(5):
        await create_token(harness, ada, TokenScope.READ)
    await harness.services.token_uses.flush()
    assert stored(tables) == [START] * 5


async def test_uses_of_a_failed_flush_and_during_a_flush_are_kept(
    harness: ServiceHarness, ada: SignedInUser, clock: FakeClock, tables: SqliteTables
) -> None:
    bearer = await create_token(harness, ada, TokenScope.READ)
    await harness.services.token_uses.flush()
    await use(harness, bearer)
    assert bearer.caller.grant is not None
    pause = Pause()
    slow = InterceptedTransactions(harness.stores.transactions, "personal_tokens", "record_used", pause)
    uses = TokenUses(slow, clock)
    uses.record(bearer.caller.grant.token_id)
    flushing = asyncio.create_task(uses.flush())
    await pause.reached.wait()
    clock.advance(1)
    uses.record(bearer.caller.grant.token_id)
    pause.go_on.set()
    await flushing
    assert stored(tables) == [START]
    await uses.flush()
    assert stored(tables) == [START + 1_000]


async def test_a_use_by_a_clock_that_ran_ahead_is_stored_as_now(
    harness: ServiceHarness, ada: SignedInUser, clock: FakeClock, tables: SqliteTables
) -> None:
    bearer = await create_token(harness, ada, TokenScope.READ)
    clock.set(Millis(START + 3_600_000))
    await use(harness, bearer)
    clock.set(START)
    await harness.services.token_uses.flush()
    assert stored(tables) == [START]


async def test_uses_are_stored_when_the_service_stops(
    settings: Settings, clock: FakeClock, tables: SqliteTables
) -> None:
    async with run_service(settings, clock) as service, service.client() as client:
        _, bearer = await new_token(await sign_up(client, "ada"), "export", "read")
        await bearer.get("/groups")
        assert stored(tables) == [None]
    assert stored(tables) == [START]


async def test_the_number_of_waiting_uses_is_bounded(
    harness: ServiceHarness, clock: FakeClock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(token_uses, "MAX_WAITING_USES", 2)
    uses = TokenUses(harness.stores.transactions, clock)
    for token_id in (1, 2, 3, 1):
        uses.record(token_id)
    assert "token 3" in caplog.text
