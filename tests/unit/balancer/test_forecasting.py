"""What would be if something were otherwise: how limits would settle, by the decisions taken in earnest."""

from dataclasses import replace

import pytest

from services.balancer.behaviour import Behaviour
from services.balancer.commitments import Standing
from services.balancer.facts import ChargerFacts, SiteFacts, Timing
from services.balancer.forecasting import STEPS_MAX, Forecast, Unknown, beginning, otherwise
from services.balancer.site import Breaker, Site, SiteCharger
from shared.messages.balancer import MAIN, Rule
from shared.messages.installation_terms import ScheduleRule
from shared.messages.what_if import MoreCars, OtherSetting, Picture, WhatIf
from shared.phases import PHASES, GridType
from shared.units import TOLERANCE_A
from shared.weekly import CurrentSchedule

NOW_S = 1_800_000_000.0
"""A Friday, 08:00 UTC."""
TIMING = Timing()
LEVEL = Breaker("level", MAIN, "Level", 40.0)


def garage(chargers: int = 2, **about: object) -> SiteFacts:
    """Cars that have charged for a while at chargers on one circuit, and draw what they may."""
    names = [f"bay-{it}" for it in range(chargers)]
    site = Site(
        GridType.TN_3_PHASE,
        (Breaker(MAIN, None, "Main", 63.0), LEVEL),
        {it: SiteCharger(it, "level", PHASES, 32.0, 0.0) for it in names},
    )
    car = ChargerFacts(
        Standing(0.0, PHASES),
        connected=True,
        session_since_s=NOW_S - 3000,
        behaviour=Behaviour(one_phase=False, current_a=(0.0, 0.0, 0.0), read_at_s=NOW_S),
    )
    return SiteFacts("garage", replace(site, **about), dict.fromkeys(names, car), epoch=1)  # type: ignore[arg-type]


def settled(forecast: Forecast) -> Forecast:
    while not forecast.over:
        forecast.step()
    return forecast


def asked(**what: object) -> WhatIf:
    return WhatIf(installation_id="garage", **what)  # type: ignore[arg-type]


def wondering(facts: SiteFacts, at_s: float = NOW_S, **what: object) -> tuple[Picture, Picture]:
    as_is = settled(beginning(facts, TIMING, NOW_S, at_s))
    after, new = otherwise(as_is, asked(**what))
    settled(after)
    assert as_is.settled
    assert after.settled
    assert after.steps < STEPS_MAX
    return as_is.picture(), after.picture(new)


def limits_a(picture: Picture) -> dict[str, float]:
    return {it.charger_id: it.limit_a for it in picture.cars}


def test_as_things_are_everybody_has_a_fair_share() -> None:
    as_is, _ = wondering(garage())

    assert limits_a(as_is) == {"bay-0": 20.0, "bay-1": 20.0}
    (main, level) = as_is.breakers
    assert level.load_a == pytest.approx((40.0, 40.0, 40.0))
    assert main.usable_a == (63.0, 63.0, 63.0)
    assert {it.limited_by.rule for it in as_is.cars} == {Rule.BREAKER}


def test_more_cars_take_a_part_until_some_of_them_wait() -> None:
    _, few = wondering(garage(), more=(MoreCars(count=2, circuit_id="level"),))
    _, many = wondering(garage(), more=(MoreCars(count=10, circuit_id="level"),))

    assert set(limits_a(few).values()) == {10.0}
    waiting = [it for it in many.cars if it.waits]
    assert len(waiting) == 6
    assert all(it.is_new for it in waiting)
    assert {it.limited_by.rule for it in waiting} == {Rule.QUEUE}
    assert [it.limited_by.place for it in waiting] == [1, 2, 3, 4, 5, 6]
    assert [it.charger_id[-3:] for it in waiting] == ["005", "006", "007", "008", "009", "010"]
    assert max(many.breakers[1].load_a) <= 40.0 + TOLERANCE_A


def test_one_phase_cars_stand_on_the_phases_in_turn() -> None:
    more = MoreCars(count=3, circuit_id="level", three_phases=False)

    _, after = wondering(garage(0), more=(more,))

    assert limits_a(after) == {f"new-car-00{it}": 32.0 for it in (1, 2, 3)}
    assert after.breakers[1].load_a == pytest.approx((32.0, 32.0, 32.0))


def test_a_breaker_that_is_set_otherwise_gives_otherwise() -> None:
    _, higher = wondering(garage(), other=OtherSetting(circuit_id="level", set_a=50.0))
    _, lower = wondering(garage(), other=OtherSetting(circuit_id=MAIN, set_a=24.0))

    assert set(limits_a(higher).values()) == {25.0}
    assert set(limits_a(lower).values()) == {12.0}


def test_less_that_is_available_is_shared_out() -> None:
    _, after = wondering(garage(), available_a=(16.0, 16.0, 16.0))

    assert set(limits_a(after).values()) == {8.0}
    assert {it.limited_by.rule for it in after.cars} == {Rule.AVAILABLE}


def test_at_another_time_the_schedule_of_that_time_holds() -> None:
    rule = ScheduleRule(begins="18:00", ends="20:00", available_a=(14.0, 14.0, 14.0))
    facts = garage(schedule=CurrentSchedule((rule,), None, "Etc/UTC"))

    now, _ = wondering(facts)
    evening, _ = wondering(facts, at_s=NOW_S + 10 * 3600)

    assert set(limits_a(now).values()) == {20.0}
    assert set(limits_a(evening).values()) == {7.0}
    assert {it.limited_by.rule for it in evening.cars} == {Rule.SCHEDULE}


def test_what_is_known_is_left_as_it_is() -> None:
    facts = garage()
    before = repr(facts)

    wondering(facts, more=(MoreCars(count=10, circuit_id="level"),))

    assert repr(facts) == before


def test_a_car_that_has_finished_takes_nothing_then_either() -> None:
    facts = garage()
    idle = replace(facts.chargers["bay-0"], behaviour=Behaviour(finished_at_s=NOW_S - 5))
    facts = replace(facts, chargers={**facts.chargers, "bay-0": idle})

    as_is, _ = wondering(facts, at_s=NOW_S + 6 * 3600)

    assert limits_a(as_is) == {"bay-0": 0.0, "bay-1": 32.0}


def test_a_circuit_that_is_not_there_is_unknown() -> None:
    as_is = settled(beginning(garage(), TIMING, NOW_S, NOW_S))

    with pytest.raises(Unknown, match="no circuit attic"):
        otherwise(as_is, asked(more=(MoreCars(count=1, circuit_id="attic"),)))
