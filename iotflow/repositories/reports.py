"""The interface of reports."""

from collections.abc import Collection
from typing import Protocol
from uuid import UUID

from iotflow.domain.reports import Report, ReportPosition


class ReportRepository(Protocol):
    """Reports, kept for `IOTFLOW_EVENT_RETENTION_DAYS` from their creation. All methods raise StoreUnavailable."""

    async def add(self, report: Report) -> None:
        """Store a report, unless its id is stored already."""
        ...

    async def save(self, report: Report) -> None:
        """Store a report, in place of that of the same id, if any."""
        ...

    async def get(self, report_id: UUID) -> Report | None:
        """Return the report, None for an unknown or expired one."""
        ...

    async def page(self, user_id: UUID | None, limit: int, after: ReportPosition | None) -> list[Report]:
        """Return up to `limit` reports of a user (None: of all) after a position (None: from the newest).

        The newest come first, by creation, then id. Their results are left out.
        """
        ...

    async def count_pending(self, user_id: UUID) -> int:
        """Return the number of a user's pending reports."""
        ...

    async def trim(self, user_id: UUID, keep: int) -> None:
        """Remove a user's reports but the newest `keep`."""
        ...

    async def purge_chunk(self, device_ids: Collection[int]) -> bool:
        """Remove some reports about these devices. Return whether more may be left."""
        ...
