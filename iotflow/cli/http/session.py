"""An HTTP client of a running service, for commands."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import TypeVar

import httpx
import msgspec

from iotflow import __version__
from iotflow.cli.errors import ServiceError, UsageError
from iotflow.cli.http import responses

REQUEST_DEADLINE_S = 60.0
CONNECT_DEADLINE_S = 5.0
MAX_WAIT_S = 60.0
"""Total time that an idempotent request waits for a busy service (429, 503)."""
MAX_CONCURRENT_REQUESTS = 16
"""Concurrent requests."""

DEVICES_PER_PAGE = 1_000

T = TypeVar("T")
Observer = Callable[[float, bool], None]
"""Called after each request with its duration in seconds and whether it succeeded."""


class Session:
    """Requests of one caller, each with a deadline.

    Derived sessions share the connections, the limit on concurrent requests and the observer.
    """

    def __init__(self, http: httpx.AsyncClient, observe: Observer) -> None:
        self._http = http
        self._observe = observe
        self._slots = asyncio.Semaphore(MAX_CONCURRENT_REQUESTS)
        self._credentials: Mapping[str, str] = {}

    def as_user(self, token: str) -> "Session":
        """Return a session of the user with this token."""
        return self._with({"Authorization": f"Bearer {token}"})

    def as_device(self, api_key: str) -> "Session":
        """Return a session of the device with this key."""
        return self._with({"X-API-Key": api_key})

    async def get(self, path: str, answer: type[T], **query: str | int) -> T:
        """Send a GET request. Raises ServiceError."""
        return await self._call("GET", path, answer, query=query, repeatable=True)

    async def post(self, path: str, answer: type[T], body: object = None, *, repeatable: bool = False) -> T:
        """Send a POST request with a JSON body, if any. `repeatable`: it is idempotent. Raises ServiceError."""
        return await self._call("POST", path, answer, body=body, repeatable=repeatable)

    async def log_in(self, username: str, password: str) -> tuple["Session", responses.User]:
        """Log in; return the user's session and account. Raises ServiceError."""
        login = await self.post("/api/v1/auth/login", responses.Login, {"username": username, "password": password})
        return self.as_user(login.access_token), login.user

    async def log_out(self) -> None:
        """Revoke the token. Raises ServiceError."""
        await self._call("POST", "/api/v1/auth/logout", type(None))

    async def own_devices(self) -> list[responses.Device]:
        """Return all devices of this user. Raises ServiceError."""
        devices: list[responses.Device] = []
        total = 1
        while len(devices) < total:
            page = await self.get(
                "/api/v1/devices/user/me", responses.DeviceList, limit=DEVICES_PER_PAGE, offset=len(devices)
            )
            devices += page.devices
            total = page.meta.total if page.devices else 0
        return devices

    def _with(self, credentials: Mapping[str, str]) -> "Session":
        session = Session(self._http, self._observe)
        session._slots = self._slots
        session._credentials = credentials
        return session

    async def _call(
        self,
        method: str,
        path: str,
        answer: type[T],
        *,
        body: object = None,
        query: Mapping[str, str | int] | None = None,
        repeatable: bool = False,
    ) -> T:
        content = None if body is None else msgspec.json.encode(body)
        waited_s = 0.0
        response = await self._send(method, path, content, query)
        while repeatable and response.status_code in (429, 503):
            pause_s = _retry_after_s(response)
            if waited_s + pause_s > MAX_WAIT_S:
                break
            waited_s += pause_s
            await asyncio.sleep(pause_s)
            response = await self._send(method, path, content, query)
        if not response.is_success:
            raise ServiceError(_problem(response), response.status_code)
        if answer is type(None):
            return answer()
        try:
            return msgspec.json.decode(response.content, type=answer)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ServiceError(f"{method} {response.url}: not a response of IoTFlow: {error}") from error

    async def _send(
        self, method: str, path: str, content: bytes | None, query: Mapping[str, str | int] | None
    ) -> httpx.Response:
        headers = {**self._credentials, **({} if content is None else {"Content-Type": "application/json"})}
        async with self._slots:
            started = time.perf_counter()
            try:
                async with asyncio.timeout(REQUEST_DEADLINE_S):
                    response = await self._http.request(method, path, content=content, params=query, headers=headers)
            except (TimeoutError, httpx.RequestError) as error:
                self._observe(time.perf_counter() - started, False)
                late = f"no response within {REQUEST_DEADLINE_S:.0f} s" if isinstance(error, TimeoutError) else ""
                reason = late or str(error) or type(error).__name__
                raise ServiceError(f"{method} {path} of {self._http.base_url}: {reason}") from error
            self._observe(time.perf_counter() - started, response.is_success)
            return response


@asynccontextmanager
async def open_session(url: str, observe: Observer = lambda _duration_s, _succeeded: None) -> AsyncIterator[Session]:
    """Open a session without credentials. Raises UsageError if the address is no HTTP URL."""
    try:
        address = httpx.URL(url.rstrip("/"))
    except httpx.InvalidURL:
        address = httpx.URL()
    if address.scheme not in ("http", "https") or not address.host:
        raise UsageError(f"--url {url}: expected an address like http://127.0.0.1:8000")
    timeout = httpx.Timeout(REQUEST_DEADLINE_S, connect=CONNECT_DEADLINE_S)
    async with httpx.AsyncClient(
        base_url=address, timeout=timeout, headers={"User-Agent": f"iotflow/{__version__}"}
    ) as http:
        yield Session(http, observe)


@asynccontextmanager
async def sign_in(session: Session, username: str | None) -> AsyncIterator[Session]:
    """Yield a session of the user that the option and the environment select; revoke a token that it created.

    With a username the password comes from `IOTFLOW_PASSWORD`, without one a token from `IOTFLOW_TOKEN`. Raises
    UsageError if the variable is missing, ServiceError if the service refuses.
    """
    if username is None:
        token = os.environ.get("IOTFLOW_TOKEN")
        if not token:
            raise UsageError("sign in with --username and IOTFLOW_PASSWORD, or with IOTFLOW_TOKEN, in the environment")
        if not (token.isascii() and token.isprintable()):
            raise UsageError("IOTFLOW_TOKEN is malformed: it has a line break or characters beyond ASCII")
        yield session.as_user(token)
        return
    password = os.environ.get("IOTFLOW_PASSWORD")
    if not password:
        raise UsageError(f"set IOTFLOW_PASSWORD in the environment to the password of {username}")
    user_session, _ = await session.log_in(username, password)
    try:
        yield user_session
    finally:
        with suppress(ServiceError):  # a token that cannot be revoked expires
            await user_session.log_out()


def _retry_after_s(response: httpx.Response) -> float:
    """Return the service's Retry-After; at least a second, to bound the number of attempts."""
    header = response.headers.get("Retry-After", "")
    return max(1.0, float(header)) if header.isascii() and header.isdigit() else 1.0


def _problem(response: httpx.Response) -> str:
    """Return the service's problem and the affected fields in one line."""
    try:
        problem = msgspec.json.decode(response.content, type=responses.Problem)
    except (msgspec.DecodeError, UnicodeDecodeError):
        problem = responses.Problem()
    what = problem.detail or problem.title or f"{response.request.method} {response.url}: {response.reason_phrase}"
    fields = "; ".join(f"{'.'.join(map(str, field.loc))}: {field.msg}" for field in problem.errors)
    line = f"{what} ({fields})" if fields else what
    return " ".join(f"{line} [HTTP {response.status_code}]".split())
