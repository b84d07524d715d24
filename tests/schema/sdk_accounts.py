"""Accounts and devices of the Python package's tests."""

from itertools import count

from iotflow_sdk import Client, DeviceKey, Login
from iotflow_sdk.api.authentication import register_user
from iotflow_sdk.api.devices import register_device
from iotflow_sdk.api.users import get_user
from iotflow_sdk.models import DeviceCreate, UserCreate

PASSWORD = "a password of the client"
_numbers = count(1)


def new_login(url: str) -> Login:
    """Register an account."""
    name = f"sdk-{next(_numbers)}"
    with Client(url) as anyone:
        register_user.sync(anyone, body=UserCreate(username=name, email=f"{name}@example.org", password=PASSWORD))
    return Login(name, PASSWORD)


def new_device(user: Client) -> tuple[int, Client]:
    """Register a device of the user; return its id and its client."""
    device_id, key = new_device_key(user)
    return device_id, user.with_credentials(DeviceKey(key))


def new_device_key(user: Client) -> tuple[int, str]:
    """Register a device of the user; return its id and key."""
    device = register_device.sync(user, body=DeviceCreate(name=f"probe-{next(_numbers)}", device_type="sensor")).device
    return device.id, device.api_key


def user_name(user: Client) -> str:
    """Return the name of a client's account."""
    return get_user.sync(user, "me").user.username
