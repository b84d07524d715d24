"""A person and a device use the service through the generated client: check.py BASE_URL"""

import sys
from datetime import UTC, datetime, timedelta

import pytest
from iotflow_client import (
    ApiClient,
    AuthenticationApi,
    BatchRecord,
    Configuration,
    Credentials,
    DeviceCreate,
    DevicesApi,
    DeviceUpdate,
    Problem,
    TelemetryApi,
    TelemetryRecordCreate,
    UserCreate,
)
from iotflow_client.exceptions import NotFoundException, UnprocessableEntityException

PASSWORD = "correct horse"
TOO_LARGE_FOR_A_DOUBLE = 2**53 + 1

base_url = sys.argv[1]
anyone = AuthenticationApi(ApiClient(Configuration(host=base_url)))
anyone.register_user(UserCreate(username="python", email="python@example.org", password=PASSWORD))
token = anyone.login(Credentials(username="python", password=PASSWORD)).access_token
person = ApiClient(Configuration(host=base_url, access_token=token))
devices, reader = DevicesApi(person), TelemetryApi(person)

registered = devices.register_device(
    DeviceCreate(name="greenhouse-1", device_type="weather_station", location="Bench 3")
).device
device = TelemetryApi(ApiClient(Configuration(host=base_url, api_key={"DeviceKey": registered.api_key})))

noon = datetime(2026, 1, 31, 12, 0, 0, 123_000, tzinfo=UTC)
data = {"temperature": 16_777_217.25, "counter": TOO_LARGE_FOR_A_DOUBLE, "door_open": False, "mode": "eco"}
accepted = device.submit_telemetry(TelemetryRecordCreate(data=data, timestamp=noon))
assert (accepted.accepted, accepted.timestamp) == (4, noon)

earlier = [noon - timedelta(hours=hour) for hour in range(6)]
batch = [BatchRecord(data={"temperature": hour}, timestamp=earlier[hour]) for hour in range(1, 6)]
assert device.submit_telemetry_batch(batch).accepted == 5

latest = reader.get_latest_telemetry(registered.id)
values = {name: found.value for name, found in latest.latest_data.items()}
assert (repr(sorted(values.items())), latest.timestamp) == (repr(sorted(data.items())), noon)

times, cursor = [], None
for _ in range(3):
    start = "2026-01-31T00:00:00Z" if cursor is None else None
    page = reader.get_telemetry(registered.id, start_time=start, limit=2, cursor=cursor)
    times += [record.timestamp for record in page.data]
    cursor = page.next_cursor
assert (times, cursor) == (earlier, None)

updated = devices.update_device(registered.id, DeviceUpdate(location=None)).device
assert (updated.location, updated.name) == (None, "greenhouse-1")

with pytest.raises(UnprocessableEntityException) as invalid:
    device.submit_telemetry(TelemetryRecordCreate(data={}))
problem = invalid.value.data
assert isinstance(problem, Problem)
assert (problem.status, problem.errors[0].loc) == (422, ["body", "data"])
with pytest.raises(NotFoundException) as missing:
    devices.get_device(registered.id + 1)
assert isinstance(missing.value.data, Problem)
assert missing.value.data.status == 404
print("ok")
