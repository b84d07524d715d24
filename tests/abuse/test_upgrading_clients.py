"""Clients that request HTTP/2 by `Upgrade` register, submit, and rotate a key with a grace period."""

import asyncio
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.abuse.raw import Raw, request
from tests.api.clients import PASSWORD
from tests.processes import ServiceProcess

DEADLINE_S = 90
REQUIRED = "IOTFLOW_REQUIRE_STORES"
UPGRADE = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA")

Post = Callable[..., Any]
"""Sends a POST (path, body, headers) that must succeed, and returns the JSON of its answer."""


def require(command: str) -> None:
    if shutil.which(command) is None and os.environ.get(REQUIRED) != "1":
        pytest.skip(f"{command} is not installed")


def rotate(post: Post) -> None:
    """Register, log in, submit and rotate the key: within the grace period both keys are valid."""
    account = {"username": "duke", "email": "duke@example.org", "password": PASSWORD}
    post("/auth/register", account)
    token = post("/auth/login", {"username": "duke", "password": PASSWORD})["access_token"]
    user = f"Authorization: Bearer {token}"
    device = post("/devices/register", {"name": "probe", "device_type": "sensor"}, user)["device"]
    assert post("/telemetry", {"data": {"temp": 21.5}}, f"X-API-Key: {device['api_key']}")["accepted"] == 1
    rotated = post(f"/devices/{device['id']}/credentials/rotate", {"grace_seconds": 3_600}, user)["device"]
    for key in (device["api_key"], rotated["api_key"]):
        assert post("/telemetry", {"data": {"temp": 21.5}}, f"X-API-Key: {key}")["accepted"] == 1


async def test_java(service: ServiceProcess) -> None:
    require("java")
    source = Path(__file__).with_name("Rotate.java")
    command = ["java", "-Xshare:auto", str(source), service.base_url]
    ran = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=DEADLINE_S)
    assert ran.returncode == 0, ran.stderr


async def test_curl(service: ServiceProcess) -> None:
    require("curl")

    def post(path: str, body: Any, *headers: str) -> Any:
        fields = [part for header in (*headers, "Content-Type: application/json") for part in ("--header", header)]
        url = f"{service.base_url}/api/v1{path}"
        command = [
            "curl",
            "--silent",
            "--show-error",
            "--fail-with-body",
            "--http2",
            *fields,
            "--data",
            json.dumps(body),
            url,
        ]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S)
        assert ran.returncode == 0, f"{path}: {ran.stdout}{ran.stderr}"
        return json.loads(ran.stdout)

    await asyncio.to_thread(rotate, post)


async def test_a_raw_socket(service: ServiceProcess) -> None:
    with Raw(service) as raw:

        def post(path: str, body: Any, *headers: str) -> Any:
            data = json.dumps(body).encode()
            sent = request("POST", f"/api/v1{path}", *headers, *UPGRADE, body=data)
            answer = raw.send(sent[: -len(data)], data).answer()
            assert answer.status in (200, 201), answer
            return answer.json()

        await asyncio.to_thread(rotate, post)
