"""Contract of the presence interface."""

from collections.abc import Mapping

import pytest

from iotflow.domain.times import Millis
from iotflow.repositories.cache import PresenceRepository, PresenceView
from tests.contracts.telemetry.base import at, new_device
from tests.waiting import wait_until

T = at("2026-02-01 00:00:00")
LATER = Millis(T + 1_000)
VISIBLE_WITHIN_S = 1.0


async def wait_for_presence(presence: PresenceRepository, seen: Mapping[int, Millis]) -> None:
    """Wait until a process sees these times as pending."""

    async def is_seen() -> bool:
        return await presence.pending() == seen

    await wait_until(is_seen, VISIBLE_WITHIN_S, 0.01)


class PresenceContract:
    """The implementation under test on an empty store, and that of another process on the same store."""

    @pytest.fixture
    def presence(self) -> PresenceRepository:
        raise NotImplementedError

    @pytest.fixture
    def other(self, presence: PresenceRepository) -> PresenceRepository:
        return presence

    @pytest.fixture
    def device(self) -> int:
        return new_device()

    async def test_a_touch_is_visible_to_every_process(
        self, presence: PresenceRepository, other: PresenceRepository, device: int
    ) -> None:
        await presence.touch(device, T)
        assert await presence.last_seen([device, device + 1]) == {device: T}
        await wait_for_presence(other, {device: T})
        for reader in (presence, other):
            assert await reader.last_seen([device, device + 1]) == {device: T}
            assert await reader.last_seen([]) == {}

    async def test_an_older_time_never_replaces_a_newer(self, presence: PresenceRepository, device: int) -> None:
        for at_ in (T, LATER, T):
            await presence.touch(device, at_)
        assert await presence.last_seen([device]) == {device: LATER}
        assert await presence.pending() == {device: LATER}

    async def test_flushed_presence_is_not_flushed_again(self, presence: PresenceRepository, device: int) -> None:
        await presence.touch(device, T)
        seen = await presence.pending()
        assert seen == {device: T}
        await presence.mark_flushed(seen)
        assert await presence.pending() == {}
        await presence.mark_flushed(seen)

    async def test_presence_recorded_during_a_flush_is_flushed_next(
        self, presence: PresenceRepository, device: int
    ) -> None:
        neighbour = device + 1
        await presence.touch(device, T)
        await presence.touch(neighbour, T)
        seen = await presence.pending()
        await presence.touch(device, LATER)
        assert seen == {device: T, neighbour: T}
        await presence.mark_flushed(seen)
        assert await presence.pending() == {device: LATER}
        assert await presence.last_seen([device]) == {device: LATER}

    async def test_a_view_tells_since_when_no_time_is_lost(self, presence: PresenceRepository, device: int) -> None:
        await presence.touch(device, T)
        assert await presence.view([], T) == PresenceView(T, {})
        assert await presence.view([device, device + 1], LATER) == PresenceView(T, {device: T})

    async def test_a_removed_device_is_not_pending(self, presence: PresenceRepository, device: int) -> None:
        await presence.touch(device, T)
        await presence.touch(device + 1, T)
        for _ in range(2):
            await presence.remove([device])
        assert await presence.last_seen([device, device + 1]) == {device + 1: T}
        assert await presence.pending() == {device + 1: T}
