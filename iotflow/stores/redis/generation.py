"""The generation of cached entries: a random id in Redis that is part of every entry's key.

A new id voids all entries at once, because no process looks for their keys again. A process begins a new generation,
before any other command, whenever Redis may lack a change that the process had to send or that another one could not.

| State | Event | Next state | Effect |
|---|---|---|---|
| stale | `begin` | beginning | the caller stores the new id in Redis |
| beginning | `record_begun` | current | older entries are void; unstable for `unstable_s`, except after the first id |
| beginning | `mark_stale` | beginning | `record_begun` leads to stale: another generation must begin |
| beginning | `record_begin_failure` | stale | |
| current | `adopt_id` of the same id | current | |
| current | `adopt_id` of another id | current, with that id | calls that name entries are sent again |
| current | `adopt_id` of no id | stale | Redis has lost the id |
| any | `mark_stale`, or `record_failed_calls` unless their loss leaves no entry out of date | stale | |
| any | `apply_replies` with a refused command or an unknown script | stale | |

A process starts stale, because one before it may have been killed before it sent a change.
"""

from dataclasses import dataclass
from enum import Enum, auto


class Outcome(Enum):
    """What becomes of a call after its replies arrived."""

    DELIVER = auto()
    RESEND = auto()
    FAIL = auto()


@dataclass(slots=True)
class GenerationState:
    """The state of one process's generation; pure, so that every transition can be tested.

    `unstable_s` is the longest time after an outage within which another process may still take it to last, and not
    send its changes. `id` is "" before the first generation. `failed_calls` counts the calls that failed since the
    last one began.
    """

    unstable_s: float
    id: str = ""
    is_stale: bool = True
    failed_calls: int = 0
    stable_at_s: float = 0.0

    def has_settled_after_outage(self, now_s: float) -> bool:
        """Return whether all processes have noticed the end of the last outage."""
        return now_s >= self.stable_at_s

    def mark_stale(self) -> None:
        """Require a new generation: Redis may lack a change."""
        self.is_stale = True

    def record_failed_calls(self, calls: int = 1, *, stale: bool = True) -> None:
        """Count calls that failed; `stale` is False for calls whose loss leaves no entry out of date."""
        self.failed_calls += calls
        self.is_stale |= stale

    def begin(self) -> None:
        """Note that a new id is about to be sent; a mark that comes before `record_begun` requires another one."""
        self.is_stale = False

    def record_begin_failure(self) -> None:
        """Note that the new id may not have reached Redis."""
        self.is_stale = True

    def record_begun(self, generation_id: str, now_s: float) -> int:
        """Note that Redis holds the new id. Return the number of calls that failed since the last one."""
        failed, self.failed_calls = self.failed_calls, 0
        if self.id:
            self.stable_at_s = now_s + self.unstable_s
        self.id = generation_id
        return failed

    def apply_replies(self, reported: str, *, under_generation: bool, lacks_script: bool, refused: bool) -> Outcome:
        """Apply the replies of a call that was built for the current id, and return what becomes of the call.

        `reported`: the id that Redis holds, "" for none. `under_generation`: its commands name entries. `lacks_script`:
        Redis had no such script. `refused`: it refused a command.
        """
        if lacks_script:
            # Redis was restarted or replaced by another server, with unknown entries.
            self.is_stale = True
            return Outcome.RESEND
        if under_generation and reported != self.id:
            return Outcome.RESEND
        if refused:
            self.record_failed_calls()
            return Outcome.FAIL
        return Outcome.DELIVER

    def adopt_id(self, generation_id: str) -> None:
        """Take over the id that Redis holds; "" is none."""
        if generation_id:
            self.id = generation_id
        else:
            self.is_stale = True
