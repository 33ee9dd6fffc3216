"""What is counted of installations for the figures, by the latest decision for each."""

from dataclasses import replace

import pytest

from services.balancer.behaviour import Behaviour
from services.balancer.census import SILENT_S, Census, census
from services.balancer.commitments import Granted, Standing
from services.balancer.decider import Decision, decide
from services.balancer.facts import ChargerFacts, SiteFacts, Timing
from services.balancer.site import Breaker, Site, SiteCharger
from shared.messages.balancer import MAIN
from shared.phases import PHASES, GridType

NOW_S = 10_000.0


def charging(limit_a: float, draws_a: float, heard_s: float = 1.0) -> ChargerFacts:
    grant = Granted(limit_a, PHASES, NOW_S + 80, sequence=1)
    return ChargerFacts(
        Standing(0.0, PHASES, (grant,), {1: NOW_S - 30}),
        connected=True,
        session_since_s=NOW_S - 31,
        charging_since_s=NOW_S - 30,
        changed_at_s=NOW_S - 30,
        sequence=1,
        behaviour=Behaviour(
            current_a=(draws_a,) * 3, read_at_s=NOW_S - heard_s, one_phase=False
        ),
    )


def garage(main_a: float, **chargers: ChargerFacts) -> tuple[SiteFacts, Decision]:
    known = {it: SiteCharger(it, MAIN, PHASES, 32.0, 0.0) for it in chargers}
    site = Site(GridType.TN_3_PHASE, (Breaker(MAIN, None, "Main", main_a),), known)
    facts = SiteFacts("garage", site, chargers, epoch=1)
    return facts, decide(facts, Timing(), NOW_S)


def counted(*decided: tuple[SiteFacts, Decision]) -> Census:
    return census(decided, NOW_S)


def test_a_garage_within_its_limits_has_no_breaker_above_one() -> None:
    found = counted(garage(63.0, a=charging(16, 15), b=charging(16, 16)))

    assert (found.above, found.planned_above) == (0, 0)
    assert (found.installations, found.connected, found.charging, found.silent) == (1, 2, 2, 0)
    assert found.highest == pytest.approx(31 / 63)


def test_a_breaker_counts_once_however_many_of_its_lines_are_above_their_limit() -> None:
    found = counted(garage(20.0, a=charging(16, 16), b=charging(16, 16)))

    assert found.above == 1
    assert found.highest == pytest.approx(32 / 20)


def test_what_is_promised_counts_whether_or_not_it_is_drawn() -> None:
    found = counted(garage(20.0, a=charging(16, 2), b=charging(16, 2)))

    assert (found.above, found.planned_above) == (0, 1)


def test_a_charging_car_that_is_not_heard_from_is_silent() -> None:
    found = counted(garage(63.0, a=charging(16, 16, heard_s=SILENT_S + 1), b=charging(16, 16)))

    assert (found.charging, found.silent) == (2, 1)


def test_a_charger_that_is_away_is_not_counted_as_silent() -> None:
    away = replace(charging(16, 16, heard_s=SILENT_S + 1), connected=False)
    found = counted(garage(63.0, a=away))

    assert (found.connected, found.silent) == (0, 0)


def test_installations_add_up() -> None:
    one, other = garage(20.0, a=charging(16, 20)), garage(16.0, b=charging(16, 20))
    found = counted(one, other)

    assert (found.installations, found.above) == (2, 1)
    assert found.highest == pytest.approx(20 / 16)
