"""`iotflow serve`: errors at the start, and shutdown."""

import json
import signal
import socket
import ssl
import time
from pathlib import Path

import httpx
import pytest

from tests.cli.command import iotflow, iotflow_here, refusal, serving
from tests.processes import ServiceProcess

STOPS_WITHIN_S = 8.0
"""Less than the grace time of requests in flight."""


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("IOTFLOW_RETENTION_DAYS", "forever", "valid integer"),
        ("IOTFLOW_RETENTION_DAYS", "3651", "less than or equal to 3650"),
        ("IOTFLOW_REGISTRATION", "sometimes", "'open' or 'closed'"),
        ("IOTFLOW_CACHE_URL", "memcached://127.0.0.1", "expected memory or redis://"),
        ("IOTFLOW_CACHE_URL", "redis://me:hunter2@127.0.0.1/name", "the path is not the number of a database"),
        ("IOTFLOW_TELEMETRY_URL", "influx://127.0.0.1", "expected sql or cassandra://"),
        ("IOTFLOW_TELEMETRY_URL", "cassandra://me:hunter2@127.0.0.1", "expected"),
        ("IOTFLOW_DOCUMENTS_URL", "couchdb://127.0.0.1", "expected sql or mongodb://"),
        ("IOTFLOW_DOCUMENTS_URL", "mongodb://me:hunter2@127.0.0.1", "expected"),
        ("IOTFLOW_MONGO_DRIVER", "mongoengine", "'pymongo' or 'motor'"),
        ("IOTFLOW_TRUSTED_PROXIES", "10.0.0.1,proxy", "expected addresses or networks, like 127.0.0.1,10.0.0.0/8"),
        ("IOTFLOW_CORS_ORIGINS", "app.example.org", "expected scheme://host[:port]"),
        ("IOTFLOW_DATABASE_URL", "mysql://me:hunter2@db/iotflow", "expected sqlite+aiosqlite:///PATH or postgresql"),
        ("IOTFLOW_DATABASE_URL", "sqlite+aiosqlite:///:memory:", "expected sqlite+aiosqlite:///PATH or postgresql"),
        ("IOTFLOW_DATABASE_URL", "postgresql+asyncpg://me:hunter2@db:70000/iotflow", "a port from 1 to 65535"),
        # The rest after the first @ is parsed as the host, the port, the database or an option.
        (
            "IOTFLOW_DATABASE_URL",
            "postgresql+asyncpg://me:a@hunter2@db/iotflow",
            "`@` in the password is written as %40",
        ),
        ("IOTFLOW_DATABASE_URL", "postgresql+asyncpg://me:a@b:hunter2@db/iotflow", "`@` in the password is written as"),
        ("IOTFLOW_DATABASE_URL", "postgresql+asyncpg://me:a@b/hunter2@db/iotflow", "`@` in the password is written as"),
        (
            "IOTFLOW_CACHE_URL",
            "redis://me:?hunter2@cache/0",
            "reserved characters of a password must be percent-encoded",
        ),
        (
            "IOTFLOW_TELEMETRY_URL",
            "cassandra://me:9042/k?hunter2@c1/k",
            "reserved characters of a password must be percent-encoded",
        ),
    ],
)
def test_a_bad_setting_stops_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, expected: str
) -> None:
    monkeypatch.chdir(tmp_path)

    line = refusal(iotflow_here("serve", "--port", "0", env={name: value}))

    assert line.startswith(f"iotflow: {name}: ")
    assert expected in line
    assert "hunter2" not in line
    assert not (tmp_path / "data").exists()


def test_each_bad_setting_is_reported(tmp_path: Path) -> None:
    outcome = iotflow(
        "serve",
        cwd=tmp_path,
        env={"IOTFLOW_LOG_LEVEL": "loud", "IOTFLOW_ONLINE_WINDOW_SECONDS": "0", "IOTFLOW_LOGIN_WINDOW_SECONDS": ""},
    )

    assert outcome.returncode == 2
    named = [line.split(": ")[1] for line in outcome.stderr.splitlines()]
    assert sorted(named) == ["IOTFLOW_LOGIN_WINDOW_SECONDS", "IOTFLOW_LOG_LEVEL", "IOTFLOW_ONLINE_WINDOW_SECONDS"]


@pytest.mark.parametrize("setting", ["ONLINE_WINDOW", "TOKEN_LIFETIME", "LOGIN_WINDOW"])
def test_a_renamed_setting_stops_the_start(setting: str) -> None:
    line = refusal(iotflow_here("doctor", env={f"IOTFLOW_{setting}": "300"}))
    assert line == f"iotflow: IOTFLOW_{setting}: this setting was renamed; set IOTFLOW_{setting}_SECONDS"


def test_renamed_and_bad_settings_are_reported_together() -> None:
    outcome = iotflow_here("doctor", env={"IOTFLOW_TOKEN_LIFETIME": "", "IOTFLOW_RETENTION_DAYS": "many"})
    assert outcome.returncode == 2
    named = [line.split(": ")[1] for line in outcome.stderr.splitlines()]
    assert named == ["IOTFLOW_TOKEN_LIFETIME", "IOTFLOW_RETENTION_DAYS"]


@pytest.mark.parametrize("place", ["file", "file/data"])
def test_a_data_directory_that_cannot_be_created_stops_the_start(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()

    line = refusal(iotflow("serve", "--port", "0", cwd=tmp_path, env={"IOTFLOW_DATA_DIR": place}))

    assert line.startswith(f"iotflow: IOTFLOW_DATA_DIR: {place} cannot be created: ")


def test_a_file_that_is_no_database_stops_the_start_and_is_kept(tmp_path: Path) -> None:
    other = tmp_path / "data" / "iotflow.db"
    other.parent.mkdir()
    other.write_text("dear diary, this is no database at all\n" * 100)

    line = refusal(iotflow("serve", "--port", "0", cwd=tmp_path))

    assert line == "iotflow: IOTFLOW_DATABASE_URL: the sql store is unavailable: file is not a database"
    assert other.read_text().startswith("dear diary")


def test_a_port_in_use_stops_the_start(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        line = refusal(iotflow("serve", "--port", str(port), cwd=tmp_path))

    assert line == f"iotflow: --host 127.0.0.1 --port {port}: cannot listen: Address already in use"


def test_a_host_that_is_not_this_machine_stops_the_start(tmp_path: Path) -> None:
    line = refusal(iotflow("serve", "--host", "192.0.2.1", "--port", "0", cwd=tmp_path))

    assert line == "iotflow: --host 192.0.2.1 --port 0: cannot listen: Cannot assign requested address"


def test_more_workers_than_the_cache_can_serve_stop_the_start() -> None:
    line = refusal(iotflow_here("serve", "--workers", "4"))

    assert line.startswith(
        "iotflow: --workers 4: IOTFLOW_CACHE_URL=memory supports one process only; expected --workers"
    )


def test_a_second_service_names_the_first(tmp_path: Path) -> None:
    service = ServiceProcess(tmp_path / "data")
    with service:
        line = refusal(iotflow("serve", "--port", "0", cwd=tmp_path))
        assert f"is already served by process {service.pid};" in line
        # The first is not affected.
        assert httpx.get(f"{service.base_url}/health", trust_env=False).json()["status"] == "healthy"


def test_sigterm_ends_it_soon_and_keeps_the_presence_of_devices(tmp_path: Path) -> None:
    service = ServiceProcess(tmp_path / "data")
    with service, httpx.Client(base_url=f"{service.base_url}/api/v1", trust_env=False) as idle:
        token, device = _device_that_was_seen(idle)
        started = time.monotonic()
        # The client's connection stays open; it must not delay the shutdown.
        assert service.stop() == 0
        assert time.monotonic() - started < STOPS_WITHIN_S
    assert "Traceback" not in service.log()
    assert not list((tmp_path / "data").glob("*.pid"))

    with service:
        answer = httpx.get(
            f"{service.base_url}/api/v1/devices/{device['id']}/status",
            headers={"Authorization": f"Bearer {token}"},
            trust_env=False,
        )
    assert answer.json()["device"]["last_seen"] == device["seen"]


def test_an_interrupt_ends_it_without_a_traceback(tmp_path: Path) -> None:
    with serving(cwd=tmp_path) as (process, address):
        assert httpx.get(f"{address}/health/live", trust_env=False).json() == {"status": "alive"}
        process.send_signal(signal.SIGINT)
        printed, _ = process.communicate(timeout=STOPS_WITHIN_S)

    assert process.returncode == 0
    assert "Traceback" not in printed
    assert (tmp_path / "data" / "iotflow.db").exists()


def test_every_log_line_is_a_json_object_with_log_format_json(tmp_path: Path) -> None:
    service = ServiceProcess(tmp_path / "data", {"IOTFLOW_LOG_FORMAT": "json"})
    with service:
        httpx.get(f"{service.base_url}/api/v1/nothing", headers={"X-Request-ID": "call-1"}, trust_env=False)

    _, *lines = service.log().splitlines()
    logged = [json.loads(line) for line in lines]
    (own,) = (line for line in logged if line.get("request_id") == "call-1")
    assert (own["level"], own["logger"]) == ("info", "iotflow.api.middleware")
    assert own["message"].startswith("GET /api/v1/nothing 404 ")
    assert (own["method"], own["route"], own["status"], own["principal"]) == ("GET", "unmatched", 404, "anonymous")
    assert 0 < own["duration_ms"] < 60_000


def test_tls_serves_https(tmp_path: Path, certificates: Path) -> None:
    chain = certificates / "a.pem"
    with serving("--tls-cert", str(chain), "--tls-key", str(certificates / "a.key"), cwd=tmp_path) as (_, address):
        assert address.startswith("https://")
        trusting = ssl.create_default_context(cafile=str(chain))
        answer = httpx.get(f"{address}/health/live", verify=trusting, trust_env=False)

    assert answer.json() == {"status": "alive"}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--tls-cert", "a.pem"], "--tls-cert and --tls-key are required together; one is missing"),
        (["--tls-cert", "a.pem", "--tls-key", "missing"], "--tls-key missing: No such file or directory"),
        (["--tls-cert", "text", "--tls-key", "a.key"], "expected a certificate chain and its private key"),
        (["--tls-cert", "b.pem", "--tls-key", "a.key"], "expected a certificate chain and its private key"),
        (["--tls-cert", "a.pem", "--tls-key", "sealed.key"], "without a passphrase"),
    ],
    ids=["no key", "missing key", "no certificate", "another's key", "sealed key"],
)
def test_wrong_tls_files_stop_the_start(
    certificates: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], expected: str
) -> None:
    monkeypatch.chdir(certificates)

    assert expected in refusal(iotflow_here("serve", "--port", "0", *options))


def _device_that_was_seen(client: httpx.Client) -> tuple[str, dict[str, str]]:
    account = {"username": "ada", "email": "ada@example.org", "password": "correct horse"}
    client.post("/auth/register", json=account).raise_for_status()
    credentials = {"username": account["username"], "password": account["password"]}
    token = client.post("/auth/login", json=credentials).raise_for_status().json()["access_token"]
    registered = client.post(
        "/devices/register",
        json={"name": "greenhouse", "device_type": "sensor"},
        headers={"Authorization": f"Bearer {token}"},
    )
    device = registered.raise_for_status().json()["device"]
    client.post("/devices/heartbeat", headers={"X-API-Key": device["api_key"]}).raise_for_status()
    status = client.get("/devices/status", headers={"X-API-Key": device["api_key"]}).raise_for_status().json()
    return token, {"id": device["id"], "seen": status["last_seen"]}
