"""Why a charger gets what it gets: the rule that held its limit down, and where."""

from collections import Counter
from collections.abc import Sequence

from services.balancer.allocation import OWN_MAX
from services.balancer.facts import SiteFacts
from services.balancer.turns import Turn
from shared.ids import ChargerId
from shared.messages.balancer import LimitedBy, Rule
from shared.units import TOLERANCE_A


class Reasons:
    """The reasons of one decision."""

    def __init__(self, facts: SiteFacts, turns: Sequence[Turn], rules: Sequence[Rule]) -> None:
        self._facts = facts
        self._rules = rules
        self._sharing = Counter(
            constraint
            for turn in turns
            if turn.share.admitted
            for constraint, _ in turn.mode.loads
        )

    def without_turn(self, charger_id: ChargerId) -> LimitedBy:
        """Say why a charger gets nothing without having been asked for its turn."""
        layout = self._facts.site.chargers[charger_id]
        if layout.out_of_use is not None:
            return layout.out_of_use
        if layout.highest_a < layout.min_a - TOLERANCE_A:
            return LimitedBy(rule=self._own(charger_id))
        return LimitedBy(rule=Rule.NO_CAR)

    def of(self, turn: Turn) -> LimitedBy:
        """Say what stopped a car's share."""
        share = turn.share
        if turn.car.demand.fixed_a is not None and share.admitted:
            return LimitedBy(rule=Rule.DISOBEYS)
        if share.constraint == OWN_MAX:
            return LimitedBy(rule=Rule.CAR if turn.car.lent else self._own(turn.car.charger_id))
        breaker, line = self._facts.site.at(share.constraint)
        sharing = self._sharing[share.constraint]
        return LimitedBy(
            rule=self._at_breaker(turn, sharing),
            circuit_id=breaker.circuit_id,
            phase=line,
            shared_by=sharing,
        )

    def _at_breaker(self, turn: Turn, sharing: int) -> Rule:
        rule = self._rules[turn.share.constraint]
        if turn.share.admitted:
            return rule
        # Where nobody gets anything it is nobody's turn.
        return rule if rule is not Rule.BREAKER and sharing == 0 else Rule.QUEUE

    def _own(self, charger_id: ChargerId) -> Rule:
        layout = self._facts.site.chargers[charger_id]
        own = layout.breaker_a is not None and layout.breaker_a < layout.max_a - TOLERANCE_A
        return Rule.OWN_BREAKER if own else Rule.CHARGER
