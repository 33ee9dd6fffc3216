"""What may be announced to one charger now, given everything that stands at all of them."""

import math
from dataclasses import dataclass, replace
from typing import Final
from zlib import crc32

from services.balancer.commitments import OVER_AFTER_S, Granted, Standing, counts_a
from services.balancer.facts import ChargerFacts, SiteFacts, Timing
from services.balancer.ledger import Ledger
from shared.ids import ChargerId, InstallationId
from shared.messages.balancer import LimitedBy, Rule, RunnerUp
from shared.phases import ALL_TERMINALS, Phase
from shared.units import PILOT_MIN_A, TOLERANCE_A, offerable

RAISE_A_MIN: Final = 0.5
"""A charging car's limit is not raised for less, unless it has stood for a while."""
STOOD_S: Final = 15.0
LEASE_GRID_S: Final = 10.0
"""Leases of a site end so far apart, or at the same moment, so that it has few moments at which they do."""
SUPPRESSING_S: Final = 2 * LEASE_GRID_S + OVER_AFTER_S
"""How much longer than any new lease of others a limit always has left that is below its fail-safe: the
fail-safe must not come up while limits that were given on the strength of it are in force."""
SETTLES_S: Final = 15.0
"""How long after a switch the current is not raised, so that readings can tell whether there was one."""
FOR_NOW: Final = frozenset({Rule.DECREASE_FIRST, Rule.SWITCHING})
OUT_OF_USE: Final = frozenset({Rule.LOCKED, Rule.OUT_OF_USE})


@dataclass(frozen=True, slots=True)
class Target:
    """What a charger should have, and why."""

    charger_id: ChargerId
    limit_a: float
    lines: tuple[Phase, ...]
    limited_by: LimitedBy
    terminals: tuple[int, ...] | None = None
    """From which to charge, if its charger can switch; none: from all that the car uses."""


@dataclass(frozen=True, slots=True)
class Announcement:
    """A limit to be announced now."""

    charger_id: ChargerId
    grant: Granted
    limited_by: LimitedBy
    renewal: bool = False


def leases_end_s(
    timing: Timing, now_s: float, installation_id: InstallationId = ""
) -> tuple[float, float]:
    """
    Name when leases end that begin now: those of limits that suppress no fail-safe, and of those that do.
    Sites that renew all at the same moment would have each other wait: each has seconds of its own, by
    its name.

    >>> timing = Timing(lease_s=90, renew_before_s=60)
    >>> leases_end_s(timing, 1000.5), leases_end_s(timing, 1000.5, "garage-2")
    ((1100.0, 1160.0), (1091.0, 1151.0))
    """
    return (
        _lease_end_s(timing, now_s, installation_id, suppresses=False),
        _lease_end_s(timing, now_s, installation_id, suppresses=True),
    )


def _lease_end_s(
    timing: Timing, now_s: float, installation_id: InstallationId, *, suppresses: bool
) -> float:
    own_s = crc32(installation_id.encode()) % LEASE_GRID_S
    ends_s = now_s - own_s + timing.lease_s
    if suppresses:
        ends_s += SUPPRESSING_S + timing.renew_before_s / 2
    return math.ceil(ends_s / LEASE_GRID_S) * LEASE_GRID_S + own_s


def suppresses(standing: Standing, limit_a: float) -> bool:
    """Tell whether a limit holds its charger below what it falls back to: others may have the difference
    as long as their leases end before its own."""
    return limit_a < standing.fail_safe_a


def in_force_a(charger: ChargerFacts, now_s: float) -> float:
    """What a charger was last told, or falls back to when that has run out, in amperes."""
    newest = charger.standing.newest
    if newest is None or newest.valid_until_s <= now_s:
        return charger.standing.fail_safe_a
    return newest.limit_a


@dataclass(frozen=True, slots=True)
class Planner:
    """Plans one charger after another; what was planned stands for those that follow."""

    facts: SiteFacts
    ledger: Ledger
    timing: Timing
    now_s: float

    def lower(self, target: Target) -> Announcement | None:
        """A lower limit goes out at once."""
        announcement = self._announcement(target, target.limit_a)
        if self.facts.chargers[target.charger_id].standing.newest is None:
            return announcement
        return self._as_it_fits(announcement)

    def keep(self, target: Target) -> Announcement | None:
        """A limit that stands is renewed in time, sent again when it was not confirmed, and told
        anew when the car turns out to use other lines."""
        other_lines = self._other_lines(target)
        anew = self._lost(target) or self._outdated(target) or self._moved(target)
        if not (other_lines or anew or self._ending(target)):
            return None
        announcement = self._announcement(target, target.limit_a, renewal=not other_lines)
        if anew:
            return self._as_it_fits(announcement)
        fits = self.ledger.fits(target.charger_id, announcement.grant)
        return announcement if fits else None

    def _as_it_fits(self, announcement: Announcement) -> Announcement | None:
        """If its longer lease, or the lines it counts on, would not fit, a limit that is no higher than
        the present one ends when that does, and counts on the same lines."""
        newest = self.facts.chargers[announcement.charger_id].standing.newest
        if self.ledger.fits(announcement.charger_id, announcement.grant):
            return announcement
        if newest is None or newest.valid_until_s <= self.now_s:
            return None  # an older lease holds the fail-safe off: it has less than that already
        within = replace(
            announcement.grant,
            valid_until_s=newest.valid_until_s,
            lines=newest.lines,
            terminals=newest.terminals,
        )
        return replace(announcement, grant=within)

    def _other_lines(self, target: Target) -> bool:
        """What it has is counted on other lines than its car uses; a fail-safe is on all of them. A pause
        draws nothing; but when its car has gone, the next one may use all lines afterwards."""
        charger = self.facts.chargers[target.charger_id]
        standing, newest = charger.standing, charger.standing.newest
        if target.limit_a <= 0 and (
            charger.session_since_s is not None or standing.fail_safe_a <= 0
        ):
            return False
        falls_back = newest is None or newest.valid_until_s <= self.now_s
        lines = standing.all_lines if newest is None or falls_back else newest.lines
        return set(lines) != set(target.lines)

    def _ending(self, target: Target) -> bool:
        standing = self.facts.chargers[target.charger_id].standing
        same_lines = set(target.lines) == set(standing.all_lines)
        if target.limit_a == standing.fail_safe_a and standing.settled and same_lines:
            return False  # it may end: nothing changes then
        if standing.newest is None:
            return True
        left_s = standing.newest.valid_until_s - self.now_s
        if suppresses(standing, target.limit_a):
            return left_s < self.timing.lease_s + SUPPRESSING_S
        return left_s < self.timing.renew_before_s

    def _moved(self, target: Target) -> bool:
        """Its limit was decided for another place: once there is one for this place, and confirmed,
        the other place is free."""
        newest = self.facts.chargers[target.charger_id].standing.newest
        return newest is not None and newest.former and newest.valid_until_s > self.now_s

    def _outdated(self, target: Target) -> bool:
        """It was told that others must make room first, and they have; or it went out of use, or
        came into use again."""
        charger = self.facts.chargers[target.charger_id]
        told, reason = charger.limited_by, target.limited_by
        if told is None:
            return reason.rule in OUT_OF_USE
        if (told.rule in OUT_OF_USE) != (reason.rule in OUT_OF_USE):
            return True
        return (
            told.rule in FOR_NOW
            and reason.rule not in FOR_NOW
            and not charger.standing.unconfirmed
        )

    def _lost(self, target: Target) -> bool:
        charger = self.facts.chargers[target.charger_id]
        waited_s = self.now_s - charger.changed_at_s
        return charger.standing.unconfirmed and waited_s >= self.timing.retry_s

    def higher(self, target: Target) -> Announcement | None:
        """A higher limit goes out as far as there is room."""
        charger = self.facts.chargers[target.charger_id]
        present_a = in_force_a(charger, self.now_s)
        since_s = self.now_s - charger.changed_at_s
        if charger.standing.unconfirmed and since_s < self.timing.retry_s:
            return None
        if present_a >= PILOT_MIN_A and (
            since_s < self.timing.raise_pause_s or self._settling(charger)
        ):
            return self._instead(target, present_a)
        until_s = self._until_s(target, target.limit_a)
        room_a = self.ledger.room_a(target.charger_id, target.lines, until_s)
        most_a = self.facts.site.chargers[target.charger_id].max_a
        if room_a < most_a:  # whatever it is told, more than it has will not flow
            room_a /= charger.spread
        limit_a = offerable(min(target.limit_a, room_a))
        if limit_a < self.facts.site.chargers[target.charger_id].min_a - TOLERANCE_A:
            return self._instead(target, present_a)
        worth_it = limit_a - present_a >= RAISE_A_MIN or (
            limit_a > present_a + TOLERANCE_A and (present_a == 0 or since_s >= STOOD_S)
        )
        if not worth_it:
            return self._instead(target, present_a)
        if limit_a < target.limit_a - TOLERANCE_A:
            target = replace(target, limited_by=_for_now(target))
        announcement = self._announcement(target, limit_a)
        # It may end sooner than the one that holds the fail-safe off now.
        if not self.ledger.fits(target.charger_id, announcement.grant):
            return self._instead(target, present_a)
        return announcement

    # --- Switching ---

    def switches(self, target: Target) -> bool:
        """Tell whether a car that charges is to go from some terminals to others."""
        charger = self.facts.chargers[target.charger_id]
        if target.limit_a <= 0 or charger.session_since_s is None:
            return False
        if in_force_a(charger, self.now_s) < PILOT_MIN_A:
            return False
        present = self._told_last(target)
        terminals = None if present is None else present.terminals
        return (terminals or ALL_TERMINALS) != (target.terminals or ALL_TERMINALS)

    def switch(self, target: Target) -> Announcement | None:
        """
        The phases change first, at no more current than before, so that nothing depends on how a
        charger goes about it; the current follows when the charger has confirmed. Until then the old
        lines count as well as the new ones: where both do not fit, only a lower current goes out.
        """
        charger = self.facts.chargers[target.charger_id]
        present_a = in_force_a(charger, self.now_s)
        limit_a = min(target.limit_a, present_a)
        lower = limit_a < present_a - TOLERANCE_A
        waited_s = self.now_s - charger.changed_at_s
        if lower or waited_s >= self.timing.retry_s:
            reason = target.limited_by
            if limit_a < target.limit_a - TOLERANCE_A:
                reason = _for_now(target, Rule.SWITCHING)
            announcement = self._announcement(replace(target, limited_by=reason), limit_a)
            if self.ledger.fits(target.charger_id, announcement.grant):
                return announcement
        as_before = replace(self._present(target), limit_a=limit_a)
        return self.lower(as_before) if lower else self.keep(as_before)

    def _settling(self, charger: ChargerFacts) -> bool:
        switched_s = charger.switched_at_s
        return switched_s is not None and self.now_s - switched_s < SETTLES_S

    def _present(self, target: Target) -> Target:
        """Name the same target in the way its car charges now."""
        newest = self._told_last(target)
        if newest is None:
            lines = self.facts.chargers[target.charger_id].standing.all_lines
            return replace(target, lines=lines, terminals=None)
        return replace(target, lines=newest.lines, terminals=newest.terminals)

    def _told_last(self, target: Target) -> Granted | None:
        """Name the limit in force that it was told where it stands; none if there is none any more."""
        newest = self.facts.chargers[target.charger_id].standing.newest
        if newest is None or newest.valid_until_s <= self.now_s or newest.former:
            return None
        return newest

    def _instead(self, target: Target, present_a: float) -> Announcement | None:
        """It cannot be raised now, but what it has must not run out meanwhile, unless that is less
        than its cars charge with."""
        min_a = self.facts.site.chargers[target.charger_id].min_a
        newest = self.facts.chargers[target.charger_id].standing.newest
        if newest is not None and 0 < present_a < min_a - TOLERANCE_A:
            return self.lower(replace(target, limit_a=0.0, limited_by=_for_now(target)))
        return self.keep(replace(target, limit_a=present_a))

    def _until_s(self, target: Target, limit_a: float) -> float:
        longer = suppresses(self.facts.chargers[target.charger_id].standing, limit_a)
        return _lease_end_s(
            self.timing, self.now_s, self.facts.installation_id, suppresses=longer
        )

    def _announcement(
        self, target: Target, limit_a: float, *, renewal: bool = False
    ) -> Announcement:
        charger = self.facts.chargers[target.charger_id]
        told = charger.limited_by
        other_reason = told is None or told.rule is not target.limited_by.rule
        until_s = self._until_s(target, limit_a)
        most_a = self.facts.site.chargers[target.charger_id].max_a
        grant = Granted(
            limit_a,
            target.lines,
            until_s,
            charger.sequence + 1,
            terminals=target.terminals,
            counts_a=counts_a(limit_a, charger.spread, most_a),
        )
        return Announcement(
            target.charger_id, grant, target.limited_by, renewal and not other_reason
        )


def _for_now(target: Target, rule: Rule = Rule.DECREASE_FIRST) -> LimitedBy:
    """Something must happen first: others make room, or it switches. What stops it then is next."""
    then = target.limited_by.model_dump(include={"rule", "circuit_id", "phase", "usable_a"})
    runner_up = RunnerUp(**then, limit_a=target.limit_a)
    update = {"rule": rule, "runner_up": runner_up}
    return target.limited_by.model_copy(update=update)
