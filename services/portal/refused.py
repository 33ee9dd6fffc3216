"""
What people were refused is put on record by permissions; nobody waits for it.

A refusal costs whoever is refused nothing, so the same one is told once a minute, and only so many wait.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Final

import structlog
from nats.aio.client import Client

from shared import subjects
from shared.context import Context
from shared.decider import Refused
from shared.ids import new_id
from shared.messages.permissions import PLATFORM, RecordRefusal
from shared.messages.signing_in import Asker
from shared.messaging import ServiceUnavailable, request
from shared.rights.grants import Place

WAITING_MAX: Final = 1000
"""How many refusals may wait to be put on record; more are logged and dropped."""
SAME_S: Final = 60.0
"""For how long the same refusal is not told again, in seconds."""
TRIES_MAX: Final = 5
PAUSE_S: Final = 1.0

log = structlog.get_logger()

Entry = tuple[str, RecordRefusal]


class Refusals:
    """Takes refusals, and has them put on record in the background."""

    def __init__(self, client: Client, now: Callable[[], datetime]) -> None:
        self._client = client
        self._now = now
        self._waiting: asyncio.Queue[Entry] = asyncio.Queue(WAITING_MAX)
        self._told_at: dict[tuple[str, Place, str, str], datetime] = {}

    @property
    def waiting(self) -> int:
        """How many wait to be put on record."""
        return self._waiting.qsize()

    def tell(self, asker: Asker, place: Place, asked_for: str, refusal: Refused) -> None:
        """Take a refusal by the portal itself."""
        self.take(asker, place, asked_for, type(refusal).__name__, refusal.detail)

    def take(
        self, asker: Asker, place: Place, asked_for: str, refusal: str, detail: str
    ) -> None:
        """Take a refusal: who, where, what they asked for, its name, its text."""
        log.warning(
            "person refused",
            actor=asker.actor,
            place=str(place),
            asked_for=asked_for,
            refusal=refusal,
            detail=detail,
        )
        if self._told_lately((asker.actor, place, asked_for, refusal)):
            return
        command = RecordRefusal(
            command_id=new_id(),
            installation_id=place.installation_id,
            charger_id=place.charger_id,
            asked_for=asked_for[:120],
            refusal=refusal[:60],
            detail=detail[:500],
        )
        if self._waiting.full():
            log.error("refusal not put on record, too many wait", waiting=WAITING_MAX)
        else:
            self._waiting.put_nowait((asker.actor, command))

    def _told_lately(self, what: tuple[str, Place, str, str]) -> bool:
        now = self._now()
        if len(self._told_at) >= WAITING_MAX:
            self._told_at = {
                it: at
                for it, at in self._told_at.items()
                if (now - at).total_seconds() < SAME_S
            }
        at = self._told_at.get(what)
        if at is not None and (now - at).total_seconds() < SAME_S:
            return True
        if len(self._told_at) < WAITING_MAX:
            self._told_at[what] = now
        return False

    async def run(self) -> None:
        """Have what waits put on record, one after another, for as long as the portal runs."""
        while True:
            actor, command = await self._waiting.get()
            await self._put_on_record(actor, command)

    async def _put_on_record(self, actor: str, command: RecordRefusal) -> None:
        subject = subjects.command(RecordRefusal, command.installation_id or PLATFORM)
        for left in reversed(range(TRIES_MAX)):
            try:
                answer = await request(self._client, command, subject, Context(actor, new_id()))
            except ServiceUnavailable as fault:
                log.warning("refusal not put on record yet", fault=str(fault), tries_left=left)
                await asyncio.sleep(PAUSE_S)
                continue
            if not answer.accepted:
                log.error("refusal not put on record", detail=answer.detail, actor=actor)
            return
        log.error("refusal not put on record, nobody answered", actor=actor)
