"""The toolchains of other languages: workspaces in which their commands run, writing into `.cache` only."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from filelock import FileLock

from tests.schema.document import DOCUMENT, ROOT

CACHE = ROOT / ".cache" / "sdks"
"""Downloads and compiled dependencies, which a second run does not repeat."""

REQUIRE = "IOTFLOW_REQUIRE_SDKS"
"""The environment variable that, set to 1, makes a machine without a toolchain fail instead of skip."""

OPENAPI_GENERATOR = "7.25.0"
COMMAND_DEADLINE_S = 600.0
VERSION_DEADLINE_S = 60.0
JAVA = {"java": "-version", "mvn": "--version"}
NODE = {"node": "--version", "npm": "--version"}
RUST = {"cargo": "--version"}
GO = {"go": "version"}
"""The commands of a toolchain, with the option that prints the version."""

MAVEN = ("mvn", "--batch-mode", "--quiet")
NPM_INSTALL = ("npm", "ci", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel", "error")


def environment(name: str) -> dict[str, str]:
    """Return the environment in which toolchains write into `CACHE` only. `name` separates Maven's repositories.

    Two Maven processes must not share a local repository. The other caches lock themselves.
    """
    folders = {
        "CARGO_HOME": "cargo",
        "CARGO_TARGET_DIR": "cargo-target",
        "GOCACHE": "go-build",
        "GOPATH": "go",
        "XDG_CACHE_HOME": "xdg-cache",
        "XDG_CONFIG_HOME": "xdg-config",
        "npm_config_cache": "npm",
    }
    return {
        **os.environ,
        **{variable: str(CACHE / folder) for variable, folder in folders.items()},
        # Maven's launcher passes this to Java.
        "MAVEN_OPTS": f"{os.environ.get('MAVEN_OPTS', '')} -Dmaven.repo.local={CACHE / f'maven-{name}'}".strip(),
        # Go downloads the release that a module demands.
        "GOTOOLCHAIN": "auto",
        # Go writes modules without the permission to remove them, so `make clean` would fail.
        "GOFLAGS": f"{os.environ.get('GOFLAGS', '')} -modcacherw".strip(),
        "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true",
        "REDOCLY_TELEMETRY": "off",
    }


def require_tools(subject: str, tools: Mapping[str, str]) -> None:
    """Skip the test unless each tool runs; with `IOTFLOW_REQUIRE_SDKS=1` fail.

    `tools` maps a command to the option that prints its version.
    """
    missing = [name for name, option in tools.items() if not _runs(name, option)]
    if missing:
        reason = f"{', '.join(missing)} not installed: {subject} is not tested"
        if os.environ.get(REQUIRE) == "1":
            pytest.fail(f"{reason}, and {REQUIRE}=1 demands it")
        pytest.skip(reason)


def _runs(name: str, option: str) -> bool:
    if shutil.which(name) is None:
        return False
    command = [name, option]
    done = subprocess.run(command, env=environment("any"), capture_output=True, check=False, timeout=VERSION_DEADLINE_S)
    return done.returncode == 0


class Workspace:
    """A folder with a copy of `source` and the document, in which commands run."""

    def __init__(self, source: Path, folder: Path) -> None:
        self.folder = folder
        self._environment = environment(folder.name)
        shutil.copytree(source, folder, ignore=shutil.ignore_patterns("node_modules", "dist"))
        (folder / "openapi.json").write_text(json.dumps(DOCUMENT))

    def run(self, *command: str) -> str:
        """Run a command in the folder and return its output. Fails with the output of a command that fails."""
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=COMMAND_DEADLINE_S,
        )
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-8_000:]}\n{done.stderr[-8_000:]}"
        return done.stdout

    def generate_client(self) -> None:
        """Generate `client` with openapi-generator, whose jar is downloaded once."""
        jar = CACHE / f"openapi-generator-cli-{OPENAPI_GENERATOR}.jar"
        CACHE.mkdir(parents=True, exist_ok=True)
        with FileLock(jar.with_suffix(".lock")):
            if not jar.exists():
                artifact = f"-Dartifact=org.openapitools:openapi-generator-cli:{OPENAPI_GENERATOR}"
                self.run(*MAVEN, "dependency:get", artifact, "-Dtransitive=false")
                self.run(*MAVEN, "dependency:copy", artifact, f"-DoutputDirectory={CACHE}")
        self.run("java", "-jar", str(jar), "generate", "-c", "config.yaml", "-i", "openapi.json", "-o", "client")
