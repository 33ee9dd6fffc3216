"""
Facts and time -> the limits that may be announced now, each with its reason.

Shares say what everybody should have; commitments say what may be announced already. Lower limits go
out at once, higher ones as far as the commitments leave room; what they still lack follows when others
have confirmed that they made room.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from services.balancer.angles import Capacity
from services.balancer.behaviour import METER_ERROR_A
from services.balancer.commitments import OVER_AFTER_S
from services.balancer.facts import SiteFacts, Timing
from services.balancer.forms import LINES, Amps, Form, Ways, higher
from services.balancer.headroom import headroom
from services.balancer.ledger import Ledger
from services.balancer.lifting import Lifting
from services.balancer.planning import (
    Announcement,
    Planner,
    Target,
    in_force_a,
    leases_end_s,
    suppresses,
)
from services.balancer.reasons import Reasons
from services.balancer.switching import ONE, lines_of
from services.balancer.turns import Turn, take_turns
from shared.ids import ChargerId
from shared.messages.balancer import LimitedBy, Rule
from shared.phases import ALL_TERMINALS, ZERO_A
from shared.units import TOLERANCE_A


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
    targets: tuple[Target, ...] = ()
    """What every charger should have in the end, whether or not that may be said already."""


def decide(facts: SiteFacts, timing: Timing, now_s: float) -> Decision:
    """Decide what may be announced now. Pure: the same facts at the same moment decide alike."""
    measured_a = _measured(facts, now_s)
    ends_s = leases_end_s(timing, now_s, facts.installation_id)
    over_s = max(ends_s) + OVER_AFTER_S
    left = headroom(facts.site, facts.loads, facts.peaks_a, now_s, over_s)
    ledger = Ledger(
        left.physical_a,
        facts.places(),
        _counted(facts, measured_a),
        now_s,
        ends_s,
        form=facts.site.form,
        agreed_a=left.agreed_a,
    )
    capacity = _capacity_for_cars(facts, left.agreed_a, ledger)
    turns, rotated = take_turns(facts, capacity, timing, now_s)
    lifting = Lifting(facts, turns, capacity, left.agreed_a)
    reasons = Reasons(facts, turns, left, lifting, timing, (now_s, over_s))
    targets = _targets(facts, turns, reasons)
    announced = _announce(facts, targets, ledger, timing, now_s)
    announcements = tuple(_with_whole_reason(it, reasons) for it in announced)
    other_a = _other_load_a(facts)
    loads_a, stale = _loads(facts, measured_a, other_a, now_s)
    return Decision(
        announcements=announcements,
        queued=tuple(_newly_queued(facts, turns, reasons)),
        overloads=tuple(
            Overload(constraint, load_a)
            for constraint, load_a in enumerate(loads_a)
            if load_a > facts.site.capacity_a[constraint] + METER_ERROR_A
        ),
        committed_a=tuple(a + b for a, b in zip(ledger.committed_a(), other_a, strict=True)),
        measured_a=tuple(loads_a),
        stale=stale,
        rotated=rotated,
        targets=tuple(targets.values()),
    )


def _measured(facts: SiteFacts, now_s: float) -> dict[ChargerId, Ways]:
    """Bound what each car draws, if that is known."""
    known = ((it, _drawn(facts, it, now_s)) for it in facts.chargers)
    return {it: ways for it, ways in known if ways is not None}


def _counted(facts: SiteFacts, measured: Mapping[ChargerId, Ways]) -> dict[ChargerId, Ways]:
    """Count cars that do not obey at the most that they drew, and some more, also while nothing is read
    of them: they would draw it wherever their chargers have lines."""
    counted = dict(measured)
    form = facts.site.form
    for charger_id, charger in facts.chargers.items():
        draws_a = charger.behaviour.counted_a
        if draws_a is None:
            continue
        lines = facts.site.lines(charger_id)
        if charger.behaviour.one_phase and charger_id in measured:
            lines = facts.site.lines(charger_id, terminals=1)
        ways = form.ways(draws_a, lines)
        counted[charger_id] = higher(ways, measured.get(charger_id, ways))
    return counted


def _drawn(facts: SiteFacts, charger_id: ChargerId, now_s: float) -> Ways | None:
    behaviour = facts.chargers[charger_id].behaviour
    current_a = behaviour.fresh_a(now_s)
    if current_a is None:
        return None
    on_first = facts.chargers[charger_id].last_terminals in {None, ALL_TERMINALS, ONE[0]}
    one_phase = behaviour.one_phase and on_first
    known = facts.site.lines(charger_id, terminals=1) if one_phase else None
    return facts.site.form.ways_read(current_a, known)


def _capacity_for_cars(facts: SiteFacts, usable_a: Sequence[float], ledger: Ledger) -> Capacity:
    """Set aside what no command of ours can lower now: chargers that are not connected, cars that do not
    obey, and what may still flow where chargers stood before. What of it has an angle is a base that cars
    add to, the rest is subtracted."""
    form = facts.site.form
    taken: list[list[Ways]] = [[] for _ in facts.site.breakers]
    for charger_id, charger in facts.chargers.items():
        obeys = charger.behaviour.disobeys_a is None
        if charger.connected and obeys and not charger.elsewhere:
            continue
        standing, here = charger.standing, facts.site.path(charger_id)
        for breaker, ways in ledger.counted_a(charger_id):
            if not charger.connected and breaker in here:
                fail_safe = form.ways(standing.fail_safe_a, standing.all_lines)
                taken[breaker].append(higher(ways, fail_safe))
            elif not obeys or breaker not in here:
                taken[breaker].append(ways)
    for departed in facts.departed:
        for breaker, ways in ledger.counted_a(departed):
            taken[breaker].append(ways)
    phasors, any_angle_a = form.parts(_sums(form, taken))
    left_a: list[float] = (np.asarray(usable_a) - any_angle_a.ravel()).tolist()
    return Capacity(form, left_a, phasors.ravel().tolist())


def _sums(form: Form, loads: Sequence[Sequence[Ways]]) -> Amps:
    """Add up the components of loads, breaker by breaker."""
    sums: Amps = np.zeros((len(loads), form.width))
    breakers = [breaker for breaker, beneath in enumerate(loads) for _ in beneath]
    if breakers:
        added = form.components(np.array([ways for beneath in loads for ways in beneath]))
        np.add.at(sums, breakers, added)
    return sums


# --- Targets ---


def _targets(
    facts: SiteFacts, turns: Sequence[Turn], reasons: Reasons
) -> dict[ChargerId, Target]:
    targets: dict[ChargerId, Target] = {}
    for turn in turns:
        limit_a, reason = turn.share.share_a, reasons.of(turn)
        if reason.rule is Rule.WAKING:
            limit_a = 0.0  # its share is kept for it meanwhile
        targets[turn.car.charger_id] = Target(
            turn.car.charger_id,
            limit_a,
            turn.mode.lines,
            reason,
            turn.closing.terminals,
        )
    for charger_id, charger in facts.chargers.items():
        if charger_id not in targets:
            targets[charger_id] = Target(
                charger_id,
                _without_turn_a(facts, charger_id),
                lines_of(facts, charger_id),
                reasons.without_turn(charger_id),
                charger.last_terminals,
            )
    return targets


def _without_turn_a(facts: SiteFacts, charger_id: ChargerId) -> float:
    """A car that does not obey is told the least all the same: it may obey again."""
    charger, layout = facts.chargers[charger_id], facts.site.chargers[charger_id]
    tried = charger.behaviour.disobeys_a is not None and charger.session_since_s is not None
    usable = layout.out_of_use is None and layout.highest_a >= layout.min_a - TOLERANCE_A
    return layout.min_a if tried and usable else 0.0


def _newly_queued(
    facts: SiteFacts, turns: Sequence[Turn], reasons: Reasons
) -> Iterator[Queued]:
    for turn in turns:
        charger = facts.chargers[turn.car.charger_id]
        if not turn.share.admitted and charger.waiting_since_s is None:
            charger_id = turn.car.charger_id
            yield Queued(charger_id, reasons.in_full(charger_id, reasons.of(turn)))


# --- Announcements ---


def _announce(
    facts: SiteFacts,
    targets: Mapping[ChargerId, Target],
    ledger: Ledger,
    timing: Timing,
    now_s: float,
) -> Iterator[Announcement]:
    reachable = [targets[it] for it, charger in facts.chargers.items() if charger.connected]

    def rise_a(target: Target) -> float:
        return target.limit_a - in_force_a(facts.chargers[target.charger_id], now_s)

    planner = Planner(facts, ledger, timing, now_s)
    switching: list[Target] = []
    staying: list[Target] = []
    for target in reachable:
        (switching if planner.switches(target) else staying).append(target)
    lower = [it for it in staying if rise_a(it) < -TOLERANCE_A]
    same = [it for it in staying if abs(rise_a(it)) <= TOLERANCE_A]
    rising = [it for it in staying if rise_a(it) > TOLERANCE_A]
    # What holds a fail-safe down is renewed before the limits that it pays for.
    same.sort(key=lambda it: not suppresses(facts.chargers[it.charger_id].standing, it.limit_a))
    # Who has least is raised first.
    rising.sort(key=lambda it: in_force_a(facts.chargers[it.charger_id], now_s))
    for chosen, plan in (
        (lower, planner.lower),
        (same, planner.keep),
        (switching, planner.switch),
        (rising, planner.higher),
    ):
        for target in chosen:
            announcement = plan(target)
            if announcement is not None:
                ledger.grant(target.charger_id, announcement.grant)
                yield announcement


def _with_whole_reason(announcement: Announcement, reasons: Reasons) -> Announcement:
    if announcement.renewal:
        return announcement  # its reason is not told again
    reason = reasons.in_full(announcement.charger_id, announcement.limited_by)
    return replace(announcement, limited_by=reason)


# --- The picture ---


def _loads(
    facts: SiteFacts,
    measured: Mapping[ChargerId, Ways],
    other_a: Sequence[float],
    now_s: float,
) -> tuple[list[float], frozenset[int]]:
    """Add up what is drawn, other load included; a charging car that is not heard from is counted at its
    limit. Where a meter shows all that flows, that is what flows."""
    loads: list[list[Ways]] = [[] for _ in facts.site.breakers]
    stale: set[int] = set()
    for charger_id, charger in facts.chargers.items():
        path = facts.site.path(charger_id)
        drawn = measured.get(charger_id)
        if drawn is None:
            drawn = charger.standing.worst_a(now_s, facts.site.form)
            if max(drawn) > 0:
                stale.update(path)
        for breaker in path:
            loads[breaker].append(drawn)
    form = facts.site.form
    loads_a: list[float] = (form.lines(_sums(form, loads)).ravel() + other_a).tolist()
    for circuit_id, total_a in facts.totals_a.items():
        first = facts.site.index[circuit_id] * LINES
        loads_a[first : first + LINES] = (max(0.0, a) for a in total_a)
    return loads_a, frozenset(stale)


def _other_load_a(facts: SiteFacts) -> list[float]:
    """Name what is set aside at every constraint for load that is not ours."""
    loads = (facts.loads.get(it.circuit_id) for it in facts.site.breakers)
    return [a for it in loads for a in (ZERO_A if it is None else it.lines_a)]
