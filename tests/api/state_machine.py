"""A Hypothesis state machine that sends the same requests to the service and to its model."""

import asyncio
import math
import shutil
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from iotflow.settings import load_settings
from tests.api.clients import ADMIN, ApiClient, UserClient, login, sign_up
from tests.api.model import Model, ModelDevice, ModelGroup
from tests.api.reference_aggregates import Value
from tests.api.service import run_service
from tests.clock import FakeClock

T = TypeVar("T")

START_S = FakeClock().now() // 1_000 - 3_600
"""Records lie within a minute of this time; a few have the time of receipt."""

owners = st.sampled_from(["ada", "bob"])
picks = st.integers(0, 9)
names = st.sampled_from(["n0", "n1", "n2"])
seconds = st.integers(START_S, START_S + 60)
values = st.one_of(
    st.integers(-3, 3),
    st.sampled_from([0.5, -1.5, 2.0, 2**63 - 1, 1e300]),
    st.booleans(),
    st.sampled_from(["on", "off"]),
)
data = st.dictionaries(st.sampled_from(["a", "b", "c"]), values, min_size=1)
metadata = st.none() | st.dictionaries(st.sampled_from(["x", "y"]), st.integers(0, 2), max_size=1)
records = st.tuples(seconds, data, metadata)
statuses = st.sampled_from(["inactive", "active", "maintenance"])

has_devices = precondition(lambda self: bool(self.model.devices))
has_groups = precondition(lambda self: bool(self.model.groups))


class ApiStateMachine(RuleBasedStateMachine):
    """A state machine that applies each step to the service and to the model."""

    def __init__(self, prepared_data: Path, data_dir: Path) -> None:
        super().__init__()
        self.model = Model()
        self.clock = FakeClock()
        shutil.rmtree(data_dir, ignore_errors=True)
        shutil.copytree(prepared_data, data_dir)
        self.settings = load_settings(data_dir=data_dir)
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.users: dict[str, UserClient] = {}

    @initialize()
    def open(self) -> None:
        self.do(self._open())

    async def _open(self) -> None:
        service = await self.stack.enter_async_context(run_service(self.settings, self.clock))
        self.client = await self.stack.enter_async_context(service.client())
        self.admin = await login(self.client, ADMIN)
        for name in ("ada", "bob"):
            self.users[name] = await sign_up(self.client, name)

    def teardown(self) -> None:
        self.do(self.stack.aclose())
        self.runner.close()

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def device(self, pick: int) -> ModelDevice:
        return list(self.model.devices.values())[pick % len(self.model.devices)]

    def group(self, pick: int) -> ModelGroup:
        return list(self.model.groups.values())[pick % len(self.model.groups)]

    @property
    def now_s(self) -> float:
        return self.clock.now() / 1_000

    def call(self, caller: ApiClient, method: str, path: str, expected: int, **request: Any) -> Any:
        """Send a request, check that its status is the model's, and return the answer's body."""
        answer = self.do(caller.send(method, path, **request))
        assert answer.status_code == expected, f"{method} {path} {request}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def as_owner(self, owner: str, method: str, path: str, expected: int, **request: Any) -> Any:
        status = 401 if owner in self.model.suspended else expected
        return self.call(self.users[owner], method, path, status, **request)

    def as_device(self, device: ModelDevice, pick: int, method: str, path: str, expected: int, **request: Any) -> bool:
        """Call with one of the keys that the device ever had; return whether it was accepted."""
        key, ends_at = device.keys[pick % len(device.keys)]
        admitted = self.now_s < ends_at and device.owner not in self.model.suspended
        if admitted:
            device.last_seen = self.now_s
        self.call(ApiClient(self.client, {"X-API-Key": key}), method, path, expected if admitted else 401, **request)
        return admitted

    @rule(seconds=st.sampled_from([0.001, 1, 7, 59, 120]))
    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @precondition(lambda self: len(self.model.devices) < 5)
    @rule(owner=owners, name=names)
    def register_device(self, owner: str, name: str) -> None:
        taken = self.model.device_name_taken(owner, name)
        body = {"name": name, "device_type": "sensor"}
        answer = self.as_owner(owner, "POST", "/devices/register", 409 if taken else 201, json=body)
        if "device" in answer:
            device = answer["device"]
            assert device["id"] not in self.model.ids_given
            self.model.ids_given.add(device["id"])
            self.model.devices[device["id"]] = ModelDevice(device["id"], owner, name, [(device["api_key"], math.inf)])

    @has_devices
    @rule(pick=picks, name=names)
    def rename_device(self, pick: int, name: str) -> None:
        device = self.device(pick)
        taken = name != device.name and self.model.device_name_taken(device.owner, name)
        self.call(self.admin, "PATCH", f"/devices/{device.id}", 409 if taken else 200, json={"name": name})
        device.name = device.name if taken else name

    @has_devices
    @rule(pick=picks, status=statuses)
    def set_status(self, pick: int, status: str) -> None:
        device = self.device(pick)
        self.as_owner(device.owner, "PATCH", f"/devices/{device.id}", 200, json={"status": status})
        if device.owner not in self.model.suspended:
            device.status = status

    @has_devices
    @rule(pick=picks, key=picks, status=statuses)
    def set_own_status(self, pick: int, key: int, status: str) -> None:
        device = self.device(pick)
        ends_maintenance = device.status == "maintenance" and status != "maintenance"
        expected = 403 if ends_maintenance else 200
        if self.as_device(device, key, "PUT", "/devices/config", expected, json={"status": status}) and expected == 200:
            device.status = status

    @has_devices
    @rule(pick=picks, grace=st.sampled_from([0, 0, 60]))
    def rotate_key(self, pick: int, grace: int) -> None:
        device = self.device(pick)
        answer = self.call(
            self.admin, "POST", f"/devices/{device.id}/credentials/rotate", 200, json={"grace_seconds": grace}
        )
        current = device.keys[-1][0]
        ended = [(key, -math.inf) for key, _ in device.keys[:-1]]
        device.keys = [*ended, (current, self.now_s + grace), (answer["device"]["api_key"], math.inf)]

    @precondition(lambda self: len(self.model.devices) > 2)
    @rule(pick=picks)
    def delete_device(self, pick: int) -> None:
        device = self.device(pick)
        self.call(self.admin, "DELETE", f"/devices/{device.id}", 204)
        self.model.remove_device(device)
        for key, _ in device.keys:
            self.call(ApiClient(self.client, {"X-API-Key": key}), "POST", "/devices/heartbeat", 401)
        self.call(self.admin, "GET", f"/telemetry/{device.id}/latest", 404)

    @rule(owner=owners, active=st.booleans())
    def suspend(self, owner: str, active: bool) -> None:
        verb = "activate" if active else "deactivate"
        self.call(self.admin, "PATCH", f"/users/{self.users[owner].user_id}/{verb}", 200)
        (self.model.suspended.discard if active else self.model.suspended.add)(owner)

    @has_devices
    @rule(pick=picks, key=picks, record=records, timed=st.booleans())
    def submit(self, pick: int, key: int, record: tuple[int, dict[str, Value], Any], timed: bool) -> None:
        device = self.device(pick)
        body: dict[str, Any] = {"data": record[1], "metadata": record[2]}
        if timed:
            body["timestamp"] = record[0]
        elif self.now_s % 1:
            return
        expected = 403 if device.status == "maintenance" else 201
        if self.as_device(device, key, "POST", "/telemetry", expected, json=body) and expected == 201:
            device.write(record[0] if timed else int(self.now_s), record[1], record[2])
            device.status = "active"

    @has_devices
    @rule(pick=picks, key=picks, batch=st.lists(records, min_size=1, max_size=12), backfill=st.booleans())
    def submit_batch(self, pick: int, key: int, batch: list[tuple[int, dict[str, Value], Any]], backfill: bool) -> None:
        device = self.device(pick)
        body = [{"timestamp": record[0], "data": record[1], "metadata": record[2]} for record in batch]
        if backfill:
            self.call(self.admin, "POST", f"/telemetry/{device.id}/batch", 200, json=body)
            stored = True
        else:
            expected = 403 if device.status == "maintenance" else 200
            stored = self.as_device(device, key, "POST", "/telemetry/batch", expected, json=body) and expected == 200
            device.status = "active" if stored else device.status
        for record in batch if stored else []:
            device.write(*record)

    @has_devices
    @rule(pick=picks, key=picks, ends=st.tuples(seconds, seconds), by_device=st.booleans())
    def delete_range(self, pick: int, key: int, ends: tuple[int, int], by_device: bool) -> None:
        device, (start, stop) = self.device(pick), sorted(ends)
        body = {"start_time": start, "stop_time": stop}
        path = f"/telemetry/{device.id}"
        if by_device:
            if not self.as_device(device, key, "DELETE", path, 200, json=body):
                return
        else:
            self.call(self.admin, "DELETE", path, 200, json=body)
        device.delete(start, stop)

    @precondition(lambda self: len(self.model.groups) < 4)
    @rule(owner=owners, name=names)
    def create_group(self, owner: str, name: str) -> None:
        taken = self.model.group_name_taken(owner, name)
        answer = self.as_owner(owner, "POST", "/groups", 409 if taken else 201, json={"name": name})
        if "group" in answer:
            self.model.groups[answer["group"]["id"]] = ModelGroup(answer["group"]["id"], owner, name)

    @has_groups
    @has_devices
    @rule(pick=picks, device_pick=picks)
    def add_to_group(self, pick: int, device_pick: int) -> None:
        group, device = self.group(pick), self.device(device_pick)
        expected = 404 if device.owner != group.owner else 409 if device.id in group.members else 201
        self.call(self.admin, "POST", f"/groups/{group.id}/devices", expected, json={"device_id": device.id})
        if expected == 201:
            group.members.add(device.id)

    @has_groups
    @rule(pick=picks, ids=st.lists(st.integers(1, 8), min_size=1, max_size=8))
    def add_many_to_group(self, pick: int, ids: list[int]) -> None:
        group, wanted = self.group(pick), list(dict.fromkeys(ids))
        answer = self.call(self.admin, "POST", f"/groups/{group.id}/devices/bulk", 201, json={"device_ids": ids})
        owned = {device.id for device in self.model.devices_of(group.owner)}
        assert answer == {
            "added": [device_id for device_id in wanted if device_id in owned - group.members],
            "skipped": [device_id for device_id in wanted if device_id in group.members],
            "not_found": [device_id for device_id in wanted if device_id not in owned],
        }
        group.members |= owned & set(wanted)

    @has_groups
    @rule(pick=picks, device_id=st.integers(1, 8))
    def take_from_group(self, pick: int, device_id: int) -> None:
        group = self.group(pick)
        expected = 204 if device_id in group.members else 404
        self.call(self.admin, "DELETE", f"/groups/{group.id}/devices/{device_id}", expected)
        group.members.discard(device_id)

    @has_groups
    @rule(pick=picks)
    def delete_group(self, pick: int) -> None:
        group = self.group(pick)
        self.as_owner(group.owner, "DELETE", f"/groups/{group.id}", 204)
        if group.owner not in self.model.suspended:
            del self.model.groups[group.id]
