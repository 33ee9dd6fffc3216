"""
E-mails: what waits for somebody goes out in one message.

Addresses are known to permissions alone, which is asked at the moment of sending; whoever is forgotten, or
has no role any more, is sent nothing.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Final
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
from services.notifications.letters import Place, Recipient, Told, warning_letter
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
from shared.messages.notifications import WarningRaised, Way
from shared.messages.people import People, PeopleAnswer, PersonLine
from shared.rights.table import TABLE, Action
from shared.tasks import keep_running

LOOK_S: Final = 0.5
ASK_S_MAX: Final = 3.0
ACTOR: Final = "notifications"
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
        row, now = rows[0], utc_now()
        grants = self.knowledge.book.grants
        standings = people_at(grants, row.installation_id, now).get(row.target, frozenset())
        if row.kind is not Content.WARNING or not standings & TABLE[Action.WARNINGS]:
            return None
        person = (await self._people([row.target])).get(row.target)
        if person is None or person.forgotten:
            return None
        choices = self.ledger.choices_at(row.installation_id)
        chosen = chosen_by(choices, row.installation_id, row.target, standings)
        told = await self._told(row.installation_id, rows)
        to = Recipient(person.name, person.email, chosen.language)
        place = self._place(row.installation_id, row.target)
        return warning_letter(to, place, told, row.batch) if told else None

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

    async def _people(self, people: Sequence[PersonId]) -> Mapping[PersonId, PersonLine]:
        """
        Ask permissions who somebody is.

        Raises:
            NotSent: it does not answer.
        """
        try:
            reply = await self.client.request(
                subjects.query("permissions", People.__name__),
                People(person_ids=tuple(people)).model_dump_json().encode(),
                timeout=ASK_S_MAX,
                headers={ACTOR_HEADER: ACTOR},
            )
            found = PeopleAnswer.model_validate_json(reply.data).people
        except (NatsError, ValidationError) as fault:
            raise NotSent("permissions does not say who it is") from fault
        return {it.person_id: it for it in found}
