"""How often devices, accounts and client networks may call."""

from collections.abc import Awaitable
from dataclasses import dataclass

from iotflow.domain.errors import RateLimited
from iotflow.domain.principals import DevicePrincipal, UserPrincipal
from iotflow.limit_log import LimitLog
from iotflow.repositories.rate_limits import Admission, RateLimit, RateLimiter

BURST_S = 10
"""What may be used at once is the allowance of this many seconds."""


@dataclass(frozen=True, slots=True)
class Rates:
    """What is allowed; 0 is no limit. Of the last two so many at once, then one a second."""

    device_requests_per_second: int
    device_points_per_second: int
    account_requests_per_second: int
    registrations_per_network: int
    failed_credentials_per_network: int


class RequestLimits:
    """Counts what devices, accounts and client networks do. What is not limited gives None."""

    def __init__(self, limiter: RateLimiter, rates: Rates) -> None:
        self._limiter = limiter
        self._device_requests = _per_second("device-requests", rates.device_requests_per_second)
        self._device_points = _per_second("device-points", rates.device_points_per_second)
        self._account_requests = _per_second("account-requests", rates.account_requests_per_second)
        self._registrations = _at_once("registrations", rates.registrations_per_network)
        self._failed_credentials = _at_once("failed-credentials", rates.failed_credentials_per_network)
        self._logs: dict[str, LimitLog] = {}

    def device_request(self, device: DevicePrincipal) -> Awaitable[Admission | None]:
        """Count a request of a device. It begins with the call, not when its outcome is awaited."""
        limit = self._device_requests
        if device.requests_per_second is not None:
            limit = _per_second("device-requests", device.requests_per_second)
        return self._take(f"device {device.device_id}", limit)

    def device_points(self, device: DevicePrincipal, points: int) -> Awaitable[Admission | None]:
        """Count values of a device that are about to be stored."""
        limit = self._device_points
        if device.points_per_second is not None:
            limit = _per_second("device-points", device.points_per_second)
        return self._take(f"device {device.device_id}", limit, points)

    def account_request(self, user: UserPrincipal) -> Awaitable[Admission | None]:
        """Count a request of an account."""
        return self._take(f"account {user.user_id}", self._account_requests)

    def registration(self, network: str) -> Awaitable[Admission | None]:
        """Count a registration from a client network."""
        return self._take(f"address {network}", self._registrations)

    def failed_credential(self, network: str, *, count: bool) -> Awaitable[Admission | None]:
        """Count an unknown key or token from a client network, or see whether there may be one more."""
        return self._take(f"address {network}", self._failed_credentials, int(count))

    def require(self, admission: Admission | None) -> None:
        """Raise RateLimited, and log it, unless this was admitted."""
        if admission is None or not admission.retry_after_s:
            return
        limit = admission.limit
        allowed = f"at most {limit.limit:,} at once, then {limit.limit / limit.period_s:,.10g} a second"
        self._logs.setdefault(limit.name, LimitLog(limit.name)).met(f"{admission.subject} ({allowed})")
        message = f"{limit.name}: {allowed}; try again in {admission.retry_after_s} s"
        raise RateLimited(message, admission.retry_after_s)

    def _take(self, subject: str, limit: RateLimit | None, cost: int = 1) -> Awaitable[Admission | None]:
        return _unlimited() if limit is None else self._limiter.take(subject, limit, cost)


def _per_second(name: str, rate: int) -> RateLimit | None:
    return RateLimit(name, rate * BURST_S, BURST_S) if rate else None


def _at_once(name: str, units: int) -> RateLimit | None:
    return RateLimit(name, units, units) if units else None


async def _unlimited() -> None:
    return None
