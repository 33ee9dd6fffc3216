"""
Whether a charger holds what it has confirmed, by its own word (GetCompositeSchedule).

It is asked now and then: after its fail-safe was put, with the first limit of a session, when readings are
above its limit, and once in a while; a limit that waits comes first. If its schedule allows more than it
has confirmed, that is put on record, and the next way of limiting it is tried. A charger that does not
answer is not asked again.
"""

import asyncio
import contextlib
import time
from dataclasses import replace
from typing import Final

import structlog

from services.telemetry.calls import Aside, CallFailed
from services.telemetry.charger import ACCEPTED
from services.telemetry.dialect import Tongue
from services.telemetry.held import Held, HeldFact
from services.telemetry.histories import LOG_FAULTS, History
from services.telemetry.holding import Holding
from services.telemetry.moments import Moment
from services.telemetry.ways import (
    Limit,
    Shows,
    Span,
    Way,
    beyond,
    lesser,
    rounds_up,
    shows,
)
from shared.clock import utc_now
from shared.context import acting
from shared.messages.holding import (
    FailSafeNotInForce,
    LimitNotInForce,
    LimitsShown,
)
from shared.messages.telemetry import MeterReading
from shared.units import CAR_FOLLOW_S

EVERY_S: Final = 900.0
"""A charger that is told limits is asked at least so often."""
PAUSE_S: Final = 1.0
"""So long limits go first, and a charger is left alone between two questions."""
READ_PAUSE_S: Final = 60.0
"""Readings above a limit have it asked at most so often."""
READ_ABOVE_A: Final = 1.0
REACH_S: Final = 60
"""How far beyond the end of a lease it is asked for."""

log = structlog.get_logger()


class Verifying:
    """Looks after what one connected charger holds."""

    def __init__(
        self,
        history: History,
        tongue: Tongue,
        holding: Holding,
        lost: Moment,
        aside: Aside,
    ) -> None:
        """
        Make it.

        Args:
            history: the charger's.
            tongue: asks it.
            holding: knows what it was told.
            lost: set when its connection is gone.
            aside: does something besides handling its requests.
        """
        self._history = history
        self._tongue = tongue
        self._holding = holding
        self._lost = lost
        self._aside = aside
        self._due = self._busy = False
        self._session_id: str | None = None
        self._asked_at_s = self._read_at_s = -EVERY_S

    @property
    def _held(self) -> Held:
        return self._history.state.held

    # --- When ---

    def due(self) -> None:
        """Ask it soon, if it answers such questions."""
        if not self._holding.way.shows:
            return
        self._due = True
        if not self._busy:
            self._busy = True
            self._aside(self._run())

    def limit_taken(self) -> None:
        """Take notice of a limit that was confirmed: the first one of a session is looked at."""
        session = self._history.state.session
        session_id = None if session is None else session.session_id
        long_ago = time.monotonic() - self._asked_at_s >= EVERY_S
        if session_id != self._session_id or self._held.doubted or long_ago:
            self._session_id = session_id
            self.due()

    def heard(self, reading: MeterReading) -> None:
        """Take notice of a reading: one above what it was told is looked at."""
        if not self._holding.way.shows:
            return
        told_a = self._told_a()
        above = told_a is not None and max(reading.current_a) > told_a + READ_ABOVE_A
        if above and time.monotonic() - self._read_at_s >= READ_PAUSE_S:
            self._read_at_s = time.monotonic()
            self.due()

    def _told_a(self) -> float | None:
        living = self._holding.living(utc_now())
        return self._history.state.fail_safe_a if living is None else living.limit_a

    async def _run(self) -> None:
        """Ask for as long as it is due."""
        try:
            while self._due and not await self._lost_within(PAUSE_S):
                self._due = False
                self._asked_at_s = time.monotonic()
                with acting(f"charger/{self._history.assigned.serial}"):
                    await self._verify()
        except CallFailed as fault:
            log.info("charger not reached to look after its limit", fault=str(fault))
        except LOG_FAULTS as fault:
            log.warning("what a charger shows is not on record", fault=repr(fault))
        finally:
            self._busy = False

    async def _lost_within(self, seconds: float) -> bool:
        """Wait for so long; tell whether the connection is gone."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._lost.wait(), seconds)
        return self._lost.is_set()

    # --- What it shows ---

    async def _verify(self) -> None:
        living, fail_safe_a = self._holding.living(utc_now()), self._history.state.fail_safe_a
        if fail_safe_a is None:
            return
        lease_s = None
        if living is not None:
            lease_s = (living.valid_until - utc_now()).total_seconds()
        duration_s = int(lease_s or 0) + REACH_S
        spans = await self._schedule(duration_s)
        if spans is None:
            await self._holding.choose(replace(self._holding.way, shows=False))
            return
        if living != self._holding.living(utc_now()) or (
            fail_safe_a != self._history.state.fail_safe_a
        ):
            self._due = True  # it was told otherwise meanwhile: what it shows is of neither
            return
        found = shows(spans, duration_s, lease_s, self._holding.wording)
        await self._judge(found, living, fail_safe_a)

    async def _schedule(self, duration_s: int) -> tuple[Span, ...] | None:
        try:
            spans = await self._tongue.schedule(duration_s)
        except CallFailed as fault:
            log.info("charger does not say what it holds any more", fault=str(fault))
            return None
        return None if spans is None else tuple(spans)

    async def _judge(self, found: Shows, living: Limit | None, fail_safe_a: float) -> None:
        held, wording = self._held, self._holding.wording
        about = {
            "installation_id": self._history.assigned.installation_id,
            "charger_id": self._history.assigned.charger_id,
        }
        events: list[HeldFact] = []
        way = self._holding.way
        told_a = 0.0 if living is None else wording.sent_a(living.limit_a)
        above = living is not None and beyond(found.now_a, told_a)
        if above and living is not None and found.now_a is not None:
            way = _next(way, found.now_a, told_a)
            if held.limit_shown_a != found.now_a:
                not_in_force = LimitNotInForce(
                    **about, limit_a=told_a, sequence=living.sequence, shown_a=found.now_a
                )
                events.append(not_in_force)
        later = beyond(found.later_a, wording.sent_a(fail_safe_a))
        if later and found.later_a is not None:
            way = _next(way, found.later_a, fail_safe_a)
            if held.fail_safe_shown_a != found.later_a:
                unsafe = FailSafeNotInForce(
                    **about, fail_safe_a=fail_safe_a, shown_a=found.later_a
                )
                events.append(unsafe)
        if held.doubted and not above and not later:
            events.append(LimitsShown(**about))
        if events:
            log.warning("what a charger shows", events=[type(it).__name__ for it in events])
            await self._history.record(events)
        if (way.holds, way.whole) != (self._holding.way.holds, self._holding.way.whole):
            await self._change(way)

    async def _change(self, way: Way) -> None:
        """Have it hold the same in another way. Where that is the fail-safe alone, its limit goes on to its
        end: it may hold the fail-safe down, and others were told more on the strength of it."""
        living = self._holding.living(utc_now())
        if not way.limits and living is not None:
            left_s = (living.valid_until - utc_now()).total_seconds()
            if await self._lost_within(left_s):
                return
        status = await self._holding.change(way)
        if status != ACCEPTED:
            log.warning("charger does not take another way", way=str(way.holds), status=status)
            return
        log.warning("charger is limited in another way", way=str(way.holds), why=way.reason)
        await self._lost_within(CAR_FOLLOW_S)  # its car may draw what it was told before
        self._due = True


def _next(way: Way, shown_a: float, told_a: float) -> Way:
    reason = f"it allows {shown_a:g} A where it was told {told_a:g} A"
    if rounds_up(shown_a, told_a) and not way.whole:
        return replace(way, whole=True, reason=reason)
    return lesser(way, reason)
