"""Accounts: made, changed, suspended and deleted."""

from dataclasses import dataclass
from uuid import UUID, uuid4

from iotflow.clock import Clock
from iotflow.domain.accounts import User, UserChange
from iotflow.domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from iotflow.domain.events import EventType
from iotflow.domain.json import JsonValue
from iotflow.domain.permissions import require_admin
from iotflow.domain.principals import UserPrincipal
from iotflow.repositories.principal_cache import PrincipalCache
from iotflow.repositories.transactions import Transaction, Transactions
from iotflow.services.account_deletion import deletion_message
from iotflow.services.audit import Actor, anonymize_message, record_event
from iotflow.services.invalidation import invalidate_account_with, invalidate_with
from iotflow.services.login_throttle import LoginThrottle
from iotflow.services.passwords import THIS_HOST, Passwords

_WRONG_PASSWORD = "the current_password is wrong"  # noqa: S105  # what an answer says, no secret


@dataclass(frozen=True, slots=True)
class ProfileChange:
    """What a profile's owner or an admin wants changed; None leaves a field as it is."""

    username: str | None = None
    email: str | None = None
    password: str | None = None
    current_password: str | None = None
    is_admin: bool | None = None


class Accounts:
    """What may be done with accounts."""

    def __init__(
        self,
        transactions: Transactions,
        principals: PrincipalCache,
        throttle: LoginThrottle,
        passwords: Passwords,
        clock: Clock,
    ) -> None:
        self._transactions = transactions
        self._principals = principals
        self._throttle = throttle
        self._passwords = passwords
        self._clock = clock

    async def register(
        self,
        username: str,
        email: str,
        password: str,
        *,
        caller: UserPrincipal | None = None,
        is_admin: bool = False,
        request_id: str | None = None,
        network: str = THIS_HOST,
    ) -> User:
        """Make an account, the caller's own where None calls. Raises Conflict for a taken name or address."""
        password_hash = await self._passwords.hash(password, network)
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
            actor = Actor.of(caller, request_id) if caller else Actor("user", str(user.user_id), request_id)
            details: dict[str, JsonValue] = {"username": username, "email": email, "is_admin": is_admin}
            await record_event(
                transaction, actor, EventType.USER_REGISTERED, now, user_id=user.user_id, details=details
            )
        return user

    async def get(self, user_id: UUID) -> User:
        """An account. Raises NotFound."""
        async with self._transactions.read() as transaction:
            return await _existing(transaction, user_id)

    async def page(self, limit: int, offset: int) -> tuple[list[User], int]:
        """Accounts in the order of registration, and how many there are in all."""
        async with self._transactions.read() as transaction:
            return await transaction.accounts.page(limit, offset)

    async def update(
        self,
        caller: UserPrincipal,
        user_id: UUID,
        change: ProfileChange,
        request_id: str | None,
        network: str = THIS_HOST,
    ) -> User:
        """Change a profile; a changed password ends all of the user's logins.

        Raises InvalidInput for a missing current password; NotFound; Conflict for a taken name or address, or when no
        active admin would be left; Forbidden for a wrong current password or for `is_admin` of a caller who is none;
        RateLimited.
        """
        if change.is_admin is not None:
            require_admin(caller)
        proven_hash = None
        if change.password is not None and caller.user_id == user_id:
            if change.current_password is None:
                message = "required to change your own password"
                raise InvalidInput.at("body", "current_password", message=message, kind="missing")
            proven_hash = await self._proven_hash(user_id, change.current_password, network)
        password_hash = None if change.password is None else await self._passwords.hash(change.password, network)
        now = self._clock.now()
        async with self._transactions.write() as transaction:
            before = await self._locked(transaction, user_id, leaves_admins=change.is_admin is False)
            if proven_hash is not None:
                await self._require_hash(transaction, user_id, proven_hash)
            wanted = UserChange(change.username, change.email, password_hash, None, change.is_admin)
            user = await transaction.accounts.update(user_id, wanted, now)
            digests = await transaction.tokens.digests_of_user(user_id)
            await invalidate_with(transaction, self._principals, digests, now)
            if password_hash is not None:
                await transaction.tokens.delete_of_user(user_id)
            await self._tell_of_update(transaction, Actor.of(caller, request_id), before, user, change)
        return user

    async def set_active(self, caller: UserPrincipal, user_id: UUID, request_id: str | None, *, active: bool) -> User:
        """Suspend an account's tokens and its devices' keys, or let them work again.

        Raises NotFound, or Conflict when no active admin would be left.
        """
        now = self._clock.now()
        async with self._transactions.write() as transaction:
            user = await self._locked(transaction, user_id, leaves_admins=not active)
            if user.is_active == active:
                return user
            user = await transaction.accounts.update(user_id, UserChange(is_active=active), now)
            await invalidate_account_with(transaction, self._principals, user_id, now)
            event_type = EventType.USER_ACTIVATED if active else EventType.USER_DEACTIVATED
            await record_event(transaction, Actor.of(caller, request_id), event_type, now, user_id=user_id)
        return user

    async def delete(self, caller: UserPrincipal, user_id: UUID, request_id: str | None) -> None:
        """Delete an account and all that it owns; its events stay, without names and addresses.

        Access and visibility end at once; rows and telemetry are removed in the background.

        Raises NotFound, or Conflict when no active admin would be left.
        """
        now = self._clock.now()
        async with self._transactions.write() as transaction:
            await self._locked(transaction, user_id, leaves_admins=True)
            await transaction.accounts.mark_deleted(user_id, now)
            await transaction.tokens.delete_of_user(user_id)
            await invalidate_account_with(transaction, self._principals, user_id, now)
            actor = Actor.of(caller, request_id)
            await record_event(transaction, actor, EventType.USER_DELETED, now, user_id=user_id)
            await transaction.outbox.add([anonymize_message(user_id, now), deletion_message(user_id, now)])

    async def _proven_hash(self, user_id: UUID, current_password: str, network: str) -> str:
        """The hash of the account's password, which this one fits. Tries count as those of logins do."""
        await self._throttle.take_account(str(user_id))
        async with self._transactions.read() as transaction:
            stored = await transaction.accounts.get_credentials(user_id)
        if stored is None:
            raise NotFound(f"there is no user {user_id}")
        async with self._throttle.not_for_overload(str(user_id)):
            right = await self._passwords.verify(current_password, stored.password_hash, network)
        if not right:
            raise Forbidden(_WRONG_PASSWORD)
        await self._throttle.give_back_account(str(user_id))
        return stored.password_hash

    async def _require_hash(self, transaction: Transaction, user_id: UUID, password_hash: str) -> None:
        """Raise Forbidden when the password has changed since it was proven."""
        stored = await transaction.accounts.get_credentials(user_id)
        if stored is None or stored.password_hash != password_hash:
            raise Forbidden(_WRONG_PASSWORD)

    async def _locked(self, transaction: Transaction, user_id: UUID, *, leaves_admins: bool) -> User:
        """The account, which nobody else changes meanwhile. Raises Conflict for the last active admin who is to go."""
        admins = await transaction.accounts.lock_active_admins() if leaves_admins else None
        user = await transaction.accounts.lock(user_id)
        if user is None:
            raise NotFound(f"there is no user {user_id}")
        if admins is not None and admins <= 1 and user.is_admin and user.is_active:
            raise Conflict("the last active administrator can't be removed, demoted or deactivated")
        return user

    async def _tell_of_update(
        self, transaction: Transaction, actor: Actor, before: User, after: User, change: ProfileChange
    ) -> None:
        if change.password is not None:
            await record_event(
                transaction, actor, EventType.USER_PASSWORD_CHANGED, after.updated_at, user_id=after.user_id
            )
        changed: list[JsonValue] = [
            field for field in ("username", "email", "is_admin") if getattr(before, field) != getattr(after, field)
        ]
        if changed:
            await record_event(
                transaction,
                actor,
                EventType.USER_UPDATED,
                after.updated_at,
                user_id=after.user_id,
                details={"changed": changed},
            )


async def _existing(transaction: Transaction, user_id: UUID) -> User:
    user = await transaction.accounts.get(user_id)
    if user is None:
        raise NotFound(f"there is no user {user_id}")
    return user
