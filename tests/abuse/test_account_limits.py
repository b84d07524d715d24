"""Limits on the devices, groups, tokens, alert rules and webhooks of one account."""

import asyncio
import shutil
from pathlib import Path

import httpx

from iotflow.domain.alert_rules import MAX_RULES_PER_ACCOUNT
from iotflow.domain.webhooks import MAX_WEBHOOKS_PER_ACCOUNT
from tests.abuse.rows import Rows
from tests.api.clients import login, new_device, new_group, sign_up
from tests.processes import ServiceProcess


async def test_the_number_of_devices_of_an_account_is_limited(prepared_data: Path, tmp_path: Path) -> None:
    shutil.copytree(prepared_data, tmp_path / "data")
    environment = {"IOTFLOW_MAX_DEVICES_PER_ACCOUNT": "3", "IOTFLOW_LOG_LEVEL": "warning"}
    with ServiceProcess(tmp_path / "data", environment) as service:
        url = f"{service.base_url}/api/v1"
        async with httpx.AsyncClient(base_url=url, timeout=60.0, trust_env=False) as client:
            ada, bob = await sign_up(client, "ada"), await sign_up(client, "bob")
            bodies = [{"name": f"probe {number}", "device_type": "sensor"} for number in range(9)]
            sent = [ada.send("POST", "/devices/register", json=body) for body in bodies]
            answers = await asyncio.gather(*sent)
            assert sorted(answer.status_code for answer in answers) == [201] * 3 + [409] * 6
            refused = next(answer.json() for answer in answers if answer.status_code == 409)
            limit = "IOTFLOW_MAX_DEVICES_PER_ACCOUNT: an account has at most 3 devices"
            assert refused["detail"].startswith(limit)
            await new_device(bob)
            assert service.log().count(f"limit met: {limit}; by account {ada.user_id}; times=1") == 1


async def test_the_number_of_groups_of_an_account_is_limited(
    embedded: ServiceProcess, embedded_client: httpx.AsyncClient
) -> None:
    ada = await sign_up(embedded_client, "ada")
    await Rows.embedded(embedded.data_dir).add_groups(ada.user_id, 999)
    await new_group(ada)
    problem = await ada.refused(409, "POST", "/groups", {"name": "one more"})
    assert problem["detail"].startswith("an account has at most 1,000 groups")


async def test_a_login_beyond_the_limit_ends_the_oldest_token(
    embedded: ServiceProcess, embedded_client: httpx.AsyncClient
) -> None:
    rows = Rows.embedded(embedded.data_dir)
    ada = await sign_up(embedded_client, "ada")
    await rows.add_tokens(ada.user_id, 1_500)
    again = await login(embedded_client, "ada")
    mine = f"user_id = '{ada.user_id.replace('-', '')}'"
    assert await rows.count("tokens", mine) == 1_000
    assert await rows.count("tokens", f"{mine} AND created_at <= 502") == 0
    await ada.get("/users/me")
    await again.put("/users/me", {"email": "ada.lovelace@example.org"})


async def test_the_number_of_alert_rules_and_webhooks_of_an_account_is_limited(
    embedded: ServiceProcess, embedded_client: httpx.AsyncClient
) -> None:
    ada = await sign_up(embedded_client, "ada")
    crowded, other = await new_device(ada, "crowded"), await new_device(ada, "other")
    await Rows.embedded(embedded.data_dir).add_rules(ada.user_id, crowded.id, MAX_RULES_PER_ACCOUNT - 1)
    condition = {"type": "threshold", "field": "n", "op": "gt", "value": 1}
    rule = {"name": "one more", "severity": "info", "device_id": other.id, "condition": condition}
    await ada.post("/alert-rules", rule)
    problem = await ada.refused(409, "POST", "/alert-rules", rule)
    assert problem["detail"].startswith("an account has at most 10,000 alert rules")
    for number in range(MAX_WEBHOOKS_PER_ACCOUNT):
        await ada.post("/webhooks", {"url": f"http://8.8.8.8/{number}"})
    problem = await ada.refused(409, "POST", "/webhooks", {"url": "http://8.8.8.8/more"})
    assert problem["detail"].startswith("an account has at most 100 webhooks")
