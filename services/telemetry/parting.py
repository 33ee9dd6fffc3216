"""
How a charger is let go that gets nothing any more: it draws no current from then on, and the end of its
session is not lost.

    fail-safe of 0 A     whatever happens later, with or without us, it offers nothing
    limit ended          and does so at once, however long its lease had to go
    session stopped      its car's transaction ends, and the end is waited for: it has the register
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Final

import structlog

from services.telemetry.calls import CallFailed, Calls, status_of
from services.telemetry.charger import ACCEPTED, open_session
from services.telemetry.dialect import Tongue
from services.telemetry.fail_safes import FailSafes
from services.telemetry.histories import LOG_FAULTS, History
from services.telemetry.holding import NOTHING_THERE, Holding
from services.telemetry.parts import Parts
from services.telemetry.ways import Limit
from shared.clock import utc_now
from shared.context import acting

LEASE_MAX: Final = timedelta(hours=1)
"""Longer than any lease: a limit of 0 A that outlives the one it replaces."""

log = structlog.get_logger()


class Parting:
    """Lets one connected charger go."""

    def __init__(
        self,
        parts: Parts,
        history: History,
        calls: Calls,
        tongue: Tongue,
        holding: Holding,
        fail_safes: FailSafes,
    ) -> None:
        self._parts = parts
        self._history = history
        self._calls = calls
        self._tongue = tongue
        self._holding = holding
        self._fail_safes = fail_safes

    async def run(self, told_to_wait: Callable[[], bool]) -> None:
        """
        Do all of it, as far as the charger takes part, within a bounded time.

        Args:
            told_to_wait: whether the charger has booted and was answered Pending: then it says
                nothing of its session until it has booted again.
        """
        with acting(f"charger/{self._history.assigned.serial}"):
            try:
                await self._to_zero()
                await self._end_session(told_to_wait)
            except CallFailed as fault:
                log.warning("charger sent away unprepared", fault=str(fault))
            except LOG_FAULTS as fault:
                log.warning("charger sent away, not all is on record", fault=repr(fault))

    # --- No current ---

    async def _to_zero(self) -> None:
        status = await self._fail_safes.put()
        if status != ACCEPTED:
            # Its session is stopped all the same; when it comes again, it is asked again.
            log.error("charger does not take a fail-safe of 0 A", status=status)
        status = await status_of(self._holding.end_limit())
        if status in {ACCEPTED, NOTHING_THERE}:
            return
        log.warning("limit not ended, it is replaced by 0 A", status=status)
        status = await status_of(self._holding.put_limit(Limit(0.0, utc_now() + LEASE_MAX)))
        if status != ACCEPTED:
            log.error("charger does not take a limit of 0 A", status=status)

    # --- The session's end ---

    async def _end_session(self, told_to_wait: Callable[[], bool]) -> None:
        session = open_session(self._history.state, self._history.assigned)
        if session is None:
            return
        status = await status_of(self._tongue.end(session))
        if status != ACCEPTED:
            # It may have ended long ago, and the charger has yet to say so.
            log.info("session not stopped from here", status=status)
        if told_to_wait():
            await status_of(self._tongue.ask_to_boot())
        if not await self._heard_the_end():
            log.warning("end of the session not told yet", session_id=session.session_id)

    async def _heard_the_end(self) -> bool:
        """Wait until no session is open, the connection is gone, or it takes too long."""
        waits = [
            asyncio.create_task(self._history.no_session()),
            asyncio.create_task(self._calls.lost.wait()),
        ]
        try:
            await asyncio.wait(
                waits,
                timeout=self._parts.settings.last_words_s,
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            for wait in waits:
                wait.cancel()
        return self._history.state.session is None
