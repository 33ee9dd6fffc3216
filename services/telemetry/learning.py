"""
Finding out in which way a charger can be limited, before it is accepted.

It is asked what it can; then each way that may be open is tried, the best first: the fail-safe is put, and,
where the charger tells what it would hold, a limit below it that ends soon. The first way in which it
shows what it has taken is the one. A charger that tells nothing is believed.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Final

import structlog

from services.telemetry.calls import AnsweredError, CallFailed, status_of
from services.telemetry.charger import ACCEPTED, Charger, evolve
from services.telemetry.dialect import Tongue
from services.telemetry.histories import History
from services.telemetry.holding import Holding
from services.telemetry.parts import Parts
from services.telemetry.ways import (
    Abilities,
    Limit,
    Span,
    Way,
    Wired,
    Wording,
    beyond,
    probe_a,
    shows,
    ways,
)
from shared.clock import utc_now
from shared.messages.holding import Holds, Scope, Unit

PROBE: Final = timedelta(seconds=60)
"""How long a limit is put for a trial; it is ended before."""
REACH_S: Final = 60
"""How far beyond the end of a lease a charger is asked what it would hold."""

log = structlog.get_logger()


class Learning:
    """Finds out how one connected charger can be limited."""

    def __init__(
        self, parts: Parts, history: History, tongue: Tongue, holding: Holding
    ) -> None:
        self._parts = parts
        self._history = history
        self._tongue = tongue
        self._holding = holding
        self.firmware: str | None = None
        """What the charger says that it runs; none while it has not said."""

    @property
    def due(self) -> bool:
        """It was never found out, or with other firmware; or the charger could not be limited at all, and
        somebody may have seen to that."""
        way = self._holding.way
        other = self.firmware is not None and way.firmware != self.firmware
        return not self._holding.known or other or way.holds is Holds.FIXED

    async def put_fail_safe(self, fail_safe_a: float) -> str:
        """
        Put the charger under its fail-safe in the best way that is open to it, and put that on record.

        Returns:
            What it has answered, "Accepted" if it falls back to so many amperes from now on.

        Raises:
            Unanswered: it has not answered to the fail-safe.
            LOG_FAULTS: it could not be put on record.
        """
        firmware = self.firmware or self._history.state.firmware
        former = await self._former_way()
        if former is not None and former.firmware == firmware:
            status = await status_of(self._holding.try_fail_safe(former, fail_safe_a))
            if status == ACCEPTED:
                await self._holding.choose(former)
                return status
        said = await self._abilities()
        refused: dict[tuple[Scope, Unit], str] = {}
        why: list[str] = [] if said.profiles is not False else ["it knows no charging profiles"]
        for way in ways(said):
            wording = (way.scope, way.unit)
            if wording in refused:
                continue
            status = await status_of(self._holding.try_fail_safe(way, fail_safe_a))
            if status != ACCEPTED:
                refused[wording] = status
                continue
            shown, fault = await self._trial(way, fail_safe_a)
            if fault is None:
                reason = "; ".join(why)
                await self._holding.choose(
                    replace(way, shows=shown, reason=reason, firmware=firmware)
                )
                return ACCEPTED
            log.warning("charger does not hold what it took", way=str(way.holds), fault=fault)
            why.append(fault)
        reason = "; ".join([*why, *dict.fromkeys(refused.values())])
        fixed = Way(Holds.FIXED, reason=reason, firmware=firmware)
        await self._holding.choose(fixed)
        status = await self._holding.put_fail_safe(fail_safe_a)
        return status if status == ACCEPTED else f"{reason}: {status}"

    async def _former_way(self) -> Way | None:
        """Name the way that was found out where it was taken away from. A limit that it was told there may
        still be in force, and hold its fail-safe down for others: it stays."""
        left = self._parts.whereabouts.left(self._history.assigned.serial)
        if self._holding.known or left is None:
            return None
        state = Charger()
        for recorded in await self._parts.store.load(left.stream):
            if left.concerns(recorded.event):
                state = evolve(state, recorded.event)  # type: ignore[arg-type]  # it holds no others
        if not state.held.known_of(left.serial):
            return None
        self._holding.bring(state.held.limit)
        return state.held.way

    # --- What it can ---

    async def _abilities(self) -> Abilities:
        try:
            return await self._tongue.abilities()
        except CallFailed as fault:
            log.info("charger does not say how it can be limited", fault=str(fault))
            return Abilities()

    async def _schedule(self, duration_s: int) -> tuple[Span, ...] | None:
        try:
            spans = await self._tongue.schedule(duration_s)
        except CallFailed as fault:
            log.info("charger does not say what it would hold", fault=str(fault))
            return None
        return None if spans is None else tuple(spans)

    # --- What it holds ---

    async def _trial(self, way: Way, fail_safe_a: float) -> tuple[bool, str | None]:
        """Tell whether the charger says what it would hold, and what is wrong with that."""
        assigned = self._history.assigned
        wording = Wording(way, Wired(assigned.grid_type, len(assigned.wiring)))
        told_a = wording.sent_a(fail_safe_a)
        spans = await self._schedule(REACH_S)
        if spans is None:
            return False, None
        living = self._holding.living(utc_now())
        if living is not None:
            return True, None  # a car may be charging: it is looked at with the next limit
        found = shows(spans, REACH_S, None, wording)
        if beyond(found.later_a, told_a):
            return True, f"it allows {found.later_a:g} A under a fail-safe of {told_a:g} A"
        below_a = probe_a(fail_safe_a)
        if not way.limits or below_a is None:
            return True, None
        return True, await self._with_limit(way, below_a, told_a, wording)

    async def _with_limit(
        self, way: Way, limit_a: float, fail_safe_a: float, wording: Wording
    ) -> str | None:
        lease_s = PROBE.total_seconds()
        limit = Limit(limit_a, utc_now() + PROBE)
        try:
            status = await self._holding.try_limit(way, limit)
        except AnsweredError as error:
            status = str(error)
        if status != ACCEPTED:
            return f"it takes no limit beside its fail-safe ({status})"
        duration_s = int(lease_s) + REACH_S
        spans = await self._schedule(duration_s)
        await self._end_trial(way)
        if spans is None:
            return None
        found = shows(spans, duration_s, lease_s, wording)
        if beyond(found.now_a, limit_a):
            return f"it allows {found.now_a:g} A under a limit of {limit_a:g} A"
        if beyond(found.later_a, fail_safe_a):
            return f"it allows {found.later_a:g} A after a limit, not its {fail_safe_a:g} A"
        if found.later_a is not None and found.later_a < fail_safe_a - 1:
            return "it does not end a limit with its lease"
        return None

    async def _end_trial(self, way: Way) -> None:
        try:
            status = await self._holding.end_trial(way)
        except AnsweredError as error:
            status = str(error)
        if status != ACCEPTED:
            log.info("limit of a trial goes on to its end", status=status)
