"""What a car would get if what stops it did not: the same capacity, divided once more without that."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from services.balancer.allocation import OWN_MAX, Share
from services.balancer.angles import Capacity
from services.balancer.facts import SiteFacts
from services.balancer.site import LINES
from services.balancer.turns import Car, Turn, imbalance_rules
from shared.units import BREAKER_A_MAX, TOLERANCE_A

DIVIDED_MAX: Final = 1000
"""So many cars are given shares again in one decision at most: a large site does not wait for reasons."""


@dataclass(frozen=True, slots=True)
class Lifted:
    """What a car would get then, and what would stop it."""

    car: Car
    """As it is when its own bound is the one that was lifted."""
    share: Share
    to_breaker: int | None = None
    """Here not the breaker was lifted, by its index, but what may be used of it."""


class Lifting:
    """
    Lifts what stopped shares, one thing at a time: a breaker on all its lines, how far these may differ,
    or a car's own bound.

    Args:
        facts: the site.
        turns: what was decided.
        capacity: what was divided.
        usable_a: what may be used of each constraint, if that is less than its breaker's set value.
    """

    def __init__(
        self,
        facts: SiteFacts,
        turns: Sequence[Turn],
        capacity: Capacity,
        usable_a: Sequence[float],
    ) -> None:
        self._facts = facts
        self._demands = [turn.car.demand for turn in turns]
        self._place = {turn.car.charger_id: i for i, turn in enumerate(turns)}
        self._capacity = capacity
        self._usable_a = usable_a
        self._rules = imbalance_rules(facts.site)
        self._without_breaker: dict[tuple[int, bool], Sequence[Share]] = {}
        self._without_imbalance: Sequence[Share] = ()
        self._left = max(1, DIVIDED_MAX // max(1, len(turns)))

    def of(self, turn: Turn) -> Lifted | None:
        """Lift what stopped a car; none if too much was worked out already."""
        stopped_by = turn.share.constraint
        if stopped_by == OWN_MAX:
            return self._own_lifted(turn)
        if turn.share.by_imbalance:
            return self._imbalance_lifted(turn)
        breaker = stopped_by // LINES
        short = self._short_a(stopped_by) > TOLERANCE_A
        if (breaker, short) not in self._without_breaker:
            if not self._spend():
                return None
            capacity = self._without(breaker, short=short)
            self._without_breaker[breaker, short] = capacity.share_out(
                self._demands, self._rules
            )
        share = self._without_breaker[breaker, short][self._at(turn)]
        return Lifted(turn.car, share, breaker if short else None)

    def _imbalance_lifted(self, turn: Turn) -> Lifted | None:
        if not self._without_imbalance:
            if not self._spend():
                return None
            self._without_imbalance = self._capacity.share_out(self._demands)
        return Lifted(turn.car, self._without_imbalance[self._at(turn)])

    def _own_lifted(self, turn: Turn) -> Lifted | None:
        if not self._spend():
            return None
        car = self._unbound(turn.car)
        demands = list(self._demands)
        demands[self._at(turn)] = car.demand
        shares = self._capacity.share_out(demands, self._rules)
        return Lifted(car, shares[self._at(turn)])

    def _unbound(self, car: Car) -> Car:
        """A car that takes little would be bound by its charger; one behind a breaker of its own by what
        the charger can give; and that charger by nothing of its own."""
        layout = self._facts.site.chargers[car.charger_id]
        own = layout.highest_a < layout.max_a - TOLERANCE_A
        bound_a = layout.max_a if own else BREAKER_A_MAX
        max_a = layout.highest_a if car.lent else bound_a
        modes = tuple(replace(mode, max_a=max_a) for mode in car.demand.modes)
        return replace(car, lent=False, demand=replace(car.demand, modes=modes))

    def _without(self, breaker: int, *, short: bool) -> Capacity:
        """Where less may be used than the breaker carries, the breaker is there without that."""
        left_a = list(self._capacity.left_a)
        for row in range(breaker * LINES, breaker * LINES + LINES):
            left_a[row] += self._short_a(row) if short else BREAKER_A_MAX
        return replace(self._capacity, left_a=left_a)

    def _short_a(self, constraint: int) -> float:
        return self._facts.site.capacity_a[constraint] - self._usable_a[constraint]

    def _spend(self) -> bool:
        self._left -= 1
        return self._left >= 0

    def _at(self, turn: Turn) -> int:
        return self._place[turn.car.charger_id]
