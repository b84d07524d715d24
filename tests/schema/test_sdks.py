"""Clients of other generators compile, and carry values and times exactly to the running service and back.

Each folder of `sdks` has the configuration of a generator and a program that uses its client.
"""

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.processes import ServiceProcess
from tests.schema.toolchains import GO, JAVA, MAVEN, NODE, NPM_INSTALL, RUST, Workspace, require_tools

SDKS = Path(__file__).with_name("sdks")
OGEN = "github.com/ogen-go/ogen/cmd/ogen@v1.24.0"
OAPI_CODEGEN = "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2"
EXEC = "org.codehaus.mojo:exec-maven-plugin:3.5.0:java"

pytestmark = [pytest.mark.sdks, pytest.mark.timeout(1_800)]


def _prepare(name: str, tmp_path: Path, tools: Mapping[str, str]) -> Workspace:
    """Return the workspace of a folder of `sdks`. Skips without its tools."""
    require_tools(f"the client in {name}", tools)
    return Workspace(SDKS / name, tmp_path / name)


def test_java(tmp_path: Path, service: ServiceProcess) -> None:
    workspace = _prepare("java", tmp_path, JAVA)
    workspace.generate_client()
    shutil.copy(workspace.folder / "Check.java", workspace.folder / "client" / "src" / "main" / "java")
    arguments = ("-Dexec.mainClass=Check", f"-Dexec.args={service.base_url}")
    assert "ok\n" in workspace.run(*MAVEN, "-f", "client", "-DskipTests", "compile", EXEC, *arguments)


def test_kotlin(tmp_path: Path, service: ServiceProcess) -> None:
    workspace = _prepare("kotlin", tmp_path, JAVA)
    workspace.generate_client()
    arguments = ("-Dexec.mainClass=CheckKt", f"-Dexec.args={service.base_url}")
    assert "ok\n" in workspace.run(*MAVEN, "compile", EXEC, *arguments)


def test_python(tmp_path: Path, service: ServiceProcess) -> None:
    workspace = _prepare("python", tmp_path, JAVA)
    workspace.generate_client()
    program = (workspace.folder / "check.py").rename(workspace.folder / "client" / "check.py")
    assert workspace.run(sys.executable, str(program), service.base_url) == "ok\n"


def test_rust(tmp_path: Path, service: ServiceProcess) -> None:
    workspace = _prepare("rust", tmp_path, JAVA | RUST)
    workspace.generate_client()
    assert workspace.run("cargo", "run", "--quiet", "--", service.base_url) == "ok\n"


def test_go_by_ogen(tmp_path: Path, service: ServiceProcess) -> None:
    workspace = _prepare("go", tmp_path, GO)
    workspace.run("go", "run", OGEN, "--target", "iotflow", "--package", "iotflow", "--clean", "openapi.json")
    workspace.run("go", "mod", "tidy")
    assert workspace.run("go", "run", ".", service.base_url) == "ok\n"


def test_go_by_oapi_codegen(tmp_path: Path, service: ServiceProcess) -> None:
    workspace = _prepare("go-oapi-codegen", tmp_path, GO)
    (workspace.folder / "iotflow").mkdir()
    workspace.run("go", "run", OAPI_CODEGEN, "-config", "config.yaml", "openapi.json")
    workspace.run("go", "mod", "tidy")
    assert workspace.run("go", "run", ".", service.base_url) == "ok\n"


def test_typescript(tmp_path: Path, service: ServiceProcess) -> None:
    workspace = _prepare("typescript", tmp_path, NODE)
    workspace.run(*NPM_INSTALL)
    workspace.run("npx", "openapi-typescript", "openapi.json", "--output", "schema.ts")
    workspace.run("npx", "openapi-ts")
    workspace.run("npx", "tsc")
    assert workspace.run("node", "build/fetch.js", service.base_url) == "ok\n"
    assert workspace.run("node", "build/sdk.js", service.base_url) == "ok\n"
