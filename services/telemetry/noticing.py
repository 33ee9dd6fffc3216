"""What a charger says of its hardware: put on record, and answered."""

from typing import Final

import structlog

from services.telemetry.handlers import Handler
from services.telemetry.histories import History
from services.telemetry.notices import (
    UNKNOWN_VENDOR,
    data_received,
    records_reported,
    security_mark,
    security_reported,
)
from services.telemetry.records import Records
from services.telemetry.said import (
    DataSent,
    DiagnosticsSaid,
    Handled,
    Reply,
    Said,
    SecuritySaid,
)

IDLE: Final = "Idle"
KINDS_MAX: Final = 50
"""So many kinds of vendors' messages of one connection are put on record, each once: some chargers send one
every few seconds."""

log = structlog.get_logger()


class Noticing:
    """Takes what one connected charger says of its hardware."""

    def __init__(self, history: History, records: Records) -> None:
        self._history = history
        self._records = records
        self._status = IDLE
        self._kinds: set[tuple[str, str | None]] = set()

    def routes(self) -> dict[type[Said], Handler]:
        """Name who takes what."""
        return {
            DiagnosticsSaid: self._records_said,
            SecuritySaid: self._security_said,
            DataSent: self._data_sent,
        }

    async def _records_said(self, said: DiagnosticsSaid) -> Reply:
        if said.status != self._status:
            await self._records.said(records_reported(self._history.assigned, said))
            self._status = said.status
        return None

    async def _security_said(self, said: SecuritySaid) -> Reply:
        assigned = self._history.assigned
        event = security_reported(assigned, said)
        if event.alarming:
            log.warning("security event", kind=said.kind, at=said.at)
        await self._records.said(event, security_mark(assigned, said))
        return None

    async def _data_sent(self, said: DataSent) -> Reply:
        kind = (said.vendor, said.message)
        if kind not in self._kinds and len(self._kinds) < KINDS_MAX:
            event = data_received(self._history.assigned, said, UNKNOWN_VENDOR)
            await self._records.said(event)
            self._kinds.add(kind)
        return Handled(UNKNOWN_VENDOR)
