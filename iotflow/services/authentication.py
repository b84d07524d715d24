"""Who is calling: tokens and keys to principals, logins to tokens."""

import hmac
from dataclasses import dataclass
from functools import partial

from cachetools import TTLCache

from iotflow.clock import Clock
from iotflow.domain import credentials
from iotflow.domain.accounts import User
from iotflow.domain.errors import Forbidden, Unauthenticated
from iotflow.domain.events import EventType
from iotflow.domain.principals import DevicePrincipal, Principal, UserPrincipal
from iotflow.domain.times import Millis
from iotflow.limit_log import LimitLog
from iotflow.repositories.counters import Counter, Counters
from iotflow.repositories.presence import PresenceRepository
from iotflow.repositories.principal_cache import PrincipalCache, PrincipalMiss
from iotflow.repositories.rate_limits import Admission
from iotflow.repositories.transactions import Transactions
from iotflow.services.audit import Actor, record_event
from iotflow.services.invalidation import invalidate_with
from iotflow.services.login_throttle import LoginThrottle
from iotflow.services.passwords import Passwords
from iotflow.services.request_limits import RequestLimits
from iotflow.services.single_flight import SingleFlight

MAX_TOKENS_PER_ACCOUNT = 1_000
"""More than a script takes that logs in every two minutes for the day that a login lasts."""
VERIFIED_MS = 3_600_000
"""How long a network's limit of unknown credentials does not hold for one that this process has verified."""
VERIFIED_BYTES = 4 * 2**20
VERIFIED_ENTRY_BYTES = 400
"""A digest and its places in the cache's tables."""


@dataclass(frozen=True, slots=True)
class Login:
    """A fresh token, shown this once, for `expires_in_s` seconds."""

    access_token: str
    expires_in_s: int
    user: User


class Authentication:
    """Proves who is calling."""

    def __init__(
        self,
        transactions: Transactions,
        principals: PrincipalCache,
        presence: PresenceRepository,
        throttle: LoginThrottle,
        limits: RequestLimits,
        counters: Counters,
        passwords: Passwords,
        clock: Clock,
        *,
        token_lifetime_s: int,
    ) -> None:
        self._transactions = transactions
        self._principals = principals
        self._presence = presence
        self._throttle = throttle
        self._limits = limits
        self._counters = counters
        self._passwords = passwords
        self._clock = clock
        self._token_lifetime_s = token_lifetime_s
        self._look_ups = SingleFlight[Principal | None]()
        self._verified = TTLCache[bytes, int](VERIFIED_BYTES, VERIFIED_MS, timer=clock.elapsed, getsizeof=int)
        self._tokens_limit = LimitLog(f"{MAX_TOKENS_PER_ACCOUNT:,} tokens of an account: the oldest ends")

    async def user(self, token: str, network: str) -> tuple[UserPrincipal, Admission | None]:
        """Whom an access token proves, and how its account's limit counts this request.

        Raises Unauthenticated, RateLimited for too many unknown credentials from the client's network.
        """
        principal = await self._principal(token, network, key=False)
        if not isinstance(principal, UserPrincipal):
            raise Unauthenticated("the bearer token is unknown, expired or suspended: log in again")
        return principal, await self._limits.account_request(principal)

    async def device(self, key: str, network: str) -> tuple[DevicePrincipal, Admission | None]:
        """Which device a key proves, and how its limit counts this request; the device has been seen by this.

        Raises Unauthenticated, RateLimited for too many unknown credentials from the client's network.
        """
        principal = await self._principal(key, network, key=True)
        if not isinstance(principal, DevicePrincipal):
            raise Unauthenticated("the API key is unknown, expired or suspended")
        counted = self._limits.device_request(principal)  # under way: a cache server is told of both at once
        await self._presence.seen(principal.device_id, self._clock.now())
        return principal, await counted

    async def admit_login(self, network: str) -> Admission:
        """Count a login attempt from a client network. Raises RateLimited."""
        return await self._throttle.take_network(network)

    async def login(self, login: str, password: str, network: str, request_id: str | None) -> Login:
        """Trade a name or address and a password for a token; the client's network was admitted before.

        Raises RateLimited, Unauthenticated for a wrong name or password, Forbidden for a deactivated account.
        """
        async with self._transactions.read() as transaction:
            found = await transaction.accounts.find_credentials(login)
        # An unknown name is limited as itself, so that the limit does not tell who has an account.
        account = str(found.user.user_id) if found else credentials.digest(login.casefold()).hex()
        await self._throttle.take_account(account)
        async with self._throttle.not_for_overload(account, network):
            right = await self._passwords.verify(password, found.password_hash if found else None, network)
        if found is None or not right:
            raise Unauthenticated("the username or the password is wrong")
        await self._throttle.give_back_account(account)
        await self._throttle.give_back_network(network)
        token = credentials.new_access_token()
        now = self._clock.now()
        expires_at = Millis(now + self._token_lifetime_s * 1_000)
        async with self._transactions.write() as transaction:
            # Locked: a change of the password ends all tokens, and this one must not come after it.
            await transaction.accounts.lock(found.user.user_id)
            stored = await transaction.accounts.get_credentials(found.user.user_id)
            if stored is None or stored.password_hash != found.password_hash:
                raise Unauthenticated("the username or the password is wrong")
            if not stored.user.is_active:
                raise Forbidden("this account is deactivated")
            await transaction.tokens.add(credentials.digest(token), stored.user.user_id, now, expires_at)
            if ended := await transaction.tokens.end_oldest(stored.user.user_id, MAX_TOKENS_PER_ACCOUNT):
                self._tokens_limit.met(f"account {stored.user.user_id}")
                await invalidate_with(transaction, self._principals, ended, now)
            await transaction.accounts.record_login(stored.user.user_id, now)
            actor = Actor("user", str(stored.user.user_id), request_id)
            await record_event(transaction, actor, EventType.USER_LOGGED_IN, now, user_id=stored.user.user_id)
            user = await transaction.accounts.get(stored.user.user_id)
        assert user is not None
        return Login(token, self._token_lifetime_s, user)

    async def logout(self, caller: UserPrincipal, request_id: str | None) -> None:
        """End the token that the caller came with."""
        async with self._transactions.write() as transaction:
            await transaction.tokens.delete(caller.credential)
            actor = Actor.of(caller, request_id)
            now = self._clock.now()
            await record_event(transaction, actor, EventType.USER_LOGGED_OUT, now, user_id=caller.user_id)
            await invalidate_with(transaction, self._principals, [caller.credential], now)

    async def _principal(self, secret: str, network: str, *, key: bool) -> Principal | None:
        digest = credentials.digest(secret)
        found = await self._principals.get(digest)
        if not isinstance(found, PrincipalMiss):
            await self._counters.add(Counter.CACHE_HITS, 1)
            return found
        await self._counters.add(Counter.CACHE_MISSES, 1)
        if digest not in self._verified:
            self._limits.require(await self._limits.failed_credential(network, count=False))
        principal = await self._look_ups.read((digest, key, found), partial(self._look_up, digest, found, key=key))
        if principal is None:
            self._verified.pop(digest, None)
            await self._limits.failed_credential(network, count=True)
        else:
            self._verified[digest] = VERIFIED_ENTRY_BYTES
        return principal

    async def _look_up(self, digest: bytes, miss: PrincipalMiss, *, key: bool) -> Principal | None:
        async with self._transactions.read() as transaction:
            store = transaction.keys if key else transaction.tokens
            principal = await store.find(digest, self._clock.now())
        if principal is None or not hmac.compare_digest(principal.credential, digest):
            return None
        await self._principals.fill(digest, principal, miss)
        return principal
