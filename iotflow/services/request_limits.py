"""Rate limits of devices, accounts and client networks."""

from collections.abc import Awaitable

from iotflow.domain.devices import DeviceSummary
from iotflow.domain.errors import RateLimited
from iotflow.domain.limits import Rates
from iotflow.domain.principals import UserPrincipal
from iotflow.logs import LimitLog
from iotflow.repositories.cache import RateLimit, RateLimiter, RateLimitResult

BURST_S = 10
"""A burst is the allowance of this number of seconds."""


class RequestLimits:
    """Rate limits of requests, points, registrations and unknown credentials. Methods return None without a limit."""

    def __init__(self, limiter: RateLimiter, rates: Rates) -> None:
        self._limiter = limiter
        self._device_requests = _per_second("device-requests", rates.device_requests_per_second)
        self._device_points = _per_second("device-points", rates.device_points_per_second)
        self._account_requests = _per_second("account-requests", rates.account_requests_per_second)
        self._registrations = _burst("registrations", rates.registrations_per_network)
        self._failed_credentials = _burst("failed-credentials", rates.failed_credentials_per_network)
        self._logs: dict[str, LimitLog] = {}

    def charge_device_request(self, device: DeviceSummary) -> Awaitable[RateLimitResult | None]:
        """Count a request of a device. The count begins with the call, not with the await."""
        limit = self._device_requests
        if device.requests_per_second is not None:
            limit = _per_second("device-requests", device.requests_per_second)
        return self._hit(f"device {device.id}", limit)

    def charge_device_points(self, device: DeviceSummary, points: int) -> Awaitable[RateLimitResult | None]:
        """Count points of a device before they are stored."""
        limit = self._device_points
        if device.points_per_second is not None:
            limit = _per_second("device-points", device.points_per_second)
        return self._hit(f"device {device.id}", limit, points)

    def charge_account_request(self, user: UserPrincipal) -> Awaitable[RateLimitResult | None]:
        """Count a request of an account."""
        return self._hit(f"account {user.user_id}", self._account_requests)

    def charge_registration(self, network: str) -> Awaitable[RateLimitResult | None]:
        """Count a registration from a client network."""
        return self._hit(f"address {network}", self._registrations)

    def charge_failed_credential(self, network: str) -> Awaitable[RateLimitResult | None]:
        """Count an unknown key or token from a client network."""
        return self._hit(f"address {network}", self._failed_credentials)

    def check_failed_credentials(self, network: str) -> Awaitable[RateLimitResult | None]:
        """Check the limit of unknown keys and tokens from a client network, without counting."""
        return self._hit(f"address {network}", self._failed_credentials, 0)

    def raise_if_limited(self, result: RateLimitResult | None) -> None:
        """Raise RateLimited and log the limit, unless the hit was admitted. None: no limit."""
        if result is None or not result.retry_after_s:
            return
        limit = result.limit
        allowed = f"at most {limit.limit:,} at once, then {limit.limit / limit.period_s:,.10g} a second"
        self._logs.setdefault(limit.name, LimitLog(limit.name.replace("-", "_"), limit.name)).record(
            f"{result.subject} ({allowed})"
        )
        message = f"{limit.name}: {allowed}; try again in {result.retry_after_s} s"
        raise RateLimited(message, result.retry_after_s)

    def _hit(self, subject: str, limit: RateLimit | None, cost: int = 1) -> Awaitable[RateLimitResult | None]:
        return _unlimited() if limit is None else self._limiter.hit(subject, limit, cost)


def _per_second(name: str, rate: int) -> RateLimit | None:
    return RateLimit(name, rate * BURST_S, BURST_S) if rate else None


def _burst(name: str, units: int) -> RateLimit | None:
    return RateLimit(name, units, units) if units else None


async def _unlimited() -> None:
    return None
