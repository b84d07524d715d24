"""Print to which code the time of a process goes, from the stacks that py-spy has sampled.

    .venv/bin/py-spy record --format raw --subprocesses --output .cache/profile.raw -- \
        .venv/bin/python -m bench lines --only embedded history --rounds 1 --seconds 10
    .venv/bin/python -m bench.shares .cache/profile.raw

Only samples in which a thread was busy count, and none of imports.
"""

import argparse
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from bench.report import table

PROCESS = "iotflow serve"
SHOWN = 20
OURS = "iotflow/"
_FRAME = re.compile(r"(?P<function>.+) \((?P<path>[^():]+)(:\d+)?\)")


def shares(stacks: Iterable[str], process: str) -> str:
    """Return a table of packages, by the innermost frame, and one of functions of the service, with what they call."""
    packages: Counter[str] = Counter()
    functions: Counter[str] = Counter()
    for stack in stacks:
        frames, _, samples = stack.rpartition(" ")
        if process not in frames.partition(";")[0] or "_find_and_load" in frames:
            continue
        found = [frame for frame in map(_FRAME.fullmatch, frames.split(";")) if frame is not None]
        if not found:
            continue
        packages[_package(found[-1]["path"])] += int(samples)
        ours = {f"{frame['function']} in {frame['path']}" for frame in found if frame["path"].startswith(OURS)}
        functions.update(dict.fromkeys(ours, int(samples)))
    total = packages.total()
    return "\n\n".join(
        table([name, ">Share"], _rows(counted, total))
        for name, counted in (("Innermost frame in", packages), ("Function, with what it calls", functions))
    )


def _package(path: str) -> str:
    parts = path.split("/")
    return "/".join(parts[:2]) if path.startswith(OURS) else parts[0]


def _rows(counted: Counter[str], total: int) -> Iterable[Sequence[str]]:
    return ([f"`{name}`", f"{samples / total:.1%}"] for name, samples in counted.most_common(SHOWN))


def main() -> None:
    """Read the stacks and print the tables."""
    parser = argparse.ArgumentParser(prog="python -m bench.shares", description=__doc__)
    parser.add_argument("stacks", type=Path)
    parser.add_argument("--process", default=PROCESS, help=f"part of the command of the process ({PROCESS})")
    arguments = parser.parse_args()
    with arguments.stacks.open() as stacks:
        print(shares(stacks, arguments.process))


if __name__ == "__main__":
    main()
