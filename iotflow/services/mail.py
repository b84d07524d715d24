"""The e-mails about alerts: one digest of an account at a time, at most one in an interval."""

import asyncio
import logging
from collections import Counter
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from ssl import SSLContext

import aiosmtplib

from iotflow.addresses import SmtpAddress
from iotflow.clock import Clock
from iotflow.domain.mail import MAX_LISTED_NOTICES, Digest, Notice
from iotflow.domain.times import Millis, format_rfc3339
from iotflow.domain.webhooks import MAX_ATTEMPTS, AlertChange, retry_delay_ms
from iotflow.metrics.definitions import DELIVERIES
from iotflow.repositories.transactions import Transactions
from iotflow.services.webhook_messages import text_of

SEND_TIMEOUT_S = 30.0
LEASE_MS = 120_000
MAILS_PER_RUN = 100

logger = logging.getLogger(__name__)


class MailDigests:
    """The sender of e-mails. `server` None: none is sent. `interval_s`: the least time between two of an account."""

    def __init__(
        self,
        transactions: Transactions,
        server: SmtpAddress | None,
        interval_s: int,
        clock: Clock,
        tls_context: SSLContext | None = None,
    ) -> None:
        self._transactions = transactions
        self._server = server
        self._interval_ms = interval_s * 1_000
        self._clock = clock
        self._tls_context = tls_context

    @property
    def is_set_up(self) -> bool:
        """Whether e-mails can be sent."""
        return self._server is not None

    async def send_due(self) -> None:
        """Send the e-mails that are due. Raises StoreUnavailable."""
        if self._server is None:
            return
        for _ in range(MAILS_PER_RUN):
            async with self._transactions.write() as transaction:
                digest = await transaction.mail.claim(self._clock.now(), LEASE_MS)
            if digest is None:
                return
            await self._send(self._server, digest)

    async def _send(self, server: SmtpAddress, digest: Digest) -> None:
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                await self._submit(server, message_of(digest, server.sender, self._clock.now()))
        except (aiosmtplib.SMTPException, OSError, TimeoutError, ValueError) as error:
            # Without the text: a server may repeat the address in it.
            logger.warning("mail: account=%s attempt=%d: %s", digest.user_id, digest.attempts, type(error).__name__)
            is_last = digest.attempts >= MAX_ATTEMPTS
            outcome = "dead" if is_last else "retried"
        else:
            is_last, outcome = True, "delivered"
        now = self._clock.now()
        async with self._transactions.write() as transaction:
            if is_last:
                await transaction.mail.finish(digest, Millis(now + self._interval_ms))
            else:
                await transaction.mail.retry(digest.user_id, Millis(now + retry_delay_ms(digest.attempts)))
        DELIVERIES.add(1, "email", outcome)

    async def _submit(self, server: SmtpAddress, message: EmailMessage) -> None:
        await aiosmtplib.send(
            message,
            hostname=server.host,
            port=server.port,
            username=server.username,
            password=server.password,
            use_tls=server.tls,
            # A password is never sent in clear text.
            start_tls=False if server.tls else (True if server.username else None),
            tls_context=self._tls_context,
            timeout=SEND_TIMEOUT_S,
        )


def message_of(digest: Digest, sender: str, now: Millis) -> EmailMessage:
    """Return the e-mail of a digest. Raises ValueError for an address that no header can hold."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = digest.email
    message["Subject"] = f"IoTFlow: {_summary(digest)}"
    message["Date"] = format_datetime(datetime.fromtimestamp(now / 1_000, UTC))
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no vacation notice answers it
    listed = digest.notices[-MAX_LISTED_NOTICES:]
    lines = [_line(notice) for notice in listed]
    if unlisted := len(digest.notices) - len(listed):
        lines.insert(0, f"{unlisted} earlier changes are not listed.")
    message.set_content("\n".join(lines) + "\n")
    return message


def _summary(digest: Digest) -> str:
    numbers = Counter(notice.change for notice in digest.notices)
    raised, resolved = numbers[AlertChange.RAISED], numbers[AlertChange.RESOLVED]
    parts = [f"{number} {change}" for number, change in ((raised, "raised"), (resolved, "resolved")) if number]
    return f"alerts: {', '.join(parts)}"


def _line(notice: Notice) -> str:
    shown = text_of(notice.change, notice.alert)
    return f"{format_rfc3339(notice.created_at)}  {shown}  (device {notice.alert['device_id']})"
