"""The Python package's logins and retries against the running service."""

import asyncio
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from iotflow_sdk import (
    AccessToken,
    AsyncClient,
    Client,
    DeviceKey,
    Login,
    RateLimited,
    Record,
    Retry,
    Unauthorized,
    Unavailable,
)
from iotflow_sdk.api.authentication import login, logout
from iotflow_sdk.api.devices import register_device
from iotflow_sdk.api.users import get_user
from iotflow_sdk.models import Credentials, DeviceCreate

from tests.cli.http.misbehaving_server import Answer, misbehaving_server
from tests.processes import ServiceProcess
from tests.schema.sdk_accounts import PASSWORD, new_device_key, new_login, user_name

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
VALUES = {"temperature": 21.5}


class TestLogins:
    """A login is made once, renewed when needed, and revoked at the end."""

    @pytest.fixture
    def logins(self, service: ServiceProcess) -> Iterator[tuple[str, list[str]]]:
        """The address of a service whose tokens last 31 s, and the logins and logouts made there."""
        seen: list[str] = []

        def alter(answer: Answer) -> None:
            if answer.path.startswith("/api/v1/auth/log"):
                seen.append(answer.path.rpartition("/")[2])
                if answer.path.endswith("/login") and answer.status == 200:
                    answer.body = {**answer.body, "expires_in": 31}

        with misbehaving_server(service.base_url, alter) as url:
            yield url, seen

    def test_a_revoked_token_is_renewed(self, service: ServiceProcess, logins: tuple[str, list[str]]) -> None:
        url, seen = logins
        with Client(url, new_login(service.base_url)) as client:
            get_user.sync(client, "me")
            get_user.sync(client, "me")
            assert seen == ["login"]
            logout.sync(client)
            get_user.sync(client, "me")
            assert seen == ["login", "logout", "login"]
        assert seen == ["login", "logout", "login", "logout"]

    def test_a_token_is_renewed_before_it_expires(
        self, service: ServiceProcess, logins: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        url, seen = logins
        with Client(url, new_login(service.base_url)) as client:
            get_user.sync(client, "me")
            now = time.monotonic() + 2
            monkeypatch.setattr("iotflow_sdk.credentials.time.monotonic", lambda: now)
            get_user.sync(client, "me")
            assert seen == ["login", "login"]

    async def test_concurrent_requests_share_a_login(
        self, service: ServiceProcess, logins: tuple[str, list[str]]
    ) -> None:
        url, seen = logins

        async with AsyncClient(url, new_login(service.base_url)) as client:
            await asyncio.gather(*(get_user.asyncio(client, "me") for _ in range(8)))
            await logout.asyncio(client)
            await asyncio.gather(*(get_user.asyncio(client, "me") for _ in range(8)))
        assert seen == ["login", "logout", "login", "logout"]

    def test_a_wrong_password(self, service: ServiceProcess) -> None:
        known = new_login(service.base_url)
        with (
            Client(service.base_url, Login(known.username, "wrong horse battery")) as client,
            pytest.raises(Unauthorized) as refused,
        ):
            get_user.sync(client, "me")
        assert "wrong horse" not in f"{refused.value}{client.__dict__}"


class TestRetries:
    """Idempotent requests are repeated within bounds, others never."""

    @pytest.fixture
    def busy(self, service: ServiceProcess) -> Iterator[tuple[str, list[str], dict[str, str]]]:
        """The address of a service that is busy with telemetry and registrations, the requests, and its headers."""
        seen: list[str] = []
        headers = {"Retry-After": "1"}

        def alter(answer: Answer) -> None:
            if "/telemetry" in answer.path or answer.path.endswith("/register"):
                seen.append(answer.path)
                if len(seen) == 1 or headers["Retry-After"] != "1":
                    answer.status = 429 if "/telemetry" in answer.path else 503
                    answer.headers |= headers

        with misbehaving_server(service.base_url, alter) as url:
            yield url, seen, headers

    @pytest.mark.parametrize(
        "send",
        [
            lambda sender: sender.submit(VALUES, time=NOON),
            lambda sender: sender.submit_batch([Record(NOON, VALUES)]),
        ],
    )
    def test_an_idempotent_request_waits_and_is_repeated(
        self, user: Client, busy: tuple[str, list[str], dict[str, str]], send: Callable[[Client], object]
    ) -> None:
        device_id, key = new_device_key(user)
        started = time.monotonic()
        with Client(busy[0], DeviceKey(key)) as sender:
            send(sender)
        assert time.monotonic() - started >= 1
        assert len(busy[1]) == 2
        assert len(list(user.history(device_id, start_time=NOON))) == 1

    def test_a_record_without_a_time_is_repeated_with_its_key(self, service: ServiceProcess, user: Client) -> None:
        keys: list[str] = []

        def alter(answer: Answer) -> None:
            keys.append(answer.sent["idempotency-key"])
            answer.status = 503 if len(keys) == 1 else answer.status

        _, key = new_device_key(user)
        with misbehaving_server(service.base_url, alter) as url, Client(url, DeviceKey(key)) as sender:
            sender.submit(VALUES)
            sender.submit(VALUES)
        assert keys[0] == keys[1] != keys[2]

    def test_other_requests_are_not_repeated(self, user: Client, busy: tuple[str, list[str], dict[str, str]]) -> None:
        token = login.sync(user, body=Credentials(username=user_name(user), password=PASSWORD)).access_token
        with Client(busy[0], AccessToken(token)) as owner, pytest.raises(Unavailable) as unavailable:
            register_device.sync(owner, body=DeviceCreate(name="other", device_type="sensor"))
        assert unavailable.value.retry_after == 1
        assert len(busy[1]) == 1

    @pytest.mark.parametrize(
        ("retry_after", "retry"), [("3600", Retry()), ("2", Retry(max_wait_s=1)), ("0", Retry(max_attempts=1))]
    )
    def test_attempts_and_waits_are_bounded(
        self, user: Client, busy: tuple[str, list[str], dict[str, str]], retry_after: str, retry: Retry
    ) -> None:
        url, seen, headers = busy
        headers["Retry-After"] = retry_after
        _, key = new_device_key(user)
        with Client(url, DeviceKey(key), retry=retry) as sender, pytest.raises(RateLimited):
            sender.submit(VALUES, time=NOON)
        assert len(seen) == 1
