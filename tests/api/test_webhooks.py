"""Webhooks over HTTP: alerts delivered to a raw socket, secrets, dead letters, and what is refused."""

import json
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_http_event

from iotflow.services.webhook_messages import signature
from iotflow.settings import Settings
from tests.api.clients import DeviceClient, UserClient, events, new_device, sign_up, submit
from tests.api.service import run_service, with_changes
from tests.api.test_alerts import STORM, alerts_of, at, new_rule
from tests.clock import FakeClock
from tests.receiver import ERROR, OK, ReceivedRequest, Receiver, running_receiver
from tests.waiting import wait_until

DEADLINE_S = 15.0


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with running_receiver() as receiver:
        yield receiver


def verified(request: ReceivedRequest, secret: str) -> ReceivedRequest:
    """Return the request, whose signature must be that of the secret."""
    message_id, timestamp = request.headers["webhook-id"], request.headers["webhook-timestamp"]
    assert request.headers["webhook-signature"] == signature(secret, message_id, int(timestamp), request.body)
    return request


async def new_webhook(owner: UserClient, url: str, **fields: Any) -> tuple[dict[str, Any], str]:
    """Create a webhook, and return it with its secret."""
    created = await owner.post("/webhooks", {"url": url, **fields})
    return created["webhook"], created["secret"]


async def deliveries(owner: UserClient, webhook_id: int, number: int, **query: Any) -> list[dict[str, Any]]:
    """Wait until a webhook has this number of deliveries, and return them."""
    found: list[dict[str, Any]] = []

    async def are_there() -> bool:
        found[:] = (await owner.get(f"/webhooks/{webhook_id}/deliveries", **query))["deliveries"]
        return len(found) == number

    await wait_until(are_there, DEADLINE_S)
    return found


async def test_a_raised_and_a_resolved_alert_are_sent_as_signed_cloud_events(
    ada: UserClient, device: DeviceClient, receiver: Receiver, clock: FakeClock
) -> None:
    webhook, secret = await new_webhook(ada, receiver.url())
    rule = await new_rule(ada, device_id=device.id, webhook_url=receiver.url())
    assert (rule["webhook_id"], rule["webhook_url"]) == (webhook["id"], receiver.url())
    await submit(device, at=at(1), gust=50)
    await receiver.wait_for(1)
    await submit(device, at=at(2), gust=10)
    raised, resolved = [verified(request, secret) for request in await receiver.wait_for(2)]
    (alert,) = await alerts_of(ada)

    assert raised.line == "POST /hook HTTP/1.1"
    assert raised.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert int(raised.headers["webhook-timestamp"]) == clock.now() // 1_000
    event = from_http_event(HTTPMessage(raised.headers, raised.body))
    assert event.get_type() == "org.iotflow.alert.raised"
    assert event.get_id() == raised.headers["webhook-id"]
    assert event.get_source() == f"/api/v1/alert-rules/{rule['id']}"
    assert event.get_subject() == f"/api/v1/devices/{device.id}"
    assert isinstance(event.get_time(), datetime)
    sent = json.loads(raised.body)["data"]["alert"]
    assert sent.keys() == alert.keys()
    assert (sent["id"], sent["status"], sent["message"]) == (alert["id"], "active", alert["message"])

    assert json.loads(resolved.body)["type"] == "org.iotflow.alert.resolved"
    assert json.loads(resolved.body)["data"]["alert"] == alert
    found = await deliveries(ada, webhook["id"], 2, status="delivered")
    assert {delivery["change"] for delivery in found} == {"raised", "resolved"}
    assert {delivery["response_status"] for delivery in found} == {204}
    assert receiver.connections == 2


async def test_a_rule_with_a_new_url_creates_the_webhook(
    ada: UserClient, device: DeviceClient, receiver: Receiver
) -> None:
    rule = await new_rule(ada, device_id=device.id)
    assert (rule["webhook_id"], rule["webhook_url"]) == (None, None)
    changed = (await ada.put(f"/alert-rules/{rule['id']}", {"webhook_url": receiver.url()}))["alert_rule"]
    (webhook,) = (await ada.get("/webhooks"))["webhooks"]
    assert changed["webhook_id"] == webhook["id"]
    secret = (await ada.post(f"/webhooks/{webhook['id']}/secret"))["secret"]
    await submit(device, at=at(1), gust=50)
    verified((await receiver.wait_for(1))[0], secret)
    cleared = (await ada.put(f"/alert-rules/{rule['id']}", {"webhook_url": None}))["alert_rule"]
    assert (cleared["webhook_id"], cleared["webhook_url"]) == (None, None)


async def test_a_delivery_is_repeated_with_its_id_until_it_is_accepted(
    ada: UserClient, device: DeviceClient, receiver: Receiver, clock: FakeClock
) -> None:
    receiver.answers = [ERROR, OK]
    webhook, secret = await new_webhook(ada, receiver.url())
    await new_rule(ada, device_id=device.id, webhook_url=receiver.url())
    await submit(device, at=at(1), gust=50)
    await receiver.wait_for(1)

    async def is_noted() -> bool:
        (waiting,) = await deliveries(ada, webhook["id"], 1)
        return bool(waiting["response_status"] == 500)

    await wait_until(is_noted, DEADLINE_S)
    (waiting,) = await deliveries(ada, webhook["id"], 1, status="waiting")
    assert (waiting["attempts"], waiting["error"]) == (1, "answered 500")
    clock.advance(10)
    first, second = await receiver.wait_for(2)
    assert verified(first, secret).headers["webhook-id"] == verified(second, secret).headers["webhook-id"]
    assert first.body == second.body
    assert int(second.headers["webhook-timestamp"]) == int(first.headers["webhook-timestamp"]) + 10
    await deliveries(ada, webhook["id"], 1, status="delivered")


async def test_a_delivery_whose_attempts_all_fail_is_dead_and_can_be_replayed(
    ada: UserClient, device: DeviceClient, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("iotflow.background.deliveries.MAX_ATTEMPTS", 1)
    receiver.answers = [ERROR, OK]
    webhook, secret = await new_webhook(ada, receiver.url())
    await new_rule(ada, device_id=device.id, webhook_url=receiver.url())
    await submit(device, at=at(1), gust=50)
    (dead,) = await deliveries(ada, webhook["id"], 1, status="dead")
    assert (dead["attempts"], dead["due_at"], dead["error"]) == (1, None, "answered 500")
    path = f"/webhooks/{webhook['id']}/deliveries/{dead['id']}/replay"
    replayed = (await ada.post(path))["delivery"]
    assert (replayed["id"], replayed["status"], replayed["attempts"]) == (dead["id"], "waiting", 0)
    await deliveries(ada, webhook["id"], 1, status="delivered")
    for request in await receiver.wait_for(2):
        assert verified(request, secret).headers["webhook-id"] == dead["id"]


async def test_a_delivery_that_waits_is_not_replayed(ada: UserClient, device: DeviceClient, receiver: Receiver) -> None:
    receiver.answers = [ERROR]
    webhook, _ = await new_webhook(ada, receiver.url())
    other, _ = await new_webhook(ada, receiver.url("/other"))
    await new_rule(ada, device_id=device.id, webhook_url=receiver.url())
    await submit(device, at=at(1), gust=50)
    (waiting,) = await deliveries(ada, webhook["id"], 1)
    await ada.refused(409, "POST", f"/webhooks/{webhook['id']}/deliveries/{waiting['id']}/replay")
    await ada.refused(404, "POST", f"/webhooks/{other['id']}/deliveries/{waiting['id']}/replay")
    await ada.refused(404, "POST", f"/webhooks/{webhook['id']}/deliveries/{uuid4()}/replay")


@pytest.mark.parametrize("template", ["ntfy", "slack"])
async def test_a_template_shapes_the_request(
    ada: UserClient, device: DeviceClient, receiver: Receiver, template: str
) -> None:
    _, secret = await new_webhook(ada, receiver.url(), template=template)
    await new_rule(ada, device_id=device.id, webhook_url=receiver.url(), name="Störung <&>", severity="error")
    await submit(device, at=at(1), gust=50)
    (request,) = await receiver.wait_for(1)
    text = "ERROR: Störung <&>: gust is 50, greater than 45"
    verified(request, secret)
    if template == "ntfy":
        assert request.body.decode() == text
        assert request.headers["title"] == f"Alert raised: device {device.id}"
        assert (request.headers["priority"], request.headers["tags"]) == ("4", "rotating_light")
    else:
        assert json.loads(request.body) == {"text": text.replace("<&>", "&lt;&amp;&gt;")}


async def test_a_resolution_by_hand_is_sent_once(ada: UserClient, device: DeviceClient, receiver: Receiver) -> None:
    await new_rule(ada, device_id=device.id, webhook_url=receiver.url())
    await submit(device, at=at(1), gust=50)
    await receiver.wait_for(1)
    (alert,) = await alerts_of(ada)
    await ada.post(f"/alerts/{alert['id']}/resolve")
    await receiver.wait_for(2)
    await submit(device, at=at(2), gust=10)
    await submit(device, at=at(3), gust=50)
    kinds = [json.loads(request.body)["type"].rpartition(".")[2] for request in await receiver.wait_for(3)]
    assert kinds == ["raised", "resolved", "raised"]


async def test_webhooks_are_listed_changed_and_deleted(
    ada: UserClient, bob: UserClient, admin: UserClient, device: DeviceClient, receiver: Receiver
) -> None:
    webhook, secret = await new_webhook(ada, receiver.url())
    path = f"/webhooks/{webhook['id']}"
    assert await ada.get("/webhooks") == {"webhooks": [webhook], "meta": {"total": 1, "limit": 100, "offset": 0}}
    assert (await bob.get("/webhooks"))["webhooks"] == []
    assert (await admin.get("/webhooks"))["webhooks"] == [webhook]
    await ada.refused(409, "POST", "/webhooks", {"url": receiver.url()})
    rule = await new_rule(ada, device_id=device.id, webhook_url=receiver.url())
    changed = (await ada.put(path, {"url": receiver.url("/other"), "template": "slack"}))["webhook"]
    assert (changed["url"], changed["template"]) == (receiver.url("/other"), "slack")
    assert (await ada.get(f"/alert-rules/{rule['id']}"))["alert_rule"]["webhook_url"] == receiver.url("/other")
    replaced = await ada.post(f"{path}/secret")
    assert replaced["secret"] != secret
    await ada.delete(path)
    await ada.refused(404, "GET", path)
    assert (await ada.get(f"/alert-rules/{rule['id']}"))["alert_rule"]["webhook_id"] is None
    await submit(device, at=at(1), gust=50)
    assert len(await alerts_of(ada)) == 1
    for change in ("created", "updated", "deleted"):
        found = await events(ada, 2 if change == "updated" else 1, event_type=f"webhook.{change}")
        assert {event["details"]["webhook_id"] for event in found} == {webhook["id"]}
        assert secret not in json.dumps(found)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.org/",
        "http://user:secret@127.0.0.1/",
        "http://127.0.0.1/#part",
        "http://127.0.0.1:0/",
        "http://127.0.0.1:65536/",
        "http://127.0.0.1\\@example.org/",
        "http:///path",
        "http://no-such-host.invalid/",
        "http://10.0.0.1/",
        "http://169.254.169.254/latest/meta-data",
        "http://[fe80::1]/",
        "http://[::ffff:10.0.0.1]/",
        "http://0.0.0.0/",
        "http://224.0.0.1/",
        "http://0x0a000001/",
        "http://" + "a" * 2_100,
    ],
)
async def test_a_url_that_may_not_be_reached_is_refused_by_field(
    ada: UserClient, device: DeviceClient, url: str
) -> None:
    assert await ada.wrong_fields("POST", "/webhooks", {"url": url}) == ["body.url"]
    rule = {"name": "x", "severity": "info", "device_id": device.id, "condition": STORM, "webhook_url": url}
    assert await ada.wrong_fields("POST", "/alert-rules", rule) == ["body.webhook_url"]
    assert (await ada.get("/webhooks"))["webhooks"] == []
    assert (await ada.get("/alert-rules"))["alert_rules"] == []


async def test_addresses_of_this_host_are_refused_by_default(settings: Settings, clock: FakeClock) -> None:
    default = with_changes(settings, webhook_allowed_networks="")
    async with run_service(default, clock) as service, service.client() as client:
        ada = await sign_up(client, "ada")
        webhook, _ = await new_webhook(ada, "http://8.8.8.8/")
        for host in ("127.0.0.1", "localhost", "[::1]", "2130706433"):
            url = {"url": f"http://{host}:8000/"}
            assert await ada.wrong_fields("POST", "/webhooks", url) == ["body.url"]
            assert await ada.wrong_fields("PUT", f"/webhooks/{webhook['id']}", url) == ["body.url"]
        assert (await ada.get("/webhooks"))["webhooks"] == [webhook]


async def test_webhooks_of_an_account_are_bounded(
    ada: UserClient, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("iotflow.services.webhooks.MAX_WEBHOOKS_PER_ACCOUNT", 2)
    for path in ("/a", "/b"):
        await new_webhook(ada, receiver.url(path))
    await ada.refused(409, "POST", "/webhooks", {"url": receiver.url("/c")})
    assert len((await ada.get("/webhooks"))["webhooks"]) == 2


async def test_the_webhooks_of_others_are_hidden(
    ada: UserClient, bob: UserClient, device: DeviceClient, receiver: Receiver
) -> None:
    webhook, _ = await new_webhook(ada, receiver.url())
    path = f"/webhooks/{webhook['id']}"
    for method, target in (("GET", path), ("DELETE", path), ("POST", f"{path}/secret"), ("GET", f"{path}/deliveries")):
        await bob.refused(404, method, target)
    await bob.refused(404, "PUT", path, {"template": "slack"})
    own = await new_device(bob)
    rule = await new_rule(bob, device_id=own.id, webhook_url=receiver.url())
    assert rule["webhook_id"] != webhook["id"]


async def test_logs_hold_neither_urls_nor_secrets(
    ada: UserClient, device: DeviceClient, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    receiver.answers = [ERROR]
    _, secret = await new_webhook(ada, receiver.url("/services/T0/B0"))
    await new_rule(ada, device_id=device.id, webhook_url=receiver.url("/services/T0/B0"))
    await submit(device, at=at(1), gust=50)
    await receiver.wait_for(1)

    async def is_logged() -> bool:
        return "attempt=1 status=500" in caplog.text

    await wait_until(is_logged, DEADLINE_S)
    lines = [record.getMessage() for record in caplog.records if record.name.startswith("iotflow")]
    assert not any("/services/T0" in line or secret in line for line in lines)
