"""Generates `api`, `models` and `types.py` of the package from the service's OpenAPI document.

    python sdk/python/generate.py [DIRECTORY]

Writes into `src/iotflow_sdk` or into the directory given, and leaves all other files there unchanged.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

SDK = Path(__file__).parent
PACKAGE = SDK / "src" / "iotflow_sdk"
GENERATED = ("api", "models", "types.py")
UNIONS = {
    "MeasuredValue": [{"type": "boolean"}, {"type": "integer"}, {"type": "number"}, {"type": "string"}],
    "LocationPart": [{"type": "string"}, {"type": "integer"}],
}
"""Schemas that the document declares without a type, for generators that carry no union; this one does."""
DEADLINE_S = 120.0


def generate(target: Path) -> None:
    """Replace the generated code in a directory. Raises CalledProcessError with the output of a failing command."""
    with tempfile.TemporaryDirectory() as directory:
        scratch = Path(directory)
        document = scratch / "openapi.json"
        document.write_text(json.dumps(with_unions(json.loads(_run(sys.executable, "-m", "iotflow", "openapi")))))
        made = scratch / "iotflow_sdk"
        _run(
            *(sys.executable, "-m", "openapi_python_client", "generate", "--fail-on-warning", "--meta", "none"),
            *("--path", str(document), "--output-path", str(made)),
            *("--config", str(SDK / "openapi-python-client.yaml"), "--custom-template-path", str(SDK / "templates")),
        )
        target.mkdir(parents=True, exist_ok=True)
        for name in GENERATED:
            _replace(made / name, target / name)


def with_unions(document: Mapping[str, Any]) -> dict[str, Any]:  # Any: a JSON document
    """Return the document with the types of UNIONS."""
    schemas = dict(document["components"]["schemas"])
    for name, types in UNIONS.items():
        schemas[name] = {**schemas[name], "anyOf": types}
    return {**document, "components": {**document["components"], "schemas": schemas}}


def _replace(made: Path, place: Path) -> None:
    if made.is_file():
        shutil.copyfile(made, place)
        return
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(made, place, ignore=shutil.ignore_patterns(".ruff_cache", "__pycache__"))


def _run(*command: str) -> str:
    """Run a command without the service's settings, with this Python's programs on the path; return its output."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("IOTFLOW_")}
    programs = Path(sys.executable).parent
    done = subprocess.run(
        command,
        env={**inherited, "PATH": f"{programs}{os.pathsep}{inherited['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=DEADLINE_S,
    )
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return done.stdout


def main(arguments: Sequence[str]) -> None:
    """Generate into the directory given, by default the package."""
    generate(Path(arguments[0]) if arguments else PACKAGE)


if __name__ == "__main__":
    main(sys.argv[1:])
