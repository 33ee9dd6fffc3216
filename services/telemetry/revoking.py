"""
What becomes of a session whose driver may charge no more: it goes on to its end, unless it is set
otherwise.

Drivers expect a car that charges to be full in the morning; whoever took their right away can end the
session by hand. Where nobody may draw a kilowatt-hour too many, `TELEMETRY_ON_REVOCATION=stop` has
sessions stopped within seconds, also when a right ends by its time.
"""

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

from services.telemetry.calls import AnsweredError, Unanswered
from services.telemetry.dialect import Tongue
from services.telemetry.drivers import Drivers
from services.telemetry.histories import LOG_FAULTS, History
from services.telemetry.parts import Parts
from shared.context import acting
from shared.ids import SessionId

LOOK_S: Final = 2.0

log = structlog.get_logger()


class Revoking:
    """Watches the session at one connected charger."""

    def __init__(
        self,
        parts: Parts,
        history: History,
        tongue: Tongue,
        drivers: Drivers,
        ready: Callable[[], bool],
    ) -> None:
        self._parts = parts
        self._history = history
        self._tongue = tongue
        self._drivers = drivers
        self._ready = ready
        self._stopped: SessionId | None = None
        """Which session the charger has been asked to end."""

    async def run(self) -> None:
        """Stop sessions whose right has ended, until the connection ends; nothing, if they go on."""
        while self._parts.settings.on_revocation == "stop":
            await asyncio.sleep(LOOK_S)
            session = self._history.state.session
            if session is None or session.session_id == self._stopped or not self._ready():
                continue
            with acting("system"):
                try:
                    if await self._drivers.may_go_on(session):
                        continue
                    await self._tongue.end(session)
                    self._stopped = session.session_id
                    log.info("session stopped, its driver may charge no more")
                except AnsweredError as error:
                    self._stopped = session.session_id
                    log.warning("session not stopped, the charger refuses", fault=str(error))
                except Unanswered as fault:
                    log.info("session not stopped yet", fault=str(fault))
                except LOG_FAULTS as fault:
                    log.warning("session not stopped yet, no log", fault=repr(fault))
