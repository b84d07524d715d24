"""Authentication: principals of credentials, and tokens for logins."""

import logging
from dataclasses import dataclass, replace
from enum import Enum, auto
from functools import partial

from cachetools import TTLCache

from iotflow.clock import Clock
from iotflow.concurrency.single_flight import SingleFlight
from iotflow.domain import credentials
from iotflow.domain.accounts import User, UserCredentials
from iotflow.domain.context import Context
from iotflow.domain.errors import Forbidden, Unauthenticated
from iotflow.domain.events import EventType
from iotflow.domain.names import normalize
from iotflow.domain.permissions import LOGIN_ONLY, require_user
from iotflow.domain.principals import DevicePrincipal, Principal, UserPrincipal
from iotflow.domain.times import Millis
from iotflow.logs import LimitLog
from iotflow.repositories.accounts import TokenRepository
from iotflow.repositories.cache import (
    CacheCounter,
    CacheCounters,
    Miss,
    PresenceRepository,
    RateLimitResult,
    VersionedCache,
)
from iotflow.repositories.devices import KeyRepository
from iotflow.repositories.personal_tokens import PersonalTokenRepository
from iotflow.repositories.transactions import Transaction, Transactions
from iotflow.services.audit_log import record_event
from iotflow.services.cache_invalidation import CacheInvalidation
from iotflow.services.login_throttle import LoginThrottle
from iotflow.services.passwords import Passwords
from iotflow.services.request_limits import RequestLimits
from iotflow.services.token_uses import TokenUses

MAX_TOKENS_PER_ACCOUNT = 1_000
"""A script that logs in every two minutes has 720 valid tokens: a token lives a day by default."""
VERIFIED_LIFETIME_MS = 3_600_000
"""Time in milliseconds for which a verified credential is exempt from the limit of unknown credentials."""
MAX_VERIFIED_BYTES = 4 * 2**20
VERIFIED_ENTRY_BYTES = 400
"""Size of a digest and its places in the tables of the cache."""


_WRONG_LOGIN = "the username or the password is wrong"


logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Login:
    """A login's new token, returned only once and valid for `expires_in_s` seconds."""

    access_token: str
    expires_in_s: int
    user: User


class _Kind(Enum):
    """The kind of a credential, each in a table of its kind."""

    KEY = auto()
    TOKEN = auto()
    PERSONAL_TOKEN = auto()


class Authentication:
    """The authentication of callers by tokens and keys, and the issue of tokens at logins."""

    def __init__(
        self,
        transactions: Transactions,
        identities: VersionedCache[bytes, Principal],
        invalidation: CacheInvalidation,
        presence: PresenceRepository,
        throttle: LoginThrottle,
        limits: RequestLimits,
        token_uses: TokenUses,
        counters: CacheCounters,
        passwords: Passwords,
        clock: Clock,
        *,
        token_lifetime_s: int,
    ) -> None:
        self._transactions = transactions
        self._identities = identities
        self._invalidation = invalidation
        self._presence = presence
        self._throttle = throttle
        self._limits = limits
        self._token_uses = token_uses
        self._counters = counters
        self._passwords = passwords
        self._clock = clock
        self._token_lifetime_s = token_lifetime_s
        self._look_ups = SingleFlight[Principal | None]()
        self._verified = TTLCache[bytes, int](
            MAX_VERIFIED_BYTES, VERIFIED_LIFETIME_MS, timer=clock.elapsed, getsizeof=int
        )
        self._tokens_limit = LimitLog(
            "tokens_of_account", f"{MAX_TOKENS_PER_ACCOUNT:,} tokens of an account: the oldest ends"
        )

    async def authenticate_user(self, token: str, network: str) -> tuple[UserPrincipal, RateLimitResult | None]:
        """Return the user of a token of either kind, and the result of the account's rate limit (None: no limit).

        Raises:
            Unauthenticated: the token is unknown, revoked, expired or suspended.
            RateLimited: the client's network has sent too many unknown credentials.
            StoreUnavailable.

        """
        principal = await self.require_token(token, network)
        if principal.grant is not None:
            self._token_uses.record(principal.grant.token_id)
        return principal, await self._limits.charge_account_request(principal)

    async def require_token(self, token: str, network: str) -> UserPrincipal:
        """Return the user of a token of either kind, as `authenticate_user` does, without counting a request."""
        if credentials.is_personal_token(token):
            principal = await self._authenticate(token, network, _Kind.PERSONAL_TOKEN)
            remedy = "create another one"
        else:
            principal = await self._authenticate(token, network, _Kind.TOKEN)
            remedy = "log in again"
        if not isinstance(principal, UserPrincipal):
            raise Unauthenticated(f"the bearer token is unknown, expired or suspended: {remedy}")
        return principal

    async def authenticate_device(self, key: str, network: str) -> tuple[DevicePrincipal, RateLimitResult | None]:
        """Return the device of an API key, and the result of its rate limit (None: no limit). Updates the presence.

        Raises:
            Unauthenticated: the key is unknown, expired or suspended.
            RateLimited: the client's network has sent too many unknown credentials.
            StoreUnavailable.

        """
        principal = await self._authenticate(key, network, _Kind.KEY)
        if not isinstance(principal, DevicePrincipal):
            raise Unauthenticated("the API key is unknown, expired or suspended")
        # Begun before the next call, so Redis receives both in one batch.
        counted = self._limits.charge_device_request(principal.device)
        await self._presence.touch(principal.device_id, self._clock.now())
        return principal, await counted

    async def admit_login(self, network: str) -> RateLimitResult:
        """Count a login attempt from a client network. Raises RateLimited."""
        return await self._throttle.take_network(network)

    async def login(self, context: Context, login: str, password: str) -> Login:
        """Exchange a name or address and a password for a token. Call `admit_login` before.

        Raises:
            Unauthenticated: the login or the password is wrong.
            Forbidden: the account is deactivated.
            RateLimited: too many wrong passwords for the account.
            Overloaded: too many passwords wait to be verified.
            StoreUnavailable.

        """
        login = normalize(login)
        async with self._transactions.read() as transaction:
            found = await transaction.accounts.find_credentials(login)
        # Unknown names are limited too: else the limit would reveal which accounts exist.
        account = str(found.user.user_id) if found else credentials.digest(login.casefold()).hex()
        await self._throttle.take_account(account)
        async with self._throttle.refund_if_overloaded(account, context.network):
            right = await self._passwords.verify(password, found.password_hash if found else None, context.network)
        if found is None or not right:
            raise Unauthenticated(_WRONG_LOGIN)
        await self._throttle.refund_account(account)
        await self._throttle.refund_network(context.network)
        return await self._issue_token(context, found)

    async def _issue_token(self, context: Context, verified: UserCredentials) -> Login:
        token, user_id = credentials.new_access_token(), verified.user.user_id
        now = self._clock.now()
        expires_at = Millis(now + self._token_lifetime_s * 1_000)
        async with self._transactions.write() as transaction:
            # Locked: a token added after a concurrent change of the password would escape its revocation.
            await transaction.accounts.lock(user_id)
            stored = await transaction.accounts.get_credentials(user_id)
            if stored is None or stored.password_hash != verified.password_hash:
                raise Unauthenticated(_WRONG_LOGIN)
            if not stored.user.is_active:
                raise Forbidden("this account is deactivated")
            await transaction.tokens.add(credentials.digest(token), user_id, now, expires_at)
            if ended := await transaction.tokens.delete_oldest(user_id, MAX_TOKENS_PER_ACCOUNT):
                self._tokens_limit.record(f"account {user_id}")
                await self._invalidation.invalidate_on_commit(transaction, now, digests=ended)
            await transaction.accounts.record_login(user_id, now)
            await record_event(transaction, context, EventType.USER_LOGGED_IN, now, user_id=user_id)
        return Login(token, self._token_lifetime_s, replace(stored.user, last_login=now))

    async def logout(self, context: Context) -> None:
        """Revoke the caller's token. Raises Unauthenticated, Forbidden (for a device), StoreUnavailable."""
        caller = require_user(context.principal, LOGIN_ONLY)
        async with self._transactions.write() as transaction:
            await transaction.tokens.delete(caller.digest)
            now = self._clock.now()
            await record_event(transaction, context, EventType.USER_LOGGED_OUT, now, user_id=caller.user_id)
            await self._invalidation.invalidate_on_commit(transaction, now, digests=[caller.digest])

    async def _authenticate(self, secret: str, network: str, kind: _Kind) -> Principal | None:
        digest = credentials.digest(secret)
        cached_or_miss = await self._identities.get(digest)
        if not isinstance(cached_or_miss, Miss):
            await self._counters.add(CacheCounter.CACHE_HITS, 1)
            return cached_or_miss
        await self._counters.add(CacheCounter.CACHE_MISSES, 1)
        logger.debug("identity cache: miss; kind=%s", kind.name.lower())
        if digest not in self._verified:
            self._limits.raise_if_limited(await self._limits.check_failed_credentials(network))
        principal = await self._look_ups.run(
            (digest, kind, cached_or_miss), partial(self._look_up, digest, cached_or_miss, kind)
        )
        if principal is None:
            self._verified.pop(digest, None)
            await self._limits.charge_failed_credential(network)
        else:
            self._verified[digest] = VERIFIED_ENTRY_BYTES
        return principal

    async def _look_up(self, digest: bytes, miss: Miss, kind: _Kind) -> Principal | None:
        async with self._transactions.read() as transaction:
            principal = await _repository_of(transaction, kind).find(digest, self._clock.now())
        if principal is None:
            return None
        await self._identities.fill(digest, principal, miss)
        return principal


def _repository_of(transaction: Transaction, kind: _Kind) -> KeyRepository | TokenRepository | PersonalTokenRepository:
    match kind:
        case _Kind.KEY:
            return transaction.keys
        case _Kind.TOKEN:
            return transaction.tokens
        case _Kind.PERSONAL_TOKEN:
            return transaction.personal_tokens
