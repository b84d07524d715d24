"""Uses of personal access tokens: the time of each token's latest use, kept in memory and stored in bulk."""

from collections.abc import Sequence
from dataclasses import replace

from iotflow.clock import Clock
from iotflow.domain.personal_tokens import PersonalToken
from iotflow.domain.times import Millis
from iotflow.logs import LimitLog
from iotflow.repositories.transactions import Transactions

TOKENS_PER_FLUSH = 1_000
MAX_WAITING_USES = 100_000
"""Tokens used since the last flush, some 15 MiB. Beyond it uses are not recorded."""


class TokenUses:
    """A buffer of the latest use of each token. A killed process loses the times not yet flushed."""

    def __init__(self, transactions: Transactions, clock: Clock) -> None:
        self._transactions = transactions
        self._clock = clock
        self._used: dict[int, Millis] = {}
        self._dropped = LimitLog(
            "waiting_token_uses", f"{MAX_WAITING_USES:,} uses of tokens that wait for the sql store"
        )

    def record(self, token_id: int) -> None:
        """Record a use of a token now."""
        if token_id not in self._used and len(self._used) >= MAX_WAITING_USES:
            self._dropped.record(f"token {token_id}")
            return
        self._used[token_id] = self._clock.now()

    def merge(self, tokens: Sequence[PersonalToken]) -> list[PersonalToken]:
        """Return tokens with `last_used_at` updated from the uses in this process."""
        return [
            replace(token, last_used_at=max(self._used[token.id], token.last_used_at or Millis(0)))
            if token.id in self._used
            else token
            for token in tokens
        ]

    async def flush(self) -> None:
        """Store the times in chunks. Raises StoreUnavailable; the times not stored stay for the next flush.

        Times are capped at the current time: the clock may have been set back since.
        """
        now = self._clock.now()
        waiting = sorted(self._used.items())
        for start in range(0, len(waiting), TOKENS_PER_FLUSH):
            chunk = waiting[start : start + TOKENS_PER_FLUSH]
            async with self._transactions.write(bulk=True) as transaction:
                await transaction.personal_tokens.record_used({token_id: min(at, now) for token_id, at in chunk})
            for token_id, at in chunk:
                if self._used.get(token_id) == at:
                    del self._used[token_id]
