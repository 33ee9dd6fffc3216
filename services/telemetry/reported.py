"""What becomes of the readings of one connected charger: they are published, and answered once stored."""

from collections.abc import Callable

import structlog

from services.telemetry import metering
from services.telemetry.clock_keeping import ClockKeeping
from services.telemetry.histories import History
from services.telemetry.parts import Parts
from services.telemetry.said import Metered, Reply
from shared.clock import utc_now
from shared.context import acting
from shared.messages.telemetry import MeterReading

log = structlog.get_logger()


class Reported:
    """The readings of one connection."""

    def __init__(
        self,
        parts: Parts,
        history: History,
        clock: ClockKeeping,
        on_reading: Callable[[MeterReading], None],
    ) -> None:
        self._parts = parts
        self._history = history
        self._clock = clock
        self._on_reading = on_reading
        self._told = False

    async def metered(self, said: Metered) -> Reply:
        """
        Take readings; what is answered is kept.

        Raises:
            LOG_FAULTS: a signed value among them could not be put on record.
        """
        if said.signed:
            history = self._history
            session = metering.session_of(history.state.session, said)
            with acting(f"charger/{history.assigned.serial}"):
                await self._parts.signed.keep(history.assigned, session, said.samples)
        if self.publish(said):
            await self._parts.publisher.stored()
        return None

    def publish(self, said: Metered) -> bool:
        """Hand readings to the publisher; returns at once, and tells whether there were any."""
        history, now = self._history, utc_now()
        said = self._clock.metered(said, now)
        found = metering.readings(history.assigned, history.state.session, said, now)
        for reading in found:
            self._parts.publisher.offer(reading)
            self._on_reading(reading)
        if not found and not self._told:
            self._told = True
            log.warning(
                "meter values without current or power give no reading",
                connector=said.connector,
            )
        return bool(found)
