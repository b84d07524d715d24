"""Clients of other generators compile, and carry values and times exactly to the running service and back.

Each folder of `sdks` has the configuration of a generator and a program that uses its client.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.processes import ServiceProcess
from tests.schema.document import DOCUMENT, ROOT

SDKS = Path(__file__).with_name("sdks")
CACHE = ROOT / ".cache" / "sdks"
"""Compiled dependencies, which a second run does not compile again."""

GENERATOR = "org.openapitools:openapi-generator-cli:7.25.0"
OGEN = "github.com/ogen-go/ogen/cmd/ogen@v1.24.0"
MAVEN = ("mvn", "--batch-mode", "--quiet")
EXEC = "org.codehaus.mojo:exec-maven-plugin:3.5.0:java"
REQUIRE = "IOTFLOW_REQUIRE_SDKS"
"""The environment variable that, set to 1, makes a machine without a toolchain fail instead of skip."""

COMMAND_DEADLINE_S = 600.0
TOOLS = {
    "go": ("go",),
    "java": ("java", "mvn"),
    "kotlin": ("java", "mvn"),
    "rust": ("cargo", "java", "mvn"),
    "typescript": ("node", "npm"),
}

pytestmark = [pytest.mark.sdks, pytest.mark.timeout(1_800)]


class Workspace:
    """A copy of a folder of `sdks`, with the document, in which a client is generated and run."""

    def __init__(self, folder: Path, service: ServiceProcess) -> None:
        self.folder = folder
        self.url = service.base_url

    def run(self, *command: str) -> str:
        """Run a command in the folder and return its output. Fails with the output of a command that fails."""
        environment = {**os.environ, "CARGO_TARGET_DIR": str(CACHE / "rust")}
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=COMMAND_DEADLINE_S,
        )
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-8_000:]}\n{done.stderr[-8_000:]}"
        return done.stdout

    def generate(self) -> None:
        """Generate `client` with openapi-generator, from the local Maven repository or from Maven Central."""
        self.run(*MAVEN, "dependency:get", f"-Dartifact={GENERATOR}", "-Dtransitive=false")
        self.run(*MAVEN, "dependency:copy", f"-Dartifact={GENERATOR}", "-DoutputDirectory=.", "-Dmdep.stripVersion")
        jar = "openapi-generator-cli.jar"
        self.run("java", "-jar", jar, "generate", "-c", "config.yaml", "-i", "openapi.json", "-o", "client")


@pytest.fixture
def workspace(request: pytest.FixtureRequest, tmp_path: Path, service: ServiceProcess) -> Workspace:
    """The workspace of the language in the test's name. Skips without its tools."""
    language = request.node.name.removeprefix("test_")
    tools = TOOLS[language]
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if missing:
        reason = f"{', '.join(missing)} not installed: the {language} client is not tested"
        if os.environ.get(REQUIRE) == "1":
            pytest.fail(f"{reason}, and {REQUIRE}=1 demands it")
        pytest.skip(reason)
    folder = tmp_path / language
    shutil.copytree(SDKS / language, folder)
    (folder / "openapi.json").write_text(json.dumps(DOCUMENT))
    return Workspace(folder, service)


def test_java(workspace: Workspace) -> None:
    workspace.generate()
    shutil.copy(workspace.folder / "Check.java", workspace.folder / "client" / "src" / "main" / "java")
    arguments = ("-Dexec.mainClass=Check", f"-Dexec.args={workspace.url}")
    assert workspace.run(*MAVEN, "-f", "client", "-DskipTests", "compile", EXEC, *arguments) == "ok\n"


def test_kotlin(workspace: Workspace) -> None:
    workspace.generate()
    arguments = ("-Dexec.mainClass=CheckKt", f"-Dexec.args={workspace.url}")
    assert workspace.run(*MAVEN, "compile", EXEC, *arguments).endswith("ok\n")


def test_rust(workspace: Workspace) -> None:
    workspace.generate()
    assert workspace.run("cargo", "run", "--quiet", "--", workspace.url) == "ok\n"


def test_go(workspace: Workspace) -> None:
    workspace.run("go", "run", OGEN, "--target", "iotflow", "--package", "iotflow", "--clean", "openapi.json")
    workspace.run("go", "mod", "tidy")
    assert workspace.run("go", "run", ".", workspace.url) == "ok\n"


def test_typescript(workspace: Workspace) -> None:
    workspace.run("npm", "install", "--no-audit", "--no-fund", "--silent")
    workspace.run("npx", "openapi-typescript", "openapi.json", "--output", "schema.ts")
    workspace.run("npx", "openapi-ts")
    workspace.run("npx", "tsc")
    assert workspace.run("node", "build/fetch.js", workspace.url) == "ok\n"
    assert workspace.run("node", "build/sdk.js", workspace.url) == "ok\n"
