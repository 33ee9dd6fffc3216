"""What a car would get if what stops it did not: the same capacity, divided once more without that."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from services.balancer.allocation import OWN_MAX, Demand, Share, allocate
from services.balancer.facts import SiteFacts
from services.balancer.site import LINES
from services.balancer.turns import Car, Turn
from shared.ids import ChargerId
from shared.units import BREAKER_A_MAX, TOLERANCE_A

DIVIDED_MAX: Final = 1000
"""So many cars are given shares again in one decision at most: a large site does not wait for reasons."""


@dataclass(frozen=True, slots=True)
class Lifted:
    """What a car would get then, and what would stop it."""

    car: Car
    """As it is when its own bound is the one that was lifted."""
    share: Share
    available: bool = False
    """Not the main breaker was lifted, but what is available below it."""


class Lifting:
    """Lifts what stopped shares, one thing at a time: a breaker on all its lines, or a car's own bound."""

    def __init__(
        self,
        facts: SiteFacts,
        turns: Sequence[Turn],
        capacity_a: Sequence[float],
        usable_a: Sequence[float],
    ) -> None:
        self._facts = facts
        self._cars = [turn.car for turn in turns]
        self._place = {car.charger_id: i for i, car in enumerate(self._cars)}
        self._capacity_a = capacity_a
        self._usable_a = usable_a
        self._without_breaker: dict[tuple[int, bool], list[Share]] = {}
        self._left = max(1, DIVIDED_MAX // max(1, len(self._cars)))

    def of(self, turn: Turn) -> Lifted | None:
        """Lift what stopped a car; none if too much was worked out already."""
        stopped_by = turn.share.constraint
        if stopped_by == OWN_MAX:
            return self._own_lifted(turn)
        breaker = stopped_by // LINES
        available = self._short_a(stopped_by) > TOLERANCE_A
        if (breaker, available) not in self._without_breaker:
            if not self._spend():
                return None
            demands = [car.demand for car in self._cars]
            capacity_a = self._without(breaker, available=available)
            self._without_breaker[breaker, available] = allocate(capacity_a, demands)
        share = self._without_breaker[breaker, available][self._at(turn)]
        return Lifted(turn.car, share, available)

    def _own_lifted(self, turn: Turn) -> Lifted | None:
        if not self._spend():
            return None
        car = self._unbound(turn.car)
        demands: list[Demand] = [it.demand for it in self._cars]
        demands[self._at(turn)] = car.demand
        return Lifted(car, allocate(self._capacity_a, demands)[self._at(turn)])

    def _unbound(self, car: Car) -> Car:
        """A car that takes little would be bound by its charger; one behind a breaker of its own by what
        the charger can give; and that charger by nothing of its own."""
        layout = self._facts.site.chargers[car.charger_id]
        if car.lent:
            return replace(car, lent=False, demand=replace(car.demand, max_a=layout.highest_a))
        own = layout.highest_a < layout.max_a - TOLERANCE_A
        max_a = layout.max_a if own else BREAKER_A_MAX
        return replace(car, demand=replace(car.demand, max_a=max_a))

    def _without(self, breaker: int, *, available: bool) -> list[float]:
        """What is available stops cars before the breaker does: without it, the breaker is there."""
        capacity_a = list(self._capacity_a)
        for row in range(breaker * LINES, breaker * LINES + LINES):
            capacity_a[row] += self._short_a(row) if available else BREAKER_A_MAX
        return capacity_a

    def _short_a(self, constraint: int) -> float:
        return self._facts.site.capacity_a[constraint] - self._usable_a[constraint]

    def _spend(self) -> bool:
        self._left -= 1
        return self._left >= 0

    def _at(self, turn: Turn) -> int:
        charger_id: ChargerId = turn.car.charger_id
        return self._place[charger_id]
