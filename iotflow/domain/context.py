"""The context of a service call: its caller, request and client network."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from iotflow.domain.networks import LOCAL_NETWORK
from iotflow.domain.principals import Principal


@dataclass(frozen=True, slots=True)
class SystemPrincipal:
    """The operator's command line. It has the rights of an administrator."""


Caller = Principal | SystemPrincipal | None
"""A principal, the system, or None: a client without credentials."""

P_co = TypeVar("P_co", bound=Caller, covariant=True)


@dataclass(frozen=True, slots=True)
class RequestContext(Generic[P_co]):
    """The caller of a service, the id of the request and the client's network.

    `request_id` is stored with events; None for a call without a request, such as a command's.
    """

    principal: P_co
    request_id: str | None = None
    network: str = LOCAL_NETWORK


Context = RequestContext[Caller]
"""A context of any caller. Services check the caller's rights."""
