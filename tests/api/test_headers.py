"""Request ids, and malformed headers."""

from tests.api.clients import ApiClient, UserClient


async def test_a_clients_own_request_id(ada: UserClient) -> None:
    for given in ("abc", "A-Z_0.9", "x" * 128):
        for path, status in (("/groups", 200), ("/groups/999", 404), ("/nowhere", 404)):
            answer = await ada.send("GET", path, headers={"X-Request-ID": given})
            assert (answer.status_code, answer.headers["X-Request-ID"]) == (status, given)


async def test_a_request_id_of_another_form_is_replaced(ada: UserClient) -> None:
    for given in ("", "a b", "x" * 129, "a\tb", "é", "<script>", "a/b"):
        headers = {"X-Request-ID": given.encode()}
        ids = {(await ada.send("GET", "/groups/999", headers=headers)).headers["X-Request-ID"] for _ in range(2)}
        assert len(ids) == 2
        assert given not in ids


async def test_unexpected_headers_are_ignored(ada: UserClient) -> None:
    for host in ("[", "a:b:c", "", "x" * 10_000, "a b", "\x01"):
        headers = {"Host": host, "Accept": "\x01", "User-Agent": "x" * 10_000}
        for path, status in (("/groups", 200), ("/nowhere", 404), ("/groups/999", 404)):
            assert (await ada.send("GET", path, headers=headers)).status_code == status, host


async def test_malformed_credentials(anonymous: ApiClient) -> None:
    for secret in ("x" * 10_000, "é", " ", "iot_", "\x7f", "'; DROP TABLE users --"):
        for headers in ({"X-API-Key": secret.encode()}, {"Authorization": b"Bearer " + secret.encode()}):
            answer = await anonymous.send("GET", "/telemetry/1/latest", headers=headers)
            assert answer.status_code == 401, secret[:10]
