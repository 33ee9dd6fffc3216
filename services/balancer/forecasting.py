"""
How limits would settle if something were otherwise, or at another time: decisions taken in earnest, one
after another, in a world in which nothing is lost or late.

Every charger confirms at once and every car follows, draws what it may up to what it is known to use, and
stays. Cars that have finished stay so, other load stays what it is counted at now, and the queue stands
still: how it begins is told, not how it goes on. Limits of former places have ended.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from services.balancer.behaviour import Behaviour
from services.balancer.commitments import OVER_AFTER_S, Granted, Standing
from services.balancer.decider import Decision, decide
from services.balancer.facts import ChargerFacts, SiteFacts, Timing
from services.balancer.headroom import headroom
from services.balancer.planning import in_force_a, leases_end_s
from services.balancer.site import LINES, Site, SiteCharger
from shared.ids import ChargerId, CircuitId
from shared.messages.balancer import LimitedBy, Rule
from shared.messages.what_if import BreakerThen, CarThen, MoreCars, Picture, WhatIf
from shared.phases import PHASES, GridType, Phase, PhaseCurrents

STEP_S: Final = 10.0
"""Long enough for a charger to confirm and for its car to follow."""
STEPS_MAX: Final = 30
QUIET_STEPS: Final = 2
"""Limits have settled when so many decisions on end change none."""
RESTED_S: Final = 60.0
"""How long limits of now have stood when it begins: nothing waits for them any more."""
NEW: Final = "new-car-"


class Unknown(Exception):
    """A circuit is asked about that is not there."""

    def __init__(self, circuit_id: CircuitId) -> None:
        super().__init__(f"there is no circuit {circuit_id}")


@dataclass
class Forecast:
    """
    An installation on its way to rest.

    Args:
        facts: as they are when it begins.
        timing: how often things may change.
        now_s: the moment, in seconds since 1970.
    """

    facts: SiteFacts
    timing: Timing
    now_s: float
    steps: int = 0
    quiet: int = 0
    decision: Decision | None = None
    told: dict[ChargerId, LimitedBy] = field(default_factory=dict)
    """The reasons that were told last, with what would be next."""

    @property
    def settled(self) -> bool:
        return self.quiet >= QUIET_STEPS

    @property
    def over(self) -> bool:
        """Whether there is nothing more to be gained."""
        return self.settled or self.steps >= STEPS_MAX

    def step(self) -> None:
        """Decide once, and let it be done."""
        # Nobody is asked to make room: the queue stands still.
        self.facts = replace(self.facts, rotated_at_s=self.now_s)
        decision = decide(self.facts, self.timing, self.now_s)
        changed = bool(decision.queued) or any(not it.renewal for it in decision.announcements)
        self.quiet = 0 if changed else self.quiet + 1
        chargers = dict(self.facts.chargers)
        for queued in decision.queued:
            waiting = chargers[queued.charger_id]
            chargers[queued.charger_id] = replace(waiting, waiting_since_s=self.now_s)
            self.told[queued.charger_id] = queued.limited_by
        for it in decision.announcements:
            chargers[it.charger_id] = _told(chargers[it.charger_id], it.grant, self.now_s)
            if not it.renewal:
                self.told[it.charger_id] = it.limited_by
                chargers[it.charger_id] = replace(
                    chargers[it.charger_id], limited_by=it.limited_by
                )
        self.now_s += STEP_S
        self.steps += 1
        self.decision = decision
        followed = {it: _followed(charger, self.now_s) for it, charger in chargers.items()}
        self.facts = replace(self.facts, chargers=followed)

    def picture(self, new: frozenset[ChargerId] = frozenset()) -> Picture:
        """Name what breakers carry and cars have at this moment."""
        site, now_s = self.facts.site, self.now_s
        decision = decide(self.facts, self.timing, now_s)
        over_s = (
            max(leases_end_s(self.timing, now_s, self.facts.installation_id)) + OVER_AFTER_S
        )
        left = headroom(site, self.facts.loads, self.facts.peaks_a, now_s, over_s)
        breakers = []
        for index, breaker in enumerate(site.breakers):
            load = self.facts.loads.get(breaker.circuit_id)
            other_a = (0.0,) * LINES if load is None else load.lines_a
            span = slice(index * LINES, index * LINES + LINES)
            usable_a = _three(
                max(0.0, a) + other
                for a, other in zip(left.agreed_a[span], other_a, strict=True)
            )
            breakers.append(
                BreakerThen(
                    circuit_id=breaker.circuit_id,
                    set_a=breaker.set_a,
                    usable_a=usable_a,
                    load_a=_three(decision.measured_a[span]),
                )
            )
        reasons = {it.charger_id: it.limited_by for it in decision.targets}
        cars = (
            self._car(it, reasons[it], is_new=it in new)
            for it, charger in self.facts.chargers.items()
            if charger.session_since_s is not None and it in reasons
        )
        return Picture(breakers=tuple(breakers), cars=tuple(cars))

    def _car(self, charger_id: ChargerId, reason: LimitedBy, *, is_new: bool) -> CarThen:
        charger = self.facts.chargers[charger_id]
        told = self.told.get(charger_id, charger.limited_by)
        if told is not None and (told.rule, told.circuit_id) == (
            reason.rule,
            reason.circuit_id,
        ):
            reason = told  # it says what would be next as well
        newest = charger.standing.newest
        limit_a = in_force_a(charger, self.now_s)
        waits = limit_a <= 0 and charger.waiting_since_s is not None
        return CarThen(
            charger_id=charger_id,
            circuit_id=self.facts.site.chargers[charger_id].circuit_id,
            is_new=is_new,
            limit_a=limit_a,
            phases=charger.standing.all_lines if newest is None else newest.lines,
            waits=waits or reason.rule is Rule.QUEUE,
            limited_by=reason,
        )


# --- How it begins ---


def beginning(facts: SiteFacts, timing: Timing, now_s: float, at_s: float) -> Forecast:
    """Begin at a moment with what is known at another one: everything is as old then as it is now."""
    later_s = at_s - now_s
    chargers = {
        it: _moved(charger, timing, now_s, later_s) for it, charger in facts.chargers.items()
    }
    return Forecast(replace(facts, chargers=chargers, departed={}), timing, at_s)


def otherwise(as_is: Forecast, question: WhatIf) -> tuple[Forecast, frozenset[ChargerId]]:
    """
    Go on from where limits have settled, with what is to be otherwise.

    Returns:
        The way on, and the chargers of the cars that have come.

    Raises:
        Unknown: there is no such circuit.
    """
    facts, now_s = as_is.facts, as_is.now_s
    site = facts.site
    circuits = {it.circuit_id for it in site.breakers}
    for named in (*question.more, *((question.other,) if question.other else ())):
        if named.circuit_id not in circuits:
            raise Unknown(named.circuit_id)
    if question.other is not None:
        set_a = {question.other.circuit_id: question.other.set_a}
        breakers = (
            replace(it, set_a=set_a.get(it.circuit_id, it.set_a)) for it in site.breakers
        )
        site = replace(site, breakers=tuple(breakers))
    if question.available_a is not None:
        site = replace(site, available_a=question.available_a, available_until_s=float("inf"))
    more = dict(_new_chargers(site, question.more))
    site = replace(
        site, chargers={**site.chargers, **{it: new for it, (new, _) in more.items()}}
    )
    come = {
        it: ChargerFacts(
            Standing(0.0, site.lines(it)),
            connected=True,
            session_since_s=now_s,
            behaviour=Behaviour(one_phase=not cars.three_phases),
        )
        for it, (_, cars) in more.items()
    }
    after = replace(facts, site=site, chargers={**facts.chargers, **come})
    return Forecast(after, as_is.timing, now_s, told=dict(as_is.told)), frozenset(come)


def _new_chargers(
    site: Site, more: tuple[MoreCars, ...]
) -> Mapping[ChargerId, tuple[SiteCharger, MoreCars]]:
    """Chargers that nobody else uses, wired to the phases in turn, as good installers do."""
    found: dict[ChargerId, tuple[SiteCharger, MoreCars]] = {}
    for cars in more:
        for _ in range(cars.count):
            number = len(found)
            charger_id = f"{NEW}{number + 1:03}"
            wiring = _wiring(site.grid, number)
            found[charger_id] = (
                SiteCharger(charger_id, cars.circuit_id, wiring, cars.max_a, 0.0),
                cars,
            )
    return found


def _wiring(grid: GridType, number: int) -> tuple[Phase, ...]:
    """
    Name the lines of the terminals of the next charger.

    >>> [str(it) for it in _wiring(GridType.TN_3_PHASE, 1)]
    ['L2', 'L3', 'L1']
    """
    if not grid.three_phase:
        return grid.lines[:1]
    turn = number % len(PHASES)
    return (*PHASES[turn:], *PHASES[:turn])


def _moved(charger: ChargerFacts, timing: Timing, now_s: float, later_s: float) -> ChargerFacts:
    newest, standing = charger.standing.newest, charger.standing
    at_s = now_s + later_s
    granted: tuple[Granted, ...] = ()
    if newest is not None and newest.valid_until_s > now_s and charger.connected:
        in_force = replace(newest, valid_until_s=at_s + timing.lease_s, former=False)
        granted = (in_force,)

    def then(moment_s: float | None) -> float | None:
        return None if moment_s is None else moment_s + later_s

    return replace(
        charger,
        standing=Standing(
            standing.fail_safe_a,
            standing.all_lines,
            granted,
            {it.sequence: at_s - RESTED_S for it in granted},
        ),
        session_since_s=then(charger.session_since_s),
        session_ended_s=then(charger.session_ended_s),
        charging_since_s=then(charger.charging_since_s),
        waiting_since_s=then(charger.waiting_since_s),
        switched_at_s=then(charger.switched_at_s),
        changed_at_s=at_s - RESTED_S,
        behaviour=_rested(charger.behaviour, now_s, at_s),
        elsewhere=(),
    )


def _rested(behaviour: Behaviour, now_s: float, at_s: float) -> Behaviour:
    """What is known of a car is as fresh then as it is now; nobody is woken."""
    later_s = at_s - now_s
    return replace(
        behaviour,
        read_at_s=behaviour.read_at_s + later_s,
        finished_at_s=at_s if behaviour.finished(now_s) else None,
        waking_until_s=None,
    )


# --- What becomes of a decision ---


def _told(charger: ChargerFacts, grant: Granted, now_s: float) -> ChargerFacts:
    """It has confirmed at once, and what it had before is over by the next decision."""
    charges = grant.limit_a > 0
    return replace(
        charger,
        standing=replace(
            charger.standing, granted=(grant,), confirmed_at_s={grant.sequence: now_s}
        ),
        sequence=grant.sequence,
        changed_at_s=now_s,
        charging_since_s=(charger.charging_since_s or now_s) if charges else None,
        waiting_since_s=None if charges else charger.waiting_since_s,
        last_terminals=grant.terminals if charges else charger.last_terminals,
    )


def _followed(charger: ChargerFacts, now_s: float) -> ChargerFacts:
    """Its car draws what it may, and no more than it is known to use."""
    newest, behaviour = charger.standing.newest, charger.behaviour
    if charger.session_since_s is None or newest is None or not charger.connected:
        return charger
    draws_a = newest.limit_a
    if behaviour.finished(now_s - STEP_S):
        draws_a = 0.0
        behaviour = replace(behaviour, finished_at_s=now_s)
    elif behaviour.disobeys_a is not None:
        draws_a = behaviour.disobeys_a
    elif behaviour.wish_a is not None:
        draws_a = min(draws_a, behaviour.wish_a)
    current_a = _three(draws_a if it in newest.lines else 0.0 for it in PHASES)
    seen = replace(behaviour, current_a=current_a, read_at_s=now_s, measured_at_s=now_s)
    return replace(charger, behaviour=seen)


def _three(currents_a: Iterable[float]) -> PhaseCurrents:
    l1, l2, l3 = currents_a
    return (l1, l2, l3)
