"""Every shell block of the guides runs as written, and prints the block below it.

A block of Python or JSON with a file name on its fence is written to that file. A shell block with `needs PROGRAM` on
its fence runs only where the program is installed, with `needs EXTRA` only where the extra's package is.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import pytest

from tests.docs.documents import DOCUMENTS, ROOT, Block, blocks
from tests.processes import ServiceProcess, free_port

README = ROOT / "README.md"
CONTINUED = [
    ROOT / "docs" / name
    for name in (
        "getting-started.md",
        "api-guide.md",
        "alerting.md",
        "notifications.md",
        "analytics.md",
        "devices.md",
        "simulation-and-import.md",
    )
]
"""Guides that continue the README's tour, with its variables."""

PROGRAMS = ("bash", "curl", "openssl")
NEEDS = "needs "
PACKAGES = {"forecast": "statsmodels"}
"""For extras that blocks need, the package by which an extra is recognized."""
PATH = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
DEADLINE_S = 100.0
ADDRESS = "127.0.0.1:8000"
PORT_OF_EXAMPLES = "8081"
"""The port of servers that examples start."""
END = "=== end of block ==="


def _cases() -> Iterator[tuple[Path, str]]:
    """Each guide without the blocks that need a further program, and once with each program that they need."""
    for document in CONTINUED:
        for program in sorted({_needed(block) for block in blocks(document)} | {""}):
            yield document, program


def _needed(block: Block) -> str:
    """Return the program or extra that a block needs; nothing if it needs none but PROGRAMS."""
    return block.info.removeprefix(NEEDS) if block.info.startswith(NEEDS) else ""


@pytest.mark.parametrize(
    ("document", "program"), [pytest.param(*case, id=f"{case[0].name} {case[1]}".strip()) for case in _cases()]
)
def test_examples(document: Path, program: str, tmp_path: Path) -> None:
    required = (*PROGRAMS, program) if program else PROGRAMS
    if missing := [name for name in required if not _is_installed(name)]:
        pytest.skip(f"not installed: {', '.join(missing)}")
    shown = [*blocks(README), *blocks(document)]
    for block in shown:
        if _is_file(block):
            (tmp_path / block.info).write_text(block.text)
    run = [block for block in shown if _is_run(block) and _needed(block) in ("", program)]
    with ServiceProcess(tmp_path / "data", {"IOTFLOW_WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8"}) as service:
        # The only differences from the commands of a reader.
        ports = {ADDRESS: service.base_url.removeprefix("http://"), PORT_OF_EXAMPLES: str(free_port())}
        script = "".join(f"{_replace(block.text, ports)}\necho '{END}'\n" for block in run)
        outputs = _run(script, tmp_path, run)
    for before, block in pairwise(shown):
        if before not in outputs or _is_file(block):
            continue
        if block.language == "json":
            assert _masked(_last_json(outputs[before])) == _masked(json.loads(block.text)), block.place
        elif block.language == "text":
            assert outputs[before] == block.text, block.place


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: str(document.relative_to(ROOT)))
def test_no_shell_block_is_forgotten(document: Path) -> None:
    if document not in (README, *CONTINUED):
        assert [block.place for block in blocks(document) if _is_run(block)] == []


def _is_installed(name: str) -> bool:
    if name in PACKAGES:
        return find_spec(PACKAGES[name]) is not None
    return shutil.which(name, path=PATH) is not None


def _is_run(block: Block) -> bool:
    return block.language == "sh" and block.info != "not-run"


def _is_file(block: Block) -> bool:
    return block.language in ("python", "json") and block.info != ""


def _replace(text: str, replacements: Mapping[str, str]) -> str:
    for old, new in replacements.items():
        text = text.replace(old, new)
    return text


def _run(script: str, directory: Path, run: Sequence[Block]) -> dict[Block, str]:
    """Run the blocks and return the output of each."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("IOTFLOW_")}
    outcome = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=directory,
        env={**inherited, "PATH": PATH, "IOTFLOW_DATA_DIR": str(directory / "data"), "no_proxy": "127.0.0.1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    outputs = outcome.stdout.split(f"{END}\n")
    if outcome.returncode:
        failed = run[len(outputs) - 1]
        raise AssertionError(f"{failed.place}:\n{failed.text}\n{outputs[-1]}\n{outcome.stderr}")
    return dict(zip(run, outputs, strict=False))


def _last_json(printed: str) -> object:
    decoder, at, found = json.JSONDecoder(), 0, None
    while (start := re.compile(r"[\[{]").search(printed, at)) is not None:
        found, at = decoder.raw_decode(printed, start.start())
    assert found is not None, f"no JSON in {printed!r}"
    return found


def _masked(value: object) -> object:
    """Replace the parts of a value that differ from run to run by their kinds."""
    if isinstance(value, dict):
        return {
            name: f"<{name}>" if name in ("request_id", "api_key", "id", "user_id", "key_prefix") else _masked(inner)
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [_masked(inner) for inner in value]
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", value):
        return "<time>"
    return value
