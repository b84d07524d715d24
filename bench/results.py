"""Files of results: one for each part, with the machine and its load at the end."""

import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

Figures = TypeVar("Figures")


class Machine(msgspec.Struct):
    """The machine. A load average far above the number of CPUs invalidates the figures."""

    cpus: int
    system: str
    python: str
    load_average: list[float]


class Result(msgspec.Struct, Generic[Figures]):
    """The figures of one part."""

    ended_at: str
    machine: Machine
    figures: Figures


def write_result(path: Path, figures: object) -> None:
    """Write figures, and what was measured on."""
    machine = Machine(os.cpu_count() or 1, platform.platform(), sys.version.split()[0], list(os.getloadavg()))
    result = Result(datetime.now(UTC).isoformat(timespec="seconds"), machine, figures)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(result), indent=1) + b"\n")


def read_result(path: Path, figures: type[Figures]) -> Result[Figures]:
    """Read a file of `write_result`."""
    return msgspec.json.decode(path.read_bytes(), type=Result[figures])  # type: ignore[valid-type]  # a class, at run time
