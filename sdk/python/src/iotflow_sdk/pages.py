"""Iteration over paged lists."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Protocol, TypeVar

from .types import UNSET, Unset


class Page(Protocol):
    """A page of a list."""

    next_cursor: str | None


P = TypeVar("P", bound=Page)


def pages(fetch: Callable[[str | Unset], P]) -> Iterator[P]:
    """Yield the pages of a list; `fetch` gets one by its cursor, which is unset for the first."""
    page = fetch(UNSET)
    yield page
    while page.next_cursor is not None:
        page = fetch(page.next_cursor)
        yield page


async def async_pages(fetch: Callable[[str | Unset], Awaitable[P]]) -> AsyncIterator[P]:
    """Yield the pages of a list; `fetch` gets one by its cursor, which is unset for the first."""
    page = await fetch(UNSET)
    yield page
    while page.next_cursor is not None:
        page = await fetch(page.next_cursor)
        yield page
