"""Login and logout: tokens, and the limits on attempts."""

import asyncio
from collections import Counter

import argon2
import pytest

from iotflow.domain.errors import Overloaded
from iotflow.services.passwords import Passwords
from iotflow.settings import Settings
from tests.api.clients import ADMIN, PASSWORD, ApiClient, UserClient, login, register, sign_up
from tests.api.service import Service, run_service, with_changes
from tests.clock import FakeClock

DAY_S = 86_400


def guess(username: str, password: str = "not the password") -> dict[str, str]:
    return {"username": username, "password": password}


async def test_the_answer(anonymous: ApiClient, clock: FakeClock) -> None:
    user = await register(anonymous.client, "Ada.L")
    clock.advance(5)
    for name in ("Ada.L", "ada.l", "ADA.L", "Ada.L@example.org", "ada.l@EXAMPLE.org"):
        answer = await anonymous.post("/auth/login", guess(name, PASSWORD))
        token = answer.pop("access_token")
        assert len(token) >= 43
        assert answer == {
            "token_type": "bearer",
            "expires_in": DAY_S,
            "user": user | {"last_login": "2026-03-01T12:00:05.000Z"},
        }
        caller = ApiClient(anonymous.client, {"Authorization": f"bearer {token}"})
        assert (await caller.get("/users/me"))["user"] == answer["user"]


async def test_the_password_form(anonymous: ApiClient, ada: UserClient) -> None:
    form = {"username": "ADA", "password": PASSWORD, "grant_type": "password", "scope": "all", "client_id": "docs"}
    answer = await anonymous.post("/auth/token", data=form)
    assert answer["user"]["user_id"] == ada.user_id
    assert (answer["token_type"], answer["expires_in"]) == ("bearer", DAY_S)
    await UserClient(anonymous.client, answer, PASSWORD).get("/users/me")
    await anonymous.refused(401, "POST", "/auth/token", data=form | {"password": "wrong"})


async def test_answers_do_not_reveal_which_accounts_exist(
    anonymous: ApiClient, ada: UserClient, admin: UserClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unknown name gets the answer of a wrong password, after the same work."""
    await register(anonymous.client, "carol")
    carol = await login(anonymous.client, "carol")
    await admin.patch(f"/users/{carol.user_id}/deactivate")
    verify, verified = argon2.PasswordHasher.verify, []

    def counted(hasher: argon2.PasswordHasher, stored: str | bytes, password: str | bytes) -> bool:
        verified.append(stored)
        return verify(hasher, stored, password)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", counted)
    outcomes = []
    for name in ("ada", "nobody-there", "nobody@example.org", "carol"):
        verified.clear()
        problem = await anonymous.refused(401, "POST", "/auth/login", guess(name))
        del problem["request_id"]
        outcomes.append((problem, len(verified)))
    assert outcomes == [outcomes[0]] * 4
    assert outcomes[0][1] == 1


async def test_a_deactivated_account(anonymous: ApiClient, ada: UserClient, admin: UserClient) -> None:
    await admin.patch(f"/users/{ada.user_id}/deactivate")
    await anonymous.refused(403, "POST", "/auth/login", guess("ada", PASSWORD))
    await anonymous.refused(401, "POST", "/auth/login", guess("ada"))
    await admin.patch(f"/users/{ada.user_id}/activate")
    await login(anonymous.client, "ada")


async def test_logout_ends_its_own_token(ada: UserClient) -> None:
    other = await login(ada.client, "ada")
    await ada.get("/users/me")
    await ada.post("/auth/logout")
    await ada.refused(401, "GET", "/users/me")
    await ada.refused(401, "POST", "/auth/logout")
    await other.get("/users/me")


async def test_tokens_expire(ada: UserClient, clock: FakeClock) -> None:
    await ada.get("/users/me")
    clock.advance(DAY_S - 0.001)
    await ada.get("/users/me")
    clock.advance(0.001)
    await ada.refused(401, "GET", "/users/me")


async def test_a_new_password_ends_all_logins(ada: UserClient, bob: UserClient, admin: UserClient) -> None:
    for changer, extra in ((ada, {"current_password": PASSWORD}), (admin, {})):
        logins = [ada, await login(ada.client, "ada")]
        for caller in logins:
            await caller.get("/users/me")
        await changer.put(f"/users/{ada.user_id}", {"password": PASSWORD + "!", **extra})
        for caller in logins:
            await caller.refused(401, "GET", "/users/me")
        await ada.refused(401, "POST", "/auth/login", guess("ada", PASSWORD))
        ada = await login(ada.client, "ada", PASSWORD + "!")
        await admin.put(f"/users/{ada.user_id}", {"password": PASSWORD})
        ada = await login(ada.client, "ada")
    await bob.get("/users/me")


@pytest.fixture
def strict(embedded_settings: Settings) -> Settings:
    """Settings with low limits, in memory: Redis counts by its clock, which no test can set; its suite waits."""
    return with_changes(
        embedded_settings, login_attempts_per_account=3, login_attempts_per_address=8, login_window_seconds=60
    )


async def test_guesses_of_the_current_password_count_as_logins(strict: Settings, clock: FakeClock) -> None:
    change = {"password": PASSWORD, "current_password": PASSWORD}
    async with run_service(strict, clock) as service, service.client() as client:
        await register(client, "ada")
        for _ in range(4):
            await (await login(client, "ada")).put("/users/me", change)
        ada = await login(client, "ada")
        for _ in range(2):
            await ada.refused(403, "PUT", "/users/me", change | {"current_password": "a guess"})
        await ada.refused(401, "POST", "/auth/login", guess("ada"))
        answer = await ada.send("PUT", "/users/me", json=change)
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "20")
        await ada.refused(429, "POST", "/auth/login", guess("ada", PASSWORD))
        await ada.put("/users/me", {"email": "countess@example.org"})
        clock.advance(20)
        await ada.put("/users/me", change)


async def test_a_password_that_was_not_verified_is_no_failed_attempt(
    strict: Settings, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def overloaded(*_: object) -> bool:
        raise Overloaded("64 passwords are waiting to be hashed: try again")

    async with run_service(strict, clock) as service, service.client() as client:
        ada = await sign_up(client, "ada")
        with monkeypatch.context() as patch:
            patch.setattr(Passwords, "verify", overloaded)
            for _ in range(10):
                await ada.refused(503, "POST", "/auth/login", guess("ada", PASSWORD))
                await ada.refused(503, "PUT", "/users/me", {"password": PASSWORD, "current_password": PASSWORD})
        await login(client, "ada")


async def test_concurrent_changes_of_a_password(ada: UserClient, admin: UserClient) -> None:
    """Of two concurrent changes with the same current password, one is refused."""
    changes = [{"password": f"{PASSWORD} {number}", "current_password": PASSWORD} for number in range(2)]
    answers = await asyncio.gather(*(ada.send("PUT", "/users/me", json=change) for change in changes))
    assert sorted(answer.status_code for answer in answers) in ([200, 401], [200, 403])
    winner = next(change for change, answer in zip(changes, answers, strict=True) if answer.status_code == 200)
    await login(ada.client, "ada", winner["password"])


async def test_attempts_on_an_account_are_limited(strict: Settings, clock: FakeClock) -> None:
    async with (
        run_service(strict, clock) as service,
        service.client(address="192.0.2.1") as client,
        service.client(address="192.0.2.2") as elsewhere,
    ):
        ada = await sign_up(client, "ada")
        for attacker, name in ((client, "ada"), (elsewhere, "ADA"), (client, "ada@example.org")):
            await ApiClient(attacker).refused(401, "POST", "/auth/login", guess(name))
        for caller in (client, elsewhere):
            answer = await ApiClient(caller).send("POST", "/auth/login", json=guess("ada", PASSWORD))
            assert (answer.status_code, answer.headers["Retry-After"]) == (429, "20")
            assert (await ApiClient(caller).send("POST", "/auth/token", data=guess("ada", PASSWORD))).status_code == 429
        await login(client, ADMIN)
        await ada.get("/users/me")
        clock.advance(19.999)
        await ApiClient(client).refused(429, "POST", "/auth/login", guess("ada", PASSWORD))
        clock.advance(0.001)
        await login(client, "ada")
        await ApiClient(client).refused(401, "POST", "/auth/login", guess("ada"))
        await ApiClient(client).refused(429, "POST", "/auth/login", guess("ada", PASSWORD))
        clock.advance(60)
        for _ in range(3):
            await ApiClient(client).refused(401, "POST", "/auth/login", guess("ada"))
        await ApiClient(client).refused(429, "POST", "/auth/login", guess("ada"))


async def test_attempts_from_an_address_are_limited(strict: Settings, clock: FakeClock) -> None:
    async with (
        run_service(strict, clock) as service,
        service.client(address="192.0.2.1") as client,
        service.client(address="192.0.2.2") as elsewhere,
    ):
        await register(client, "ada")
        for attempt in range(8):
            await ApiClient(client).refused(401, "POST", "/auth/login", guess(f"nobody{attempt}"))
        answer = await ApiClient(client).send("POST", "/auth/login", json=guess("ada", PASSWORD))
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "8")
        await login(elsewhere, "ada")
        clock.advance(8)
        await login(client, "ada")


async def test_unknown_names_are_limited_like_accounts(strict: Settings, clock: FakeClock) -> None:
    async with run_service(strict, clock) as service, service.client() as client:
        for name in ("ghost", "Ghost", "GHOST"):
            await ApiClient(client).refused(401, "POST", "/auth/login", guess(name))
        await ApiClient(client).refused(429, "POST", "/auth/login", guess("ghost"))
        await ApiClient(client).refused(401, "POST", "/auth/login", guess("another"))


async def test_logins_that_succeed_are_not_limited(strict: Settings, clock: FakeClock) -> None:
    async with run_service(strict, clock) as service, service.client() as client:
        await register(client, "ada")
        for _ in range(12):
            await login(client, "ada")


async def test_concurrent_attempts_are_limited_too(strict: Settings, clock: FakeClock) -> None:
    async with run_service(strict, clock) as service, service.client() as client:
        await register(client, "ada")
        answers = await asyncio.gather(
            *(ApiClient(client).send("POST", "/auth/login", json=guess("ada")) for _ in range(8))
        )
        assert Counter(answer.status_code for answer in answers) == {401: 3, 429: 5}


async def test_addresses_behind_a_proxy(strict: Settings, clock: FakeClock) -> None:
    """The address that a trusted proxy reports counts; other peers' reports are ignored."""
    trusting = with_changes(
        strict, login_attempts_per_address=2, login_window_seconds=60, trusted_proxies="192.0.2.0/28"
    )

    async def tries(service: Service, address: str, reported: list[str]) -> list[int]:
        async with service.client(address=address) as client:
            return [
                (
                    await ApiClient(client, {"X-Forwarded-For": forwarded}).send(
                        "POST", "/auth/login", json=guess(f"{address}-{number}")
                    )
                ).status_code
                for number, forwarded in enumerate(reported)
            ]

    async with run_service(trusting, clock) as service:
        assert await tries(service, "192.0.2.1", ["198.51.100.1"] * 3) == [401, 401, 429]
        assert await tries(service, "192.0.2.2", ["198.51.100.1", "198.51.100.2"]) == [429, 401]
        assert await tries(service, "192.0.2.3", ["spoofed, 198.51.100.3", "8.8.8.8, 198.51.100.3"] * 2) == [
            401,
            401,
            429,
            429,
        ]
        assert await tries(service, "203.0.113.1", ["198.51.100.4", "198.51.100.5", "198.51.100.6"]) == [401, 401, 429]
