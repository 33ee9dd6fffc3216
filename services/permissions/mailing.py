"""
Invitations by e-mail: each is sent once, and no sign-in link is kept but as a hash.

What was begun and neither ended nor failed was cut off in the middle: whether it arrived is unknown. It is
not sent again, since the person may have it; the operator makes another link (`ampledger person link`).
"""

import asyncio
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any, Final
from uuid import UUID

import asyncpg
import structlog

from services.permissions.directory import Directory
from services.permissions.sign_in.links import Links
from services.permissions.sign_in.people import Person
from shared.clock import utc_now
from shared.commits import DATABASE_FAULTS
from shared.ids import PersonId
from shared.mailing import MAIL_FAULTS, Send
from shared.messages.permissions import PersonInvited
from shared.speech import SOURCE, _, speaking

PURPOSE: Final = "INVITATION"
LASTS: Final = timedelta(days=7)
"""How long the link of an invitation works, and how long it is tried to send it."""
LOOK_S: Final = 1.0
AGAIN_S_MAX: Final = 3600.0

log = structlog.get_logger()


class Mailer:
    """Sends what is due, one after the other."""

    def __init__(
        self,
        pool: "asyncpg.Pool[Any]",
        directory: Directory,
        links: Links,
        send: Send,
        public_url: str,
    ) -> None:
        self._pool = pool
        self._directory = directory
        self._links = links
        self._send = send
        self._url = public_url.rstrip("/")
        self._seen = 0

    async def run(self) -> None:
        """Send for ever; a database that is away is waited for."""
        while True:
            try:
                await self._note_invited()
                for row in await self._due():
                    await self._deliver(row["event_id"], row["person_id"], row["attempts"])
            except DATABASE_FAULTS as fault:
                log.warning("invitations wait for the database", fault=repr(fault))
            await asyncio.sleep(LOOK_S)

    async def _note_invited(self) -> None:
        """Note who was invited lately; whoever was noted before stays as they are."""
        rows = await self._pool.fetch(
            "select position, event_id, stream, recorded_at from event_log"
            " where position > $1 and type = $2 and recorded_at > $3 order by position",
            self._seen,
            PersonInvited.__name__,
            utc_now() - LASTS,
        )
        for row in rows:
            await self._pool.execute(
                "insert into invitation (event_id, person_id, next_at) values ($1, $2, $3)"
                " on conflict do nothing",
                row["event_id"],
                row["stream"].removeprefix("person-"),
                row["recorded_at"],
            )
            self._seen = row["position"]

    async def _due(self) -> list[Any]:
        rows: list[Any] = await self._pool.fetch(
            "select event_id, person_id, attempts from invitation"
            " where begun_at is null and next_at <= $1 order by next_at limit 100",
            utc_now(),
        )
        return rows

    async def _deliver(self, event_id: UUID, person_id: PersonId, attempts: int) -> None:
        begun = await self._pool.fetchval(
            "update invitation set begun_at = $2 where event_id = $1 and begun_at is null"
            " returning 1",
            event_id,
            utc_now(),
        )
        if begun is None:
            return  # another process has begun with it
        person = await self._directory.by_id(person_id)
        if person is None:
            await self._pool.execute("delete from invitation where event_id = $1", event_id)
            return
        secret = await self._links.make(person_id, PURPOSE, LASTS)
        link = f"{self._url}/sign-in/once?token={secret}"
        try:
            await self._send(invitation(person, link, event_id, utc_now() + LASTS))
        except MAIL_FAULTS as fault:
            await self._failed(event_id, attempts, fault)
            return
        await self._pool.execute(
            "update invitation set sent_at = $2, fault = '' where event_id = $1",
            event_id,
            utc_now(),
        )

    async def _failed(self, event_id: UUID, attempts: int, fault: Exception) -> None:
        wait_s = min(AGAIN_S_MAX, LOOK_S * 2.0**attempts)
        kind = type(fault).__name__  # its text may have the address
        log.warning("invitation not sent", event_id=str(event_id), fault=kind, again_s=wait_s)
        await self._pool.execute(
            "update invitation set begun_at = null, attempts = attempts + 1, fault = $2,"
            " next_at = $3 where event_id = $1",
            event_id,
            kind,
            utc_now() + timedelta(seconds=wait_s),
        )


def invitation(person: Person, link: str, event_id: UUID, until: datetime) -> EmailMessage:
    """
    Write an invitation, in the language in which the person was invited; the same event always leads to the
    same message id.
    """
    message = EmailMessage()
    message["To"] = person.email
    message["Message-ID"] = f"<{event_id}@ampledger>"
    with speaking(person.language or SOURCE):
        message["Subject"] = _("You are invited to Ampledger")
        text = _(
            "Hello %(name)s,\n\n"
            "somebody has invited you to Ampledger, which charges the cars of a building.\n"
            "Follow this link to sign in:\n\n"
            "    %(link)s\n\n"
            "It works once, until %(until)s UTC. If you do not know what this is about, "
            "do nothing:\nwithout you nothing happens.\n",
            name=person.called,
            link=link,
            until=f"{until:%Y-%m-%d %H:%M}",
        )
        message.set_content(text)
    return message
