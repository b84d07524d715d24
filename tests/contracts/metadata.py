"""Contract of the metadata interface."""

import asyncio
import math
import random
from typing import Protocol
from uuid import UUID, uuid4

import pytest

from iotflow.domain.geography import EARTH_RADIUS_M, MAX_RADIUS_M, Box, Circle, Position
from iotflow.domain.json import JsonObject
from iotflow.domain.metadata import (
    AttributeCondition,
    DeviceMetadata,
    MetadataChange,
    MetadataFilter,
    parse_attribute,
)
from iotflow.domain.times import Millis
from iotflow.repositories.metadata import MetadataRepository
from tests.contracts.telemetry.base import new_device

AT = Millis(1_772_000_000_000)
ATTRIBUTES: JsonObject = {
    "dotted.name": {"a.b": 1, "$c": [1.0, None, {"": []}]},
    "$set": "$unset",
    "_id": "x",
    "näme": '\U0001f321 it\'s "x"',
    "large": 2**53 + 1,
    "decimal": 1.0,
    "on": True,
    "off": None,
}


class RawMetadata(Protocol):
    """Direct access to the stored metadata."""

    async def rows(self) -> int:
        """Return the number of stored rows or documents."""
        ...


def attribute(text: str) -> AttributeCondition:
    """Return the condition of `name=value`."""
    condition = parse_attribute(text)
    assert condition is not None
    return condition


def new_devices(count: int) -> list[int]:
    """Return unused device ids, ascending."""
    return sorted(new_device() for _ in range(count))


def distance_m(one: Position, other: Position) -> float:
    """Return the distance by the haversine formula, in metres."""
    lat, other_lat = math.radians(one.lat), math.radians(other.lat)
    lon = math.radians(other.lon - one.lon)
    haversine = math.sin((other_lat - lat) / 2) ** 2 + math.cos(lat) * math.cos(other_lat) * math.sin(lon / 2) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(math.sqrt(haversine))


class MetadataContract:
    """The implementation under test, on a store without other metadata."""

    @pytest.fixture
    def metadata(self) -> MetadataRepository:
        raise NotImplementedError

    @pytest.fixture
    def raw(self) -> RawMetadata:
        raise NotImplementedError

    @pytest.fixture
    def owner(self) -> UUID:
        return uuid4()

    async def search(self, metadata: MetadataRepository, where: MetadataFilter) -> list[int]:
        """Return all devices that match, and check their number."""
        found = await metadata.search(where, 1_000, 0, 0)
        assert found.total == len(found.device_ids)
        return list(found.device_ids)

    async def place(self, metadata: MetadataRepository, owner: UUID, positions: list[Position]) -> list[int]:
        """Store a device at each position, and return their ids."""
        devices = new_devices(len(positions))
        for device, position in zip(devices, positions, strict=True):
            await metadata.update(device, owner, {"position": position}, AT)
        return devices

    async def test_a_device_without_metadata_has_empty_one(self, metadata: MetadataRepository) -> None:
        assert await metadata.get(7) == DeviceMetadata(7)

    async def test_given_fields_are_replaced_and_others_stay(self, metadata: MetadataRepository, owner: UUID) -> None:
        device, later = new_device(), Millis(AT + 1)
        changes: list[tuple[MetadataChange, DeviceMetadata]] = [
            ({"tags": ["a", "b"]}, DeviceMetadata(device, ["a", "b"], {}, None, later)),
            ({"attributes": ATTRIBUTES}, DeviceMetadata(device, ["a", "b"], ATTRIBUTES, None, later)),
            ({"position": Position(1, -2.5)}, DeviceMetadata(device, ["a", "b"], ATTRIBUTES, Position(1, -2.5), later)),
            ({"tags": [], "attributes": {"x": 1}}, DeviceMetadata(device, [], {"x": 1}, Position(1, -2.5), later)),
            ({"position": None}, DeviceMetadata(device, [], {"x": 1}, None, later)),
            ({}, DeviceMetadata(device, [], {"x": 1}, None, later)),
        ]
        await metadata.update(device, owner, {}, AT)
        for change, expected in changes:
            assert await metadata.update(device, owner, change, later) == expected
            assert await metadata.get(device) == expected

    async def test_attributes_keep_their_types(self, metadata: MetadataRepository, owner: UUID) -> None:
        device = new_device()
        await metadata.update(device, owner, {"attributes": {"a": 1, "b": 1.0, "c": True, "d": "1"}}, AT)
        stored = (await metadata.get(device)).attributes
        assert {name: type(value) for name, value in stored.items()} == {"a": int, "b": float, "c": bool, "d": str}

    async def test_devices_are_found_by_tag(self, metadata: MetadataRepository, owner: UUID) -> None:
        first, second, foreign = new_devices(3)
        await metadata.update(first, owner, {"tags": ["a", "b"]}, AT)
        await metadata.update(second, owner, {"tags": ["b"]}, AT)
        await metadata.update(foreign, uuid4(), {"tags": ["a", "b"]}, AT)
        assert await self.search(metadata, MetadataFilter(owner)) == [first, second]
        assert await self.search(metadata, MetadataFilter(owner, tag="b")) == [first, second]
        assert await self.search(metadata, MetadataFilter(owner, tag="a")) == [first]
        assert await self.search(metadata, MetadataFilter(owner, tag="B")) == []
        await metadata.update(first, owner, {"tags": ["c"]}, AT)
        assert await self.search(metadata, MetadataFilter(owner, tag="a")) == []
        assert await self.search(metadata, MetadataFilter(owner, tag="c")) == [first]

    @pytest.mark.parametrize(
        ("text", "is_found"),
        [
            ("$set=$unset", True),
            ("_id=x", True),
            ('näme=\U0001f321 it\'s "x"', True),
            ("large=9007199254740993", True),
            ("large=9007199254740992", False),
            ("decimal=1", True),
            ("decimal=1.0", True),
            ('decimal="1"', False),
            ("on=true", True),
            ("on=1", False),
            ("off=null", True),
            ("dotted.name=1", False),
            ("a.b=1", False),
        ],
    )
    async def test_devices_are_found_by_attribute(
        self, metadata: MetadataRepository, owner: UUID, text: str, is_found: bool
    ) -> None:
        device, other = new_device(), new_device()
        await metadata.update(device, owner, {"attributes": ATTRIBUTES}, AT)
        await metadata.update(other, owner, {"attributes": {"none": "of these"}}, AT)
        where = MetadataFilter(owner, attribute=attribute(text))
        assert await self.search(metadata, where) == ([device] if is_found else [])
        await metadata.update(device, owner, {"attributes": {}}, AT)
        assert await self.search(metadata, where) == []

    @pytest.mark.parametrize(
        "center",
        [
            Position(52.52, 13.405),
            Position(0, 180),
            Position(0, -180),
            Position(90, 0),
            Position(-90, 77),
            Position(89.9, -120),
            Position(-12.5, 179.99),
        ],
        ids=str,
    )
    async def test_devices_are_found_within_a_radius(
        self, metadata: MetadataRepository, owner: UUID, center: Position
    ) -> None:
        numbers = random.Random(17)
        near = [
            Position(max(-90, min(90, center.lat + dlat)), (center.lon + dlon + 540) % 360 - 180)
            for dlat in (-0.4, -0.001, 0, 0.001, 0.4)
            for dlon in (-0.4, 0, 0.0005, 170)
        ]
        anywhere = [Position(numbers.uniform(-90, 90), numbers.uniform(-180, 180)) for _ in range(40)]
        positions = [*near, *anywhere, Position(-center.lat, center.lon), Position(center.lat, -center.lon)]
        devices = await self.place(metadata, owner, positions)
        for radius_m in (1, 60, 150, 30_000, 100_000, 2_000_000, MAX_RADIUS_M):
            expected = [
                device
                for device, position in zip(devices, positions, strict=True)
                if distance_m(center, position) <= radius_m
            ]
            assert await self.search(metadata, MetadataFilter(owner, circle=Circle(center, radius_m))) == expected

    @pytest.mark.parametrize(
        ("box", "expected"),
        [
            (Box(13, 52, 14, 53), ["berlin"]),
            (Box(13.405, 52.52, 13.405, 52.52), ["berlin"]),
            (Box(-180, -90, 180, 90), ["berlin", "fiji", "east", "west", "pole", "quito"]),
            (Box(170, -30, -170, 30), ["fiji", "east", "west"]),
            (Box(170, -30, 180, 30), ["fiji", "east", "west"]),
            (Box(-180, -30, -179, 30), ["east", "west"]),
            (Box(0, 80, 10, 90), ["pole"]),
            # The geodesic between its northern corners runs over 61 degrees north.
            (Box(-60, 30, 60, 52.52), ["berlin"]),
            (Box(-79, -1, -78, 0), ["quito"]),
            (Box(1, 1, 2, 2), []),
        ],
        ids=str,
    )
    async def test_devices_are_found_in_a_box(
        self, metadata: MetadataRepository, owner: UUID, box: Box, expected: list[str]
    ) -> None:
        positions = {
            "berlin": Position(52.52, 13.405),
            "fiji": Position(-17.7, 178.1),
            "east": Position(0, 180),
            "west": Position(1, -180),
            "pole": Position(90, 45),
            "quito": Position(-0.18, -78.47),
        }
        devices = await self.place(metadata, owner, list(positions.values()))
        names = dict(zip(devices, positions, strict=True))
        await metadata.update(new_device(), owner, {"tags": ["nowhere"]}, AT)
        assert [names[device] for device in await self.search(metadata, MetadataFilter(owner, box=box))] == expected

    async def test_a_removed_position_is_not_found(self, metadata: MetadataRepository, owner: UUID) -> None:
        (device,) = await self.place(metadata, owner, [Position(1, 1)])
        await metadata.update(device, owner, {"position": None}, AT)
        assert await self.search(metadata, MetadataFilter(owner, box=Box(0, 0, 2, 2))) == []
        assert await self.search(metadata, MetadataFilter(owner, circle=Circle(Position(1, 1), 1_000))) == []

    async def test_all_conditions_must_hold(self, metadata: MetadataRepository, owner: UUID) -> None:
        here, there = Position(1, 1), Position(40, 40)
        matching = new_device()
        whole: MetadataChange = {"tags": ["a"], "attributes": {"x": 1}, "position": here}
        await metadata.update(matching, owner, whole, AT)
        others: list[MetadataChange] = [{"tags": ["b"]}, {"attributes": {"x": 2}}, {"position": there}]
        for other in others:
            await metadata.update(new_device(), owner, {**whole, **other}, AT)
        where = MetadataFilter(owner, "a", attribute("x=1"), Circle(here, 1_000), Box(0, 0, 2, 2))
        assert await self.search(metadata, where) == [matching]

    async def test_a_search_is_paged_by_id(self, metadata: MetadataRepository, owner: UUID) -> None:
        devices = new_devices(7)
        for device in devices[::-1]:
            await metadata.update(device, owner, {"tags": ["a"], "position": Position(1, 1)}, AT)
        for where in (
            MetadataFilter(owner),
            MetadataFilter(owner, tag="a"),
            MetadataFilter(owner, circle=Circle(Position(1, 1), 10)),
        ):
            found = await metadata.search(where, 3, 0, devices[1])
            assert (found.device_ids, found.total) == (devices[2:5], 7)
            found = await metadata.search(where, 3, 2, devices[1])
            assert (found.device_ids, found.total) == (devices[4:7], 7)
            assert (await metadata.search(where, 3, 0, devices[-1])).device_ids == []

    async def test_concurrent_changes_of_different_fields_all_stay(
        self, metadata: MetadataRepository, owner: UUID
    ) -> None:
        device = new_device()
        changes: list[MetadataChange] = [{"tags": ["a"]}, {"attributes": {"x": 1}}, {"position": Position(1, 1)}]
        await asyncio.gather(*(metadata.update(device, owner, change, AT) for change in changes * 4))
        assert await metadata.get(device) == DeviceMetadata(device, ["a"], {"x": 1}, Position(1, 1), AT)
        assert await self.search(metadata, MetadataFilter(owner, "a", attribute("x=1"))) == [device]

    async def test_a_purge_removes_all_of_some_devices(
        self, metadata: MetadataRepository, raw: RawMetadata, owner: UUID
    ) -> None:
        devices = new_devices(120)
        for device in devices:
            await metadata.update(device, owner, {"tags": ["a"], "attributes": {"x": device}}, AT)
        assert await metadata.purge_chunk(devices)
        while await metadata.purge_chunk(devices[1:]):
            pass
        assert await self.search(metadata, MetadataFilter(owner, tag="a")) in ([devices[0]], [])
        while await metadata.purge_chunk(devices):
            pass
        assert await raw.rows() == 0
