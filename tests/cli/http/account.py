"""An account of a running service, read over HTTP independently of the command line's client."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import httpx

PASSWORD = "correct horse battery"
ALL_TIME = {"start_time": "1970-01-01T00:00:00Z"}
_numbers = itertools.count(1)


class Account:
    """A user with a new account."""

    def __init__(self, http: httpx.Client, url: str, username: str) -> None:
        self.http = http
        self.url = url
        self.username = username

    @classmethod
    @contextmanager
    def fresh(cls, url: str) -> Iterator[Self]:
        """Register a new account with the service at this address."""
        username = f"ada-{next(_numbers)}"
        body = {"username": username, "email": f"{username}@example.org", "password": PASSWORD}
        with httpx.Client(base_url=f"{url}/api/v1", timeout=60, trust_env=False) as http:
            http.post("/auth/register", json=body).raise_for_status()
            login = http.post("/auth/login", json={"username": username, "password": PASSWORD}).raise_for_status()
            http.headers["Authorization"] = f"Bearer {login.json()['access_token']}"
            yield cls(http, url, username)

    @property
    def token(self) -> str:
        """The access token of the account."""
        return str(self.http.headers["Authorization"]).removeprefix("Bearer ")

    def get(self, path: str, **query: Any) -> Any:
        """Return the body of a successful response."""
        return self.http.get(path, params=query).raise_for_status().json()

    def devices(self) -> dict[str, int]:
        """Return the ids of the account's devices by name."""
        return {device["name"]: device["id"] for device in self.get("/devices/user/me", limit=1000)["devices"]}

    def history(self, device: str, order: str = "asc", page: int = 1000) -> list[dict[str, Any]]:
        """Return all records of a device, page by page."""
        path = f"/telemetry/{self.devices()[device]}"
        answer = self.get(path, order=order, limit=page, **ALL_TIME)
        records = list(answer["data"])
        while answer["next_cursor"]:
            answer = self.get(path, limit=page, cursor=answer["next_cursor"])
            assert answer["data"], "a page that follows is not empty"
            records += answer["data"]
        return records

    def points(self, device: str) -> dict[str, dict[str, Any]]:
        """Return the values of each time of a device."""
        return {record["timestamp"]: record["measurements"] for record in self.history(device)}
