"""The caller that a credential authenticates."""

from dataclasses import dataclass
from uuid import UUID

from iotflow.domain.devices import DeviceSummary
from iotflow.domain.personal_tokens import TokenGrant
from iotflow.domain.times import Millis


@dataclass(frozen=True, slots=True)
class UserPrincipal:
    """A user with a valid token. `digest` and `expires_at` are the token's; None: it never expires.

    `grant` is None after a login. A personal access token has one, and `is_admin` is False then.
    """

    user_id: UUID
    username: str
    is_admin: bool
    digest: bytes
    expires_at: Millis | None
    grant: TokenGrant | None = None


@dataclass(frozen=True, slots=True)
class DevicePrincipal:
    """A device with a valid API key. `digest` and `expires_at` are the key's; None: the current key, without expiry."""

    device: DeviceSummary
    digest: bytes
    expires_at: Millis | None

    @property
    def device_id(self) -> int:
        """Return the device's id."""
        return self.device.id

    @property
    def user_id(self) -> UUID:
        """Return the id of the device's owner."""
        return self.device.user_id


Principal = UserPrincipal | DevicePrincipal
