"""Fixtures: Debian's Chromium, driven by Playwright, and a service."""

import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright, expect

from tests.processes import ServiceProcess

CHROMIUM = "chromium"
REQUIRE = "IOTFLOW_REQUIRE_BROWSER"
"""The environment variable that, set to 1, makes a machine without a browser fail instead of skip."""

HOST = "greenhouse.test"
"""The service's host name in the browser: scripts may behave differently on a page of 127.0.0.1."""

# Options for containers, and against Chromium's own requests to the internet.
OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--host-resolver-rules=MAP {HOST} 127.0.0.1",
]
DEADLINE_MS = 30_000


@pytest.fixture
def service(tmp_path: Path) -> Iterator[ServiceProcess]:
    """A running service without data."""
    with ServiceProcess(tmp_path / "data") as service:
        yield service


@pytest.fixture
async def page(tmp_path: Path) -> AsyncIterator[Page]:
    """An empty page of a browser with a new profile."""
    executable = shutil.which(CHROMIUM)
    if executable is None:
        reason = f"{CHROMIUM} is not installed: the pages are not tested in a browser"
        if os.environ.get(REQUIRE) == "1":
            pytest.fail(f"{reason}, and {REQUIRE}=1 demands it")
        pytest.skip(reason)
    async with async_playwright() as playwright:
        # Chromium writes files to the home directory, whatever its profile is.
        home: dict[str, str | float | bool] = {
            **{name: value for name, value in os.environ.items() if not name.startswith("XDG_")},
            "HOME": str(tmp_path),
        }
        browser = await playwright.chromium.launch(executable_path=executable, args=OPTIONS, env=home)
        page = await browser.new_page(viewport={"width": 1_280, "height": 1_024})
        page.set_default_timeout(DEADLINE_MS)
        expect.set_options(timeout=DEADLINE_MS)
        yield page
        await browser.close()
