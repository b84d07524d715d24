"""Personal access tokens: creation, listing and revocation, by their user or an administrator after a login."""

from dataclasses import dataclass, replace
from uuid import UUID

from iotflow.clock import Clock
from iotflow.domain import credentials
from iotflow.domain.context import Context
from iotflow.domain.errors import Conflict, FieldError, InvalidInput, NotFound
from iotflow.domain.events import EventType
from iotflow.domain.json import JsonValue
from iotflow.domain.names import name_error, normalize
from iotflow.domain.permissions import LOGIN_ONLY, require_account
from iotflow.domain.personal_tokens import (
    MAX_PERSONAL_TOKENS,
    NewPersonalToken,
    PersonalToken,
    expiry_error,
    scopes_error,
)
from iotflow.domain.times import Millis, format_rfc3339
from iotflow.logs import LimitLog
from iotflow.repositories.transactions import Transaction, Transactions
from iotflow.services.audit_log import record_event
from iotflow.services.cache_invalidation import CacheInvalidation
from iotflow.services.token_uses import TokenUses

_LIMIT_TEXT = f"an account has at most {MAX_PERSONAL_TOKENS} personal access tokens"


@dataclass(frozen=True, slots=True)
class PersonalTokenWithSecret:
    """A new token and its secret, which is returned only once."""

    token: PersonalToken
    secret: str


class PersonalTokens:
    """Operations on personal access tokens. Each method checks the rights of its caller.

    All methods raise these errors; docstrings list others:
    - Unauthenticated: the caller has no credentials.
    - Forbidden: the caller lacks the right, as every personal access token does.
    - NotFound: the account is unknown.
    - StoreUnavailable.
    """

    def __init__(
        self, transactions: Transactions, invalidation: CacheInvalidation, uses: TokenUses, clock: Clock
    ) -> None:
        self._transactions = transactions
        self._invalidation = invalidation
        self._uses = uses
        self._clock = clock
        self._limit = LimitLog("personal_tokens", _LIMIT_TEXT)

    async def create(self, context: Context, user_id: UUID, new: NewPersonalToken) -> PersonalTokenWithSecret:
        """Create a token of an account.

        Raises:
            InvalidInput: the name, the scopes or the expiry break a rule.
            Conflict: the name is taken, or the account has `MAX_PERSONAL_TOKENS`.

        """
        require_account(context.principal, user_id, LOGIN_ONLY)
        now = self._clock.now()
        new = _require_valid(new, now)
        secret = credentials.new_personal_token()
        digest, prefix = credentials.digest(secret), credentials.shown_token_prefix(secret)
        async with self._transactions.write() as transaction:
            token = await transaction.personal_tokens.add(user_id, new, digest, prefix, now)
            if await transaction.personal_tokens.has_more_than(MAX_PERSONAL_TOKENS, user_id):
                self._limit.record(f"account {user_id}")
                raise Conflict(f"{_LIMIT_TEXT}; delete tokens that are not needed")
            details: dict[str, JsonValue] = {
                "token_id": token.id,
                "name": token.name,
                "scopes": [scope.value for scope in token.scopes],
                "expires_at": None if token.expires_at is None else format_rfc3339(token.expires_at),
            }
            await record_event(transaction, context, EventType.TOKEN_CREATED, now, user_id=user_id, details=details)
        return PersonalTokenWithSecret(token, secret)

    async def page(self, context: Context, user_id: UUID, limit: int, offset: int) -> tuple[list[PersonalToken], int]:
        """Return a page of an account's tokens, ordered by id, and the number of all."""
        require_account(context.principal, user_id, LOGIN_ONLY)
        async with self._transactions.read() as transaction:
            if await transaction.accounts.get(user_id) is None:
                raise NotFound(f"there is no user {user_id}")
            tokens, total = await transaction.personal_tokens.page(user_id, limit, offset)
        return self._uses.merge(tokens), total

    async def revoke(self, context: Context, user_id: UUID, token_id: int) -> None:
        """Revoke a token of an account. Raises NotFound also for a token of another account."""
        require_account(context.principal, user_id, LOGIN_ONLY)
        now = self._clock.now()
        async with self._transactions.write() as transaction:
            token = await transaction.personal_tokens.delete(user_id, token_id)
            await self._invalidation.invalidate_on_commit(transaction, now, digests=[token.digest])
            await record_revocation(transaction, context, token, now)


async def record_revocation(transaction: Transaction, context: Context, token: PersonalToken, at: Millis) -> None:
    """Record the event of a token's revocation, in its transaction."""
    details: dict[str, JsonValue] = {"token_id": token.id, "name": token.name}
    await record_event(transaction, context, EventType.TOKEN_REVOKED, at, user_id=token.user_id, details=details)


def _require_valid(new: NewPersonalToken, now: Millis) -> NewPersonalToken:
    """Return a token's fields with the name in normal form C. Raises InvalidInput with all errors."""
    name = normalize(new.name)
    found = {
        "name": name_error(name),
        "scopes": scopes_error(new.scopes),
        "expires_at": expiry_error(new.expires_at, now),
    }
    errors = [FieldError(("body", field), error) for field, error in found.items() if error]
    if errors:
        raise InvalidInput(errors)
    return replace(new, name=name)
