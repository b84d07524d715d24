"""The Python package is the generator's output for the present document, and works against the running service."""

import filecmp
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from iotflow_sdk import (
    AccessToken,
    AsyncClient,
    Client,
    Conflict,
    Forbidden,
    MeasuredValue,
    NotFound,
    Record,
    RequestFailed,
    ServiceUnreachable,
    Unauthorized,
    UnexpectedResponse,
    ValidationProblem,
)
from iotflow_sdk.api.administration import get_statistics
from iotflow_sdk.api.authentication import login
from iotflow_sdk.api.devices import delete_device, get_device, register_device, update_device
from iotflow_sdk.api.own_device import send_heartbeat
from iotflow_sdk.api.users import get_user
from iotflow_sdk.models import Credentials, DeviceCreate, DeviceUpdate

from tests.cli.http.misbehaving_server import Answer, misbehaving_server
from tests.docs.documents import ROOT, blocks
from tests.processes import ServiceProcess, free_port
from tests.schema.sdk_accounts import PASSWORD, new_device, new_login, user_name
from tests.waiting import wait_until

SDK = ROOT / "sdk" / "python"
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
START = "2026-01-31T00:00:00Z"
VALUES: dict[str, MeasuredValue] = {"temperature": 21.5, "counter": 2**53 + 1, "door_open": False, "mode": "eco"}


async def wait_for_events(user: Client) -> None:
    """Wait until the registration, the login and the new device of a user are in the list of events."""

    async def has_events() -> bool:
        return len(list(user.events())) >= 3

    await wait_until(has_events, deadline_s=10)


def test_the_committed_code_is_that_of_the_present_document(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, SDK / "generate.py", tmp_path], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    package = SDK / "src" / "iotflow_sdk"
    names = ("api", "models", "types.py")
    made, committed = ({path.relative_to(base) for path in files(base, names)} for base in (tmp_path, package))
    assert made == committed, "run `make sdks` and commit"
    _, different, _ = filecmp.cmpfiles(tmp_path, package, [str(name) for name in made], shallow=False)
    assert different == [], "run `make sdks` and commit"


def files(base: Path, names: tuple[str, ...]) -> Iterator[Path]:
    """Yield the Python files in these entries of a directory."""
    for name in names:
        yield from (base / name).rglob("*.py") if (base / name).is_dir() else [base / name]


def test_the_readme_runs(service: ServiceProcess, tmp_path: Path) -> None:
    shown = [block.text for block in blocks(SDK / "README.md") if block.language == "python"]
    (tmp_path / "readme.py").write_text("\n".join(shown).replace("http://127.0.0.1:8000", service.base_url))
    done = subprocess.run(
        [sys.executable, "-W", "error", "readme.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("2026-01-31 10:00:00+00:00 19\n2026-01-31 11:00:00+00:00 20.25\n")


def test_the_distribution_is_complete(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(SDK)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    check = "import iotflow_sdk; print(iotflow_sdk.__file__, iotflow_sdk.__version__)"
    (wheel,) = tmp_path.glob("iotflow_sdk-*.whl")
    imported = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(wheel)!r}); {check}"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    file, version = imported.stdout.split()
    assert file.startswith(str(wheel))
    assert wheel.name.startswith(f"iotflow_sdk-{version}-")
    assert (SDK / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()


class TestTelemetry:
    """Values and times are exact, and iterators yield every record once."""

    def test_values_and_times(self, user: Client) -> None:
        device_id, sender = new_device(user)
        accepted = sender.submit(VALUES, time=NOON, metadata={"site": "north"})
        assert (accepted.accepted, accepted.timestamp) == (4, NOON)
        assert sender.submit({"late": 1}).timestamp > NOON
        latest = {name: newest.value for name, newest in user.latest(device_id).items() if name != "late"}
        assert repr(sorted(latest.items())) == repr(sorted(VALUES.items()))
        (record,) = user.history(device_id, start_time=NOON, end_time="2026-01-31T14:00:00+01:00", fields=VALUES)
        assert record.timestamp == NOON
        assert repr(sorted(record.measurements.to_dict().items())) == repr(sorted(VALUES.items()))
        assert record.metadata
        assert record.metadata.to_dict() == {"site": "north"}

    def test_history_and_feed_over_pages(self, user: Client) -> None:
        device_id, sender = new_device(user)
        times = [NOON.replace(minute=minute, microsecond=1_000 * minute) for minute in range(7)]
        outcome = user.submit_batch([Record(time, {"minute": time.minute}) for time in times], device_id=device_id)
        assert outcome.accepted == 7
        assert [record.timestamp for record in sender.history(device_id, start_time=START, page_size=3)] == times[::-1]
        ascending = user.history(device_id, start_time=START, ascending=True, page_size=3)
        assert [record.measurements["minute"] for record in ascending] == list(range(7))
        assert [record.timestamp for record in user.feed(start_time=START, page_size=3)] == times[::-1]

    async def test_the_same_with_asyncio(self, service: ServiceProcess, user: Client) -> None:
        device_id, _ = new_device(user)
        times = [NOON.replace(minute=minute) for minute in range(7)]
        await wait_for_events(user)
        async with AsyncClient(service.base_url, new_login(service.base_url)) as stranger:
            with pytest.raises(NotFound):
                await stranger.latest(device_id)
        token = login.sync(user, body=Credentials(username=user_name(user), password=PASSWORD)).access_token
        async with AsyncClient(service.base_url, AccessToken(token)) as client:
            assert [device.id async for device in client.devices()] == [device_id]
            await client.submit_batch([Record(time, VALUES) for time in times], device_id=device_id)
            history = client.history(device_id, start_time=START, ascending=True, page_size=3)
            assert [record.timestamp async for record in history] == times
            assert len([record async for record in client.feed(start_time=START, page_size=3)]) == 7
            assert (await client.latest(device_id))["counter"].value == VALUES["counter"]
            assert len({event.id async for event in client.events(page_size=1)}) >= 2

    async def test_events_over_pages(self, user: Client) -> None:
        device_id, _ = new_device(user)
        await wait_for_events(user)
        events = list(user.events(page_size=1))
        assert len({event.id for event in events}) == len(events) >= 2
        assert {event.device_id for event in user.events(device_id=device_id)} == {device_id}

    def test_a_time_without_a_zone_is_refused(self, user: Client) -> None:
        device_id, sender = new_device(user)
        with pytest.raises(ValueError, match="no time zone"):
            sender.submit(VALUES, time=NOON.replace(tzinfo=None))
        with pytest.raises(ValueError, match="no time zone"):
            next(user.history(device_id, start_time=NOON.replace(tzinfo=None)))


class TestOperations:
    """Generated operations return models, and raise problems."""

    def test_null_clears_a_field_and_an_absent_one_stays(self, user: Client) -> None:
        device_id, _ = new_device(user)
        body = DeviceUpdate(location="north wall", description="first")
        assert update_device.sync(user, device_id, body=body).device.location == "north wall"
        changed = update_device.sync(user, device_id, body=DeviceUpdate(location=None)).device
        assert (changed.location, changed.description) == (None, "first")
        delete_device.sync(user, device_id)
        with pytest.raises(NotFound):
            get_device.sync(user, device_id)

    def test_problems_have_types(self, user: Client) -> None:
        device_id, sender = new_device(user)
        with pytest.raises(NotFound) as missing:
            get_device.sync(user, device_id + 1_000)
        problem = missing.value.problem
        assert (problem.status, problem.instance) == (404, f"/api/v1/devices/{device_id + 1_000}")
        assert problem.request_id
        with pytest.raises(ValidationProblem) as invalid:
            sender.submit({"temperature": "x" * 5_000}, time=NOON)
        assert invalid.value.errors[0].loc[:2] == ["body", "data"]
        assert str(invalid.value).endswith("[HTTP 422]")
        name = get_device.sync(user, device_id).device.name
        with pytest.raises(Conflict):
            register_device.sync(user, body=DeviceCreate(name=name, device_type="sensor"))
        with pytest.raises(Forbidden):
            get_statistics.sync(user)
        with pytest.raises(Unauthorized):
            send_heartbeat.sync(user)

    def test_an_address_without_a_service(self) -> None:
        with Client(f"http://127.0.0.1:{free_port()}") as client, pytest.raises(ServiceUnreachable, match="GET http:"):
            get_user.sync(client, "me")
        with pytest.raises(ValueError, match="expected an address"):
            Client("127.0.0.1:8000")

    def test_a_response_of_another_server(self, service: ServiceProcess, user: Client) -> None:
        def alter(answer: Answer) -> None:
            answer.content = b"<html>nginx</html>"
            answer.status = 502 if answer.path.endswith("/events") else 200

        with misbehaving_server(service.base_url, alter) as url, Client(url, AccessToken("any")) as client:
            with pytest.raises(UnexpectedResponse, match="not a response of IoTFlow"):
                get_user.sync(client, "me")
            with pytest.raises(RequestFailed, match=r"Bad Gateway \[HTTP 502\]"):
                next(client.events())
