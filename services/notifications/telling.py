"""
From our own log to whom it concerns: every warning is noted once for each who wants to hear of it.

Up to where that was done is written in the same transaction, so that a restart goes on from there.
"""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import asyncpg
import structlog

from services.notifications.audience import wanted_by
from services.notifications.bodies import TYPES, body_of
from services.notifications.knowledge import Knowledge
from services.notifications.ledger import Ledger
from services.notifications.outbox import Content, Due, Outbox
from services.notifications.pacing import due
from shared.clock import utc_now
from shared.commits import DATABASE_FAULTS
from shared.event_store import EventStore
from shared.followers import Connection
from shared.messages.notifications import (
    WarningAcknowledged,
    WarningCleared,
    WarningRaised,
    Way,
)
from shared.recorded import Recorded
from shared.tasks import keep_running

LOOK_S: Final = 0.5
PAGE: Final = 200
_TOLD: Final = frozenset(it.__name__ for it in TYPES)

log = structlog.get_logger()


class Telling:
    """
    Reads our own log, folds it, and notes who is to be told.

    Args:
        gathered: how long is waited for more before somebody is told by e-mail; none: there is no mail
            server.
    """

    def __init__(
        self,
        pool: "asyncpg.Pool[Any]",
        store: EventStore,
        ledger: Ledger,
        knowledge: Knowledge,
        outbox: Outbox,
        *,
        gathered: timedelta | None,
    ) -> None:
        self._pool = pool
        self._store = store
        self._ledger = ledger
        self._knowledge = knowledge
        self._outbox = outbox
        self._gathered = gathered
        self._turn = asyncio.Lock()
        self._told_up_to = -1

    async def read(self) -> None:
        """Fold the log up to its end."""
        async with self._turn:
            async for page in self._store.durable_pages(self._ledger.position):
                for recorded in page:
                    self._ledger.hear(recorded)

    async def run(self) -> None:
        """Read and tell, for ever."""

        async def work() -> None:
            await self.read()
            await self.tell()

        def on_fault(fault: Exception) -> None:
            log.warning("our own log cannot be read now", fault=repr(fault))

        await keep_running(work, DATABASE_FAULTS, on_fault, LOOK_S)

    async def tell(self) -> None:
        """Note who is to be told of what was appended since."""
        known = self._ledger.position
        if known == self._told_up_to:
            return
        while await self._tell_page(utc_now()):
            pass
        self._told_up_to = known

    async def _tell_page(self, now: datetime) -> bool:
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(
                "insert into told_up_to (position) values (0) on conflict do nothing"
            )
            position = await connection.fetchval("select position from told_up_to for update")
            page = await self._store.read(min(position, self._ledger.position), PAGE)
            page = [it for it in page if it.position <= self._ledger.position]
            for recorded in page:
                if recorded.type in _TOLD:
                    await self._tell_of(connection, recorded, now)
            reached = page[-1].position if page else min(position, self._ledger.position)
            if reached != position:
                await connection.execute("update told_up_to set position = $1", reached)
        return bool(page)

    async def _tell_of(self, connection: Connection, recorded: Recorded, now: datetime) -> None:
        event = recorded.event
        assert isinstance(event, WarningRaised | WarningCleared | WarningAcknowledged)  # noqa: S101  # what it tells of
        noted = list(self._to_programs(recorded, now))
        if isinstance(event, WarningRaised) and self._gathered is not None:
            noted += await self._to_people(connection, recorded, event, self._gathered, now)
        await self._outbox.put_within(connection, noted, now)

    def _to_programs(self, recorded: Recorded, now: datetime) -> Iterator[Due]:
        event: Any = recorded.event
        here = event.installation_id
        site = self._knowledge.sites.get(here)
        kind = getattr(event, "kind", None)
        body = body_of(recorded, here if site is None else site.name)
        for webhook in self._ledger.choices_at(here).webhooks.values():
            if kind is None or kind in webhook.kinds:
                yield Due(
                    installation_id=here,
                    way=Way.WEBHOOK,
                    kind=Content.WARNING,
                    target=webhook.webhook_id,
                    cause=str(recorded.event_id),
                    due_at=now,
                    warning_id=event.warning_id,
                    body=body,
                )

    async def _to_people(
        self,
        connection: Connection,
        recorded: Recorded,
        event: WarningRaised,
        gathered: timedelta,
        now: datetime,
    ) -> Sequence[Due]:
        here = event.installation_id
        site = self._knowledge.sites.get(here)
        zone = ZoneInfo("UTC" if site is None else site.time_zone)
        grants, choices = self._knowledge.book.grants, self._ledger.choices_at(here)
        found = []
        for wanted in wanted_by(grants, choices, here, now):
            chosen = wanted.chosen
            if event.kind not in chosen.kinds:
                continue
            sent = await self._outbox.sent_lately(connection, here, wanted.person_id, now)
            at = due(chosen.pace, chosen.quiet, zone, now, sent, gathered)
            if at is not None:
                found.append(
                    Due(
                        installation_id=here,
                        way=Way.EMAIL,
                        kind=Content.WARNING,
                        target=wanted.person_id,
                        cause=str(recorded.event_id),
                        due_at=at,
                        warning_id=event.warning_id,
                    )
                )
        return found
