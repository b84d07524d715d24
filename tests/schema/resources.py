"""Valid credentials and ids of existing resources, without which generated requests would only be refused."""

import itertools
import threading
import time
from collections.abc import Callable, Collection, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self, TypeVar

import requests
from schemathesis import Case
from schemathesis.core.parameters import ParameterLocation

T = TypeVar("T")

ROOT_USER = "root"
PASSWORD = "correct horse"
"""The password in the document's examples, so that the login example succeeds."""


DELIVERY_DEADLINE_S = 15.0


class _Receiver(BaseHTTPRequestHandler):
    """A receiver of webhooks that accepts every request."""

    def do_POST(self) -> None:
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


class ResourceFactory:
    """A factory of the resources of a case, over HTTP: a device, a group, an account to act upon, and a caller.

    The caller is an administrator, who may do everything; the access matrix tests other callers. Caller and account
    are renewed after a case that ended the caller's login or rights, or the account. Resources are reused until a case
    has changed something: cases that only read, and refused ones, leave them as they are. Cases are sent by `session`.
    """

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.session, self._own_session = requests.Session(), requests.Session()
        self.session.trust_env = self._own_session.trust_env = False
        self.session.hooks["response"].append(self._note_change)
        self._reusable: dict[str, Any] = {}
        self._has_changed = False
        self._numbers = itertools.count()
        self._receiver = ThreadingHTTPServer(("127.0.0.1", 0), _Receiver)
        threading.Thread(target=self._receiver.serve_forever, daemon=True).start()
        self._root_id, self._root = self._login(ROOT_USER)
        self._new_user("ada")
        self._new_caller()
        self._account_id = self.new_account()
        self._must_renew = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._receiver.shutdown()
        self._receiver.server_close()
        self.session.close()
        self._own_session.close()

    def prepare(self, case: Case[Any], linked: Collection[str] = ()) -> dict[str, str]:
        """Replace the valid ids of a case by existing ones, and return the headers of its caller.

        The ids named in `linked` stay: they are from an earlier answer.
        """
        if self._has_changed:
            self._reusable.clear()
            if self._must_renew:
                self._renew_accounts()
        self._has_changed = False
        self._must_renew = "user_id" in case.path_parameters or case.path.endswith("/logout")
        schemes = {scheme for needed in case.operation.definition.raw.get("security", ()) for scheme in needed}
        device = self._reused("device", self._new_device) if "DeviceKey" in schemes or _names_device(case) else {}
        self._place_ids(case, device.get("id"), linked)
        if "AccessToken" in schemes:
            return self._caller
        if "DeviceKey" in schemes and not _breaks(case, ParameterLocation.HEADER):
            return {"X-API-Key": device["api_key"]}
        return {}

    def new_account(self) -> str:
        """Register an unused account and return its id."""
        return self._new_user(f"user-{next(self._numbers)}")

    def relies_on(self, user_id: object) -> bool:
        """Return whether this account sends requests or creates resources."""
        return user_id in ("me", self._caller_id, self._root_id)

    def _place_ids(self, case: Case[Any], device_id: int | None, linked: Collection[str]) -> None:
        path = case.path_parameters
        if not _tries_out(case, ParameterLocation.PATH) and not _breaks(case, ParameterLocation.PATH):
            # A user's preferences are hidden from administrators.
            user_id = self._caller_id if case.path.endswith("/preferences") else self._account_id
            real = {"user_id": user_id, "device_id": str(device_id)}
            path.update({name: value for name, value in real.items() if name in path and name not in linked})
            if "version" in path:
                path["version"] = "1"
            if "token_id" in path and "token_id" not in linked:
                path["token_id"] = str(self._reused("token", self._new_token))
            if "group_id" in path and "group_id" not in linked:
                member_id = device_id if "device_id" in path else None
                path["group_id"] = str(self._reused(f"group of {member_id}", lambda: self._new_group(member_id)))
            if "rule_id" in path and "rule_id" not in linked:
                path["rule_id"] = str(self._reused("rule", self._new_rule))
            if "delivery_id" in path and "delivery_id" not in linked:
                path["webhook_id"], path["delivery_id"] = self._reused("delivery", self._new_delivery)
            elif "webhook_id" in path and "webhook_id" not in linked:
                path["webhook_id"] = str(self._reused("webhook", self._new_webhook))
            if "alert_id" in path and "alert_id" not in linked:
                path["alert_id"] = self._reused("alert", self._new_alert)
            if "report_id" in path and "report_id" not in linked:
                path["report_id"] = self._reused("report", self._new_report)
        if isinstance(case.body, dict) and not _breaks(case, ParameterLocation.BODY):
            if "device_id" in case.body and "device_id" not in linked:
                case.body["device_id"] = device_id
            for name in ("url", "webhook_url"):
                if isinstance(case.body.get(name), str):
                    case.body[name] = self._new_url()
            if isinstance(ids := case.body.get("device_ids"), list):
                case.body["device_ids"] = [device_id, *ids[1:]]
        if case.path.endswith(("/latest", "/aggregated")):
            self._reused(f"record of {device_id}", lambda: self._submit(device_id))
        if "field" in case.query and not _breaks(case, ParameterLocation.QUERY):
            case.query["field"] = "temperature"

    def _note_change(self, response: requests.Response, **_: object) -> None:
        self._has_changed |= response.ok and response.request.method != "GET"

    def _reused(self, name: str, make: Callable[[], T]) -> T:
        """Return the resource of this name that no case has changed, made if there is none."""
        if name not in self._reusable:
            self._reusable[name] = make()
        reusable: T = self._reusable[name]
        return reusable

    def _renew_accounts(self) -> None:
        answer = self._send("GET", "/users/me", self._caller)
        if answer.status_code != 200 or not answer.json()["user"]["is_admin"]:
            self._new_caller()
        if self._send("GET", f"/users/{self._account_id}", self._caller).status_code != 200:
            self._account_id = self.new_account()

    def _new_caller(self) -> None:
        name = f"admin-{next(self._numbers)}"
        self._done("PUT", f"/users/{self._new_user(name)}", self._root, {"is_admin": True})
        self._caller_id, self._caller = self._login(name)

    def _new_user(self, name: str) -> str:
        body = {"username": name, "email": f"{name}@example.org", "password": PASSWORD}
        user_id: str = self._done("POST", "/auth/register", {}, body)["user"]["user_id"]
        return user_id

    def _login(self, name: str) -> tuple[str, dict[str, str]]:
        login = self._done("POST", "/auth/login", {}, {"username": name, "password": PASSWORD})
        return login["user"]["user_id"], {"Authorization": f"Bearer {login['access_token']}"}

    def _new_device(self) -> dict[str, Any]:
        body = {"name": f"device-{next(self._numbers)}", "device_type": "sensor"}
        device: dict[str, Any] = self._done("POST", "/devices/register", self._caller, body)["device"]
        return device

    def _new_group(self, member_id: int | None) -> int:
        body = {"name": f"group-{next(self._numbers)}"}
        group_id: int = self._done("POST", "/groups", self._caller, body)["group"]["id"]
        if member_id is not None:
            self._done("POST", f"/groups/{group_id}/devices", self._caller, {"device_id": member_id})
        return group_id

    def _new_token(self) -> int:
        body = {"name": f"token-{next(self._numbers)}", "scopes": ["read"]}
        token: int = self._done("POST", f"/users/{self._account_id}/tokens", self._caller, body)["token"]["id"]
        return token

    def _new_rule(self) -> int:
        condition = {"type": "threshold", "field": "temperature", "op": "gt", "value": 30}
        body = {"name": "hot", "severity": "info", "device_id": self._new_device()["id"], "condition": condition}
        rule: int = self._done("POST", "/alert-rules", self._caller, body)["alert_rule"]["id"]
        return rule

    def _new_webhook(self) -> int:
        body = {"url": self._new_url()}
        webhook: int = self._done("POST", "/webhooks", self._caller, body)["webhook"]["id"]
        return webhook

    def _new_url(self) -> str:
        """Return an unused URL of the receiver.

        The oldest webhooks are deleted before an account has its maximum of 100.
        """
        listed = self._send("GET", "/webhooks", self._caller).json()["webhooks"]
        for webhook in listed[:-10] if len(listed) > 50 else ():
            self._send("DELETE", f"/webhooks/{webhook['id']}", self._caller)
        return f"http://127.0.0.1:{self._receiver.server_port}/{next(self._numbers)}"

    def _new_delivery(self) -> tuple[str, str]:
        """Raise an alert, wait until it is delivered, and return the ids of webhook and delivery."""
        device = self._new_device()
        condition = {"type": "threshold", "field": "temperature", "op": "gt", "value": 30}
        body = {"name": "hot", "severity": "info", "device_id": device["id"], "condition": condition}
        rule = self._done("POST", "/alert-rules", self._caller, {**body, "webhook_url": self._new_url()})["alert_rule"]
        self._done("POST", "/telemetry", {"X-API-Key": device["api_key"]}, {"data": {"temperature": 40}})
        path = f"/webhooks/{rule['webhook_id']}/deliveries?status=delivered"
        deadline = time.monotonic() + DELIVERY_DEADLINE_S
        while not (found := self._done("GET", path, self._caller, None)["deliveries"]):
            assert time.monotonic() < deadline, "the alert was not delivered"
            time.sleep(0.1)
        return str(rule["webhook_id"]), found[0]["id"]

    def _new_alert(self) -> str:
        body = {"device_id": self._new_device()["id"], "severity": "info", "message": "x"}
        alert: str = self._done("POST", "/alerts", self._caller, body)["alert"]["id"]
        return alert

    def _new_report(self) -> str:
        body = {"report_type": "account_summary", "period": {"start_time": "-1h"}}
        report: str = self._done("POST", "/analytics/reports", self._caller, body)["report"]["id"]
        return report

    def _submit(self, device_id: int | None) -> None:
        records = [{"timestamp": 1_769_851_800, "data": {"temperature": 21.5}}]
        self._done("POST", f"/telemetry/{device_id}/batch", self._caller, records)

    def _done(self, method: str, path: str, headers: Mapping[str, str], body: object) -> dict[str, Any]:
        answer = self._send(method, path, headers, body)
        assert answer.ok, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def _send(self, method: str, path: str, headers: Mapping[str, str], body: object = None) -> requests.Response:
        url = f"{self.base_url}/api/v1{path}"
        return self._own_session.request(method, url, headers=headers, json=body, timeout=10)


def _names_device(case: Case[Any]) -> bool:
    body = case.body if isinstance(case.body, dict) else {}
    return "device_id" in case.path_parameters or "device_id" in body or "device_ids" in body


def _breaks(case: Case[Any], location: ParameterLocation) -> bool:
    """Return whether the case is invalid at this location on purpose."""
    return case.meta is not None and case.meta.is_negative_at(location)


def _tries_out(case: Case[Any], location: ParameterLocation) -> bool:
    """Return whether the case tests the values at this location, like the largest id."""
    return case.meta is not None and case.meta.phase.data.parameter_location is location
