"""`/docs` and `/redoc` in a real browser that can reach only the service."""

import json
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import Locator, Page, expect

from tests.browser.conftest import HOST
from tests.processes import ServiceProcess

PASSWORD = "correct horse"
"""The password in the page's examples."""


class Hosts:
    """The hosts that a page requests, and the violations of its content security policy."""

    def __init__(self, page: Page) -> None:
        self.seen: set[str] = set()
        self.violations: list[str] = []
        page.on("console", lambda message: self._note_violation(message.text))
        page.on("request", lambda request: self._note(request.url))
        page.on("websocket", lambda socket: self._note(socket.url))

    def _note_violation(self, text: str) -> None:
        if "Content Security Policy" in text:
            self.violations.append(text)

    def _note(self, url: str) -> None:
        address = urlsplit(url)
        if address.scheme not in ("data", "blob"):
            self.seen.add(address.netloc)


async def test_docs_lead_from_an_account_to_the_first_value(service: ServiceProcess, page: Page) -> None:
    hosts = Hosts(page)
    await page.goto(f"http://{HOST}:{service.port}/docs")

    account = await _try_out(page, "Authentication-register_user", 201)
    await _authorize_person(page, account["user"]["username"], PASSWORD)
    device = (await _try_out(page, "Devices-register_device", 201))["device"]
    await _authorize_device(page, device["api_key"])
    submitted = await _try_out(page, "Telemetry-submit_telemetry", 201)
    assert submitted["device_id"] == device["id"]
    latest = await _try_out(page, "Telemetry-get_latest_telemetry", 200, device_id=str(device["id"]))
    values = {name: found["value"] for name, found in latest["latest_data"].items()}
    assert values == {"temperature": 21.5, "door_open": False}

    assert hosts.seen == {f"{HOST}:{service.port}"}
    assert hosts.violations == []


async def test_authorize_opens_at_the_username(service: ServiceProcess, page: Page) -> None:
    await page.goto(f"http://{HOST}:{service.port}/docs")
    form = await _authorization(page, "AccessToken")
    username = form.get_by_label("username")
    await expect(username).to_be_focused()
    await expect(username).to_be_in_viewport(ratio=1)


async def test_operations_are_prefilled_so_that_they_succeed_unchanged(service: ServiceProcess, page: Page) -> None:
    await page.goto(f"http://{HOST}:{service.port}/docs")
    account = await _try_out(page, "Authentication-register_user", 201)
    await _authorize_person(page, account["user"]["username"], PASSWORD)
    device = (await _try_out(page, "Devices-register_device", 201))["device"]
    await _try_out(page, "Telemetry-import_telemetry_batch", 200)

    aggregate = await _try_out(page, "Telemetry-aggregate_telemetry", 200)
    assert (aggregate["device_id"], aggregate["field"]) == (device["id"], "temperature")
    deleted = await _try_out(page, "Telemetry-delete_telemetry", 200)
    assert deleted["start_time"] < deleted["stop_time"]


async def test_redoc_needs_no_other_host(service: ServiceProcess, page: Page) -> None:
    hosts = Hosts(page)
    await page.goto(f"http://{HOST}:{service.port}/redoc")
    await expect(page.get_by_role("heading", name="Register a device")).to_be_visible()
    await expect(page.get_by_role("link", name="API docs by Redocly")).to_be_visible()
    await page.wait_for_load_state("networkidle")
    assert hosts.seen == {f"{HOST}:{service.port}"}
    assert hosts.violations == []


async def test_a_page_runs_only_its_own_scripts(service: ServiceProcess, page: Page) -> None:
    for path in ("docs", "redoc"):
        await page.goto(f"http://{HOST}:{service.port}/{path}")
        hosts = Hosts(page)
        await page.evaluate("""() => {
            const injected = document.createElement("script");
            injected.textContent = "window.injected = true";
            document.body.append(injected);
        }""")
        assert await page.evaluate("window.injected") is None
        assert hosts.violations


async def _try_out(page: Page, operation: str, status: int, **parameters: str) -> dict[str, Any]:
    """Send an operation's example from the page with these parameters; return the answer that it shows."""
    block = page.locator(f"#operations-{operation}")
    await block.locator(".opblock-summary-control").click()
    await block.get_by_role("button", name="Try it out").click()
    for name, value in parameters.items():
        await block.locator(f'tr[data-param-name="{name}"] input').fill(value)
    await block.get_by_role("button", name="Execute").click()
    answer = block.locator(".live-responses-table")
    await expect(answer.locator("tbody td.response-col_status")).to_have_text(str(status))
    shown: dict[str, Any] = json.loads(await answer.locator(".response-col_description code").first.inner_text())
    return shown


async def _authorize_person(page: Page, username: str, password: str) -> None:
    form = await _authorization(page, "AccessToken")
    await form.get_by_label("username").fill(username)
    await form.get_by_label("password").fill(password)
    await _authorize(page, form)


async def _authorize_device(page: Page, api_key: str) -> None:
    form = await _authorization(page, "DeviceKey")
    await form.get_by_label("Value").fill(api_key)
    await _authorize(page, form)


async def _authorization(page: Page, scheme: str) -> Locator:
    await page.locator(".scheme-container").get_by_role("button", name="Authorize").click()
    return page.locator(".auth-container", has_text=scheme)


async def _authorize(page: Page, form: Locator) -> None:
    await form.locator("button.authorize").click()
    await expect(form.get_by_text("Logout", exact=True)).to_be_visible()
    await page.locator(".btn-done").first.click()
