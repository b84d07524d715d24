"""Limits of clients behind a proxy, and the log line about a proxy that is not trusted."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.processes import ServiceProcess

LIMIT = 3


@pytest.fixture(params=["127.0.0.0/8", ""], ids=["trusted", "not trusted"])
def service(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ServiceProcess]:
    """A service that trusts this host as a proxy, or does not."""
    settings = {
        "IOTFLOW_TRUSTED_PROXIES": request.param,
        "IOTFLOW_LOGIN_ATTEMPTS_PER_ADDRESS": str(LIMIT),
        "IOTFLOW_LOGIN_ATTEMPTS_PER_ACCOUNT": "1000",
        "IOTFLOW_LOGIN_WINDOW_SECONDS": "86400",
    }
    with ServiceProcess(tmp_path / "data", settings) as service:
        yield service


def login(service: ServiceProcess, *forwarded_for: str) -> int:
    """Send a login that must fail, and return the status."""
    headers = [(b"X-Forwarded-For", value.encode("latin-1")) for value in forwarded_for]
    body = {"username": "nobody", "password": "correct horse battery"}
    url = f"{service.base_url}/api/v1/auth/login"
    return httpx.post(url, json=body, headers=headers, timeout=60, trust_env=False).status_code


def test_an_invented_address_gives_no_extra_attempts(service: ServiceProcess) -> None:
    statuses = [login(service, f"198.51.100.{number}, 203.0.113.9") for number in range(LIMIT + 1)]
    assert statuses == [401] * LIMIT + [429]
    for garbage in ("203.0.113.9:80", "::ffff:203.0.113.9", "[::ffff:203.0.113.9]:80"):
        assert login(service, garbage) == 429
    for garbage in ("", ",", "[", "x" * 5_000, "1.1.1.1:99999999999", "\xe9", "%"):
        assert login(service, garbage) in (401, 429), garbage
    assert "Traceback" not in service.log()


@pytest.mark.parametrize("service", ["127.0.0.0/8"], indirect=True)
def test_clients_behind_a_proxy_have_separate_limits(service: ServiceProcess) -> None:
    for client in ("203.0.113.9", "203.0.113.10:80", "[2001:db8::9]:443", "2001:db8:0:1::9"):
        assert [login(service, client) for _ in range(LIMIT + 1)] == [401] * LIMIT + [429], client


@pytest.mark.parametrize("service", [""], indirect=True)
def test_reports_of_a_peer_that_is_not_trusted_are_logged_once(service: ServiceProcess) -> None:
    for _ in range(20):
        httpx.get(f"{service.base_url}/health/live", headers={"X-Forwarded-For": "203.0.113.9"}, trust_env=False)
    lines = [line for line in service.log().splitlines() if "IOTFLOW_TRUSTED_PROXIES" in line]
    assert len(lines) == 1
    assert "X-Forwarded-For from 127.0.0.1: ignored" in lines[0]
