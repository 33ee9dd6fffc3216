"""What readings teach of a car."""

from dataclasses import replace

import pytest

from services.balancer.behaviour import (
    FINISHED_AGAIN_S,
    FINISHED_S,
    PHASES_STEADY_S,
    STALE_S,
    STEADY_S,
    Behaviour,
    Offer,
    PhasesTold,
    observe,
)
from services.balancer.site import Breaker, Site, SiteCharger
from shared.messages.balancer import MAIN
from shared.phases import GridType, Phase, PhaseCurrents
from shared.units import CAR_FOLLOW_S

WIRING = (Phase.L2, Phase.L3, Phase.L1)
SITE = Site(
    GridType.TN_3_PHASE,
    (Breaker(MAIN, None, "Main", 63.0),),
    {"bay-1": SiteCharger("bay-1", MAIN, WIRING, 32.0, 0.0)},
)
NOW_S = 1_000.0
ON_L2: PhaseCurrents = (0.0, 15.8, 0.0)
ON_ALL: PhaseCurrents = (15.8, 15.8, 15.8)
OFFER = Offer(16.0, NOW_S - 60)


def seen(
    *readings: tuple[float, PhaseCurrents],
    offer: Offer | None = OFFER,
    before: Behaviour | None = None,
) -> Behaviour:
    """Observe readings, each so many seconds after now."""
    behaviour = before or Behaviour(session_id="s")
    for after_s, current_a in readings:
        behaviour = observe(behaviour, SITE, "bay-1", "s", current_a, offer, NOW_S + after_s)
    return behaviour


def test_one_phase_is_believed_once_it_has_lasted() -> None:
    assert seen((0, ON_L2)).one_phase is None
    assert seen((0, ON_L2), (PHASES_STEADY_S, ON_L2)).one_phase is True


def test_a_car_that_draws_on_other_phases_is_counted_on_all_of_them_at_once() -> None:
    one_phase = seen((0, ON_L2), (PHASES_STEADY_S, ON_L2))

    assert seen((10, ON_ALL), before=one_phase).one_phase is False


def test_a_new_session_is_a_car_nobody_knows() -> None:
    one_phase = seen((0, ON_L2), (PHASES_STEADY_S, ON_L2))

    other = observe(one_phase, SITE, "bay-1", "another", ON_L2, OFFER, NOW_S + 20)

    assert other.one_phase is None


def test_what_a_car_leaves_unused_is_lent_after_a_while() -> None:
    half = (8.0, 8.0, 8.0)

    assert seen((0, half)).wish_a is None
    assert seen((0, half), (STEADY_S, half)).wish_a == pytest.approx(8.8)


def test_what_was_lent_is_given_back_as_soon_as_the_car_uses_all_it_has() -> None:
    lent = replace(Behaviour(session_id="s"), wish_a=8.8)

    assert seen((0, (8.7, 8.7, 8.7)), offer=Offer(8.8, NOW_S - 60), before=lent).wish_a is None


def test_a_car_that_is_still_following_its_last_limit_teaches_nothing() -> None:
    just_now = Offer(6.0, NOW_S - CAR_FOLLOW_S + 1)

    assert seen((0, ON_ALL), offer=just_now).disobeys_a is None


def test_a_car_that_draws_more_than_it_was_told_is_counted_at_its_worst() -> None:
    told = Offer(6.0, NOW_S - CAR_FOLLOW_S)

    assert (
        seen((0, (9.0, 9.0, 9.0)), (5, ON_ALL), (9, (9.0, 9.0, 9.0)), offer=told).disobeys_a
        == 15.8
    )


def test_switching_a_disobedient_car_off_proves_nothing() -> None:
    disobeys = seen((0, ON_ALL), offer=Offer(6.0, NOW_S - 10))

    off = seen((20, (0.0, 0.0, 0.0)), offer=Offer(0.0, NOW_S), before=disobeys)

    assert off.disobeys_a == 15.8


def test_a_car_that_takes_nothing_has_finished_and_is_asked_again_later() -> None:
    nothing = (0.0, 0.0, 0.0)
    behaviour = seen((0, nothing), (FINISHED_S, nothing))

    assert behaviour.finished(NOW_S + FINISHED_S)
    assert not behaviour.finished(NOW_S + FINISHED_S + FINISHED_AGAIN_S)


def test_a_car_that_may_not_draw_has_not_finished() -> None:
    nothing = (0.0, 0.0, 0.0)

    assert not seen((0, nothing), (60, nothing), offer=Offer(0.0, NOW_S - 60)).finished(
        NOW_S + 60
    )


def test_an_old_reading_tells_nothing() -> None:
    behaviour = seen((0, ON_ALL))

    assert behaviour.fresh_a(NOW_S + STALE_S) == ON_ALL
    assert behaviour.fresh_a(NOW_S + STALE_S + 1) is None


# --- Chargers that switch phases ---


def seen_when(told: PhasesTold, *readings: tuple[float, PhaseCurrents]) -> Behaviour:
    behaviour = Behaviour(session_id="s")
    for after_s, current_a in readings:
        behaviour = observe(
            behaviour, SITE, "bay-1", "s", current_a, OFFER, NOW_S + after_s, told
        )
    return behaviour


@pytest.mark.parametrize("told", [PhasesTold.ONE, PhasesTold.UNSURE])
def test_a_car_behind_one_closed_terminal_is_not_taken_for_a_one_phase_car(
    told: PhasesTold,
) -> None:
    behaviour = seen_when(told, (0, ON_L2), (PHASES_STEADY_S, ON_L2), (60, ON_L2))

    assert behaviour.one_phase is None
    assert not behaviour.keeps_three_phases


def test_nor_is_a_car_at_a_charger_with_one_terminal() -> None:
    """It may be wired to three phases before the car leaves."""
    wired = SiteCharger("bay-1", MAIN, (Phase.L2,), 32.0, 0.0)
    site = replace(SITE, chargers={"bay-1": wired})
    behaviour = Behaviour(session_id="s")
    for after_s in (0, PHASES_STEADY_S, 60):
        behaviour = observe(behaviour, site, "bay-1", "s", ON_L2, OFFER, NOW_S + after_s)

    assert behaviour.one_phase is None


def test_what_is_known_of_a_car_outlasts_a_switch() -> None:
    known = seen((0, ON_L2), (PHASES_STEADY_S, ON_L2))

    after = observe(known, SITE, "bay-1", "s", ON_L2, OFFER, NOW_S + 60, PhasesTold.ONE)

    assert after.one_phase is True


def test_a_charger_that_goes_on_with_three_phases_is_known_to_keep_them() -> None:
    behaviour = seen_when(PhasesTold.ONE, (0, ON_ALL))

    assert behaviour.keeps_three_phases
    assert behaviour.one_phase is False


def test_nothing_is_held_against_a_charger_that_is_about_to_switch() -> None:
    behaviour = seen_when(PhasesTold.UNSURE, (0, ON_ALL))

    assert not behaviour.keeps_three_phases
    assert behaviour.one_phase is False
