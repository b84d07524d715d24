"""Traces are optional: nothing of OpenTelemetry's SDK is imported without an endpoint, and its absence is reported."""

import subprocess
import sys
from pathlib import Path

from tests.cli.command import environment

ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}


def run(program: str, cwd: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=cwd,
        env=environment(env),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_sdk_is_not_imported_without_an_endpoint(tmp_path: Path) -> None:
    program = """
import asyncio, sys
from iotflow.app import create_app
from iotflow.cli.databases import prepare_databases
from iotflow.settings import load_settings
settings = load_settings(data_dir=".")
asyncio.run(prepare_databases(settings))
app = create_app(settings)
async def run():
    async with app.router.lifespan_context(app):
        print([name for name in sys.modules if name.startswith(("opentelemetry.sdk", "opentelemetry.exporter"))])
asyncio.run(run())
"""
    outcome = run(program, tmp_path, {})
    assert (outcome.stdout, outcome.returncode) == ("[]\n", 0), outcome.stderr


def test_a_missing_extra_is_reported_at_the_start(tmp_path: Path) -> None:
    program = """
import sys
sys.modules["opentelemetry.sdk"] = None  # as if it were not installed
sys.argv = ["iotflow", "serve", "--port", "0"]
from iotflow.cli.main import main
main()
"""
    outcome = run(program, tmp_path, ENDPOINT)
    assert outcome.returncode == 2
    assert outcome.stderr.strip().splitlines()[-1] == (
        "iotflow: OTEL_EXPORTER_OTLP_ENDPOINT: tracing needs more packages; install iotflow[tracing], or unset the "
        "variable"
    )
