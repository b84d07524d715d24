"""A client of a running service, for commands: bounded, observed, and signed in as the options ask."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx
from iotflow_sdk import AccessToken, AsyncClient, Login, Retry, ServiceUnreachable
from iotflow_sdk.api.users import get_user

from iotflow.cli.errors import UsageError

REQUEST_DEADLINE_S = 60.0
RETRY = Retry(max_attempts=60, max_wait_s=60.0)
MAX_CONCURRENT_REQUESTS = 16

Observer = Callable[[float, bool], None]
"""Called after each request with its duration in seconds and whether it succeeded."""


class ServiceClient(AsyncClient):
    """A client whose requests have a deadline each. Clients of other callers share its bound on concurrent ones."""

    def __init__(self, url: str, observe: Observer) -> None:
        super().__init__(url, retry=RETRY)
        self._observe = observe
        self._slots = asyncio.Semaphore(MAX_CONCURRENT_REQUESTS)

    async def send(self, request: httpx.Request) -> httpx.Response:
        """Send a request when one of the slots is free. Raises ServiceUnreachable at the deadline too."""
        async with self._slots:
            started, succeeded = time.perf_counter(), False
            try:
                async with asyncio.timeout(REQUEST_DEADLINE_S):
                    response = await super().send(request)
                succeeded = response.is_success
            except TimeoutError as error:
                late = f"{request.method} {request.url}: no response within {REQUEST_DEADLINE_S:.0f} s"
                raise ServiceUnreachable(late) from error
            finally:
                self._observe(time.perf_counter() - started, succeeded)
            return response


@asynccontextmanager
async def open_client(
    url: str, observe: Observer = lambda _duration_s, _succeeded: None
) -> AsyncIterator[ServiceClient]:
    """Open a client without credentials. Raises UsageError if the address is no HTTP URL."""
    try:
        client = ServiceClient(url, observe)
    except ValueError as error:
        raise UsageError(f"--url {error}") from None
    async with client:
        yield client


@asynccontextmanager
async def sign_in(client: ServiceClient, username: str | None) -> AsyncIterator[ServiceClient]:
    """Yield a client of the user that the option and the environment select; revoke a token that it created.

    With a username the password comes from `IOTFLOW_PASSWORD`, without one a token from `IOTFLOW_TOKEN`. Raises
    UsageError if the variable is missing, IoTFlowError if the service refuses the password.
    """
    if username is None:
        token = os.environ.get("IOTFLOW_TOKEN")
        if not token:
            raise UsageError("sign in with --username and IOTFLOW_PASSWORD, or with IOTFLOW_TOKEN, in the environment")
        if not (token.isascii() and token.isprintable()):
            raise UsageError("IOTFLOW_TOKEN is malformed: it has a line break or characters beyond ASCII")
        yield client.with_credentials(AccessToken(token))
        return
    password = os.environ.get("IOTFLOW_PASSWORD")
    if not password:
        raise UsageError(f"set IOTFLOW_PASSWORD in the environment to the password of {username}")
    async with client.with_credentials(Login(username, password)) as user:
        await get_user.asyncio(user, "me")
        yield user
