"""Access rules of routes: dependencies that authenticate a request and check its permissions before the body is read.

They check the rules of `domain/permissions.py` early, because 401 and 403 precede errors of the body; services check
them again.
"""

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar

from fastapi import Depends, HTTPException, Request

from iotflow.api.dependencies import app_state
from iotflow.api.middleware import CONTEXT, RATE_LIMITS
from iotflow.domain.context import RequestContext
from iotflow.domain.devices import DeviceSummary
from iotflow.domain.errors import Forbidden, Unauthenticated
from iotflow.domain.networks import client_network
from iotflow.domain.permissions import (
    LOGIN_ONLY,
    require_admin,
    require_registration,
    require_scope,
    require_telemetry_accepted,
)
from iotflow.domain.personal_tokens import TokenScope
from iotflow.domain.principals import DevicePrincipal, Principal, UserPrincipal
from iotflow.repositories.cache import RateLimitResult

BEARER = "AccessToken"
API_KEY = "DeviceKey"
_CHALLENGES = {BEARER: 'Bearer realm="iotflow"', API_KEY: 'ApiKey realm="iotflow", header="X-API-Key"'}

C = TypeVar("C", bound=RequestContext[Principal | None])


@dataclass(frozen=True)
class AccessRule(Generic[C]):
    """A dependency that returns the context of an authorized request, or raises. It runs once per request.

    `authorize` authenticates the caller and checks permissions; rate limits are checked after it. `schemes` names the
    accepted credentials, `refusals` the statuses of the errors that the rule raises, `scope` what the route needs of a
    personal access token.
    """

    authorize: Callable[[Request], Awaitable[C]]
    schemes: tuple[str, ...]
    refusals: tuple[int, ...]
    scope: TokenScope | None = LOGIN_ONLY
    is_optional: bool = False
    """Whether the route also answers requests without credentials."""

    async def __call__(self, request: Request) -> C:
        if CONTEXT not in request.scope:
            try:
                context = await self.authorize(request)
                require_scope(context.principal, self.scope)
                request.scope[CONTEXT] = context
                for result in request.scope.get(RATE_LIMITS, ()):
                    app_state(request).services.request_limits.raise_if_limited(result)
            except Unauthenticated as error:
                challenge = ", ".join(_CHALLENGES[scheme] for scheme in self.schemes or (BEARER,))
                raise HTTPException(401, str(error), {"WWW-Authenticate": challenge}) from error
        authorized: C = request.scope[CONTEXT]
        return authorized


def network_of(request: Request) -> str:
    """Return the client's network, the unit of limits per client: an IPv4 address or an IPv6 /64."""
    return client_network(request.client.host) if request.client else "unknown"


async def charge_points(request: Request, device: DeviceSummary, points: int) -> None:
    """Charge points to the device's rate limit before they are stored. Raises RateLimited."""
    limits = app_state(request).services.request_limits
    result = await limits.charge_device_points(device, points)
    _record_rate_limit(request, result)
    limits.raise_if_limited(result)


async def _authorize_anyone(request: Request) -> RequestContext[None]:
    return _anonymous(request)


async def _authorize_user(request: Request) -> RequestContext[UserPrincipal]:
    token = bearer_token(request)
    if token is None:
        raise Unauthenticated("send Authorization: Bearer <token>, with one from /api/v1/auth/login or a personal one")
    network = network_of(request)
    user, result = await app_state(request).services.authentication.authenticate_user(token, network)
    _record_rate_limit(request, result)
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


async def _authorize_own_account(request: Request) -> RequestContext[UserPrincipal]:
    """Authorize the user of the path's `user_id`, no administrator."""
    context = await _authorize_user(request)
    if request.path_params["user_id"].lower() not in ("me", str(context.principal.user_id)):
        raise Forbidden("only the user of this account may do this")
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
    device, result = await app_state(request).services.authentication.authenticate_device(key, network)
    _record_rate_limit(request, result)
    return RequestContext(device, request.scope["state"]["request_id"], network)


async def _authorize_submitting_device(request: Request) -> RequestContext[DevicePrincipal]:
    context = await _authorize_device(request)
    require_telemetry_accepted(context.principal.device.status)
    return context


async def _authorize_user_or_device(request: Request) -> RequestContext[Principal]:
    if bearer_token(request) is None and request.headers.get("x-api-key"):
        return await _authorize_device(request)
    return await _authorize_user(request)


async def _authorize_registration(request: Request) -> RequestContext[UserPrincipal | None]:
    state = app_state(request)
    if state.settings.registration == "closed":
        context = await _authorize_user(request)
        require_registration(context.principal, is_open=False, as_admin=False)
        return context
    _record_rate_limit(request, await state.services.request_limits.charge_registration(network_of(request)))
    return _anonymous(request)


async def _authorize_login(request: Request) -> RequestContext[None]:
    _record_rate_limit(request, await app_state(request).services.authentication.admit_login(network_of(request)))
    return _anonymous(request)


async def _authorize_metrics(request: Request) -> RequestContext[None]:
    token = app_state(request).settings.metrics_token
    # Compared as bytes: compare_digest refuses a text with other characters than ASCII.
    if not hmac.compare_digest((bearer_token(request) or "").encode(), token.encode()):
        raise Unauthenticated("send Authorization: Bearer <token>, with the one of IOTFLOW_METRICS_TOKEN")
    return _anonymous(request)


def _anonymous(request: Request) -> RequestContext[None]:
    return RequestContext(None, request.scope["state"]["request_id"], network_of(request))


def _require_account(caller: UserPrincipal, reference: str) -> None:
    if reference.lower() not in ("me", str(caller.user_id)):
        require_admin(caller)


def _record_rate_limit(request: Request, result: RateLimitResult | None) -> None:
    """Add the result of a rate limit to the response's rate limit headers."""
    if result is not None:
        request.scope.setdefault(RATE_LIMITS, []).append(result)


def bearer_token(request: Request) -> str | None:
    """Return the request's bearer token, None without one."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


_PERSON = (401, 403, 429)
"""The refusals of a user; 403 is at least that of a personal access token without the scope."""


def _user_rule(scope: TokenScope | None) -> AccessRule[RequestContext[UserPrincipal]]:
    return AccessRule(_authorize_user, (BEARER,), _PERSON, scope)


def _account_rule(scope: TokenScope | None) -> AccessRule[RequestContext[UserPrincipal]]:
    return AccessRule(_authorize_account, (BEARER,), _PERSON, scope)


def _own_account_rule(scope: TokenScope | None) -> AccessRule[RequestContext[UserPrincipal]]:
    return AccessRule(_authorize_own_account, (BEARER,), _PERSON, scope)


def _user_or_device_rule(scope: TokenScope) -> AccessRule[RequestContext[Principal]]:
    return AccessRule(_authorize_user_or_device, (BEARER, API_KEY), _PERSON, scope)


_UserContext = RequestContext[UserPrincipal]
_DeviceContext = RequestContext[DevicePrincipal]

# A route's context with its access rule. The name ends with the scope that a personal access token needs; contexts of a
# user without a scope in their names accept only the token of a login.
PublicContext = Annotated[RequestContext[None], Depends(AccessRule(_authorize_anyone, (), ()))]
LoggedInUserContext = Annotated[_UserContext, Depends(_user_rule(LOGIN_ONLY))]
UserReadContext = Annotated[_UserContext, Depends(_user_rule(TokenScope.READ))]
UserWriteContext = Annotated[_UserContext, Depends(_user_rule(TokenScope.WRITE))]
UserSubmitContext = Annotated[_UserContext, Depends(_user_rule(TokenScope.TELEMETRY))]
AdminContext = Annotated[_UserContext, Depends(AccessRule(_authorize_admin, (BEARER,), _PERSON))]
SelfOrAdminContext = Annotated[_UserContext, Depends(_account_rule(LOGIN_ONLY))]
SelfOrAdminReadContext = Annotated[_UserContext, Depends(_account_rule(TokenScope.READ))]
SelfContext = Annotated[_UserContext, Depends(_own_account_rule(LOGIN_ONLY))]
SelfReadContext = Annotated[_UserContext, Depends(_own_account_rule(TokenScope.READ))]
EventReadContext = Annotated[
    _UserContext, Depends(AccessRule(_authorize_event_viewer, (BEARER,), _PERSON, TokenScope.READ))
]
DeviceContext = Annotated[_DeviceContext, Depends(AccessRule(_authorize_device, (API_KEY,), (401, 429)))]
DeviceSubmitContext = Annotated[
    _DeviceContext, Depends(AccessRule(_authorize_submitting_device, (API_KEY,), (401, 403, 429)))
]
UserOrDeviceReadContext = Annotated[RequestContext[Principal], Depends(_user_or_device_rule(TokenScope.READ))]
UserOrDeviceWriteContext = Annotated[RequestContext[Principal], Depends(_user_or_device_rule(TokenScope.WRITE))]
RegistrationContext = Annotated[
    RequestContext[UserPrincipal | None],
    Depends(AccessRule(_authorize_registration, (BEARER,), (401, 403, 429), is_optional=True)),
]
MetricsContext = Annotated[RequestContext[None], Depends(AccessRule(_authorize_metrics, (BEARER,), (401,), None))]
LoginContext = Annotated[RequestContext[None], Depends(AccessRule(_authorize_login, (), (401, 403, 429)))]
