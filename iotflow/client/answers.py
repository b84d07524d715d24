"""What the service's answers hold, as far as the command line reads them."""

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
    """What a device is told of itself."""

    device_id: int
    status: str
    is_online: bool
    last_seen: str | None


class Heartbeat(Struct):
    """That the service heard from a device."""

    device_id: int


class Meta(Struct):
    """Where a list's page lies in the whole."""

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
    """What became of the devices to put into a group."""

    added: list[int]
    skipped: list[int]
    not_found: list[int]


class Accepted(Struct):
    """That a record is stored."""

    device_id: int
    timestamp: str
    accepted: int


class Rejection(Struct):
    """Why a record of a batch was not stored."""

    index: int
    detail: str


class BatchAnswer(Struct):
    """What became of a batch."""

    accepted: int
    rejected: int
    errors: list[Rejection]


class LatestValue(Struct):
    """A name's newest value."""

    value: Value
    timestamp: str


class Latest(Struct):
    """A device's newest values."""

    device_id: int
    latest_data: dict[str, LatestValue]
    timestamp: str


class StoredRecord(Struct):
    """What is stored for one time."""

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
    """A word on how the service is."""

    status: str


class FieldProblem(Struct):
    """One field that is wrong."""

    loc: list[str | int] = []  # msgspec copies a default for each instance
    msg: str = ""


class Problem(Struct):
    """An error (RFC 9457)."""

    title: str = ""
    detail: str = ""
    errors: list[FieldProblem] = []
