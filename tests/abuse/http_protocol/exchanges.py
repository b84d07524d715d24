"""Requests and checks that the tests of HTTP share."""

from tests.abuse.raw import Answer, request
from tests.api.clients import DeviceClient
from tests.api.service import PROBLEM_MEMBERS

LIVE = request("GET", "/health/live")
LOGIN = request("POST", "/api/v1/auth/login", body=b'{"username": "nobody", "password": "wrong password"}')
RECORD = b'{"data": {"temp": 21.5}}'


def check_problem(answer: Answer, status: int, *words: str, closes: bool = True) -> None:
    """Check that the answer is a problem of this status whose detail contains these words."""
    assert answer.status == status, answer
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert (answer.headers.get("connection") == "close") == closes
    problem = answer.json()
    assert problem.keys() == PROBLEM_MEMBERS
    assert (problem["status"], problem["request_id"]) == (status, answer.headers["x-request-id"])
    assert all(word in problem["detail"] for word in words), problem


async def records(device: DeviceClient) -> int:
    """Return the number of stored records of the device."""
    count: int = (await device.get(f"/telemetry/{device.id}"))["count"]
    return count
