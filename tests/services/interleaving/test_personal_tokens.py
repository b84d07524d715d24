"""Concurrent changes of personal access tokens and of their accounts."""

import pytest

from iotflow.domain.errors import Conflict, NotFound
from iotflow.domain.personal_tokens import NewPersonalToken, TokenScope
from iotflow.services.accounts import ProfileChange
from iotflow.services.personal_tokens import PersonalTokenWithSecret
from tests.services.harness import create_token, register_user
from tests.services.interception import Pause
from tests.services.interleaving.workers import WorkerPair


def new(name: str) -> NewPersonalToken:
    return NewPersonalToken(name, (TokenScope.READ,), None)


@pytest.mark.parametrize("name", ["same", "other"])
async def test_of_two_last_tokens_or_two_of_one_name_one_is_refused(
    pair: WorkerPair, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr("iotflow.services.personal_tokens.MAX_PERSONAL_TOKENS", 2 if name == "same" else 1)
    ada = await register_user(pair.first)
    pause = Pause()
    held = pair.first_held_after("personal_tokens", "add", pause).services.personal_tokens
    first, second = await pair.run_both(
        pause,
        held.create(ada.context, ada.caller.user_id, new("same")),
        lambda: pair.second.services.personal_tokens.create(ada.context, ada.caller.user_id, new(name)),
    )
    assert isinstance(first, PersonalTokenWithSecret)
    assert isinstance(second, Conflict)
    assert [row["name"] for row in await pair.rows("personal_tokens")] == ["same"]


async def test_a_token_that_is_created_while_all_are_revoked_is_the_only_one_left(pair: WorkerPair) -> None:
    ada = await register_user(pair.first)
    await create_token(pair.first, ada, TokenScope.READ)
    pause = Pause()
    held = pair.first_held_after("personal_tokens", "digests_of_user", pause).services.accounts
    _, created = await pair.run_both(
        pause,
        held.update(ada.context, ada.caller.user_id, ProfileChange(revoke_tokens=True)),
        lambda: pair.second.services.personal_tokens.create(ada.context, ada.caller.user_id, new("later")),
    )
    assert isinstance(created, PersonalTokenWithSecret)
    assert [row["name"] for row in await pair.rows("personal_tokens")] == ["later"]


async def test_an_account_that_is_being_deleted_gets_no_token(pair: WorkerPair) -> None:
    root, ada = await register_user(pair.first, "root", is_admin=True), await register_user(pair.first)
    pause = Pause()
    held = pair.first_held_after("accounts", "mark_deleted", pause).services.accounts
    deleted, created = await pair.run_both(
        pause,
        held.delete(root.context, ada.caller.user_id),
        lambda: pair.second.services.personal_tokens.create(ada.context, ada.caller.user_id, new("late")),
    )
    assert deleted is None
    assert isinstance(created, NotFound)
    assert await pair.rows("personal_tokens") == []


async def test_a_token_is_revoked_once(pair: WorkerPair) -> None:
    ada = await register_user(pair.first)
    bearer = await create_token(pair.first, ada, TokenScope.READ)
    assert bearer.caller.grant is not None
    token_id = bearer.caller.grant.token_id
    pause = Pause()
    held = pair.first_held_after("personal_tokens", "delete", pause).services.personal_tokens
    first, second = await pair.run_both(
        pause,
        held.revoke(ada.context, ada.caller.user_id, token_id),
        lambda: pair.second.services.personal_tokens.revoke(ada.context, ada.caller.user_id, token_id),
    )
    assert first is None
    assert isinstance(second, NotFound)
