"""Contract of the interface of personal access tokens."""

import asyncio
from dataclasses import replace
from uuid import uuid4

import pytest

from iotflow.domain.accounts import User, UserChange
from iotflow.domain.errors import Conflict, NotFound
from iotflow.domain.personal_tokens import NewPersonalToken, PersonalToken, TokenGrant, TokenScope
from iotflow.domain.principals import UserPrincipal
from iotflow.domain.times import Millis
from iotflow.repositories.transactions import Transactions
from tests.contracts.raw import RawTables
from tests.contracts.transactional import LATER, NOW, TransactionalContract, add_user, new_digest, new_user

BOTH = (TokenScope.WRITE, TokenScope.READ)


async def add_token(
    transactions: Transactions, user: User, name: str = "export", expires_at: Millis | None = None
) -> PersonalToken:
    """Store a token and return it."""
    new = NewPersonalToken(name, BOTH, expires_at)
    async with transactions.write() as transaction:
        return await transaction.personal_tokens.add(user.user_id, new, new_digest(), "iotp_abcdef", NOW)


async def tokens_of(transactions: Transactions, user: User) -> list[PersonalToken]:
    """Return all tokens of a user."""
    async with transactions.read() as transaction:
        return (await transaction.personal_tokens.page(user.user_id, 1_000, 0))[0]


async def found_by(transactions: Transactions, digest: bytes, now: Millis = NOW) -> UserPrincipal | None:
    """Return the principal of a token."""
    async with transactions.read() as transaction:
        return await transaction.personal_tokens.find(digest, now)


class PersonalTokensContract(TransactionalContract):
    async def test_a_token_identifies_its_user_without_the_rights_of_an_admin(
        self, transactions: Transactions, tables: RawTables, owner: User
    ) -> None:
        admin = await add_user(transactions, new_user("Ada", is_admin=True))
        await add_token(transactions, owner)
        token = await add_token(transactions, admin, expires_at=LATER)
        grant = TokenGrant(token.id, frozenset(BOTH))
        expected = UserPrincipal(admin.user_id, "Ada", False, token.digest, LATER, grant)
        assert await found_by(transactions, token.digest) == expected
        assert token.digest in {bytes(row["digest"]) for row in await tables.rows("personal_tokens")}

    async def test_an_unknown_token_identifies_no_user(self, transactions: Transactions, owner: User) -> None:
        digest = (await add_token(transactions, owner)).digest
        for other in (new_digest(), digest[:-1], digest + b"\0", b""):
            assert await found_by(transactions, other) is None

    async def test_a_token_ends_at_its_expiry_and_stays_listed(self, transactions: Transactions, owner: User) -> None:
        ending = await add_token(transactions, owner, "ending", LATER)
        lasting = await add_token(transactions, owner, "lasting")
        assert await found_by(transactions, ending.digest, Millis(LATER - 1)) is not None
        assert await found_by(transactions, ending.digest, LATER) is None
        assert await found_by(transactions, lasting.digest, Millis(2**60)) is not None
        assert await tokens_of(transactions, owner) == [ending, lasting]

    async def test_a_deactivated_user_s_token_is_suspended(self, transactions: Transactions, owner: User) -> None:
        token = await add_token(transactions, owner)
        for active in (False, True):
            async with transactions.write() as transaction:
                await transaction.accounts.update(owner.user_id, UserChange(is_active=active), LATER)
            assert (await found_by(transactions, token.digest) is not None) == active

    async def test_a_name_is_taken_within_an_account_only(self, transactions: Transactions, owner: User) -> None:
        await add_token(transactions, owner, "backup")
        await add_token(transactions, owner, "Backup")
        await add_token(transactions, await add_user(transactions), "backup")
        with pytest.raises(Conflict, match="backup"):
            await add_token(transactions, owner, "backup")
        assert [token.name for token in await tokens_of(transactions, owner)] == ["backup", "Backup"]

    async def test_an_unknown_user_gets_no_token(self, transactions: Transactions) -> None:
        with pytest.raises(NotFound):
            await add_token(transactions, replace(new_user(), user_id=uuid4()))

    async def test_tokens_are_paged_in_the_order_of_their_ids(self, transactions: Transactions, owner: User) -> None:
        await add_token(transactions, await add_user(transactions))
        added = [await add_token(transactions, owner, name) for name in ("c", "a", "b")]
        async with transactions.read() as transaction:
            repository = transaction.personal_tokens
            assert await repository.page(owner.user_id, 2, 0) == (added[:2], 3)
            assert await repository.page(owner.user_id, 2, 2) == (added[2:], 3)
            assert await repository.page(owner.user_id, 2, 3) == ([], 3)
            assert await repository.page(uuid4(), 2, 0) == ([], 0)
            assert [await repository.has_more_than(number, owner.user_id) for number in (2, 3)] == [True, False]

    async def test_a_token_is_deleted_by_its_user_only_and_its_id_is_not_used_again(
        self, transactions: Transactions, owner: User
    ) -> None:
        other = await add_user(transactions)
        token = await add_token(transactions, owner)
        async with transactions.write() as transaction:
            with pytest.raises(NotFound):
                await transaction.personal_tokens.delete(other.user_id, token.id)
            assert await transaction.personal_tokens.delete(owner.user_id, token.id) == token
        async with transactions.write() as transaction:
            with pytest.raises(NotFound):
                await transaction.personal_tokens.delete(owner.user_id, token.id)
        assert await found_by(transactions, token.digest) is None
        assert (await add_token(transactions, owner)).id > token.id

    async def test_all_tokens_of_a_user_are_deleted_together(self, transactions: Transactions, owner: User) -> None:
        other = await add_user(transactions)
        mine = [await add_token(transactions, owner, name) for name in ("b", "a")]
        kept = await add_token(transactions, other)
        async with transactions.write() as transaction:
            digests = await transaction.personal_tokens.digests_of_user(owner.user_id)
            assert sorted(digests) == sorted(token.digest for token in mine)
            assert await transaction.personal_tokens.delete_of_user(owner.user_id) == mine
            assert await transaction.personal_tokens.delete_of_user(owner.user_id) == []
        assert await tokens_of(transactions, owner) == []
        assert await tokens_of(transactions, other) == [kept]

    async def test_tokens_go_with_their_user(self, transactions: Transactions, tables: RawTables, owner: User) -> None:
        await add_token(transactions, owner)
        async with transactions.write() as transaction:
            await transaction.accounts.delete(owner.user_id)
        assert await tables.rows("personal_tokens") == []

    async def test_the_latest_use_is_stored(self, transactions: Transactions, owner: User) -> None:
        first, second = [await add_token(transactions, owner, name) for name in ("first", "second")]
        assert first.last_used_at is None
        for used in ({first.id: LATER, 2**40: NOW}, {first.id: NOW, second.id: NOW}, {}):
            async with transactions.write() as transaction:
                await transaction.personal_tokens.record_used(used)
        assert [token.last_used_at for token in await tokens_of(transactions, owner)] == [LATER, NOW]

    async def test_uses_and_a_deletion_at_once_do_not_deadlock(self, transactions: Transactions, owner: User) -> None:
        added = [await add_token(transactions, owner, f"t{number}") for number in range(50)]
        used = {token.id: NOW for token in reversed(added)}

        async def record() -> None:
            async with transactions.write() as transaction:
                await transaction.personal_tokens.record_used(used)

        async def delete() -> None:
            async with transactions.write() as transaction:
                await transaction.personal_tokens.delete_of_user(owner.user_id)

        await asyncio.gather(record(), delete(), record())
        assert await tokens_of(transactions, owner) == []
