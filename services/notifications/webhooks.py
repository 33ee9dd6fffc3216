"""
Delivers to programs: signed, over a connection to the very address that was checked, and until it is taken.

What is not taken is tried again for a day, with growing pauses, and then given up; a person has it
delivered once more when the other side is well again.
"""

import asyncio
import ipaddress
import secrets
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import httpx
import structlog

from services.notifications.addresses import Allowed, IpAddress
from services.notifications.ledger import Ledger
from services.notifications.outbox import Outbox, Row
from services.notifications.pacing import pause_s
from services.notifications.refusals import UnsafeAddress
from services.notifications.settings_state import Webhook
from services.notifications.signing import headers_of
from shared.clock import utc_now
from shared.commits import DATABASE_FAULTS
from shared.messages.notifications import Way
from shared.tasks import keep_running

LOOK_S: Final = 0.5
ATTEMPT_S_MAX: Final = 15.0
"""As Standard Webhooks advises, at most 15 to 30 seconds."""
AT_ONCE_MAX: Final = 10
GONE: Final = 410
"""The program wants nothing more; trying again is of no use."""
DICE: Final = secrets.SystemRandom()

log = structlog.get_logger()


class NotTaken(Exception):
    """An attempt has failed; the text says why."""

    def __init__(self, why: str, *, hopeless: bool = False) -> None:
        super().__init__(why)
        self.hopeless = hopeless


@dataclass(slots=True)
class Webhooks:
    """Sends what is due to programs."""

    outbox: Outbox
    ledger: Ledger
    key: bytes
    allowed: Allowed

    async def run(self) -> None:
        """Deliver for ever; a database that is away is waited for."""

        def on_fault(fault: Exception) -> None:
            log.warning("webhooks wait for the database", fault=repr(fault))

        await keep_running(self._deliver_due, DATABASE_FAULTS, on_fault, LOOK_S)

    async def _deliver_due(self) -> None:
        due = await self.outbox.claim(Way.WEBHOOK, utc_now())
        if not due:
            return  # a client reads all certificates of the system when it is made, which takes a while
        at_once = asyncio.Semaphore(AT_ONCE_MAX)
        async with (
            httpx.AsyncClient(
                timeout=ATTEMPT_S_MAX, follow_redirects=False, trust_env=False
            ) as http,
            asyncio.TaskGroup() as tasks,
        ):
            for rows in due:
                tasks.create_task(self._deliver(http, rows, at_once))

    async def _deliver(
        self, http: httpx.AsyncClient, rows: Sequence[Row], at_once: asyncio.Semaphore
    ) -> None:
        row = rows[0]
        webhook = self.ledger.choices_at(row.installation_id).webhooks.get(row.target)
        if webhook is None:
            await self.outbox.drop(rows)  # it was removed meanwhile
            return
        async with at_once:
            try:
                async with asyncio.timeout(ATTEMPT_S_MAX):
                    await self.attempt(http, webhook, row)
            except (NotTaken, TimeoutError) as fault:
                why = str(fault) or f"no answer within {ATTEMPT_S_MAX:g} s"
                hopeless = isinstance(fault, NotTaken) and fault.hopeless
                wait_s = pause_s(row.attempts, DICE.random())
                dead = await self.outbox.failed(rows, why, utc_now(), wait_s, hopeless=hopeless)
                log.warning("webhook not delivered", webhook=row.target, why=why, given_up=dead)
                return
        await self.outbox.done(rows, utc_now())

    async def attempt(self, http: httpx.AsyncClient, webhook: Webhook, row: Row) -> None:
        """
        Deliver once.

        Raises:
            NotTaken: it was not taken.
        """
        try:
            self.allowed.check_url(webhook.url)
            target, host = await self._pinned(webhook.url)
        except (UnsafeAddress, OSError) as fault:
            raise NotTaken(str(fault)) from fault
        headers = headers_of(self.key, webhook, row.delivery_id, row.body, utc_now())
        parts = urlsplit(webhook.url)
        try:
            async with http.stream(
                "POST",
                target,
                content=row.body.encode(),
                headers={
                    "host": parts.netloc,
                    "content-type": "application/json",
                    "user-agent": "Ampledger-Webhooks",
                    **headers,
                },
                extensions={"sni_hostname": host},
            ) as answer:
                status = answer.status_code
        except (httpx.HTTPError, httpx.InvalidURL) as fault:
            raise NotTaken(f"{type(fault).__name__}: {fault}") from fault
        if not 200 <= status < 300:
            raise NotTaken(f"it answered {status}", hopeless=status == GONE)

    async def _pinned(self, url: str) -> tuple[str, str]:
        """
        Look a name up, check all that it leads to, and put an address in its place.

        Raises:
            UnsafeAddress: one of the addresses is not to be reached.
            OSError: there is no such name.
        """
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = parts.port or (443 if parts.scheme == "https" else 80)
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses: list[IpAddress] = [ipaddress.ip_address(it[4][0]) for it in found]
        for it in addresses:
            self.allowed.check_ip(it, host)
        first = addresses[0]
        literal = f"[{first}]" if first.version == 6 else str(first)
        return urlunsplit(
            (parts.scheme, f"{literal}:{port}", parts.path, parts.query, "")
        ), host
