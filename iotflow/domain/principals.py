"""Who is calling, as the credentials prove it."""

from dataclasses import dataclass
from uuid import UUID

from iotflow.domain.devices import DeviceStatus
from iotflow.domain.times import Millis


@dataclass(frozen=True, slots=True)
class UserPrincipal:
    """A person with a valid token. `credential` is the token's digest; `expires_at` its end."""

    user_id: UUID
    username: str
    is_admin: bool
    credential: bytes
    expires_at: Millis


@dataclass(frozen=True, slots=True)
class DevicePrincipal:
    """A device with a valid key. `credential` is the key's digest; `expires_at` its end, if it is a former key.

    Of a device that was looked up by its id, `credential` is `credentials.device_reference`. The rates are None where
    the device has no limits of its own, 0 for no limit.
    """

    device_id: int
    name: str
    device_type: str
    status: DeviceStatus
    user_id: UUID
    credential: bytes
    expires_at: Millis | None
    requests_per_second: int | None = None
    points_per_second: int | None = None


Principal = UserPrincipal | DevicePrincipal
