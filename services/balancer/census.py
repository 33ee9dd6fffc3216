"""What is counted of all installations that one process decides for, whenever somebody collects figures."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from services.balancer.behaviour import METER_ERROR_A
from services.balancer.decider import Decision
from services.balancer.facts import SiteFacts
from services.balancer.forms import LINES
from shared.units import TOLERANCE_A

SILENT_S: Final = 60.0
"""A charging car that was not heard from for so long counts as silent; chargers report every 10 to 30 s."""


@dataclass(slots=True)
class Census:
    """Counts over installations, by the latest decision for each."""

    installations: int = 0
    connected: int = 0
    charging: int = 0
    silent: int = 0
    """Chargers that charge, or may, and were not heard from lately."""
    above: int = 0
    """Breakers at which more is measured than they may carry."""
    planned_above: int = 0
    """Breakers at which more is promised than they may carry."""
    highest: float = 0.0
    """The largest share of its limit that a breaker carries."""

    def add(self, facts: SiteFacts, decision: Decision, now_s: float) -> None:
        """Count one installation."""
        self.installations += 1
        for it in facts.chargers.values():
            self.connected += it.connected
            if it.connected and it.charging_since_s is not None:
                self.charging += 1
                self.silent += now_s - it.behaviour.read_at_s > SILENT_S
        self.above += len({it.constraint // LINES for it in decision.overloads})
        planned: set[int] = set()
        for constraint, capacity_a in enumerate(facts.site.capacity_a):
            committed_a, drawn_a = (
                decision.committed_a[constraint],
                decision.measured_a[constraint],
            )
            if committed_a > capacity_a + TOLERANCE_A:
                planned.add(constraint // LINES)
            if capacity_a > METER_ERROR_A:
                self.highest = max(self.highest, drawn_a / capacity_a)
        self.planned_above += len(planned)


def census(decided: Iterable[tuple[SiteFacts, Decision]], now_s: float) -> Census:
    """Count over installations at one moment, in seconds since 1970."""
    counted = Census()
    for facts, decision in decided:
        counted.add(facts, decision, now_s)
    return counted
