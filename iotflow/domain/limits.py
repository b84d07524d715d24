"""Limits from settings, enforced by services."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LoginLimits:
    """The number of wrong passwords within `window_s` seconds, after which attempts are refused."""

    per_account: int
    per_network: int
    window_s: int


@dataclass(frozen=True, slots=True)
class Rates:
    """Rate limits; 0 for no limit. The last two allow this number at once, then one per second."""

    device_requests_per_second: int
    device_points_per_second: int
    account_requests_per_second: int
    registrations_per_network: int
    failed_credentials_per_network: int
