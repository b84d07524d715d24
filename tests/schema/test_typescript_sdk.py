"""The package of `sdk/typescript` is up to date with the document, passes its tests, and works as its README shows."""

import json
import re
import shutil

import pytest

from tests.processes import ServiceProcess
from tests.schema.document import ROOT
from tests.schema.toolchains import NODE, NPM_INSTALL, Workspace, require_tools

SDK = ROOT / "sdk" / "typescript"
SCHEMA = "src/schema.ts"

pytestmark = [pytest.mark.sdks, pytest.mark.timeout(1_800), pytest.mark.xdist_group("typescript-sdk")]


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A copy of the package with its dependencies, in a repository."""
    require_tools("the TypeScript SDK", NODE)
    root = tmp_path_factory.mktemp("typescript-sdk")
    shutil.copy(ROOT / "LICENSE", root)
    workspace = Workspace(SDK, root / "sdk" / "typescript")
    workspace.run(*NPM_INSTALL)
    return workspace


def test_the_generated_types_are_up_to_date(package: Workspace) -> None:
    package.run("npm", "run", "--silent", "generate", "openapi.json")
    assert (package.folder / SCHEMA).read_text() == (SDK / SCHEMA).read_text(), "run `make sdk-typescript`"


def test_the_tests_of_the_package_pass(package: Workspace) -> None:
    assert "# fail 0" in package.run("npm", "test", "--silent")


def test_the_package_has_what_is_published(package: Workspace) -> None:
    (packed,) = json.loads(package.run("npm", "pack", "--json", "--silent"))
    files = {file["path"] for file in packed["files"]}
    assert {"LICENSE", "README.md", "package.json", "dist/index.js", "dist/index.d.ts", "dist/schema.d.ts"} <= files
    assert not {file for file in files if file.startswith(("src", "test", "node_modules"))}


def test_the_readme_works(package: Workspace, service: ServiceProcess) -> None:
    blocks = re.findall(r"^```ts\n(.*?)^```$", (SDK / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    assert len(blocks) > 5
    (package.folder / "test" / "readme.ts").write_text("".join(blocks))
    package.run("npm", "run", "--silent", "build")
    package.run("npx", "tsc", "-p", "tsconfig.test.json")
    printed = package.run("env", f"SERVICE_URL={service.base_url}", "node", "build/test/readme.js")
    lines = printed.splitlines()
    # An event is readable within two seconds of its change, so its line may be missing.
    assert re.fullmatch(r"\S+Z 21\.5", lines[0])
    assert re.fullmatch(r"greenhouse-1 \S+Z", lines[1])
    assert "422 [" in printed
    assert "body.data: " in printed


@pytest.mark.parametrize("folder", ["sdk/typescript", "tests/schema/linters", "tests/schema/sdks/typescript"])
def test_a_lock_file_names_no_registry(folder: str) -> None:
    assert '"resolved"' not in (ROOT / folder / "package-lock.json").read_text()
