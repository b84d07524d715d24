"""Writes files and imports them into an account."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from typer.testing import Result

from tests.cli.http.account import Account

Run = Callable[..., Result]
"""Run `iotflow` with these arguments."""


class Importer:
    """The import command with an account and a directory for files."""

    def __init__(self, run: Run, account: Account, directory: Path) -> None:
        self.run = run
        self.account = account
        self.directory = directory

    def file(self, content: str | bytes, name: str = "rows.csv") -> Path:
        path = self.directory / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def __call__(self, file: Path | str, *options: object, device: str | None = "probe") -> Result:
        """Import a file, or a CSV with this text, with times in the column `time`."""
        path = self.file(file) if isinstance(file, str) else file
        target = ("--device", device) if device else ()
        login = ("--url", self.account.url, "--username", self.account.username)
        return self.run("import", path, "--time-column", "time", *target, *login, *options)

    def points(self, device: str = "probe") -> dict[str, dict[str, Any]]:
        return self.account.points(device)
