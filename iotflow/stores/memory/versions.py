"""Versions of keys, so that a cache takes no value whose read began before the key last changed."""

from collections import OrderedDict
from collections.abc import Hashable


class Versions:
    """A version per key, of at most `size` keys; a key that was dropped shares the newest dropped version.

    That may refuse a fill that would have been right, and never lets one pass that is not.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._changes = 0
        self._floor = 0
        self._versions: OrderedDict[Hashable, int] = OrderedDict()

    def current(self, key: Hashable) -> int:
        """The key's version."""
        return self._versions.get(key, self._floor)

    def bump(self, key: Hashable) -> None:
        """The key has changed."""
        self._changes += 1
        self._versions[key] = self._changes
        self._versions.move_to_end(key)
        if len(self._versions) > self._size:
            _, self._floor = self._versions.popitem(last=False)

    def bump_all(self) -> None:
        """Any key may have changed."""
        self._changes += 1
        self._floor = self._changes
        self._versions.clear()
