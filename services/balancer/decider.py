"""
Facts and time -> the limits that may be announced now, each with its reason.

Shares say what everybody should have; commitments say what may be announced already. Lower limits go
out at once, higher ones as far as the commitments leave room; what they still lack follows when others
have confirmed that they made room.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from services.balancer.allocation import OWN_MAX
from services.balancer.behaviour import METER_ERROR_A
from services.balancer.commitments import Granted, Ledger
from services.balancer.facts import ChargerFacts, SiteFacts, Timing
from services.balancer.site import LINES
from services.balancer.turns import Turn, lines_of, take_turns
from shared.ids import ChargerId
from shared.messages.balancer import LimitedBy, Rule
from shared.phases import Phase, PhaseCurrents
from shared.units import PILOT_MIN_A, TOLERANCE_A, exceeds, offerable

RAISE_A_MIN: Final = 0.5
"""A charging car's limit is not raised for less, unless it has stood for a while."""
STOOD_S: Final = 15.0
LEASE_GRID_S: Final = 10.0
"""Leases end at whole multiples of this, so that a site has few moments at which they do."""
SUPPRESSING_EXTRA_S: Final = 20.0
"""A limit below the fail-safe outlives the others, so that the fail-safe never comes first."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a charger should have, and why."""

    charger_id: ChargerId
    limit_a: float
    lines: tuple[Phase, ...]
    limited_by: LimitedBy


@dataclass(frozen=True, slots=True)
class Announcement:
    """A limit to be announced now."""

    charger_id: ChargerId
    grant: Granted
    limited_by: LimitedBy
    renewal: bool = False


@dataclass(frozen=True, slots=True)
class Queued:
    """A car that has begun to wait."""

    charger_id: ChargerId
    limited_by: LimitedBy


@dataclass(frozen=True, slots=True)
class Overload:
    """More is measured at a constraint than it may carry."""

    constraint: int
    measured_a: float


@dataclass(frozen=True, slots=True)
class Decision:
    """Everything that follows from the facts at one moment."""

    announcements: tuple[Announcement, ...]
    queued: tuple[Queued, ...]
    overloads: tuple[Overload, ...]
    committed_a: tuple[float, ...]
    measured_a: tuple[float, ...]
    stale: frozenset[int] = field(default_factory=frozenset)
    """Breakers below which some charging car has not been heard from lately."""
    rotated: bool = False


def decide(facts: SiteFacts, timing: Timing, now_s: float) -> Decision:
    """Decide what may be announced now. Pure: the same facts at the same moment decide alike."""
    measured_a = _measured(facts, now_s)
    standings = {it: charger.standing for it, charger in facts.chargers.items()}
    ledger = Ledger(facts.site, standings, measured_a, now_s)
    turns, rotated = take_turns(facts, _capacity_for_cars(facts, ledger), timing, now_s)
    targets = _targets(facts, turns)
    announcements = tuple(_announce(facts, targets, ledger, timing, now_s))
    loads_a, stale = _loads(facts, now_s)
    return Decision(
        announcements=announcements,
        queued=tuple(_newly_queued(facts, turns)),
        overloads=tuple(
            Overload(constraint, load_a)
            for constraint, load_a in enumerate(loads_a)
            if load_a > facts.site.capacity_a[constraint] + METER_ERROR_A
        ),
        committed_a=tuple(ledger.committed_a(it) for it in range(len(loads_a))),
        measured_a=tuple(loads_a),
        stale=stale,
        rotated=rotated,
    )


def _measured(facts: SiteFacts, now_s: float) -> dict[ChargerId, PhaseCurrents]:
    known = ((it, charger.behaviour.fresh_a(now_s)) for it, charger in facts.chargers.items())
    return {it: current_a for it, current_a in known if current_a is not None}


def _capacity_for_cars(facts: SiteFacts, ledger: Ledger) -> list[float]:
    """Subtract what no command of ours can lower now: chargers that are not connected."""
    left = list(facts.site.capacity_a)
    for charger_id, charger in facts.chargers.items():
        if charger.connected:
            continue
        counted = ledger.counted_a(charger_id)
        for breaker in facts.site.paths[facts.site.chargers[charger_id].circuit_id]:
            for line in range(LINES):
                fail_safe_a = (
                    charger.standing.fail_safe_a if charger.standing.commissioned else 0.0
                )
                left[breaker * LINES + line] -= max(counted[line], fail_safe_a)
    return left


# --- Targets ---


def _targets(facts: SiteFacts, turns: Sequence[Turn]) -> dict[ChargerId, Target]:
    no_car = LimitedBy(rule=Rule.NO_CAR)
    targets = {
        charger_id: Target(charger_id, 0.0, lines_of(facts, charger_id), no_car)
        for charger_id in facts.chargers
    }
    for turn in turns:
        limit_a = turn.share.share_a
        if turn.car.demand.fixed_a is not None and turn.share.admitted:
            limit_a = PILOT_MIN_A  # it will not obey; it is told the least and counted in full
        reason = _reason(facts, turn, turns)
        targets[turn.car.charger_id] = Target(
            turn.car.charger_id, limit_a, turn.car.lines, reason
        )
    return targets


def _reason(facts: SiteFacts, turn: Turn, turns: Sequence[Turn]) -> LimitedBy:
    if turn.car.demand.fixed_a is not None and turn.share.admitted:
        return LimitedBy(rule=Rule.DISOBEYS)
    if turn.share.constraint == OWN_MAX:
        return LimitedBy(rule=Rule.CAR if turn.car.lent else Rule.CHARGER)
    breaker, line = facts.site.at(turn.share.constraint)
    sharing = sum(
        1
        for it in turns
        if it.share.admitted and turn.share.constraint in it.car.demand.constraints
    )
    return LimitedBy(
        rule=Rule.BREAKER if turn.share.admitted else Rule.QUEUE,
        circuit_id=breaker.circuit_id,
        phase=line,
        shared_by=sharing,
    )


def _newly_queued(facts: SiteFacts, turns: Sequence[Turn]) -> Iterator[Queued]:
    for turn in turns:
        charger = facts.chargers[turn.car.charger_id]
        if not turn.share.admitted and charger.waiting_since_s is None:
            yield Queued(turn.car.charger_id, _reason(facts, turn, turns))


# --- Announcements ---


def _announce(
    facts: SiteFacts,
    targets: Mapping[ChargerId, Target],
    ledger: Ledger,
    timing: Timing,
    now_s: float,
) -> Iterator[Announcement]:
    reachable = [
        targets[it]
        for it, charger in facts.chargers.items()
        if charger.connected and charger.standing.commissioned
    ]

    def rise_a(target: Target) -> float:
        return target.limit_a - in_force_a(facts.chargers[target.charger_id], now_s)

    lower = [it for it in reachable if rise_a(it) < -TOLERANCE_A]
    same = [it for it in reachable if abs(rise_a(it)) <= TOLERANCE_A]
    higher = [it for it in reachable if rise_a(it) > TOLERANCE_A]
    # A limit below the fail-safe holds the fail-safe down: it is renewed before those it pays for.
    same.sort(key=lambda it: it.limit_a >= facts.chargers[it.charger_id].standing.fail_safe_a)
    # Who has least is raised first.
    higher.sort(key=lambda it: in_force_a(facts.chargers[it.charger_id], now_s))
    planner = _Planner(facts, ledger, timing, now_s)
    for chosen, plan in (
        (lower, planner.lower),
        (same, planner.keep),
        (higher, planner.higher),
    ):
        for target in chosen:
            announcement = plan(target)
            if announcement is not None:
                ledger.grant(target.charger_id, announcement.grant)
                yield announcement


def in_force_a(charger: ChargerFacts, now_s: float) -> float:
    """What a charger was last told, or falls back to when that has run out, in amperes."""
    newest = charger.standing.newest
    if newest is None or newest.valid_until_s <= now_s:
        return charger.standing.fail_safe_a
    return newest.limit_a


@dataclass(frozen=True, slots=True)
class _Planner:
    """What may be announced to one charger, given all that stands."""

    facts: SiteFacts
    ledger: Ledger
    timing: Timing
    now_s: float

    def lower(self, target: Target) -> Announcement:
        """A lower limit goes out at once. If its longer lease would not fit later on, it ends when
        the present one does."""
        standing = self.facts.chargers[target.charger_id].standing
        until_s = self._until_s(target, target.limit_a)
        if exceeds(target.limit_a, self.ledger.room_a(target.charger_id, target.lines)):
            newest = standing.newest
            until_s = newest.valid_until_s if newest is not None else until_s
        return self._announcement(target, target.limit_a, until_s)

    def keep(self, target: Target) -> Announcement | None:
        """A limit that stands is renewed in time, sent again when it was not confirmed, and told
        anew when the car turns out to use other lines."""
        charger = self.facts.chargers[target.charger_id]
        newest = charger.standing.newest
        leased = newest is not None and newest.valid_until_s > self.now_s
        if not leased and target.limit_a == charger.standing.fail_safe_a:
            return None
        other_lines = (
            newest is not None and target.limit_a > 0 and set(newest.lines) != set(target.lines)
        )
        ending = (
            newest is None or newest.valid_until_s - self.now_s < self.timing.renew_before_s
        ) and target.limit_a != charger.standing.fail_safe_a
        lost = (
            charger.standing.unconfirmed
            and self.now_s - charger.changed_at_s >= self.timing.retry_s
        )
        if not (other_lines or ending or lost):
            return None
        if exceeds(target.limit_a, self.ledger.room_a(target.charger_id, target.lines)):
            return None
        until_s = self._until_s(target, target.limit_a)
        return self._announcement(target, target.limit_a, until_s, renewal=not other_lines)

    def higher(self, target: Target) -> Announcement | None:
        """A higher limit goes out as far as there is room."""
        charger = self.facts.chargers[target.charger_id]
        present_a = in_force_a(charger, self.now_s)
        since_s = self.now_s - charger.changed_at_s
        if charger.standing.unconfirmed and since_s < self.timing.retry_s:
            return None
        if present_a >= PILOT_MIN_A and since_s < self.timing.raise_pause_s:
            return self._instead(target, present_a)
        room_a = self.ledger.room_a(target.charger_id, target.lines)
        limit_a = offerable(min(target.limit_a, room_a))
        worth_it = limit_a - present_a >= RAISE_A_MIN or (
            limit_a > present_a + TOLERANCE_A and (present_a == 0 or since_s >= STOOD_S)
        )
        if not worth_it:
            return self._instead(target, present_a)
        until_s = self._until_s(target, limit_a)
        if limit_a < target.limit_a - TOLERANCE_A:
            target = Target(
                target.charger_id,
                target.limit_a,
                target.lines,
                target.limited_by.model_copy(update={"rule": Rule.DECREASE_FIRST}),
            )
        return self._announcement(target, limit_a, until_s)

    def _instead(self, target: Target, present_a: float) -> Announcement | None:
        """It cannot be raised now, but what it has must not run out meanwhile."""
        kept = Target(target.charger_id, present_a, target.lines, target.limited_by)
        return self.keep(kept)

    def _until_s(self, target: Target, limit_a: float) -> float:
        standing = self.facts.chargers[target.charger_id].standing
        extra_s = SUPPRESSING_EXTRA_S if limit_a < standing.fail_safe_a else 0.0
        ends_s = self.now_s + self.timing.lease_s + extra_s
        return math.ceil(ends_s / LEASE_GRID_S) * LEASE_GRID_S

    def _announcement(
        self, target: Target, limit_a: float, until_s: float, *, renewal: bool = False
    ) -> Announcement:
        charger = self.facts.chargers[target.charger_id]
        told = charger.limited_by
        other_reason = told is None or told.rule is not target.limited_by.rule
        grant = Granted(limit_a, target.lines, until_s, charger.sequence + 1)
        return Announcement(
            target.charger_id, grant, target.limited_by, renewal and not other_reason
        )


# --- The picture ---


def _loads(facts: SiteFacts, now_s: float) -> tuple[list[float], frozenset[int]]:
    """Add up what is drawn; a charging car that is not heard from is counted at its limit."""
    loads_a = [0.0] * len(facts.site.capacity_a)
    stale: set[int] = set()
    for charger_id, charger in facts.chargers.items():
        path = facts.site.paths[facts.site.chargers[charger_id].circuit_id]
        drawn = charger.behaviour.fresh_a(now_s)
        if drawn is None:
            drawn = charger.standing.worst_a(now_s)
            if max(drawn) > 0:
                stale.update(path)
        for breaker in path:
            for line in range(LINES):
                loads_a[breaker * LINES + line] += drawn[line]
    return loads_a, frozenset(stale)
