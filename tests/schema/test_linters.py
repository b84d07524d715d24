"""Redocly's recommended rules and Spectral's `spectral:oas` find no fault in the document.

`linters` has their configurations, which name each rule that is off with its reason.
"""

from pathlib import Path

import pytest

from tests.schema.toolchains import NODE, NPM_INSTALL, Workspace, require_tools

LINTERS = Path(__file__).with_name("linters")

pytestmark = [pytest.mark.sdks, pytest.mark.timeout(600), pytest.mark.xdist_group("linters")]


@pytest.fixture(scope="module")
def linters(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The linters, installed beside the document."""
    require_tools("the document by Redocly and Spectral", NODE)
    workspace = Workspace(LINTERS, tmp_path_factory.mktemp("lint") / "linters")
    workspace.run(*NPM_INSTALL)
    return workspace


def test_redocly_finds_nothing(linters: Workspace) -> None:
    linters.run("npx", "redocly", "lint", "openapi.json", "--config", "redocly.yaml")


def test_spectral_finds_nothing(linters: Workspace) -> None:
    linters.run("npx", "spectral", "lint", "openapi.json", "--ruleset", "spectral.yaml", "--fail-severity", "hint")
