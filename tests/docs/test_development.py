"""docs/development names existing files, markers, test folders and installed tools."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.documents import ROOT, code, table_rows

DEVELOPMENT = sorted(ROOT.glob("docs/development/*.md"))
TESTING = ROOT / "docs" / "development" / "testing.md"
FILES = re.compile(r"`((?:iotflow|tests|bench|migrations|docs|requirements)/[\w./-]*|[\w.-]+\.(?:toml|yaml|md))`")


@pytest.mark.parametrize(
    "document", [*DEVELOPMENT, ROOT / "docs" / "glossary.md", ROOT / "CONTRIBUTING.md"], ids=lambda path: path.name
)
def test_files_that_are_named_exist(document: Path) -> None:
    named = set(FILES.findall(document.read_text()))
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


def test_every_marker_is_described(pytestconfig: pytest.Config) -> None:
    described = {code(row[0]) for row in table_rows(TESTING, "Marker")}
    assert described == set(re.findall(r"^  \"([a-z]+): ", (ROOT / "pyproject.toml").read_text(), re.MULTILINE))


def test_every_folder_of_tests_is_described() -> None:
    described = {path for row in table_rows(TESTING, "Folder") for path in re.findall(r"`([^`]+)`", row[0])}
    assert described == {f"tests/{package.parent.name}" for package in ROOT.glob("tests/*/__init__.py")}


def test_the_pre_commit_hooks_use_installed_tools(tmp_path: Path) -> None:
    config = ROOT / ".pre-commit-config.yaml"
    command = [sys.executable, "-m", "pre_commit", "validate-config", str(config)]
    # pre-commit writes a database to the home directory.
    environment = {**os.environ, "PRE_COMMIT_HOME": str(tmp_path)}
    checked = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout
    programs = re.findall(r"entry: \.venv/bin/(\S+)", config.read_text())
    assert len(programs) == config.read_text().count("entry:")
    assert [program for program in programs if not Path(sys.executable).with_name(program).exists()] == []
