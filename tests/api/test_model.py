"""The API against a model in memory: after any sequence of requests every answer is the model's."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import rule, run_state_machine_as_test

from tests.api.model import ModelDevice, moment
from tests.api.reference_aggregates import CALENDAR, EPOCH, agrees, calculated
from tests.api.state_machine import START_S, ApiStateMachine, has_devices, owners, picks, seconds

END_S = START_S + 100_000
FIELDS = st.none() | st.lists(st.sampled_from(["a", "b", "c", "unknown"]), min_size=1, max_size=3)


class CheckedMachine(ApiStateMachine):
    """A state machine that compares the service's reads with the model, at times and at the end."""

    def teardown(self) -> None:
        try:
            for owner in self.users:
                self.check_lists(owner, limit=2, status=None)
                self.check_feed(owner, limit=3, start=START_S)
            for device in self.model.devices.values():
                self.check_latest(device)
                self.check_history(device, 7, START_S, None, descending=False)
        finally:
            super().teardown()

    @has_devices
    @rule(pick=picks)
    def read_latest(self, pick: int) -> None:
        self.check_latest(self.device(pick))

    @has_devices
    @rule(pick=picks, limit=st.integers(1, 9), start=seconds, names=FIELDS, descending=st.booleans())
    def read_history(self, pick: int, limit: int, start: int, names: list[str] | None, descending: bool) -> None:
        self.check_history(self.device(pick), limit, start, names, descending=descending)

    @has_devices
    @rule(
        pick=picks,
        name=st.sampled_from(["a", "b"]),
        aggregation=st.sampled_from(["mean", "sum", "count", "min", "max", "first", "last", "stddev", "increase"]),
        window=st.sampled_from(["10s", "17s", "1m", "1h", "1d", *CALENDAR]),
        start=seconds,
    )
    def read_aggregate(self, pick: int, name: str, aggregation: str, window: str, start: int) -> None:
        device = self.device(pick)
        query = {"field": name, "aggregation": aggregation, "window": window, "start_time": start, "end_time": END_S}
        path = f"/telemetry/{device.id}/aggregated"
        if not any(name in record.values for record in device.records.values()):
            # Never sent, or deleted: a store's catalogue may list a deleted name until it would have expired.
            answer = self.do(self.admin.send("GET", path, params=query))
            assert answer.status_code == 404 or answer.json()["data"] == []
            return
        answer = self.call(self.admin, "GET", path, 200, params=query)
        points = [(EPOCH + timedelta(seconds=second), value) for second, value in device.series(name, start, END_S)]
        expected = calculated(points, aggregation, window, ZoneInfo("UTC"))
        found = [(each["timestamp"], each["value"], each["count"]) for each in answer["data"]]
        largest = max((abs(value) for _, value in points if not isinstance(value, str)), default=0)
        assert agrees(found, expected, aggregation, float(largest)), (found, expected)

    @rule(owner=owners, limit=st.integers(1, 9), start=seconds)
    def read_feed(self, owner: str, limit: int, start: int) -> None:
        self.check_feed(owner, limit, start)

    @rule(owner=owners, limit=st.integers(1, 4), status=st.sampled_from([None, "inactive", "active", "maintenance"]))
    def read_lists(self, owner: str, limit: int, status: str | None) -> None:
        self.check_lists(owner, limit, status)

    def check_latest(self, device: ModelDevice) -> None:
        expected = device.latest()
        for _ in range(2):
            path = f"/telemetry/{device.id}/latest"
            answer = self.call(self.admin, "GET", path, 200 if expected else 404)
            if expected:
                assert exact(answer["latest_data"]) == exact(expected)
                assert answer["timestamp"] == max(newest["timestamp"] for newest in expected.values())

    def check_history(
        self, device: ModelDevice, limit: int, start: int, names: list[str] | None, *, descending: bool
    ) -> None:
        query = {"start_time": start, "end_time": END_S, "order": "desc" if descending else "asc"}
        if names is not None:
            query["fields"] = ",".join(names)
        found = self.paged(f"/telemetry/{device.id}", "data", query, limit)
        assert exact(found) == exact(device.history(start, END_S, names, descending=descending))

    def check_feed(self, owner: str, limit: int, start: int) -> None:
        query = {"start_time": start, "end_time": END_S}
        found = self.paged(f"/telemetry/user/{self.users[owner].user_id}", "telemetry", query, limit)
        assert exact(found) == exact(self.model.feed(owner, start, END_S))

    def check_lists(self, owner: str, limit: int, status: str | None) -> None:
        user_id = self.users[owner].user_id
        devices = [device for device in self.model.devices_of(owner) if status in (None, device.status)]
        chosen = {} if status is None else {"status": status}
        expected = [shown(device) for device in devices]
        assert self.listed(f"/devices/user/{user_id}", chosen, limit, len(devices)) == expected
        assert self.listed("/admin/devices", {"user_id": user_id, **chosen}, limit, len(devices)) == expected
        for group in self.model.groups_of(owner):
            members = [shown(device) for device in devices if device.id in group.members]
            path = f"/groups/{group.id}/devices"
            assert self.listed(path, chosen, limit, len(members)) == members
            answer = self.call(self.admin, "GET", f"/groups/{group.id}", 200)["group"]
            assert (answer["name"], answer["device_count"]) == (group.name, len(group.members))
        answer = self.as_owner(owner, "GET", "/groups", 200)
        if "groups" in answer:
            assert [group["id"] for group in answer["groups"]] == [group.id for group in self.model.groups_of(owner)]
        for device in devices:
            joined = self.call(self.admin, "GET", f"/devices/{device.id}/groups", 200)["groups"]
            groups = [group.id for group in self.model.groups_of(owner) if device.id in group.members]
            assert [group["id"] for group in joined] == groups

    def paged(self, path: str, items: str, query: dict[str, Any], limit: int) -> list[Any]:
        """Return all items of a list with cursors, read `limit` at a time."""
        found: list[Any] = []
        while query:
            answer = self.call(self.admin, "GET", path, 200, params={**query, "limit": limit})
            assert answer["count"] == len(answer[items]) <= limit
            found += answer[items]
            query = {"cursor": answer["next_cursor"]} if answer["next_cursor"] else {}
        return found

    def listed(self, path: str, query: dict[str, Any], limit: int, total: int) -> list[tuple[Any, ...]]:
        """Return all devices of a list with offsets, read `limit` at a time, as `shown` has them."""
        found: list[tuple[Any, ...]] = []
        for offset in range(0, total + 1, limit):
            answer = self.call(self.admin, "GET", path, 200, params={**query, "limit": limit, "offset": offset})
            assert answer["meta"] == {"total": total, "limit": limit, "offset": offset}
            found += [(d["id"], d["name"], d["status"], d["last_seen"]) for d in answer["devices"]]
        return found


def shown(device: ModelDevice) -> tuple[Any, ...]:
    last_seen = None if device.last_seen is None else moment(device.last_seen)
    return (device.id, device.name, device.status, last_seen)


def exact(value: object) -> str:
    """Encode a value so that 1, 1.0 and true differ."""
    return json.dumps(value, sort_keys=True)


def test_the_api_agrees_with_its_model(prepared_data: Path, tmp_path: Path) -> None:
    class Machine(CheckedMachine):
        def __init__(self) -> None:
            super().__init__(prepared_data, tmp_path / "data")

    # Shrinking a failing run takes minutes; its steps are printed without it, too.
    without_shrinking = [phase for phase in Phase if phase is not Phase.shrink]
    runs = max(20, settings().max_examples // 10)
    run_state_machine_as_test(
        Machine, settings=settings(max_examples=runs, stateful_step_count=120, phases=without_shrinking)
    )
