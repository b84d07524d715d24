"""docs/limits.md names constants and files that exist."""

import re

from tests.docs.documents import ROOT

PAGE = ROOT / "docs" / "limits.md"


def test_constants_that_are_named_exist() -> None:
    source = "".join(file.read_text() for file in ROOT.glob("iotflow/**/*.py"))
    assigned = set(re.findall(r"^ *([A-Z][A-Z_]+)\b.* = ", source, re.MULTILINE))

    named = set(re.findall(r"`([A-Z][A-Z_]+)`", PAGE.read_text()))
    assert sorted(named - assigned - {name for name in named if name.startswith(("IOTFLOW_", "CASSANDRA_"))}) == []


def test_files_that_are_named_exist() -> None:
    named = re.findall(r"`([a-z]+/[\w/]+\.py)`", PAGE.read_text())
    assert [path for path in named if not (ROOT / "iotflow" / path).exists()] == []
