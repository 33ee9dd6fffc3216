"""How soon an installation is decided on again of which nothing is heard."""

from dataclasses import replace

import pytest

from services.balancer.behaviour import Behaviour
from services.balancer.commitments import Granted, Standing
from services.balancer.decider import Decision, decide
from services.balancer.facts import ChargerFacts, SiteFacts, Timing
from services.balancer.headroom import Load
from services.balancer.limits import ExternalLimit
from services.balancer.meters import Meter
from services.balancer.rounds import CALM_ROUND_S, ROUND_S, pause_s, waits_for_room
from services.balancer.site import Breaker, Site, SiteCharger
from shared.messages.balancer import MAIN, LimitedBy, LoadBasis, Rule
from shared.messages.installation_terms import Measures, MeterKind
from shared.phases import PHASES, GridType

NOW_S = 10_000.0
SITE = Site(
    GridType.TN_3_PHASE,
    (Breaker(MAIN, None, "Main", 32.0),),
    {it: SiteCharger(it, MAIN, PHASES, 32.0, 0.0) for it in ("a", "b")},
)


def charging(limit_a: float, confirmed: int = 1) -> ChargerFacts:
    """A car that has charged for a while under the newest of its limits."""
    since_s = NOW_S - 100
    grants = tuple(Granted(limit_a, PHASES, NOW_S + 80, it) for it in range(1, 2))
    return ChargerFacts(
        Standing(0.0, PHASES, grants, {1: since_s} if confirmed else {}),
        connected=True,
        session_since_s=since_s - 1,
        charging_since_s=since_s,
        changed_at_s=NOW_S - 1,
        sequence=1,
        limited_by=LimitedBy(rule=Rule.BREAKER),
        behaviour=Behaviour(current_a=(limit_a,) * 3, read_at_s=NOW_S - 1, one_phase=False),
    )


def decided(site: Site = SITE, **chargers: ChargerFacts) -> tuple[SiteFacts, Decision]:
    facts = SiteFacts("garage", site, chargers, epoch=1)
    return facts, decide(facts, Timing(), NOW_S)


def test_where_all_have_what_they_are_to_have_it_is_looked_less_often() -> None:
    facts, decision = decided(a=charging(16.0), b=charging(16.0))

    assert decision.announcements == ()
    assert pause_s(facts, decision, NOW_S) == CALM_ROUND_S
    assert not waits_for_room(facts, decision, NOW_S)


def test_a_limit_on_its_way_is_looked_after_every_second() -> None:
    facts, decision = decided(a=charging(16.0), b=charging(16.0, confirmed=0))

    assert decision.announcements == ()
    assert pause_s(facts, decision, NOW_S) == ROUND_S


def test_so_is_what_is_announced_now() -> None:
    facts, decision = decided(a=charging(20.0), b=charging(12.0))

    assert decision.announcements
    assert pause_s(facts, decision, NOW_S) == ROUND_S


def test_a_car_that_has_less_than_its_share_waits_for_room() -> None:
    facts, decision = decided(a=charging(20.0), b=charging(12.0))

    assert waits_for_room(facts, decision, NOW_S), "b is raised once a has made room"
    away = replace(facts.chargers["b"], connected=False)
    facts, decision = decided(a=charging(20.0), b=away)
    assert not waits_for_room(facts, decision, NOW_S), "nobody can tell it anything"


def test_a_car_that_is_being_woken_is_looked_after_every_second() -> None:
    waking = Behaviour(waking_until_s=NOW_S - 1, current_a=(16.0,) * 3, read_at_s=NOW_S - 1)
    facts, decision = decided(a=charging(16.0), b=replace(charging(16.0), behaviour=waking))

    assert pause_s(facts, decision, NOW_S) == ROUND_S


@pytest.mark.parametrize(
    "what",
    [
        {"meters": (Meter("m", MAIN, MeterKind.BUILDING, Measures.TOTAL, PHASES, 20.0),)},
        {"limits": (ExternalLimit("l", MAIN, Rule.GRID_OPERATOR, (32.0, 32.0, 32.0)),)},
        {"available_a": (32.0, 32.0, 32.0)},
    ],
    ids=["a meter", "a limit of others", "what is available"],
)
def test_whatever_changes_by_itself_is_looked_after_every_second(
    what: dict[str, object],
) -> None:
    site = replace(SITE, **what)  # type: ignore[arg-type]
    facts, decision = decided(site, a=charging(16.0), b=charging(16.0))

    assert pause_s(facts, decision, NOW_S) == ROUND_S


def test_so_is_other_load() -> None:
    facts, decision = decided(a=charging(16.0), b=charging(16.0))
    loaded = replace(facts, loads={MAIN: Load((0.0, 0.0, 0.0), LoadBasis.MEASURED)})

    assert pause_s(loaded, decision, NOW_S) == ROUND_S
