"""Contract of the tokens interface."""

from iotflow.domain.accounts import User, UserChange
from iotflow.domain.principals import UserPrincipal
from iotflow.domain.times import Millis
from iotflow.repositories.transactions import Transactions
from tests.contracts.raw import RawTables
from tests.contracts.transactional import LATER, NOW, TransactionalContract, add_user, new_digest, new_user


async def add_tokens(transactions: Transactions, user: User, *lifetimes: int) -> list[bytes]:
    """Store a token of the user for each lifetime in milliseconds."""
    digests = [new_digest() for _ in lifetimes]
    async with transactions.write() as transaction:
        for digest, lifetime in zip(digests, lifetimes, strict=True):
            await transaction.tokens.add(digest, user.user_id, NOW, Millis(NOW + lifetime))
    return digests


class TokensContract(TransactionalContract):
    async def test_a_token_identifies_its_user(self, transactions: Transactions, tables: RawTables) -> None:
        admin = await add_user(transactions, new_user("Ada", is_admin=True))
        await add_tokens(transactions, await add_user(transactions), 1_000)
        (digest,) = await add_tokens(transactions, admin, 1_000)
        async with transactions.read() as transaction:
            assert await transaction.tokens.find(digest, NOW) == UserPrincipal(
                user_id=admin.user_id,
                username="Ada",
                is_admin=True,
                digest=digest,
                expires_at=Millis(NOW + 1_000),
            )
        assert digest in {bytes(row["digest"]) for row in await tables.rows("tokens")}

    async def test_an_unknown_token_identifies_no_user(self, transactions: Transactions, owner: User) -> None:
        (digest,) = await add_tokens(transactions, owner, 1_000)
        async with transactions.read() as transaction:
            for other in (new_digest(), digest[:-1], digest + b"\0", b""):
                assert await transaction.tokens.find(other, NOW) is None

    async def test_a_token_ends_at_its_expiry(self, transactions: Transactions, owner: User) -> None:
        (digest,) = await add_tokens(transactions, owner, 1_000)
        async with transactions.read() as transaction:
            assert await transaction.tokens.find(digest, Millis(NOW + 999)) is not None
            assert await transaction.tokens.find(digest, Millis(NOW + 1_000)) is None

    async def test_a_deactivated_user_s_token_is_suspended(self, transactions: Transactions, owner: User) -> None:
        (digest,) = await add_tokens(transactions, owner, 1_000)
        for active in (False, True):
            async with transactions.write() as transaction:
                await transaction.accounts.update(owner.user_id, UserChange(is_active=active), LATER)
            async with transactions.read() as transaction:
                assert (await transaction.tokens.find(digest, NOW) is not None) == active

    async def test_deleting_a_token_keeps_other_tokens(
        self, transactions: Transactions, tables: RawTables, owner: User
    ) -> None:
        first, second = await add_tokens(transactions, owner, 1_000, 1_000)
        for _ in range(2):
            async with transactions.write() as transaction:
                await transaction.tokens.delete(first)
        async with transactions.read() as transaction:
            assert await transaction.tokens.find(first, NOW) is None
        assert [bytes(row["digest"]) for row in await tables.rows("tokens")] == [second]

    async def test_all_tokens_of_a_user_are_deleted_together(self, transactions: Transactions, owner: User) -> None:
        other = await add_user(transactions)
        mine = await add_tokens(transactions, owner, 1_000, 2_000, -1_000)
        (others,) = await add_tokens(transactions, other, 1_000)
        async with transactions.write() as transaction:
            assert sorted(await transaction.tokens.digests_of_user(owner.user_id)) == sorted(mine)
            await transaction.tokens.delete_of_user(owner.user_id)
        async with transactions.read() as transaction:
            assert await transaction.tokens.digests_of_user(owner.user_id) == []
            assert await transaction.tokens.digests_of_user(other.user_id) == [others]

    async def test_the_oldest_tokens_of_a_user_are_deleted(self, transactions: Transactions, owner: User) -> None:
        other = await add_user(transactions)
        digests = [new_digest() for _ in range(5)]
        async with transactions.write() as transaction:
            for age, digest in enumerate(digests):
                await transaction.tokens.add(digest, owner.user_id, Millis(NOW - age), LATER)
            await transaction.tokens.add(new_digest(), other.user_id, Millis(NOW - 9), LATER)
            assert await transaction.tokens.delete_oldest(owner.user_id, 5) == []
            assert sorted(await transaction.tokens.delete_oldest(owner.user_id, 3)) == sorted(digests[3:])
        async with transactions.read() as transaction:
            assert sorted(await transaction.tokens.digests_of_user(owner.user_id)) == sorted(digests[:3])
            assert len(await transaction.tokens.digests_of_user(other.user_id)) == 1

    async def test_expired_tokens_are_deleted_in_chunks(
        self, transactions: Transactions, tables: RawTables, owner: User
    ) -> None:
        *_, kept = await add_tokens(transactions, owner, 0, 1, 2, 3, 4, 10_000)
        forgotten = []
        for _ in range(3):
            async with transactions.write() as transaction:
                forgotten.append(await transaction.tokens.delete_expired(Millis(NOW + 4), 3))
        assert forgotten == [3, 2, 0]
        assert [bytes(row["digest"]) for row in await tables.rows("tokens")] == [kept]
