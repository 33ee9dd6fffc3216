"""
Puts on record what became of what was to be told.

A delivery is marked as ended in the table at once, and put on record after that; the record has the id of
the delivery as its command id, so that it is made once.
"""

from collections.abc import Sequence
from typing import Any, Final

import structlog

from services.notifications.language import deliveries_at
from services.notifications.outbox import Outbox, Row
from shared.clock import utc_now
from shared.commits import DATABASE_FAULTS, CommandKnown, Commit, StoreFault, StreamEvents
from shared.event_store import EventStore
from shared.ids import new_id
from shared.messages.notifications import (
    NotificationFailed,
    NotificationSent,
    Way,
)
from shared.recorded import Meta
from shared.tasks import keep_running
from shared.transact import ACCEPTED

LOOK_S: Final = 1.0
ACTOR: Final = "notifications"

log = structlog.get_logger()


class Recording:
    """Appends what has ended."""

    def __init__(self, store: EventStore, outbox: Outbox) -> None:
        self._store = store
        self._outbox = outbox

    async def run(self) -> None:
        """Record for ever; a database that is away is waited for."""

        def on_fault(fault: Exception) -> None:
            log.warning("deliveries are not on record yet", fault=repr(fault))

        await keep_running(self._record, (*DATABASE_FAULTS, StoreFault), on_fault, LOOK_S)

    async def _record(self) -> None:
        for rows in await self._outbox.unrecorded():
            event = record_of(rows)
            command_id = f"delivery:{rows[0].batch}:{event.attempts}:{event.way}"
            meta = Meta(actor=ACTOR, command_id=command_id, correlation_id=new_id())
            parts = [StreamEvents(deliveries_at(event.installation_id), None, [event])]
            try:
                await self._store.append(Commit(command_id, b"", ACCEPTED, meta, parts))
            except CommandKnown:
                log.info("delivery is on record already", command_id=command_id)
            await self._outbox.recorded(rows)
        await self._outbox.tidy(utc_now())


def record_of(rows: Sequence[Row]) -> NotificationSent | NotificationFailed:
    """Say what became of what went together."""
    row = rows[0]
    about: dict[str, Any] = {
        "installation_id": row.installation_id,
        "delivery_id": row.batch,
        "way": row.way,
        "person_id": row.target if row.way is Way.EMAIL else None,
        "webhook_id": row.target if row.way is Way.WEBHOOK else None,
        "warning_ids": tuple(it.warning_id for it in rows if it.warning_id is not None),
        "order_id": row.order_id,
        "attempts": max(1, *(it.attempts for it in rows)),
    }
    if row.done_at is not None:
        return NotificationSent(**about)
    return NotificationFailed(**about, reason=row.fault)
