"""Why a charger gets what it gets: the rule that held its limit down, where, and what would be next."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property

from services.balancer.allocation import OWN_MAX, Share
from services.balancer.facts import SiteFacts, Timing
from services.balancer.headroom import Headroom
from services.balancer.lifting import Lifted, Lifting
from services.balancer.site import LINES
from services.balancer.turns import Turn
from services.balancer.waiting import Waiting, waiting
from shared.ids import ChargerId
from shared.messages.balancer import LimitedBy, Rule, RunnerUp
from shared.units import TOLERANCE_A


class Reasons:
    """
    The reasons of one decision.

    Args:
        facts: the site.
        turns: what was decided.
        left: what of every constraint could be divided, and by which rule.
        lifting: what would be if what stops a car did not.
        timing: how often things may change.
        span_s: from when until when what is decided may be in force, in seconds since 1970.
    """

    def __init__(
        self,
        facts: SiteFacts,
        turns: Sequence[Turn],
        left: Headroom,
        lifting: Lifting,
        timing: Timing,
        span_s: tuple[float, float],
    ) -> None:
        self._facts = facts
        self._now_s, self._over_s = span_s
        self._turns = {turn.car.charger_id: turn for turn in turns}
        # Other load may be above what its breaker carries.
        self._usable_a = [max(0.0, it) for it in left.agreed_a]
        self._rules = left.rules
        self._sharing = Counter(
            constraint
            for turn in turns
            if turn.share.admitted
            for constraint, _ in turn.mode.loads
        )
        self._told: dict[tuple[int, bool, bool], LimitedBy] = {}
        self._lifting = lifting
        self._timing = timing

    @cached_property
    def _waiting(self) -> Mapping[ChargerId, Waiting]:
        turns = tuple(self._turns.values())
        found = waiting(self._facts, turns, self._timing, self._now_s)
        return {it.charger_id: it for it in found}

    def without_turn(self, charger_id: ChargerId) -> LimitedBy:
        """Say why a charger gets nothing without having been asked for its turn."""
        layout = self._facts.site.chargers[charger_id]
        if layout.out_of_use is not None:
            return layout.out_of_use
        if layout.highest_a < layout.min_a - TOLERANCE_A:
            return LimitedBy(rule=self._own(charger_id))
        if self._facts.chargers[charger_id].behaviour.disobeys_a is not None:
            return LimitedBy(rule=Rule.DISOBEYS)
        return LimitedBy(rule=Rule.NO_CAR)

    def of(self, turn: Turn) -> LimitedBy:
        """Say what held a car's limit down."""
        share = turn.share
        stopped = self._stopped(turn)
        if not share.admitted or not self._wakes(turn.car.charger_id):
            return stopped
        then = stopped.model_dump(include={"rule", "circuit_id", "phase", "usable_a"})
        return LimitedBy(rule=Rule.WAKING, runner_up=RunnerUp(**then, limit_a=share.share_a))

    def _stopped(self, turn: Turn) -> LimitedBy:
        share = turn.share
        if share.constraint == OWN_MAX:
            return LimitedBy(rule=self._bound(turn.car.charger_id, lent=turn.car.lent))
        # Most cars are stopped by one of few things.
        where = share.constraint, share.by_imbalance, share.admitted
        if where not in self._told:
            breaker, line = self._facts.site.at(share.constraint)
            self._told[where] = LimitedBy(
                rule=self._at_breaker(share),
                circuit_id=breaker.circuit_id,
                phase=line,
                shared_by=self._sharing[share.constraint],
                usable_a=None if share.by_imbalance else self._usable_a[share.constraint],
            )
        return self._told[where]

    def in_full(self, charger_id: ChargerId, reason: LimitedBy) -> LimitedBy:
        """Add to a reason that is about to be announced what would be next, and when. That costs more
        than the reason itself, and most reasons are not announced again."""
        turn = self._turns.get(charger_id)
        if turn is None:
            return reason
        update: dict[str, object] = {}
        # Whom the phases' difference leaves in the queue would be told of a breaker that is not full.
        in_balance = turn.share.by_imbalance and reason.rule is Rule.QUEUE
        if reason.runner_up is None and not in_balance:
            lifted = self._lifting.of(turn)
            update["runner_up"] = lifted and self._next(lifted)
        if not turn.share.admitted:
            waits = self._waiting[charger_id]
            turn_at_s = waits.turn_at_s
            update["place"] = waits.place
            update["turn_at"] = turn_at_s and datetime.fromtimestamp(turn_at_s, UTC)
        if reason.rule in {Rule.AVAILABLE, Rule.SCHEDULE} and reason.phase is not None:
            ends_s = self._ends_s(turn.share, reason.rule)
            update["until"] = ends_s and datetime.fromtimestamp(ends_s, UTC)
        return reason.model_copy(update=update)

    def _next(self, lifted: Lifted) -> RunnerUp:
        share, car = lifted.share, lifted.car
        if share.constraint == OWN_MAX:
            max_a = car.demand.modes[share.mode].max_a
            rule = self._bound(car.charger_id, lent=car.lent, max_a=max_a)
            return RunnerUp(rule=rule, limit_a=share.share_a)
        breaker, line = self._facts.site.at(share.constraint)
        usable_a = None if share.by_imbalance else self._usable_a[share.constraint]
        rule = self._at_breaker(share)
        if share.constraint // LINES == lifted.to_breaker and not share.by_imbalance:
            usable_a = breaker.set_a
            rule = Rule.BREAKER if share.admitted else Rule.QUEUE
        return RunnerUp(
            rule=rule,
            circuit_id=breaker.circuit_id,
            phase=line,
            usable_a=usable_a,
            limit_a=share.share_a,
        )

    def _ends_s(self, share: Share, rule: Rule) -> float | None:
        """Name when what may be used of a constraint changes by itself; a limit of somebody else's that
        holds at times of the week is another one than the schedule of all chargers."""
        if self._facts.site.bounded_by(share.constraint, self._now_s, self._over_s) is not rule:
            return None
        return self._facts.site.bound_ends_s(rule, share.constraint, self._now_s, self._over_s)

    def _wakes(self, charger_id: ChargerId) -> bool:
        return self._facts.chargers[charger_id].behaviour.waking(self._now_s)

    def _at_breaker(self, share: Share) -> Rule:
        rule = Rule.IMBALANCE if share.by_imbalance else self._rules[share.constraint]
        if share.admitted:
            return rule
        # Where nobody gets anything it is nobody's turn.
        nobody = rule is not Rule.BREAKER and self._sharing[share.constraint] == 0
        return rule if nobody else Rule.QUEUE

    def _bound(self, charger_id: ChargerId, *, lent: bool, max_a: float | None = None) -> Rule:
        """Name a car's own bound; by `max_a` its own breaker may be lifted already."""
        if lent:
            return Rule.CAR
        lifted = max_a is not None and (
            max_a > self._facts.site.chargers[charger_id].highest_a + TOLERANCE_A
        )
        return Rule.CHARGER if lifted else self._own(charger_id)

    def _own(self, charger_id: ChargerId) -> Rule:
        layout = self._facts.site.chargers[charger_id]
        own = layout.breaker_a is not None and layout.breaker_a < layout.max_a - TOLERANCE_A
        return Rule.OWN_BREAKER if own else Rule.CHARGER
