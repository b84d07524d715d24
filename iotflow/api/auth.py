"""Access rules of routes: dependencies that authenticate a request and check its permissions before the body is read.

They check the rules of `domain/permissions.py` early, because 401 and 403 precede errors of the body; services check
them again.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar

from fastapi import Depends, HTTPException, Request

from iotflow.api.dependencies import app_state
from iotflow.api.middleware import RATE_LIMITS
from iotflow.domain.context import RequestContext
from iotflow.domain.devices import DeviceSummary
from iotflow.domain.errors import Unauthenticated
from iotflow.domain.networks import client_network
from iotflow.domain.permissions import (
    require_admin,
    require_registration,
    require_telemetry_accepted,
)
from iotflow.domain.principals import DevicePrincipal, Principal, UserPrincipal
from iotflow.repositories.cache import Admission

BEARER = "AccessToken"
API_KEY = "DeviceKey"
_CHALLENGES = {BEARER: 'Bearer realm="iotflow"', API_KEY: 'ApiKey realm="iotflow", header="X-API-Key"'}
_CONTEXT = "iotflow.context"
"""Key in a request's scope of the context that its access rule returned."""

C = TypeVar("C", bound=RequestContext[Principal | None])


@dataclass(frozen=True)
class AccessRule(Generic[C]):
    """A dependency that returns the context of an authorized request, or raises. It runs once per request.

    `authorize` authenticates the caller and checks permissions; rate limits are checked after it. `schemes` names the
    accepted credentials, `refusals` the statuses of the errors that the rule raises.
    """

    authorize: Callable[[Request], Awaitable[C]]
    schemes: tuple[str, ...]
    refusals: tuple[int, ...]

    async def __call__(self, request: Request) -> C:
        if _CONTEXT not in request.scope:
            try:
                request.scope[_CONTEXT] = await self.authorize(request)
                for admission in request.scope.get(RATE_LIMITS, ()):
                    app_state(request).services.request_limits.require(admission)
            except Unauthenticated as error:
                challenge = ", ".join(_CHALLENGES[scheme] for scheme in self.schemes or (BEARER,))
                raise HTTPException(401, str(error), {"WWW-Authenticate": challenge}) from error
        context: C = request.scope[_CONTEXT]
        return context


def network_of(request: Request) -> str:
    """Return the client's network, the unit of limits per client: an IPv4 address or an IPv6 /64."""
    return client_network(request.client.host) if request.client else "unknown"


async def charge_values(request: Request, device: DeviceSummary, points: int) -> None:
    """Charge values to the device's rate limit before they are stored. Raises RateLimited."""
    limits = app_state(request).services.request_limits
    admission = await limits.charge_device_values(device, points)
    _record_admission(request, admission)
    limits.require(admission)


async def _authorize_anyone(request: Request) -> RequestContext[None]:
    return _anonymous(request)


async def _authorize_user(request: Request) -> RequestContext[UserPrincipal]:
    token = _bearer_token(request)
    if token is None:
        raise Unauthenticated("send Authorization: Bearer <token>, with a token from /api/v1/auth/login")
    network = network_of(request)
    user, admission = await app_state(request).services.authentication.user(token, network)
    _record_admission(request, admission)
    return RequestContext(user, request.scope["state"]["request_id"], network)


async def _authorize_admin(request: Request) -> RequestContext[UserPrincipal]:
    context = await _authorize_user(request)
    require_admin(context.principal)
    return context


async def _authorize_account(request: Request) -> RequestContext[UserPrincipal]:
    """Authorize the user of the path's `user_id`, or an administrator."""
    context = await _authorize_user(request)
    _require_account(context.principal, request.path_params["user_id"])
    return context


async def _authorize_event_viewer(request: Request) -> RequestContext[UserPrincipal]:
    """Authorize the user of the query's `user_id`, by default the caller, or an administrator."""
    context = await _authorize_user(request)
    _require_account(context.principal, request.query_params.get("user_id", "me"))
    return context


async def _authorize_device(request: Request) -> RequestContext[DevicePrincipal]:
    key = request.headers.get("x-api-key")
    if not key:
        raise Unauthenticated("send X-API-Key: <key>, with the key shown when the device was registered")
    network = network_of(request)
    device, admission = await app_state(request).services.authentication.device(key, network)
    _record_admission(request, admission)
    return RequestContext(device, request.scope["state"]["request_id"], network)


async def _authorize_telemetry_device(request: Request) -> RequestContext[DevicePrincipal]:
    context = await _authorize_device(request)
    require_telemetry_accepted(context.principal.device.status)
    return context


async def _authorize_user_or_device(request: Request) -> RequestContext[Principal]:
    if _bearer_token(request) is None and request.headers.get("x-api-key"):
        return await _authorize_device(request)
    return await _authorize_user(request)


async def _authorize_registration(request: Request) -> RequestContext[UserPrincipal | None]:
    state = app_state(request)
    if state.settings.registration == "closed":
        context = await _authorize_user(request)
        require_registration(context.principal, is_open=False, as_admin=False)
        return context
    _record_admission(request, await state.services.request_limits.charge_registration(network_of(request)))
    return _anonymous(request)


async def _authorize_login(request: Request) -> RequestContext[None]:
    _record_admission(request, await app_state(request).services.authentication.admit_login(network_of(request)))
    return _anonymous(request)


def _anonymous(request: Request) -> RequestContext[None]:
    return RequestContext(None, request.scope["state"]["request_id"], network_of(request))


def _require_account(caller: UserPrincipal, reference: str) -> None:
    if reference.lower() not in ("me", str(caller.user_id)):
        require_admin(caller)


def _record_admission(request: Request, admission: Admission | None) -> None:
    """Add an admission to the response's rate limit headers."""
    if admission is not None:
        request.scope.setdefault(RATE_LIMITS, []).append(admission)


def _bearer_token(request: Request) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


UserContext = RequestContext[UserPrincipal]
DeviceContext = RequestContext[DevicePrincipal]

NoAuth = Annotated[RequestContext[None], Depends(AccessRule(_authorize_anyone, (), ()))]
CurrentUser = Annotated[UserContext, Depends(AccessRule(_authorize_user, (BEARER,), (401, 429)))]
CurrentAdmin = Annotated[UserContext, Depends(AccessRule(_authorize_admin, (BEARER,), (401, 403, 429)))]
SelfOrAdmin = Annotated[UserContext, Depends(AccessRule(_authorize_account, (BEARER,), (401, 403, 429)))]
EventViewer = Annotated[UserContext, Depends(AccessRule(_authorize_event_viewer, (BEARER,), (401, 403, 429)))]
CurrentDevice = Annotated[DeviceContext, Depends(AccessRule(_authorize_device, (API_KEY,), (401, 429)))]
TelemetryDevice = Annotated[
    DeviceContext, Depends(AccessRule(_authorize_telemetry_device, (API_KEY,), (401, 403, 429)))
]
UserOrDevice = Annotated[
    RequestContext[Principal], Depends(AccessRule(_authorize_user_or_device, (BEARER, API_KEY), (401, 429)))
]
RegistrationCaller = Annotated[
    RequestContext[UserPrincipal | None], Depends(AccessRule(_authorize_registration, (), (401, 403, 429)))
]
LoginCaller = Annotated[RequestContext[None], Depends(AccessRule(_authorize_login, (), (401, 403, 429)))]
