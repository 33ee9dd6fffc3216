"""One connected charger's clock: measured by its readings, put on record, set right, and allowed for."""

import asyncio
from dataclasses import replace
from datetime import datetime
from typing import Final

import structlog

from services.telemetry.calls import Aside, CallFailed
from services.telemetry.clocks import Clock, corrected, is_news, is_off
from services.telemetry.dialect import Tongue
from services.telemetry.histories import LOG_FAULTS, History
from services.telemetry.said import Began, Ended, Metered
from shared.clock import utc_now
from shared.context import acting
from shared.messages.telemetry import ClockDriftMeasured

ASK_EVERY_S: Final = 600.0
"""A charger whose clock is wrong is asked for a sign of life no more often."""

log = structlog.get_logger()


class ClockKeeping:
    """The clock of one connection."""

    def __init__(self, history: History, tongue: Tongue, aside: Aside) -> None:
        self._history = history
        self._tongue = tongue
        self._aside = aside
        self._clock = Clock()
        self._asked_s: float | None = None

    @property
    def _drift_s(self) -> float:
        measured_s = self._clock.drift_s
        return self._history.state.clock_drift_s if measured_s is None else measured_s

    def metered(self, said: Metered, received_at: datetime) -> Metered:
        """Learn from readings, and give them with times by our clock."""
        if not said.samples:
            return said
        newest = said.samples[-1].measured_at
        if self._clock.saw(newest, received_at):
            self._measured(self._drift_s)
        drift_s = self._drift_s
        if not is_off(drift_s):
            return said
        samples = tuple(
            it._replace(measured_at=corrected(it.measured_at, received_at, drift_s))
            for it in said.samples
        )
        return replace(said, samples=samples)

    def began(self, said: Began) -> Began:
        """Give the start of a session with its time by our clock."""
        return replace(said, at=corrected(said.at, utc_now(), self._drift_s))

    def ended(self, said: Ended) -> Ended:
        """Give the end of a session with its time by our clock."""
        return replace(said, at=corrected(said.at, utc_now(), self._drift_s))

    def _measured(self, drift_s: float) -> None:
        if is_news(self._history.state.clock_drift_s, drift_s):
            self._aside(self._put_on_record(drift_s))
        if not is_off(drift_s):
            return
        now_s = asyncio.get_running_loop().time()
        if self._asked_s is None or now_s - self._asked_s >= ASK_EVERY_S:
            self._asked_s = now_s
            self._aside(self._have_it_set())

    async def _put_on_record(self, drift_s: float) -> None:
        log.warning("charger's clock measured", drift_s=round(drift_s, 1))
        assigned = self._history.assigned
        event = ClockDriftMeasured(
            installation_id=assigned.installation_id,
            charger_id=assigned.charger_id,
            drift_s=round(drift_s, 1),
        )
        try:
            with acting(f"charger/{assigned.serial}"):
                await self._history.decide(
                    # Readings that come meanwhile find the same; it is on record once.
                    lambda state: [event] if is_news(state.clock_drift_s, drift_s) else []
                )
        except LOG_FAULTS as fault:
            # The next reading shows it again.
            log.info("drift of a clock not put on record yet", fault=repr(fault))

    async def _have_it_set(self) -> None:
        """Have the charger ask for the time, to which it sets its clock."""
        try:
            status = await self._tongue.ask_alive()
        except CallFailed as fault:
            log.info("charger not asked for a sign of life", fault=str(fault))
        else:
            log.info("charger asked for a sign of life, to set its clock", status=status)
