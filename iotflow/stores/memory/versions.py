"""Versions of keys, by which a cache refuses values whose read began before the key's last change."""

from collections import OrderedDict
from collections.abc import Hashable


class Versions:
    """Versions of the `size` keys changed last; all other keys share the newest version that was dropped.

    A shared version may refuse a correct fill. It never admits a stale one.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._changes = 0
        self._floor = 0
        self._versions: OrderedDict[Hashable, int] = OrderedDict()

    def current(self, key: Hashable) -> int:
        """Return the key's version."""
        return self._versions.get(key, self._floor)

    def bump(self, key: Hashable) -> None:
        """Note a change of the key."""
        self._changes += 1
        self._versions[key] = self._changes
        self._versions.move_to_end(key)
        if len(self._versions) > self._size:
            _, self._floor = self._versions.popitem(last=False)

    def bump_all(self) -> None:
        """Note a change of any or all keys."""
        self._changes += 1
        self._floor = self._changes
        self._versions.clear()
