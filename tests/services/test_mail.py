"""E-mails about alerts, sent to an SMTP server on a raw socket."""

import asyncio
import email
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP

import pytest

from iotflow.domain.alert_rules import Comparison, NewAlertRule, Severity, Threshold
from iotflow.domain.errors import InvalidInput
from iotflow.domain.webhooks import MAX_RETRY_MS
from iotflow.repositories.stores import Stores
from iotflow.services import mail
from iotflow.services.passwords import Passwords
from iotflow.settings import InvalidSettings, load_settings
from tests.clock import FakeClock
from tests.services.harness import (
    RegisteredDevice,
    ServiceHarness,
    SignedInUser,
    build_harness,
    register_device,
    register_user,
    submit,
)

INTERVAL_S = 300


@dataclass
class MailServer:
    """An SMTP server (RFC 5321) that accepts or refuses recipients."""

    port: int = 0
    refusal: bytes | None = None
    mails: list[tuple[str, EmailMessage]] = field(default_factory=list)
    silent: bool = False

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Receive the mails of a connection."""
        recipient = ""
        if not self.silent:
            writer.write(b"220 test\r\n")
        while line := await reader.readline():
            verb, _, argument = line.decode().strip().partition(" ")
            answer = b"250 OK\r\n"
            if verb == "RCPT":
                recipient = argument.partition("<")[2].rstrip(">")
                answer = self.refusal or answer
            elif verb == "DATA":
                writer.write(b"354 go on\r\n")
                text = await reader.readuntil(b"\r\n.\r\n")
                received = email.message_from_bytes(text[:-3], policy=SMTP)
                assert isinstance(received, EmailMessage)
                self.mails.append((recipient, received))
            elif verb == "QUIT":
                answer = b"221 bye\r\n"
            writer.write(answer)
        writer.close()


@asynccontextmanager
async def running_server() -> AsyncIterator[MailServer]:
    server = MailServer()
    listening = await asyncio.start_server(server.handle, "127.0.0.1")
    server.port = listening.sockets[0].getsockname()[1]
    yield server
    listening.close()


@pytest.fixture
async def server() -> AsyncIterator[MailServer]:
    async with running_server() as server:
        yield server


@pytest.fixture
def harness(stores: Stores, clock: FakeClock, passwords: Passwords, server: MailServer) -> ServiceHarness:
    url = f"smtp://127.0.0.1:{server.port}"
    settings = load_settings(smtp_url=url, mail_from="iotflow@example.org", mail_interval_seconds=INTERVAL_S)
    return build_harness(stores, clock, passwords, settings)


@pytest.fixture
async def device(harness: ServiceHarness, ada: SignedInUser) -> RegisteredDevice:
    """A device with a rule that sends e-mails."""
    return await new_device(harness, ada)


async def new_device(harness: ServiceHarness, owner: SignedInUser) -> RegisteredDevice:
    device = await register_device(harness, owner)
    new = NewAlertRule("Zu heiß", Severity.ERROR, Threshold("t", Comparison.GT, 10), device_id=device.id, email=True)
    assert (await harness.services.alert_rules.create(owner.context, new)).email
    return device


async def test_the_owner_receives_one_e_mail_an_interval(
    harness: ServiceHarness, device: RegisteredDevice, server: MailServer
) -> None:
    await submit(harness, device, 1, t=20)
    await harness.services.mail.send_due()
    ((recipient, first),) = server.mails
    assert recipient == first["To"] == "ada@example.org"
    assert (first["From"], first["Subject"]) == ("iotflow@example.org", "IoTFlow: alerts: 1 raised")
    assert first["Auto-Submitted"] == "auto-generated"
    assert "ERROR: Zu heiß: t is 20, greater than 10  (device " in first.get_content()

    for second, value in ((2, 5), (3, 20), (4, 5)):
        await submit(harness, device, second, t=value)
        await harness.services.mail.send_due()
    assert len(server.mails) == 1
    harness.clock.advance(INTERVAL_S)
    await harness.services.mail.send_due()
    _, digest = server.mails[1]
    assert digest["Subject"] == "IoTFlow: alerts: 1 raised, 2 resolved"
    assert len(digest.get_content().splitlines()) == 3
    harness.clock.advance(INTERVAL_S)
    await harness.services.mail.send_due()
    assert len(server.mails) == 2


async def test_an_e_mail_lists_a_bounded_number_of_changes(
    harness: ServiceHarness, device: RegisteredDevice, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail, "MAX_LISTED_NOTICES", 2)
    monkeypatch.setattr("iotflow.services.notifications.MAX_NOTICES", 4)
    for second in range(1, 7):
        await submit(harness, device, second, t=20 if second % 2 else 5)
    await harness.services.mail.send_due()
    ((_, digest),) = server.mails
    lines = digest.get_content().splitlines()
    assert lines[0] == "2 earlier changes are not listed."
    assert len(lines) == 3


async def test_a_refused_e_mail_is_tried_again(
    harness: ServiceHarness, device: RegisteredDevice, server: MailServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.refusal = b"550 no such user ada@example.org\r\n"
    await submit(harness, device, 1, t=20)
    await harness.services.mail.send_due()
    assert "attempt=1" in caplog.text
    assert "ada@example.org" not in caplog.text
    server.refusal = None
    await harness.services.mail.send_due()
    assert server.mails == []
    harness.clock.advance(MAX_RETRY_MS / 1_000)
    await harness.services.mail.send_due()
    assert len(server.mails) == 1


async def test_a_server_that_never_answers_costs_no_more_than_its_time(
    harness: ServiceHarness,
    device: RegisteredDevice,
    server: MailServer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(mail, "SEND_TIMEOUT_S", 0.2)
    server.silent = True
    await submit(harness, device, 1, t=20)
    async with asyncio.timeout(10):
        await harness.services.mail.send_due()
    assert "attempt=1" in caplog.text


async def test_a_password_is_not_sent_in_clear_text(
    stores: Stores, clock: FakeClock, passwords: Passwords, server: MailServer, caplog: pytest.LogCaptureFixture
) -> None:
    url = f"smtp://mailer:hidden%20word@127.0.0.1:{server.port}"
    settings = load_settings(smtp_url=url, mail_from="iotflow@example.org")
    harness = build_harness(stores, clock, passwords, settings)
    device = await new_device(harness, await register_user(harness))
    await submit(harness, device, 1, t=20)
    await harness.services.mail.send_due()
    assert server.mails == []
    assert "attempt=1" in caplog.text
    assert "hidden" not in caplog.text + repr(settings.smtp)


async def test_a_service_without_a_server_refuses_e_mails(
    stores: Stores, clock: FakeClock, passwords: Passwords
) -> None:
    harness = build_harness(stores, clock, passwords)
    ada = await register_user(harness)
    with pytest.raises(InvalidInput) as refused:
        await new_device(harness, ada)
    assert [error.location for error in refused.value.errors] == [("body", "email")]


@pytest.mark.parametrize(
    "url",
    [
        "http://mail.example.org",
        "smtp://",
        "smtp://mail.example.org:0x",
        "smtp://mail.example.org:99999",
        "smtp://user@mail.example.org",
        "smtp://mail.example.org/path",
        "smtp://mail.example.org?x=1",
    ],
)
def test_a_wrong_url_of_the_server_stops_the_start(url: str) -> None:
    with pytest.raises(InvalidSettings, match=r"IOTFLOW_SMTP_URL: .*expected"):
        load_settings(smtp_url=url, mail_from="iotflow@example.org")


@pytest.mark.parametrize("sender", ["", "iotflow", "a b@example.org", "IoTFlow <a@example.org>"])
def test_a_server_needs_the_address_of_a_sender(sender: str) -> None:
    with pytest.raises(InvalidSettings, match="IOTFLOW_MAIL_FROM: needed"):
        load_settings(smtp_url="smtp://mail.example.org", mail_from=sender)
