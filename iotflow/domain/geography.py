"""Positions on the globe, and the areas that a search selects.

The globe is a sphere. Distances are compared by the chord through it, not by the arc along it: between two unit vectors
`chord² = 4 sin²(angle / 2)`, which is the haversine formula. A database computes it without trigonometry, and it has no
special case at the poles and at the antimeridian.
"""

import math
from dataclasses import dataclass

EARTH_RADIUS_M = 6_371_008.8
"""The mean radius of the Earth (IUGG), in metres. Distances on WGS 84 differ by up to 0.6 %."""
MAX_RADIUS_M = 10_000_000
"""A quarter of the circumference."""

MAX_LAT = 90.0
MAX_LON = 180.0


@dataclass(frozen=True, slots=True)
class Position:
    """A place in degrees of WGS 84: `lat` from -90 to 90, `lon` from -180 to 180, both included."""

    lat: float
    lon: float

    def unit_vector(self) -> tuple[float, float, float]:
        """Return the position as a point of the unit sphere."""
        lat, lon = math.radians(self.lat), math.radians(self.lon)
        return math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat)


@dataclass(frozen=True, slots=True)
class Circle:
    """The places within `radius_m` metres of a center, at most `MAX_RADIUS_M`."""

    center: Position
    radius_m: float

    @property
    def angle(self) -> float:
        """The radius as an angle at the center of the globe, in radians."""
        return self.radius_m / EARTH_RADIUS_M

    @property
    def squared_chord(self) -> float:
        """The square of the distance from the center through the unit sphere."""
        return 4 * math.sin(self.angle / 2) ** 2

    def latitudes(self) -> tuple[float, float]:
        """Return the southernmost and the northernmost latitude, or more where a pole is inside."""
        reach = math.degrees(self.angle)
        return self.center.lat - reach, self.center.lat + reach


@dataclass(frozen=True, slots=True)
class Box:
    """The places between two meridians and two parallels, in degrees, all included.

    `west` greater than `east`: the box crosses the antimeridian. `south` is at most `north`.
    """

    west: float
    south: float
    east: float
    north: float

    def longitudes(self) -> list[tuple[float, float]]:
        """Return the ranges of longitude, lower limit first. -180 and 180 are one meridian: both are in, or none."""
        ranges = [(self.west, self.east)]
        if self.west > self.east:
            ranges = [(self.west, MAX_LON), (-MAX_LON, self.east)]
        elif self.east == MAX_LON:
            ranges.append((-MAX_LON, -MAX_LON))
        elif self.west == -MAX_LON:
            ranges.append((MAX_LON, MAX_LON))
        return ranges

    def poles(self) -> list[float]:
        """Return the latitudes of the poles inside, where every longitude is the same place."""
        return [lat for lat in (-MAX_LAT, MAX_LAT) if self.south <= lat <= self.north]


def lat_error(lat: float) -> str | None:
    """Return why a latitude is invalid, or None."""
    return None if -MAX_LAT <= lat <= MAX_LAT else "a latitude is a number from -90 to 90 degrees"


def lon_error(lon: float) -> str | None:
    """Return why a longitude is invalid, or None."""
    return None if -MAX_LON <= lon <= MAX_LON else "a longitude is a number from -180 to 180 degrees"


def radius_error(radius_m: float) -> str | None:
    """Return why the radius of a search is invalid, or None."""
    return None if 1 <= radius_m <= MAX_RADIUS_M else f"a radius is a number from 1 to {MAX_RADIUS_M:,} metres"
