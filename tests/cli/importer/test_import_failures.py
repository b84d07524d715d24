"""`iotflow import` with failing logins, a busy service, or a broken proxy."""

import time
from collections.abc import Callable

import pytest

from tests.cli.http.misbehaving_server import Answer, misbehaving_server
from tests.cli.importer.importing import Importer
from tests.processes import free_port


class TestServiceErrors:
    """Errors of the service or a proxy during an import."""

    CONTENT = "time,a\n1700000000,1\n"

    @pytest.mark.parametrize("status", [429, 503])
    def test_a_request_to_a_busy_service_is_retried_after_its_retry_after(
        self, importer: Importer, status: int
    ) -> None:
        asked: list[float] = []

        def alter(answer: Answer) -> None:
            if answer.path.endswith("/batch"):
                asked.append(time.monotonic())
                if len(asked) == 1:
                    answer.status, answer.headers["Retry-After"] = status, "1"

        with misbehaving_server(importer.account.url, alter) as url:
            result = importer(self.CONTENT, "--url", url)
        assert result.exit_code == 0, result.stderr
        assert result.stdout.startswith("rows stored: 1\nvalues stored: 1\n")
        assert asked[1] - asked[0] >= 1
        assert len(importer.points()) == 1

    def test_a_request_that_is_not_idempotent_is_not_retried(self, importer: Importer) -> None:
        asked: list[str] = []

        def alter(answer: Answer) -> None:
            asked.append(answer.path)
            if answer.path.endswith("/register"):
                answer.status, answer.headers["Retry-After"] = 503, "1"
                answer.content = b'{"detail": "the sql store is down"}'

        with misbehaving_server(importer.account.url, alter) as url:
            result = importer(self.CONTENT, "--url", url)
        assert result.exit_code == 1
        assert result.stderr == "iotflow: the sql store is down [HTTP 503]\n"
        assert asked.count("/api/v1/devices/register") == 1
        assert result.stdout == "rows stored: 0\nvalues stored: 0\n"

    def test_a_wait_that_is_too_long_ends_the_import(self, importer: Importer) -> None:
        def alter(answer: Answer) -> None:
            if answer.path.endswith("/batch"):
                answer.status, answer.headers["Retry-After"] = 503, "3600"

        with misbehaving_server(importer.account.url, alter) as url:
            result = importer(self.CONTENT, "--url", url)
        assert result.exit_code == 1
        assert "[HTTP 503]" in result.stderr

    def test_the_fields_of_a_problem_are_reported(self, importer: Importer) -> None:
        problem = {"detail": "bad input", "errors": [{"loc": ["body", 3], "msg": "too odd", "type": "odd"}]}

        def alter(answer: Answer) -> None:
            if answer.path.endswith("/batch"):
                answer.status, answer.body = 422, problem

        with misbehaving_server(importer.account.url, alter) as url:
            result = importer(self.CONTENT, "--url", url)
        assert (result.exit_code, result.stderr) == (1, "iotflow: bad input (body.3: too odd) [HTTP 422]\n")

    @pytest.mark.parametrize(
        ("status", "message"), [(200, "not a response of IoTFlow"), (502, "Bad Gateway [HTTP 502]")]
    )
    def test_a_response_of_another_server_is_an_error(self, importer: Importer, status: int, message: str) -> None:
        def alter(answer: Answer) -> None:
            answer.status, answer.content = status, b"<html>nginx</html>"

        with misbehaving_server(importer.account.url, alter) as url:
            result = importer(self.CONTENT, "--url", url)
        assert result.exit_code == 1
        assert message in result.stderr
        assert len(result.stderr.splitlines()) == 1


class TestSigningIn:
    """Login with a password or a token from the environment."""

    CONTENT = "time,a\n1700000000,1\n"

    def test_by_token(self, importer: Importer, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("IOTFLOW_TOKEN", importer.account.token)
        path = importer.file(self.CONTENT)
        options = ("--time-column", "time", "--device", "probe", "--url", importer.account.url)
        assert importer.run("import", path, *options).exit_code == 0
        assert len(importer.points()) == 1, "the token is still valid"

    def test_a_wrong_password(self, importer: Importer, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("IOTFLOW_PASSWORD", "wrong horse battery")
        result = importer(self.CONTENT)
        assert result.exit_code == 1
        assert result.stdout == ""
        assert len(result.stderr.splitlines()) == 1
        assert "[HTTP 401]" in result.stderr
        assert "wrong horse" not in result.stderr

    def test_a_wrong_token(self, importer: Importer, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("IOTFLOW_TOKEN", "not-a-token")
        path = importer.file(self.CONTENT)
        options = ("--time-column", "time", "--device", "probe", "--url", importer.account.url)
        result = importer.run("import", path, *options)
        assert result.exit_code == 1
        assert "[HTTP 401]" in result.stderr
        assert "not-a-token" not in result.stderr

    def test_a_token_that_is_not_allowed_in_a_header(self, importer: Importer, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("IOTFLOW_TOKEN", "tökèn")
        result = importer.run("import", importer.file(self.CONTENT), "--time-column", "time", "--device", "probe")
        assert result.exit_code == 2
        assert result.stderr.startswith("iotflow: IOTFLOW_TOKEN is malformed")

    def test_without_a_password(self, importer: Importer, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("IOTFLOW_PASSWORD")
        result = importer(self.CONTENT)
        assert result.exit_code == 2
        assert (
            f"set IOTFLOW_PASSWORD in the environment to the password of {importer.account.username}" in result.stderr
        )

    def test_without_anything(self, importer: Importer) -> None:
        path = importer.file(self.CONTENT)
        result = importer.run("import", path, "--time-column", "time", "--device", "probe")
        assert result.exit_code == 2
        assert "--username and IOTFLOW_PASSWORD" in result.stderr
        assert "IOTFLOW_TOKEN" in result.stderr

    def test_an_address_without_a_listener_is_reported(self, importer: Importer) -> None:
        url = f"http://127.0.0.1:{free_port()}"
        result = importer(self.CONTENT, "--url", url)
        assert result.exit_code == 1
        assert url in result.stderr
        assert len(result.stderr.splitlines()) == 1

    def test_the_token_created_for_the_import_is_revoked(
        self, importer: Importer, service_tokens: Callable[[], int]
    ) -> None:
        before = service_tokens()
        assert importer(self.CONTENT).exit_code == 0
        assert service_tokens() == before
