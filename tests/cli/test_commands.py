"""The commands other than `serve`."""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

import iotflow as package
from tests.cli.command import DEADLINE_S, environment, iotflow, iotflow_here, refusal
from tests.processes import ServiceProcess

PASSWORD = "a long enough password"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    """A running service. Commands run in the parent of its data directory use the same directory."""
    with ServiceProcess(tmp_path_factory.mktemp("served") / "data") as service:
        yield service


def create_admin(
    cwd: Path, username: str, email: str = "root@example.org", password: str = PASSWORD
) -> subprocess.CompletedProcess[str]:
    return iotflow("create-admin", username, email, "--password-stdin", cwd=cwd, stdin=f"{password}\n")


def test_an_administrator_created_beside_the_service_signs_in(service: ServiceProcess) -> None:
    outcome = create_admin(service.data_dir.parent, "root")

    assert outcome.returncode == 0, outcome.stderr
    login = _login(service, "root", PASSWORD).json()
    assert login["user"]["is_admin"] is True
    assert outcome.stdout == f"administrator root ({login['user']['user_id']}) was created\n"
    statistics = httpx.get(
        f"{service.base_url}/api/v1/admin/stats",
        headers={"Authorization": f"Bearer {login['access_token']}"},
        trust_env=False,
    )
    assert statistics.status_code == 200


def test_the_creation_of_an_administrator_is_in_the_audit_trail(tmp_path: Path) -> None:
    # Created before the service first ran: its event waits in the outbox.
    assert create_admin(tmp_path, "root").returncode == 0

    with ServiceProcess(tmp_path / "data") as service:
        token = _login(service, "root", PASSWORD).json()["access_token"]
        events = httpx.get(
            f"{service.base_url}/api/v1/events",
            params={"event_type": "user.registered"},
            headers={"Authorization": f"Bearer {token}"},
            trust_env=False,
        ).json()["events"]

    assert [event["details"]["username"] for event in events] == ["root"]
    assert events[0]["details"]["is_admin"] is True


def test_a_taken_name_or_address_is_refused(tmp_path: Path) -> None:
    assert create_admin(tmp_path, "first", "first@example.org").returncode == 0

    by_name = create_admin(tmp_path, "First", "other@example.org")
    by_address = create_admin(tmp_path, "second", "FIRST@example.org")

    assert refusal(by_name, status=1) == "iotflow: the username 'First' is taken"
    assert refusal(by_address, status=1) == "iotflow: the email 'FIRST@example.org' is taken"


def test_invalid_account_data_is_refused(tmp_path: Path) -> None:
    outcome = create_admin(tmp_path, "no spaces", "nobody", "too short")

    assert outcome.returncode == 2
    assert outcome.stderr.splitlines() == [
        "iotflow: username: expected 3 to 64 letters, digits, dots, dashes and underscores",
        "iotflow: email: expected an address like ada@example.org",
        "iotflow: password: expected 10 to 1,000 characters",
    ]
    assert "too short" not in outcome.stderr
    assert not (tmp_path / "data").exists()


def test_the_password_is_prompted_twice_and_never_printed(service: ServiceProcess) -> None:
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "iotflow", "create-admin", "asked", "asked@example.org"],
        cwd=service.data_dir.parent,
        env=environment(),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        # Without a separate terminal it would prompt at ours.
        start_new_session=True,
    )
    os.close(theirs)
    shown = b""
    for prompt in (b"Password: ", b"Repeat for confirmation: "):
        shown += _read_until(ours, prompt)
        os.write(ours, PASSWORD.encode() + b"\n")
    shown += _read_until(ours, b"was created")

    assert process.wait(DEADLINE_S) == 0
    os.close(ours)
    assert PASSWORD.encode() not in shown
    assert _login(service, "asked", PASSWORD).status_code == 200


def test_doctor_reports_a_healthy_service(service: ServiceProcess) -> None:
    outcome = iotflow("doctor", cwd=service.data_dir.parent)

    assert outcome.returncode == 0, outcome.stderr
    stores = {line.split()[0]: line for line in outcome.stdout.splitlines()[1:-1]}
    assert stores.keys() == {"sql", "telemetry", "documents", "cache"}
    for line in stores.values():
        assert " yes " in line
        assert " ms " in line
    assert stores["sql"].rstrip().endswith(", current")
    assert "kept 90 days" in outcome.stdout


def test_doctor_names_migrate_when_the_schema_is_missing(tmp_path: Path) -> None:
    before = iotflow("doctor", cwd=tmp_path)
    dry_run = iotflow("migrate", "--dry-run", cwd=tmp_path)
    first = iotflow("migrate", cwd=tmp_path)
    second = iotflow("migrate", cwd=tmp_path)
    after = iotflow("doctor", cwd=tmp_path, env={"IOTFLOW_RETENTION_DAYS": "0"})

    assert before.returncode == 1
    assert "run `iotflow migrate`" in before.stdout
    assert dry_run.returncode == first.returncode == second.returncode == 0
    change, *steps = first.stdout.splitlines()
    wanted = change.removeprefix("sql: schema none -> ")
    assert [step.split()[0] for step in steps][-1] == wanted
    assert dry_run.stdout.splitlines() == [f"sql: schema would change none -> {wanted}", *steps]
    assert second.stdout == f"sql: schema {wanted} is current\n"
    assert after.returncode == 0, after.stdout
    assert "kept without limit" in after.stdout


def test_a_database_of_a_newer_version_is_not_changed(tmp_path: Path) -> None:
    assert iotflow("migrate", cwd=tmp_path).returncode == 0
    with closing(sqlite3.connect(tmp_path / "data" / "iotflow.db")) as database, database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")

    migrated = refusal(iotflow("migrate", cwd=tmp_path))
    dry_run = refusal(iotflow("migrate", "--dry-run", cwd=tmp_path))
    served = refusal(iotflow("serve", "--port", "0", cwd=tmp_path))

    for line in (migrated, dry_run, served):
        assert line.startswith("iotflow: IOTFLOW_DATABASE_URL: the sql store is unavailable: its schema is of a newer")
        assert "9999" in line


def test_doctor_reports_why_a_store_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "iotflow.db").write_text("no database\n" * 1_000)

    outcome = iotflow("doctor", cwd=tmp_path)

    assert outcome.returncode == 1
    assert [line.split()[0] for line in outcome.stdout.splitlines() if " NO " in line] == [
        "sql",
        "telemetry",
        "documents",
    ]
    assert outcome.stderr == ("iotflow: IOTFLOW_DATABASE_URL: the sql store is unavailable: file is not a database\n")


@pytest.mark.parametrize(("command", "status"), [("doctor", 1), ("migrate", 2)])
def test_an_unreachable_server_is_reported_without_its_password(tmp_path: Path, command: str, status: int) -> None:
    url = "postgresql+asyncpg://iotflow:hunter2@127.0.0.1:1/iotflow"

    outcome = iotflow(command, cwd=tmp_path, env={"IOTFLOW_DATABASE_URL": url})

    assert outcome.returncode == status
    line = outcome.stderr.rstrip("\n")
    assert line.startswith("iotflow: IOTFLOW_DATABASE_URL: the sql store is unavailable: ")
    assert "\n" not in line
    assert "hunter2" not in outcome.stdout + outcome.stderr


def test_openapi_prints_the_schema_and_opens_no_store(tmp_path: Path) -> None:
    outcome = iotflow("openapi", cwd=tmp_path)

    assert outcome.returncode == 0, outcome.stderr
    schema = json.loads(outcome.stdout)
    assert schema["info"]["title"] == "IoTFlow"
    assert schema["paths"]["/api/v1/telemetry"]["post"]["operationId"] == "submit_telemetry"
    assert list(tmp_path.iterdir()) == []


def test_the_version_is_that_of_the_package() -> None:
    assert iotflow_here("--version").stdout == f"iotflow {package.__version__}\n"


def test_the_installed_command_is_the_module(tmp_path: Path) -> None:
    script = Path(sys.executable).with_name("iotflow")
    if not script.exists():
        pytest.skip("the package is not installed beside this Python")
    outcome = subprocess.run([script, "--version"], capture_output=True, text=True, timeout=DEADLINE_S, check=True)

    assert outcome.stdout == iotflow("--version", cwd=tmp_path).stdout


@pytest.mark.parametrize("command", ["serve", "migrate", "create-admin", "doctor", "openapi", "simulate", "import"])
def test_each_command_has_help(command: str) -> None:
    outcome = iotflow_here(command, "--help")

    assert outcome.returncode == 0
    assert f"Usage: iotflow {command} " in outcome.stdout


def _login(service: ServiceProcess, username: str, password: str) -> httpx.Response:
    credentials = {"username": username, "password": password}
    return httpx.post(f"{service.base_url}/api/v1/auth/login", json=credentials, trust_env=False)


def _read_until(terminal: int, end: bytes) -> bytes:
    read = b""
    while end not in read:
        read += os.read(terminal, 1_024)
    return read


def test_serving_does_not_import_the_client_package() -> None:
    modules = "iotflow.cli.main, iotflow.cli.server, iotflow.server, iotflow.app"
    check = f"import sys, {modules}; print('iotflow_sdk' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "False\n"
