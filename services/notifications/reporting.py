"""
Ordered reports: noted once for each month and recipient, when their day has come.

That it is owed is written down before it is tried; the portal makes it when it is sent.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import structlog

from services.notifications.knowledge import Knowledge
from services.notifications.ledger import Ledger
from services.notifications.outbox import Content, Due, Outbox
from services.notifications.pacing import report_months
from shared.clock import utc_now
from shared.commits import DATABASE_FAULTS
from shared.messages.notifications import Way
from shared.tasks import keep_running

LOOK_S: Final = 15.0

log = structlog.get_logger()


class Reporting:
    """Looks which reports are owed."""

    def __init__(self, knowledge: Knowledge, ledger: Ledger, outbox: Outbox) -> None:
        self._knowledge = knowledge
        self._ledger = ledger
        self._outbox = outbox

    async def run(self) -> None:
        """Look for ever; a database that is away is waited for."""

        async def work() -> None:
            now = utc_now()
            await self._outbox.put(list(self.owed(now)), now)

        def on_fault(fault: Exception) -> None:
            log.warning("reports wait for the database", fault=repr(fault))

        await keep_running(work, DATABASE_FAULTS, on_fault, LOOK_S)

    def owed(self, now: datetime) -> Iterator[Due]:
        """Name what is owed by now, for this month; what was noted before is named again."""
        for installation_id, choices in self._ledger.choices.items():
            site = self._knowledge.sites.get(installation_id)
            zone = ZoneInfo("UTC" if site is None else site.time_zone)
            for order in choices.orders.values():
                ordered_at = self._ledger.ordered_at[order.order_id]
                month = report_months(order.day, zone, ordered_at, now)
                if month is None:
                    continue
                for person_id in order.recipients:
                    yield Due(
                        installation_id=installation_id,
                        way=Way.EMAIL,
                        kind=Content.REPORT,
                        target=person_id,
                        cause=f"report:{order.order_id}:{month}",
                        due_at=now,
                        order_id=order.order_id,
                        body=month,
                    )
