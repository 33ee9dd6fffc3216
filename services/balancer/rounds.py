"""
When an installation is decided on again although nothing that matters was heard of it.

Once a second, as long as something is on its way or changes by itself: a limit is not confirmed, a car
has less than it is to have, other load is counted by the age of its reading. Where all is calm, only leases
come to their ends, which is seen many seconds before, and turns, which last for minutes.
"""

from typing import Final

from services.balancer.decider import Decision
from services.balancer.facts import SiteFacts
from services.balancer.planning import in_force_a
from shared.units import TOLERANCE_A

ROUND_S: Final = 1.0
CALM_ROUND_S: Final = 2.0
"""Those who look on are shown an installation so often, and take it for lost after 5 s."""


def pause_s(facts: SiteFacts, decision: Decision, now_s: float) -> float:
    """Name in how many seconds an installation is to be decided on again."""
    return CALM_ROUND_S if _calm(facts, decision, now_s) else ROUND_S


def waits_for_room(facts: SiteFacts, decision: Decision, now_s: float) -> bool:
    """Tell whether a car is to have more as soon as others have made room."""
    return any(
        it.limit_a > in_force_a(facts.chargers[it.charger_id], now_s) + TOLERANCE_A
        for it in decision.targets
        if facts.chargers[it.charger_id].connected
    )


def _calm(facts: SiteFacts, decision: Decision, now_s: float) -> bool:
    site = facts.site
    if decision.announcements or decision.queued or decision.overloads:
        return False
    if site.meters or site.limits or site.peaks or facts.loads:
        return False
    if site.available_a is not None or site.schedule is not None:
        return False
    for target in decision.targets:
        charger = facts.chargers[target.charger_id]
        if not charger.connected:
            continue
        if charger.standing.unconfirmed or charger.behaviour.waking_until_s is not None:
            return False
        if abs(target.limit_a - in_force_a(charger, now_s)) > TOLERANCE_A:
            return False
    return True
