"""The interface of the e-mails about alerts."""

from typing import Protocol
from uuid import UUID

from iotflow.domain.mail import Digest, Notice
from iotflow.domain.times import Millis


class MailRepository(Protocol):
    """Notices that wait for an account's next e-mail. They are removed with their rule or account."""

    async def add(self, notice: Notice) -> None:
        """Store a notice. Its account has a due e-mail now, unless one was sent or tried recently.

        Idempotent: one whose id is stored is left unchanged. Nothing is stored if the rule is gone. Other additions to
        the account wait until the transaction ends. Raises NotFound for an unknown account.
        """
        ...

    async def has_more_than(self, number: int, user_id: UUID) -> bool:
        """Return whether an account has more notices than `number`."""
        ...

    async def claim(self, now: Millis, lease_ms: int) -> Digest | None:
        """Claim the e-mail that has been due for the longest, and count its attempt; None if none is due.

        It is due again when the lease ends. Accounts without notices or without access are removed from the queue.
        """
        ...

    async def finish(self, digest: Digest, next_at: Millis) -> None:
        """Remove the notices of an e-mail. The account's next one is not due before `next_at`."""
        ...

    async def retry(self, user_id: UUID, due_at: Millis) -> None:
        """Make an account's e-mail due at a time."""
        ...

    async def clamp_due_at(self, latest: Millis, to: Millis) -> None:
        """Make e-mails that are due later than `latest` due at `to`: a clock that ran ahead has stored them."""
        ...
