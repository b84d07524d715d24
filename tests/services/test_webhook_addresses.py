"""Look-ups of webhooks' hosts by slow name servers."""

import asyncio
import threading
from collections.abc import Sequence
from uuid import UUID

import pytest

from iotflow.services import webhook_addresses
from iotflow.services.webhook_addresses import (
    MAX_CONCURRENT_LOOKUPS,
    MAX_CONCURRENT_LOOKUPS_PER_ACCOUNT,
    AddressRefused,
    WebhookAddresses,
)

ADA, BOB = UUID(int=1), UUID(int=2)
TIMEOUT_S = 0.5


class SlowNames:
    """Name servers that do not answer for one host until `end` is set."""

    def __init__(self) -> None:
        self.end = threading.Event()
        self.waiting = 0

    def look_up(self, host: str) -> Sequence[str]:
        if host == "slow.test":
            self.waiting += 1
            self.end.wait()
        return ["8.8.8.8"]


async def test_slow_name_servers_of_one_account_hold_up_no_look_up_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook_addresses, "RESOLVE_TIMEOUT_S", TIMEOUT_S)
    names = SlowNames()
    addresses = WebhookAddresses([], names.look_up)
    try:
        for _ in range(2):
            slow = [addresses.resolve(ADA, "http://slow.test/") for _ in range(MAX_CONCURRENT_LOOKUPS)]
            results = await asyncio.gather(*slow, return_exceptions=True)
            assert {type(result) for result in results} == {AddressRefused}
        assert await addresses.resolve(BOB, "http://prompt.test/") == ["8.8.8.8"]
        assert names.waiting == MAX_CONCURRENT_LOOKUPS_PER_ACCOUNT
    finally:
        names.end.set()
    assert await addresses.resolve(ADA, "http://slow.test/") == ["8.8.8.8"]
    addresses.close()
