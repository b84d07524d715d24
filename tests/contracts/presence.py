"""What the presence role promises."""

import pytest

from iotflow.domain.times import Millis
from iotflow.repositories.presence import PresenceRepository
from tests.contracts.telemetry.base import at, new_device

T = at("2026-02-01 00:00:00")
LATER = Millis(T + 1_000)


class PresenceContract:
    """The player under test, over an empty store, and the same store as another process sees it."""

    @pytest.fixture
    def presence(self) -> PresenceRepository:
        raise NotImplementedError

    @pytest.fixture
    def other(self, presence: PresenceRepository) -> PresenceRepository:
        return presence

    @pytest.fixture
    def device(self) -> int:
        return new_device()

    async def test_a_device_seen_is_known_to_every_process(
        self, presence: PresenceRepository, other: PresenceRepository, device: int
    ) -> None:
        await presence.seen(device, T)
        for reader in (presence, other):
            assert await reader.last_seen([device, device + 1]) == {device: T}
            assert await reader.last_seen([]) == {}

    async def test_an_older_time_never_replaces_a_newer(self, presence: PresenceRepository, device: int) -> None:
        for at_ in (T, LATER, T):
            await presence.seen(device, at_)
        assert await presence.last_seen([device]) == {device: LATER}
        assert await presence.unflushed() == {device: LATER}

    async def test_what_was_flushed_is_not_flushed_again(self, presence: PresenceRepository, device: int) -> None:
        await presence.seen(device, T)
        seen = await presence.unflushed()
        assert seen == {device: T}
        await presence.flushed(seen)
        assert await presence.unflushed() == {}
        await presence.flushed(seen)

    async def test_what_was_seen_during_a_flush_is_flushed_next(
        self, presence: PresenceRepository, device: int
    ) -> None:
        neighbour = device + 1
        await presence.seen(device, T)
        await presence.seen(neighbour, T)
        seen = await presence.unflushed()
        await presence.seen(device, LATER)
        assert seen == {device: T, neighbour: T}
        await presence.flushed(seen)
        assert await presence.unflushed() == {device: LATER}
        assert await presence.last_seen([device]) == {device: LATER}

    async def test_a_forgotten_device_is_not_flushed(self, presence: PresenceRepository, device: int) -> None:
        await presence.seen(device, T)
        await presence.seen(device + 1, T)
        for _ in range(2):
            await presence.forget([device])
        assert await presence.last_seen([device, device + 1]) == {device + 1: T}
        assert await presence.unflushed() == {device + 1: T}
