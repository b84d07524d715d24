"""Requests of one caller to a service: credentials, retries, errors. The generated operations send theirs by it."""

import asyncio
import copy
import time
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

import httpx

from .credentials import LOGOUT_PATH, Credentials, LoginAuth, authentication
from .errors import ServiceUnreachable, UnexpectedResponse, error_of
from .retries import Attempts, Retry, is_idempotent
from .version import __version__

TIMEOUT_S = 60.0
CONNECT_TIMEOUT_S = 5.0
HEADERS = {"User-Agent": f"iotflow-sdk/{__version__}"}

M = TypeVar("M", covariant=True)


class Model(Protocol[M]):
    """A class of generated models."""

    def from_dict(self, src_dict: Mapping[str, Any], /) -> M:  # Any: JSON, as generated
        """Return the model of a JSON object."""


class Connection:
    """Requests of one caller.

    `http`, if given, has the service's address and is shared: the caller closes it. Raises ValueError if `url` is no
    HTTP address.
    """

    def __init__(
        self,
        url: str,
        credentials: Credentials | None = None,
        *,
        retry: Retry = Retry(),  # noqa: B008 - immutable
        http: httpx.Client | None = None,
    ) -> None:
        self._url = base_url(url)
        self._auth = authentication(credentials, self._url)
        self._retry = retry
        self._is_shared = http is not None
        self._http = http or httpx.Client(base_url=self._url, timeout=timeout(), headers=HEADERS)

    def with_credentials(self, credentials: Credentials | None) -> Self:
        """Return a connection of another caller, which shares the TCP connections of this one."""
        other = copy.copy(self)
        other._auth = authentication(credentials, self._url)
        other._is_shared = True
        return other

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,  # Any: as httpx declares it
        json: object = None,
        data: Mapping[str, Any] | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        idempotent: bool | None = None,
    ) -> httpx.Response:
        """Send a request, again if it is idempotent and the service is busy; return the successful response.

        Raises RequestFailed, ServiceUnreachable.
        """
        safe = is_idempotent(method, path) if idempotent is None else idempotent
        attempts = Attempts(self._retry, idempotent=safe)
        while True:
            request = self._http.build_request(
                method, path, params=params, json=json, data=data, content=content, headers=headers
            )
            response = self.send(request)
            if response.is_success:
                return response
            time.sleep(attempts.pause_after(error_of(response)))

    def send(self, request: httpx.Request) -> httpx.Response:
        """Send a request once, after a login if one is due; return the response, whatever its status.

        Subclasses may extend this. Raises ServiceUnreachable, and RequestFailed if the login fails.
        """
        try:
            return self._http.send(request, auth=self._auth)
        except httpx.RequestError as error:
            raise ServiceUnreachable(f"{request.method} {request.url}: {str(error) or type(error).__name__}") from error

    def call(self, model: Model[M], method: str, path: str, **arguments: Any) -> M:  # Any: those of `request`
        """Send a request; return the model of the response. Raises also UnexpectedResponse."""
        return read(model, self.request(method, path, **arguments))

    def close(self) -> None:
        """Revoke the token of a login, and close the TCP connections unless they are shared."""
        if isinstance(self._auth, LoginAuth) and (token := self._auth.take_token()):
            with suppress(httpx.RequestError):  # a token that cannot be revoked expires
                self._http.post(LOGOUT_PATH, headers={"Authorization": f"Bearer {token}"})
        if not self._is_shared:
            self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncConnection:
    """Requests of one caller, for asyncio.

    `http`, if given, has the service's address and is shared: the caller closes it. Raises ValueError if `url` is no
    HTTP address.
    """

    def __init__(
        self,
        url: str,
        credentials: Credentials | None = None,
        *,
        retry: Retry = Retry(),  # noqa: B008 - immutable
        http: httpx.AsyncClient | None = None,
    ) -> None:
        self._url = base_url(url)
        self._auth = authentication(credentials, self._url)
        self._retry = retry
        self._is_shared = http is not None
        self._http = http or httpx.AsyncClient(base_url=self._url, timeout=timeout(), headers=HEADERS)

    def with_credentials(self, credentials: Credentials | None) -> Self:
        """Return a connection of another caller, which shares the TCP connections of this one."""
        other = copy.copy(self)
        other._auth = authentication(credentials, self._url)
        other._is_shared = True
        return other

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,  # Any: as httpx declares it
        json: object = None,
        data: Mapping[str, Any] | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        idempotent: bool | None = None,
    ) -> httpx.Response:
        """Send a request, again if it is idempotent and the service is busy; return the successful response.

        Raises RequestFailed, ServiceUnreachable.
        """
        safe = is_idempotent(method, path) if idempotent is None else idempotent
        attempts = Attempts(self._retry, idempotent=safe)
        while True:
            request = self._http.build_request(
                method, path, params=params, json=json, data=data, content=content, headers=headers
            )
            response = await self.send(request)
            if response.is_success:
                return response
            await asyncio.sleep(attempts.pause_after(error_of(response)))

    async def send(self, request: httpx.Request) -> httpx.Response:
        """Send a request once, after a login if one is due; return the response, whatever its status.

        Subclasses may extend this. Raises ServiceUnreachable, and RequestFailed if the login fails.
        """
        try:
            return await self._http.send(request, auth=self._auth)
        except httpx.RequestError as error:
            raise ServiceUnreachable(f"{request.method} {request.url}: {str(error) or type(error).__name__}") from error

    async def call(self, model: Model[M], method: str, path: str, **arguments: Any) -> M:  # Any: those of `request`
        """Send a request; return the model of the response. Raises also UnexpectedResponse."""
        return read(model, await self.request(method, path, **arguments))

    async def close(self) -> None:
        """Revoke the token of a login, and close the TCP connections unless they are shared."""
        if isinstance(self._auth, LoginAuth) and (token := self._auth.take_token()):
            with suppress(httpx.RequestError):  # a token that cannot be revoked expires
                await self._http.post(LOGOUT_PATH, headers={"Authorization": f"Bearer {token}"})
        if not self._is_shared:
            await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


def base_url(url: str) -> httpx.URL:
    """Return the address of a service. Raises ValueError."""
    try:
        address = httpx.URL(url.rstrip("/"))
    except httpx.InvalidURL:
        address = httpx.URL()
    if address.scheme not in ("http", "https") or not address.host:
        raise ValueError(f"{url}: expected an address like http://127.0.0.1:8000")
    return address


def timeout() -> httpx.Timeout:
    """Return the deadlines of each step of a request."""
    return httpx.Timeout(TIMEOUT_S, connect=CONNECT_TIMEOUT_S)


def read(model: Model[M], response: httpx.Response) -> M:
    """Return the model of a response. Raises UnexpectedResponse."""
    try:
        return model.from_dict(response.json())
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        reason = f"{response.request.method} {response.url}: not a response of IoTFlow: {error!r}"
        raise UnexpectedResponse(" ".join(reason.split())) from error
