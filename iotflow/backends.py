"""The databases behind the stores, as operators meet them: whether they are reached, and what schema they have."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from iotflow.domain.errors import StoreUnavailable

TRY_AGAIN_AFTER_S = 0.5


class BackendError(Exception):
    """A database cannot be used; the message names its setting, says why, and what would be right."""


@dataclass(frozen=True, slots=True)
class Schema:
    """A database's schema: the version that it has, the one that this code needs, and the way between.

    `stored` is None before the first migration. `pending` tells what `upgrade` would do to a database of that version.
    `upgrade` may run in two places at once. What asks the database raises StoreUnavailable.
    """

    wanted: str
    stored: Callable[[], Awaitable[str | None]]
    pending: Callable[[str | None], Sequence[str]]
    upgrade: Callable[[], Awaitable[None]]


async def _no_risks() -> Sequence[str]:
    return ()


@dataclass(frozen=True, slots=True)
class Backend:
    """A database, the setting that names it, and the stores it holds.

    `connect` and `ping` raise StoreUnavailable with a reason of one line. `embedded`: it has one service, which
    brings it to its schema by itself. `risks` returns what of the database's own settings endangers data.
    """

    setting: str
    kind: str
    stores: Sequence[str]
    connect: Callable[[], Awaitable[None]]
    ping: Callable[[], Awaitable[None]]
    schema: Schema | None = None
    embedded: bool = False
    risks: Callable[[], Awaitable[Sequence[str]]] = _no_risks

    async def reached(self, until_s: float = 0) -> None:
        """Connect, trying again until that time of `time.monotonic`. Raises BackendError."""
        while True:
            try:
                await self.connect()
            except StoreUnavailable as error:
                if time.monotonic() >= until_s:
                    raise self.error(error) from error
                await asyncio.sleep(TRY_AGAIN_AFTER_S)
            else:
                return

    async def ready(self, until_s: float = 0) -> None:
        """Connect, bring an embedded database to its schema, and demand it of others. Raises BackendError."""
        await self.reached(until_s)
        if self.schema is None:
            return
        try:
            if self.embedded:
                await self.schema.upgrade()
                return
            stored = await self.schema.stored()
        except StoreUnavailable as error:
            raise self.error(error) from error
        if stored != self.schema.wanted:
            raise BackendError(
                f"{self.setting}: the schema is {stored or 'missing'}, expected {self.schema.wanted}: "
                "run `iotflow migrate`"
            )

    async def warnings(self) -> list[str]:
        """Return the database's risks, with the setting's name."""
        return [f"{self.setting}: {risk}" for risk in await self.risks()]

    def error(self, error: StoreUnavailable) -> BackendError:
        """The error, with the setting's name."""
        return BackendError(f"{self.setting}: the {self.stores[0]} store cannot be used: {error}")
