"""Accounts: registration, changes, suspension and deletion."""

from typing import TypedDict
from uuid import UUID, uuid4

from iotflow.clock import Clock
from iotflow.domain.accounts import User, UserChange, email_error, username_error
from iotflow.domain.context import Context
from iotflow.domain.errors import Conflict, FieldError, Forbidden, InvalidInput, NotFound
from iotflow.domain.events import EventType
from iotflow.domain.json import JsonValue
from iotflow.domain.permissions import LOGIN_ONLY, require_account, require_admin, require_registration
from iotflow.domain.personal_tokens import TokenScope
from iotflow.domain.principals import UserPrincipal
from iotflow.repositories.transactions import Transaction, Transactions
from iotflow.services.audit_log import record_event
from iotflow.services.cache_invalidation import CacheInvalidation
from iotflow.services.login_throttle import LoginThrottle
from iotflow.services.outbox_messages import account_deletion_message, anonymize_message
from iotflow.services.passwords import Passwords
from iotflow.services.personal_tokens import record_revocation

_WRONG_PASSWORD = "the current_password is wrong"  # noqa: S105  # an error message, no secret


class ProfileChange(TypedDict, total=False):
    """New values requested for a profile. An absent field keeps its value."""

    username: str
    email: str
    password: str
    current_password: str
    is_admin: bool
    revoke_tokens: bool


class Accounts:
    """Operations on user accounts. Each method checks the rights of its caller.

    All methods raise these errors; docstrings list others:
    - Unauthenticated: the caller has no credentials.
    - Forbidden: the caller lacks the right.
    - NotFound: the account is unknown.
    - StoreUnavailable.
    """

    def __init__(
        self,
        transactions: Transactions,
        invalidation: CacheInvalidation,
        throttle: LoginThrottle,
        passwords: Passwords,
        clock: Clock,
        *,
        registration_is_open: bool,
    ) -> None:
        self._transactions = transactions
        self._invalidation = invalidation
        self._throttle = throttle
        self._passwords = passwords
        self._clock = clock
        self._registration_is_open = registration_is_open

    async def register(
        self, context: Context, username: str, email: str, password: str, *, is_admin: bool = False
    ) -> User:
        """Create an account.

        Raises:
            InvalidInput: the name or address breaks a rule.
            Conflict: the name or address is taken.
            Overloaded: too many passwords wait to be hashed.

        """
        require_registration(context.principal, is_open=self._registration_is_open, as_admin=is_admin)
        _require_valid(ProfileChange(username=username, email=email))
        password_hash = await self._passwords.hash(password, context.network)
        now = self._clock.now()
        user = User(
            user_id=uuid4(),
            username=username,
            email=email,
            is_active=True,
            is_admin=is_admin,
            created_at=now,
            updated_at=now,
            last_login=None,
        )
        async with self._transactions.write() as transaction:
            await transaction.accounts.add(user, password_hash)
            details: dict[str, JsonValue] = {"username": username, "email": email, "is_admin": is_admin}
            await record_event(
                transaction, context, EventType.USER_REGISTERED, now, user_id=user.user_id, details=details
            )
        return user

    async def get(self, context: Context, user_id: UUID) -> User:
        """Return an account."""
        require_account(context.principal, user_id, TokenScope.READ)
        async with self._transactions.read() as transaction:
            user = await transaction.accounts.get(user_id)
        if user is None:
            raise NotFound(f"there is no user {user_id}")
        return user

    async def page(self, context: Context, limit: int, offset: int) -> tuple[list[User], int]:
        """Return a page of accounts in the order of registration, and the number of all. For administrators."""
        require_admin(context.principal)
        async with self._transactions.read() as transaction:
            return await transaction.accounts.page(limit, offset)

    async def update(self, context: Context, user_id: UUID, change: ProfileChange) -> User:
        """Change a profile. A new password revokes all tokens of the user's logins.

        `revoke_tokens` True revokes the user's personal access tokens, with a new password or without.

        Raises:
            InvalidInput: the current password is missing, or the name or address breaks a rule.
            Conflict: a name or address is taken, or no active administrator would be left.
            Forbidden: also for a wrong current password, and for `is_admin` by a user who is no administrator.
            RateLimited: too many wrong current passwords.
            Overloaded: too many passwords wait to be hashed.

        """
        caller = context.principal
        require_account(caller, user_id, LOGIN_ONLY)
        if "is_admin" in change:
            require_admin(caller)
        _require_valid(change)
        proven_hash = None
        if "password" in change and isinstance(caller, UserPrincipal) and caller.user_id == user_id:
            if "current_password" not in change:
                message = "required to change your own password"
                raise InvalidInput.at("body", "current_password", message=message, kind="missing")
            proven_hash = await self._verify_password(context, user_id, change["current_password"])
        password_hash = None
        if "password" in change:
            password_hash = await self._passwords.hash(change["password"], context.network)
        now = self._clock.now()
        async with self._transactions.write() as transaction:
            before = await self._lock(transaction, user_id, leaves_admins=change.get("is_admin") is False)
            if proven_hash is not None:
                await self._require_hash(transaction, user_id, proven_hash)
            user = await transaction.accounts.update(user_id, _user_change(change, password_hash), now)
            digests = await transaction.tokens.digests_of_user(user_id)
            digests += await transaction.personal_tokens.digests_of_user(user_id)
            await self._invalidation.invalidate_on_commit(transaction, now, digests=digests)
            if password_hash is not None:
                await transaction.tokens.delete_of_user(user_id)
            await self._record_update(transaction, context, before, user, change)
            if change.get("revoke_tokens"):
                for token in await transaction.personal_tokens.delete_of_user(user_id):
                    await record_revocation(transaction, context, token, now)
        return user

    async def set_active(self, context: Context, user_id: UUID, *, active: bool) -> User:
        """Suspend an account's tokens and its devices' keys, or end the suspension. Idempotent. For administrators.

        Raises Conflict if no active administrator would be left.
        """
        require_admin(context.principal)
        now = self._clock.now()
        async with self._transactions.write() as transaction:
            user = await self._lock(transaction, user_id, leaves_admins=not active)
            if user.is_active == active:
                return user
            user = await transaction.accounts.update(user_id, UserChange(is_active=active), now)
            await self._invalidation.invalidate_account_on_commit(transaction, user_id, now)
            event_type = EventType.USER_ACTIVATED if active else EventType.USER_DEACTIVATED
            await record_event(transaction, context, event_type, now, user_id=user_id)
        return user

    async def delete(self, context: Context, user_id: UUID) -> None:
        """Delete an account and all that it owns. Its events stay, anonymized. For administrators.

        Access and visibility end at once; rows and telemetry are removed in the background. Raises Conflict if no
        active administrator would be left.
        """
        require_admin(context.principal)
        now = self._clock.now()
        async with self._transactions.write() as transaction:
            await self._lock(transaction, user_id, leaves_admins=True)
            await transaction.accounts.mark_deleted(user_id, now)
            await transaction.tokens.delete_of_user(user_id)
            await transaction.personal_tokens.delete_of_user(user_id)
            await self._invalidation.invalidate_account_on_commit(transaction, user_id, now)
            await record_event(transaction, context, EventType.USER_DELETED, now, user_id=user_id)
            await transaction.outbox.add([anonymize_message(user_id, now), account_deletion_message(user_id, now)])

    async def _verify_password(self, context: Context, user_id: UUID, password: str) -> str:
        """Verify the current password and return its stored hash. Counts against the login limit."""
        await self._throttle.take_account(str(user_id))
        async with self._transactions.read() as transaction:
            stored = await transaction.accounts.get_credentials(user_id)
        if stored is None:
            raise NotFound(f"there is no user {user_id}")
        async with self._throttle.refund_if_overloaded(str(user_id)):
            right = await self._passwords.verify(password, stored.password_hash, context.network)
        if not right:
            raise Forbidden(_WRONG_PASSWORD)
        await self._throttle.refund_account(str(user_id))
        return stored.password_hash

    async def _require_hash(self, transaction: Transaction, user_id: UUID, password_hash: str) -> None:
        """Raise Forbidden if the password has changed since it was verified."""
        stored = await transaction.accounts.get_credentials(user_id)
        if stored is None or stored.password_hash != password_hash:
            raise Forbidden(_WRONG_PASSWORD)

    async def _lock(self, transaction: Transaction, user_id: UUID, *, leaves_admins: bool) -> User:
        """Lock and return the account. Raises Conflict for the last active administrator if `leaves_admins`."""
        admins = await transaction.accounts.lock_active_admins() if leaves_admins else None
        user = await transaction.accounts.lock(user_id)
        if user is None:
            raise NotFound(f"there is no user {user_id}")
        if admins is not None and admins <= 1 and user.is_admin and user.is_active:
            raise Conflict("the last active administrator can't be removed, demoted or deactivated")
        return user

    async def _record_update(
        self, transaction: Transaction, context: Context, before: User, after: User, change: ProfileChange
    ) -> None:
        user_id, at = after.user_id, after.updated_at
        if "password" in change:
            await record_event(transaction, context, EventType.USER_PASSWORD_CHANGED, at, user_id=user_id)
        changed: list[JsonValue] = [
            field for field in ("username", "email", "is_admin") if getattr(before, field) != getattr(after, field)
        ]
        if changed:
            details = {"changed": changed}
            await record_event(transaction, context, EventType.USER_UPDATED, at, user_id=user_id, details=details)


def _require_valid(wanted: ProfileChange) -> None:
    """Raise InvalidInput for a username or an address that breaks a rule."""
    found = {
        "username": username_error(wanted["username"]) if "username" in wanted else None,
        "email": email_error(wanted["email"]) if "email" in wanted else None,
    }
    errors = [FieldError(("body", field), error) for field, error in found.items() if error]
    if errors:
        raise InvalidInput(errors)


def _user_change(change: ProfileChange, password_hash: str | None) -> UserChange:
    wanted = UserChange()
    if "username" in change:
        wanted["username"] = change["username"]
    if "email" in change:
        wanted["email"] = change["email"]
    if "is_admin" in change:
        wanted["is_admin"] = change["is_admin"]
    if password_hash is not None:
        wanted["password_hash"] = password_hash
    return wanted
