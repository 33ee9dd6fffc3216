"""
What one connected charger is told to hold, in the way in which it can.

Where one profile holds fail-safe and limit, each is told with the other: one after another, so that neither
brings back what the other has replaced.
"""

import asyncio
from dataclasses import replace
from datetime import datetime
from typing import Final

from services.telemetry.charger import ACCEPTED
from services.telemetry.dialect import Tongue
from services.telemetry.held import Held
from services.telemetry.histories import History
from services.telemetry.ways import NOT_HELD, Limit, Way, Wired, Wording
from shared.clock import utc_now
from shared.messages.holding import Holds, LimitWayChosen, Unit
from shared.units import TOLERANCE_A

NOTHING_THERE: Final = "Unknown"
"""How a charger answers that there is no limit to end (OCPP 1.6, section 5.4)."""


class Holding:
    """The fail-safe and the limit of one connected charger."""

    def __init__(self, history: History, tongue: Tongue) -> None:
        self._history = history
        self._tongue = tongue
        self._turn = asyncio.Lock()
        self._limit = self._held.limit

    @property
    def _held(self) -> Held:
        return self._history.state.held.of(self._history.assigned.serial)

    @property
    def way(self) -> Way:
        """In which way it is told."""
        return self._held.way

    @property
    def known(self) -> bool:
        """Whether it was found out in which way it can be told."""
        return self._held.known_of(self._history.assigned.serial)

    @property
    def wording(self) -> Wording:
        """How it counts."""
        return Wording(self.way, self._wired)

    @property
    def _wired(self) -> Wired:
        assigned = self._history.assigned
        return Wired(assigned.grid_type, len(assigned.wiring))

    def living(self, now: datetime) -> Limit | None:
        """Name the limit that it has taken last, while its lease goes on."""
        return self._limit if self._limit is not None and self._limit.lives(now) else None

    def tellable(self, terminals: tuple[int, ...] | None) -> bool:
        """Tell whether it can be told to charge from these terminals only. A limit that stands in one
        profile with the fail-safe is told again with it, also by a gateway that knows its amperes only."""
        all_of_them = terminals is None or len(terminals) == self._wired.terminals
        if self.way.holds is Holds.SCHEDULED and not all_of_them:
            return False
        return self._tongue.tellable(terminals)

    # --- Telling ---

    async def put_fail_safe(self, fail_safe_a: float) -> str:
        """
        Have it fall back to so many amperes; the limit that is in force stays in force.

        Returns:
            What it has answered, "Accepted" if it does.

        Raises:
            CallFailed: it has not answered, or with an error.
        """
        async with self._turn:
            return await self._put_fail_safe(fail_safe_a, self.way)

    async def _put_fail_safe(self, fail_safe_a: float, way: Way) -> str:
        self._tongue.word_by(Wording(way, self._wired))
        match way.holds:
            case Holds.STACKED:
                return await self._tongue.put_fail_safe(fail_safe_a)
            case Holds.SCHEDULED:
                return await self._tongue.put_in_one(fail_safe_a, self.living(utc_now()))
            case Holds.FAIL_SAFE_ONLY:
                return await self._tongue.put_in_one(fail_safe_a, None)
            case Holds.FIXED:
                return self._fixed(fail_safe_a)

    def _fixed(self, fail_safe_a: float) -> str:
        most_a = self._history.assigned.most_a
        if most_a <= fail_safe_a + TOLERANCE_A:
            return ACCEPTED
        return (
            f"it cannot be limited and may always draw {most_a:g} A; where there is room for that, set "
            f"its fail-safe to {most_a:g} A"
        )

    async def put_limit(self, limit: Limit) -> str:
        """
        Have it draw no more than a limit until its lease ends.

        Returns:
            What it has answered, "Accepted" if it does.

        Raises:
            CallFailed: it has not answered, or with an error.
            LOG_FAULTS: that it takes whole amperes only could not be put on record.
        """
        if not self.way.limits:
            return NOT_HELD
        async with self._turn:
            way = self.way
            status = await self._put_limit(limit, way)
            sent_a = self.wording.sent_a(limit.limit_a)
            if status == "Rejected" and way.unit is Unit.AMPERES and sent_a != int(sent_a):
                whole = replace(way, whole=True)
                status = await self._put_limit(limit, whole)
                if status == ACCEPTED:
                    await self._choose(whole)
            return status

    async def _put_limit(self, limit: Limit, way: Way) -> str:
        self._tongue.word_by(Wording(way, self._wired))
        if way.holds is Holds.STACKED:
            status = await self._tongue.put_limit(
                limit.limit_a, limit.valid_until, limit.terminals
            )
        else:
            fail_safe_a = self._history.assigned.fail_safe_a
            status = await self._tongue.put_in_one(fail_safe_a, limit)
        if status == ACCEPTED:
            self._limit = limit
        return status

    async def end_limit(self) -> str:
        """
        End the limit before its lease does.

        Returns:
            "Accepted", "Unknown" if there is none, or what else it answers.

        Raises:
            CallFailed: it has not answered, or with an error.
        """
        async with self._turn:
            status = await self._end_limit(self.way)
            if status in {ACCEPTED, NOTHING_THERE}:
                self._limit = None
            return status

    async def _end_limit(self, way: Way) -> str:
        self._tongue.word_by(Wording(way, self._wired))
        match way.holds:
            case Holds.STACKED:
                return await self._tongue.end_limit()
            case Holds.SCHEDULED | Holds.FAIL_SAFE_ONLY:
                return await self._tongue.put_in_one(self._history.assigned.fail_safe_a, None)
            case Holds.FIXED:
                return NOTHING_THERE

    # --- The way ---

    async def try_fail_safe(self, way: Way, fail_safe_a: float) -> str:
        """Have it fall back to so many amperes in a way that may not be open to it; see `put_fail_safe`."""
        async with self._turn:
            return await self._put_fail_safe(fail_safe_a, way)

    async def try_limit(self, way: Way, limit: Limit) -> str:
        """Have it hold a limit, for a trial, in such a way; see `put_limit`."""
        async with self._turn:
            return await self._put_limit(limit, way)

    async def end_trial(self, way: Way) -> str:
        """End the limit of a trial; see `end_limit`."""
        async with self._turn:
            self._limit = None
            return await self._end_limit(way)

    async def choose(self, way: Way) -> None:
        """
        Tell it in this way from now on.

        Raises:
            LOG_FAULTS: it could not be put on record.
        """
        async with self._turn:
            await self._choose(way)

    async def change(self, way: Way) -> str:
        """
        Tell it what it holds anew in another way, and go on in that; no moment is without both.

        Returns:
            What it has answered; if not "Accepted", it goes on in the way it was.

        Raises:
            CallFailed: it has not answered, or with an error.
            LOG_FAULTS: it could not be put on record.
        """
        async with self._turn:
            before, living = self.way, self.living(utc_now())
            status = await self._put_fail_safe(self._history.assigned.fail_safe_a, way)
            if status == ACCEPTED and way.holds is Holds.STACKED and living is not None:
                status = await self._put_limit(living, way)
            if status != ACCEPTED:
                return status
            if before.holds is Holds.STACKED and way.holds is not Holds.STACKED:
                await self._tongue.end_limit()
            if not way.limits:
                self._limit = None
            await self._choose(way)
            return status

    async def _choose(self, way: Way) -> None:
        if self.known and way == self.way:
            return
        assigned = self._history.assigned
        chosen = LimitWayChosen(
            installation_id=assigned.installation_id,
            charger_id=assigned.charger_id,
            serial=assigned.serial,
            firmware=way.firmware,
            holds=way.holds,
            scope=way.scope,
            unit=way.unit,
            whole=way.whole,
            shows=way.shows,
            spread=max(1.0, way.spread(self._wired)),
            reason=way.reason,
        )
        await self._history.record([chosen])
