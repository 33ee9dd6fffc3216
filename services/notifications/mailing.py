"""
E-mails: what waits for somebody goes out in one message.

Addresses are known to permissions alone, which is asked at the moment of sending; whoever is forgotten, or
has no role any more, is sent nothing.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Final, TypeVar
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import structlog
from nats.aio.client import Client
from nats.errors import Error as NatsError
from pydantic import ValidationError

from services.notifications.audience import chosen_by, people_at
from services.notifications.knowledge import Knowledge
from services.notifications.language import warnings_at
from services.notifications.ledger import Ledger
from services.notifications.letters import (
    Place,
    Recipient,
    Told,
    report_letter,
    warning_letter,
)
from services.notifications.outbox import Content, Outbox, Row
from services.notifications.pacing import pause_s
from services.notifications.signing import unsubscribe_mark
from shared import subjects
from shared.clock import utc_now
from shared.commits import DATABASE_FAULTS
from shared.context import ACTOR_HEADER
from shared.event_store import EventStore
from shared.ids import InstallationId, PersonId
from shared.mailing import MAIL_FAULTS, Send
from shared.messages import Message, sent
from shared.messages.notifications import WarningRaised, Way
from shared.messages.people import People, PeopleAnswer, Query
from shared.messages.reports import MAKING_S_MAX, PORTAL, MakeReport, ReportMade
from shared.rights.book import PERMISSIONS
from shared.rights.table import TABLE, Action
from shared.tasks import keep_running

LOOK_S: Final = 0.5
ASK_S_MAX: Final = 3.0
ACTOR: Final = "notifications"
M = TypeVar("M", bound=Message)
DICE: Final = secrets.SystemRandom()

log = structlog.get_logger()


class NotSent(Exception):
    """An e-mail was not sent; the text says why, and names nobody."""


@dataclass(slots=True)
class Mailing:
    """Sends what is due to people."""

    client: Client
    store: EventStore
    outbox: Outbox
    ledger: Ledger
    knowledge: Knowledge
    send: Send
    public_url: str
    key: bytes

    async def run(self) -> None:
        """Send for ever; a database that is away is waited for."""

        def on_fault(fault: Exception) -> None:
            log.warning("e-mails wait for the database", fault=repr(fault))

        await keep_running(self._send_due, DATABASE_FAULTS, on_fault, LOOK_S)

    async def _send_due(self) -> None:
        for rows in await self.outbox.claim(Way.EMAIL, utc_now()):
            try:
                letter = await self._letter(rows)
                if letter is None:
                    await self.outbox.drop(rows)
                    continue
                await self._post(letter)
            except NotSent as fault:
                attempts = max(it.attempts for it in rows)
                wait_s = pause_s(attempts, DICE.random())
                dead = await self.outbox.failed(
                    rows, str(fault), utc_now(), wait_s, hopeless=False
                )
                log.warning("e-mail not sent", why=str(fault), given_up=dead)
                continue
            await self.outbox.done(rows, utc_now())

    async def _post(self, letter: EmailMessage) -> None:
        try:
            await self.send(letter)
        except MAIL_FAULTS as fault:
            raise NotSent(type(fault).__name__) from fault  # its text may have the address

    # --- Writing ---

    async def _letter(self, rows: Sequence[Row]) -> EmailMessage | None:
        """
        Write what is due to somebody; none if they are not to be told any more.

        Raises:
            NotSent: it cannot be written now.
        """
        row = rows[0]
        grants = self.knowledge.book.grants
        standings = people_at(grants, row.installation_id, utc_now()).get(row.target)
        if standings is None:
            return None
        if row.kind is Content.REPORT:
            return await self._report(row)
        if not standings & TABLE[Action.WARNINGS]:
            return None
        choices = self.ledger.choices_at(row.installation_id)
        chosen = chosen_by(choices, row.installation_id, row.target, standings)
        to = await self._recipient(row.target, chosen.language)
        told = await self._told(row.installation_id, rows)
        if to is None or not told:
            return None
        return warning_letter(to, self._place(row.installation_id, row.target), told, row.batch)

    async def _report(self, row: Row) -> EmailMessage | None:
        """Have the portal make a report, and write the e-mail that brings it."""
        order = self.ledger.choices_at(row.installation_id).orders.get(row.order_id or "")
        to = None if order is None else await self._recipient(row.target, order.language)
        if order is None or to is None:
            return None
        query = MakeReport(
            installation_id=row.installation_id,
            month=row.body,
            formats=order.formats,
            language=order.language,
        )
        made = await self._ask(PORTAL, query, ReportMade, MAKING_S_MAX)
        if made.fault is not None:
            raise NotSent(made.fault)
        place = self._place(row.installation_id, row.target)
        return report_letter(to, place, made, self.public_url.rstrip("/"), row.batch)

    async def _told(self, installation_id: InstallationId, rows: Sequence[Row]) -> list[Told]:
        wanted = {it.warning_id for it in rows}
        past = self.ledger.warnings_at(installation_id).past
        found = await self._raised(installation_id)
        return [Told(it, it.warning_id in past) for it in found if it.warning_id in wanted]

    async def _raised(self, installation_id: InstallationId) -> list[WarningRaised]:
        """Read all warnings that were ever raised at an installation."""
        stream = await self.store.load(warnings_at(installation_id))
        events = (it.event for it in stream if it.type == WarningRaised.__name__)
        return [it for it in events if isinstance(it, WarningRaised)]

    def _place(self, installation_id: InstallationId, person_id: PersonId) -> Place:
        site = self.knowledge.sites.get(installation_id)
        base = self.public_url.rstrip("/")
        mark = unsubscribe_mark(self.key, installation_id, person_id)
        about = {"installation": installation_id, "person": person_id, "mark": mark}
        return Place(
            name=installation_id if site is None else site.name,
            zone=ZoneInfo("UTC" if site is None else site.time_zone),
            warnings_url=f"{base}/installations/{installation_id}/warnings",
            choices_url=f"{base}/my/notifications",
            unsubscribe_url=f"{base}/unsubscribe?{urlencode(about)}",
        )

    # --- Asking ---

    async def _recipient(self, person_id: PersonId, language: str) -> Recipient | None:
        """
        Ask permissions who somebody is; none if they are forgotten.

        Raises:
            NotSent: it does not answer.
        """
        query = People(person_ids=(person_id,))
        found = (await self._ask(PERMISSIONS, query, PeopleAnswer, ASK_S_MAX)).people
        known = next((it for it in found if it.person_id == person_id), None)
        if known is None or known.forgotten:
            return None
        return Recipient(known.name, known.email, language)

    async def _ask(self, service: str, query: Query, answer: type[M], within_s: float) -> M:
        try:
            reply = await self.client.request(
                subjects.query(service, type(query).__name__),
                sent(query),
                timeout=within_s,
                headers={ACTOR_HEADER: ACTOR},
            )
            return answer.model_validate_json(reply.data)
        except NatsError as fault:
            raise NotSent(f"{service} does not answer") from fault
        except ValidationError as fault:
            raise NotSent(f"{service} answers what cannot be read") from fault
