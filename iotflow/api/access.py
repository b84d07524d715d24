"""Who may call a route. Every route names one of these, and it is decided before its body is read."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar

from fastapi import Depends, Request
from starlette.exceptions import HTTPException

from iotflow.api.middleware import RATE_LIMITS
from iotflow.api.state import app_state
from iotflow.domain.addresses import client_network
from iotflow.domain.devices import DeviceStatus
from iotflow.domain.errors import Forbidden, Unauthenticated
from iotflow.domain.permissions import require_admin
from iotflow.domain.principals import DevicePrincipal, Principal, UserPrincipal
from iotflow.repositories.rate_limits import Admission

BEARER = "AccessToken"
API_KEY = "DeviceKey"
_CHALLENGES = {BEARER: 'Bearer realm="iotflow"', API_KEY: 'ApiKey realm="iotflow", header="X-API-Key"'}
_ADMITTED = "iotflow.admitted"

P = TypeVar("P")


@dataclass(frozen=True)
class Access(Generic[P]):
    """A dependency that admits a request or raises; asked again within the request it repeats its answer.

    `schemes` are the credentials that it takes, `refusals` the statuses with which it may refuse. A rate limit refuses
    whom nothing else does.
    """

    admit: Callable[[Request], Awaitable[P]]
    schemes: tuple[str, ...]
    refusals: tuple[int, ...]

    async def __call__(self, request: Request) -> P:
        if _ADMITTED not in request.scope:
            try:
                request.scope[_ADMITTED] = await self.admit(request)
                for admission in request.scope.get(RATE_LIMITS, ()):
                    app_state(request).request_limits.require(admission)
            except Unauthenticated as error:
                challenge = ", ".join(_CHALLENGES[scheme] for scheme in self.schemes or (BEARER,))
                raise HTTPException(401, str(error), {"WWW-Authenticate": challenge}) from error
        admitted: P = request.scope[_ADMITTED]
        return admitted


async def _anyone(_request: Request) -> None:
    return None


async def _user(request: Request) -> UserPrincipal:
    token = _bearer_token(request)
    if token is None:
        raise Unauthenticated("send Authorization: Bearer <token>, with a token from /api/v1/auth/login")
    user, admission = await app_state(request).authentication.user(token, client_of(request))
    _count(request, admission)
    return user


async def _admin(request: Request) -> UserPrincipal:
    caller = await _user(request)
    require_admin(caller)
    return caller


async def _account(request: Request) -> UserPrincipal:
    """The account of the path's `user_id`, or an admin."""
    caller = await _user(request)
    if request.path_params["user_id"].lower() not in ("me", str(caller.user_id)):
        require_admin(caller)
    return caller


async def _event_reader(request: Request) -> UserPrincipal:
    """The account of the query's `user_id`, if there is one, or an admin."""
    caller = await _user(request)
    if request.query_params.get("user_id", "me").lower() not in ("me", str(caller.user_id)):
        require_admin(caller)
    return caller


async def _device(request: Request) -> DevicePrincipal:
    key = request.headers.get("x-api-key")
    if not key:
        raise Unauthenticated("send X-API-Key: <key>, with the key shown when the device was registered")
    device, admission = await app_state(request).authentication.device(key, client_of(request))
    _count(request, admission)
    return device


async def _submitter(request: Request) -> DevicePrincipal:
    device = await _device(request)
    if device.status is DeviceStatus.MAINTENANCE:
        raise Forbidden("the device is in maintenance: its telemetry is refused until its owner ends it")
    return device


async def _reader(request: Request) -> Principal:
    if _bearer_token(request) is None and request.headers.get("x-api-key"):
        return await _device(request)
    return await _user(request)


async def _registrar(request: Request) -> UserPrincipal | None:
    state = app_state(request)
    if state.settings.registration == "closed":
        return await _admin(request)
    _count(request, await state.request_limits.registration(client_of(request)))
    return None


async def _login(request: Request) -> None:
    _count(request, await app_state(request).authentication.admit_login(client_of(request)))


def client_of(request: Request) -> str:
    """Return the client's network, as limits count it."""
    return client_network(request.client.host) if request.client else "unknown"


async def charge_points(request: Request, device: DevicePrincipal, points: int) -> None:
    """Count values that are about to be stored. Raises RateLimited: then none of them may be."""
    limits = app_state(request).request_limits
    admission = await limits.device_points(device, points)
    _count(request, admission)
    limits.require(admission)


async def _client(request: Request) -> str:
    return client_of(request)


def _count(request: Request, admission: Admission | None) -> None:
    """Have the answer tell how a limit counted the request."""
    if admission is not None:
        request.scope.setdefault(RATE_LIMITS, []).append(admission)


def _bearer_token(request: Request) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


Anyone = Annotated[None, Depends(Access(_anyone, (), ()))]
User = Annotated[UserPrincipal, Depends(Access(_user, (BEARER,), (401, 429)))]
Admin = Annotated[UserPrincipal, Depends(Access(_admin, (BEARER,), (401, 403, 429)))]
AccountOrAdmin = Annotated[UserPrincipal, Depends(Access(_account, (BEARER,), (401, 403, 429)))]
EventReader = Annotated[UserPrincipal, Depends(Access(_event_reader, (BEARER,), (401, 403, 429)))]
Device = Annotated[DevicePrincipal, Depends(Access(_device, (API_KEY,), (401, 429)))]
Submitter = Annotated[DevicePrincipal, Depends(Access(_submitter, (API_KEY,), (401, 403, 429)))]
Reader = Annotated[Principal, Depends(Access(_reader, (BEARER, API_KEY), (401, 429)))]
Registrar = Annotated[UserPrincipal | None, Depends(Access(_registrar, (), (401, 403, 429)))]
Visitor = Annotated[None, Depends(Access(_login, (), (401, 403, 429)))]
Client = Annotated[str, Depends(_client)]
"""The client's network."""
