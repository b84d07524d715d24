"""A client of the telemetry service IoTFlow."""

from .client import AsyncClient, Client
from .credentials import AccessToken, Credentials, DeviceKey, Login
from .errors import (
    Busy,
    Conflict,
    Forbidden,
    IoTFlowError,
    NotFound,
    RateLimited,
    RequestFailed,
    ServiceUnreachable,
    TooLarge,
    Unauthorized,
    Unavailable,
    UnexpectedResponse,
    ValidationProblem,
)
from .records import MeasuredValue, Record, Time
from .retries import Retry
from .types import UNSET, Unset
from .version import __version__

__all__ = [
    "UNSET",
    "AccessToken",
    "AsyncClient",
    "Busy",
    "Client",
    "Conflict",
    "Credentials",
    "DeviceKey",
    "Forbidden",
    "IoTFlowError",
    "Login",
    "MeasuredValue",
    "NotFound",
    "RateLimited",
    "Record",
    "RequestFailed",
    "Retry",
    "ServiceUnreachable",
    "Time",
    "TooLarge",
    "Unauthorized",
    "Unavailable",
    "UnexpectedResponse",
    "Unset",
    "ValidationProblem",
    "__version__",
]
