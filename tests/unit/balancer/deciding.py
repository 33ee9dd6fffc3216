"""Facts for decisions: a site with one breaker, cars that wait and cars that charge."""

from dataclasses import replace

from services.balancer.behaviour import Behaviour
from services.balancer.commitments import Granted, Standing
from services.balancer.decider import Decision, decide
from services.balancer.facts import ChargerFacts, SiteFacts, Timing
from services.balancer.site import Breaker, Site, SiteCharger
from shared.messages.balancer import MAIN
from shared.phases import PHASES, GridType, Phase

NOW_S = 10_000.0
TIMING = Timing(rotation_s=60, rotation_gap_s=30)
ON_L1 = (Phase.L1,)


def site(*names: str, main_a: float = 32.0, fail_safe_a: float = 0.0) -> Site:
    chargers = {it: SiteCharger(it, MAIN, PHASES, 32.0, fail_safe_a) for it in names}
    return Site(GridType.TN_3_PHASE, (Breaker(MAIN, None, "Main", main_a),), chargers)


def plugged(waiting_s: float = 10.0, fail_safe_a: float = 0.0) -> ChargerFacts:
    """A car that waits, at a charger without any limit."""
    standing = Standing(fail_safe_a, PHASES)
    return ChargerFacts(standing, connected=True, session_since_s=NOW_S - waiting_s)


def charging(limit_a: float, for_s: float = 30.0, left_s: float = 80.0) -> ChargerFacts:
    """A car that charges under a confirmed limit."""
    grant = Granted(limit_a, PHASES, NOW_S + left_s, sequence=1)
    return ChargerFacts(
        Standing(0.0, PHASES, (grant,), {1: NOW_S - for_s}),
        connected=True,
        session_since_s=NOW_S - for_s - 1,
        charging_since_s=NOW_S - for_s,
        changed_at_s=NOW_S - for_s,
        sequence=1,
        behaviour=Behaviour(current_a=(limit_a,) * 3, read_at_s=NOW_S - 1, one_phase=False),
    )


def decided(at: Site, **chargers: ChargerFacts) -> Decision:
    return decide(SiteFacts("garage", at, chargers, epoch=1), TIMING, NOW_S)


def told_a(decision: Decision) -> dict[str, float]:
    return {it.charger_id: it.grant.limit_a for it in decision.announcements}


def with_charger(at: Site, name: str, **update: object) -> Site:
    charger = replace(at.chargers[name], **update)  # type: ignore[arg-type]
    return replace(at, chargers={**at.chargers, name: charger})
