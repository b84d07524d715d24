"""Credentials, and how they are added to requests."""

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, Generator
from dataclasses import dataclass, field

import httpx

from .errors import UnexpectedResponse, error_of
from .models.token_response import TokenResponse

EXPIRY_MARGIN_S = 30.0
"""A token is replaced this number of seconds before it expires."""
LOGIN_PATH = "/api/v1/auth/login"
LOGOUT_PATH = "/api/v1/auth/logout"
UNAUTHORIZED = 401


@dataclass(frozen=True, slots=True)
class Login:
    """A user who logs in by password: at the first request, when the token expires, and when it was revoked."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A token of a user, from a login or a personal access token."""

    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class DeviceKey:
    """The key of a device."""

    key: str = field(repr=False)


Credentials = Login | AccessToken | DeviceKey


class HeaderAuth(httpx.Auth):
    """A header with fixed credentials."""

    def __init__(self, name: str, value: str) -> None:
        self._name = name
        self._value = value

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the header."""
        request.headers[self._name] = self._value
        yield request


class LoginAuth(httpx.Auth):
    """The token of a login, which concurrent requests share.

    A request that needs a new token logs in; the others wait for it. A login that fails raises RequestFailed.
    """

    def __init__(self, base_url: httpx.URL, login: Login) -> None:
        self._base_url = base_url
        self._login = login
        self._token: str | None = None
        self._expires_at = 0.0
        self._lock = threading.Lock()
        self._async_lock = asyncio.Lock()

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the token, after a login if there is none; log in once more if the service refuses it."""
        refused: str | None = None
        for _ in range(2):
            with self._lock:
                if self._needs_login(refused):
                    response = yield self._login_request(request)
                    response.read()
                    self._accept(response)
                refused = self._add_token(request)
            if (yield request).status_code != UNAUTHORIZED:
                return

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Add the token, after a login if there is none; log in once more if the service refuses it."""
        refused: str | None = None
        for _ in range(2):
            async with self._async_lock:
                if self._needs_login(refused):
                    response = yield self._login_request(request)
                    await response.aread()
                    self._accept(response)
                refused = self._add_token(request)
            if (yield request).status_code != UNAUTHORIZED:
                return

    def take_token(self) -> str | None:
        """Return the token and forget it, None if there is none."""
        token, self._token = self._token, None
        return token

    def _needs_login(self, refused: str | None) -> bool:
        return self._token in (None, refused) or time.monotonic() >= self._expires_at

    def _login_request(self, request: httpx.Request) -> httpx.Request:
        body = {"username": self._login.username, "password": self._login.password}
        url = self._base_url.copy_with(raw_path=self._base_url.raw_path.rstrip(b"/") + LOGIN_PATH.encode())
        return httpx.Request("POST", url, json=body, extensions=request.extensions)

    def _accept(self, response: httpx.Response) -> None:
        if not response.is_success:
            raise error_of(response)
        try:
            answer = TokenResponse.from_dict(response.json())
        except (ValueError, TypeError, KeyError) as error:
            raise UnexpectedResponse(f"POST {response.url}: not a response of IoTFlow: {error!r}") from None
        self._token = answer.access_token
        self._expires_at = time.monotonic() + answer.expires_in - EXPIRY_MARGIN_S

    def _add_token(self, request: httpx.Request) -> str | None:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return self._token


def authentication(credentials: Credentials | None, base_url: httpx.URL) -> httpx.Auth | None:
    """Return how credentials are added to requests to the service at this address."""
    match credentials:
        case Login():
            return LoginAuth(base_url, credentials)
        case AccessToken(token):
            return HeaderAuth("Authorization", f"Bearer {token}")
        case DeviceKey(key):
            return HeaderAuth("X-API-Key", key)
        case None:
            return None
