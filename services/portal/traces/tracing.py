"""Traces: what is heard goes in, and comes out again, from memory and database as one."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog

from services.portal.traces.keeping import KEPT, Keeping
from services.portal.traces.recent import Recent
from services.portal.traces.samples import (
    MINUTE_S,
    Key,
    Minute,
    Sample,
    breaker_part,
    charger_part,
    minute_of,
)
from services.portal.traces.trace import Trace, coarser, trace_of
from shared.commits import DATABASE_FAULTS
from shared.ids import ChargerId, InstallationId
from shared.messages.balancer import SiteBalance
from shared.messages.telemetry import MeterReading
from shared.messaging import ServiceUnavailable
from shared.phases import PHASES, Phase

FINE: Final = timedelta(hours=2)
"""Spans of up to this are told with every moment that was heard lately."""
BY_MINUTES: Final = timedelta(hours=26)
"""Spans of up to this are told minute by minute, longer ones by quarters of an hour. A day is told by
minutes, by whichever clock it is asked for."""
QUARTER_S: Final = 900

LimitOf = Callable[[InstallationId, ChargerId], float | None]

log = structlog.get_logger()


class TraceUnavailable(ServiceUnavailable):
    """The database that keeps traces does not answer now."""


class Traces:
    """
    Takes in what is heard, and tells how it went.

    Args:
        recent: what was heard lately.
        keeping: what is kept of the days before.
        limit_of: a charger's limit in force.
        now: reads the clock.
    """

    def __init__(
        self,
        recent: Recent,
        keeping: Keeping,
        limit_of: LimitOf,
        now: Callable[[], datetime],
    ) -> None:
        self._recent = recent
        self._keeping = keeping
        self._limit_of = limit_of
        self._now = now

    # --- In ---

    def hear_reading(self, reading: MeterReading) -> None:
        """Take in what a charger's meter shows."""
        key = (reading.installation_id, charger_part(reading.charger_id))
        limit_a = self._limit_of(reading.installation_id, reading.charger_id)
        self._recent.take(
            key, Sample(reading.received_at.timestamp(), reading.current_a, limit_a)
        )

    def hear_balance(self, balance: SiteBalance) -> None:
        """Take in what breakers carry."""
        at_s = balance.measured_at.timestamp()
        for it in balance.breakers:
            sample = Sample(at_s, it.measured_a, it.set_a, it.committed_a)
            self._recent.take((balance.installation_id, breaker_part(it.circuit_id)), sample)

    # --- Out ---

    async def minutes(self, key: Key, begins: datetime, ends: datetime) -> list[Minute]:
        """
        Name the minutes of a charger or a breaker within a span of time, in their order.

        Raises:
            TraceUnavailable: the database does not answer.
        """
        first = datetime.fromtimestamp(minute_of(begins.timestamp()), begins.tzinfo)
        try:
            kept = await self._keeping.minutes(key, first, ends)
        except DATABASE_FAULTS as fault:
            raise TraceUnavailable("the portal's traces cannot be read now") from fault
        known = {it.at_s: it for it in kept}
        for it in self._recent.minutes(key):
            if first.timestamp() <= it.at_s < ends.timestamp():
                known.setdefault(it.at_s, it)
        return [known[it] for it in sorted(known)]

    async def trace(
        self, key: Key, begins: datetime, ends: datetime, lines: Sequence[Phase] = PHASES
    ) -> Trace:
        """
        Tell how a charger or a breaker went.

        Args:
            key: which.
            begins: from when; what is older than `KEPT` is gone.
            ends: until when.
            lines: those that there are in the grid.

        Raises:
            TraceUnavailable: the database does not answer.
        """
        minutes = await self.minutes(key, max(begins, self._now() - KEPT), ends)
        span = ends - begins
        if span <= FINE:
            since_s, until_s = begins.timestamp(), ends.timestamp()
            found = self._recent.moments(key, since_s)
            return trace_of(minutes, (it for it in found if it.at_s <= until_s), lines)
        if span <= BY_MINUTES:
            return trace_of(minutes, lines=lines, step_s=MINUTE_S)
        return trace_of(coarser(minutes, QUARTER_S), lines=lines, step_s=QUARTER_S)
