"""Personal access tokens that are revoked while they are cached or looked up: later calls are refused."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace

import pytest

from iotflow.domain.personal_tokens import TokenScope
from iotflow.services.accounts import ProfileChange
from iotflow.services.passwords import Passwords
from tests.services.harness import NETWORK, ServiceHarness, SignedInUser, build_harness, create_token
from tests.services.interception import Intercepted, Pause
from tests.services.test_identity_races import token_works
from tests.stores.sqlite import SqliteTables

Revocation = Callable[[ServiceHarness, SignedInUser, SignedInUser, SignedInUser], Coroutine[None, None, object]]


async def revoke(harness: ServiceHarness, owner: SignedInUser, _root: SignedInUser, bearer: SignedInUser) -> None:
    assert bearer.caller.grant is not None
    user_id, token_id = owner.caller.user_id, bearer.caller.grant.token_id
    await harness.services.personal_tokens.revoke(owner.context, user_id, token_id)


async def revoke_all(harness: ServiceHarness, owner: SignedInUser, _root: SignedInUser, _: SignedInUser) -> None:
    change = ProfileChange(revoke_tokens=True)
    await harness.services.accounts.update(owner.context, owner.caller.user_id, change)


async def deactivate(harness: ServiceHarness, owner: SignedInUser, root: SignedInUser, _: SignedInUser) -> None:
    await harness.services.accounts.set_active(root.context, owner.caller.user_id, active=False)


async def delete_owner(harness: ServiceHarness, owner: SignedInUser, root: SignedInUser, _: SignedInUser) -> None:
    await harness.services.accounts.delete(root.context, owner.caller.user_id)


each_revocation = pytest.mark.parametrize("end", [revoke, revoke_all, deactivate, delete_owner])


@pytest.fixture
async def bearer(harness: ServiceHarness, ada: SignedInUser) -> SignedInUser:
    """The bearer of a token of Ada's, which is cached."""
    return await create_token(harness, ada, TokenScope.READ)


@each_revocation
async def test_a_token_that_was_cached_is_refused_once_it_is_revoked(
    harness: ServiceHarness, ada: SignedInUser, root: SignedInUser, bearer: SignedInUser, end: Revocation
) -> None:
    assert await token_works(harness, bearer)
    await end(harness, ada, root, bearer)
    assert not await token_works(harness, bearer)


@each_revocation
async def test_a_token_that_was_read_before_its_revocation_is_not_cached_after_it(
    harness: ServiceHarness,
    ada: SignedInUser,
    root: SignedInUser,
    bearer: SignedInUser,
    passwords: Passwords,
    end: Revocation,
) -> None:
    await harness.stores.identity_cache.invalidate([bearer.caller.digest])
    pause = Pause()
    stores = replace(harness.stores, identity_cache=Intercepted(harness.stores.identity_cache, "fill", before=pause))
    slow = build_harness(stores, harness.clock, passwords)
    looking_up = asyncio.create_task(token_works(slow, bearer))
    await pause.reached.wait()
    await end(harness, ada, root, bearer)
    pause.go_on.set()
    await looking_up
    assert not await token_works(harness, bearer)


@each_revocation
async def test_the_outbox_repeats_the_invalidation(
    harness: ServiceHarness,
    ada: SignedInUser,
    root: SignedInUser,
    bearer: SignedInUser,
    tables: SqliteTables,
    end: Revocation,
) -> None:
    await harness.relay.handle_due()
    await end(harness, ada, root, bearer)
    topics = [row["topic"] for row in tables.query("SELECT topic FROM outbox")]
    assert topics.count("invalidate_principals") == 1


async def test_a_change_of_the_username_reaches_the_cache(
    harness: ServiceHarness, ada: SignedInUser, bearer: SignedInUser
) -> None:
    await harness.services.accounts.update(ada.context, ada.caller.user_id, ProfileChange(username="countess"))
    caller, _ = await harness.services.authentication.authenticate_user(bearer.token, NETWORK)
    assert caller == replace(bearer.caller, username="countess")
