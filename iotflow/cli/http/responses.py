"""The fields of the service's responses that commands read."""

from msgspec import Struct

from iotflow.domain.telemetry import Value


class User(Struct):
    """An account."""

    user_id: str
    username: str


class UserAnswer(Struct):
    """One account."""

    user: User


class Login(Struct):
    """A fresh token."""

    access_token: str
    user: User


class Device(Struct):
    """A device."""

    id: int
    name: str
    status: str


class KeyedDevice(Device):
    """A device with its new key."""

    api_key: str


class KeyedDeviceAnswer(Struct):
    """One device with its new key."""

    device: KeyedDevice


class PresentDevice(Device):
    """A device with its presence."""

    is_online: bool
    last_seen: str | None


class PresentDeviceAnswer(Struct):
    """One device with its presence."""

    device: PresentDevice


class OwnStatus(Struct):
    """A device's own status."""

    device_id: int
    status: str
    is_online: bool
    last_seen: str | None


class Heartbeat(Struct):
    """The acknowledgement of a heartbeat."""

    device_id: int


class Meta(Struct):
    """The size of a paged list."""

    total: int


class DeviceList(Struct):
    """A page of devices."""

    devices: list[Device]
    meta: Meta


class Group(Struct):
    """A group."""

    id: int
    name: str
    device_count: int


class GroupAnswer(Struct):
    """One group."""

    group: Group


class Additions(Struct):
    """The outcome of adding devices to a group."""

    added: list[int]
    skipped: list[int]
    not_found: list[int]


class Accepted(Struct):
    """The acknowledgement of a stored record."""

    device_id: int
    timestamp: str
    accepted: int


class Rejection(Struct):
    """The reason why a record of a batch was rejected."""

    index: int
    detail: str


class BatchAnswer(Struct):
    """The outcome of a batch."""

    accepted: int
    rejected: int
    errors: list[Rejection]


class LatestValue(Struct):
    """The latest value of a name."""

    value: Value
    timestamp: str


class Latest(Struct):
    """The latest values of a device."""

    device_id: int
    latest_data: dict[str, LatestValue]
    timestamp: str


class StoredRecord(Struct):
    """A stored record."""

    timestamp: str
    measurements: dict[str, Value]


class History(Struct):
    """A page of a device's records."""

    data: list[StoredRecord]
    count: int
    next_cursor: str | None


class Window(Struct):
    """A statistic of one window."""

    value: Value
    count: int


class Aggregated(Struct):
    """A statistic per window."""

    data: list[Window]


class Health(Struct):
    """The status of the service."""

    status: str


class FieldProblem(Struct):
    """An invalid field."""

    loc: list[str | int] = []  # msgspec copies a default for each instance
    msg: str = ""


class Problem(Struct):
    """An error (RFC 9457)."""

    title: str = ""
    detail: str = ""
    errors: list[FieldProblem] = []
