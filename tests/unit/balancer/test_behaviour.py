"""What readings teach of a car."""

import math
from dataclasses import replace

import pytest
from pydantic import ValidationError

from services.balancer.behaviour import (
    DRAWS_A,
    FINISHED_AGAIN_S,
    FINISHED_S,
    IGNORES_MARGIN_A,
    METER_ERROR_A,
    OBEYS_S,
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
from shared.messages.telemetry import MeterReading
from shared.phases import GridType, Phase, PhaseCurrents

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
    allowed_a: float | None = None,
) -> Behaviour:
    """Observe readings, each so many seconds after now."""
    behaviour = before or Behaviour(session_id="s")
    for after_s, current_a in readings:
        behaviour = observe(
            behaviour,
            SITE,
            "bay-1",
            "s",
            current_a,
            offer,
            NOW_S + after_s,
            allowed_a=allowed_a,
        )
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


def test_a_car_that_draws_what_may_still_be_in_force_obeys() -> None:
    assert seen((0, ON_ALL), allowed_a=16.0).disobeys_a is None
    assert seen((0, ON_ALL), allowed_a=15.8 - METER_ERROR_A).disobeys_a is None
    assert seen((0, ON_ALL), allowed_a=None).disobeys_a is None, "nobody knows what it may"


def test_a_car_that_draws_more_than_it_was_told_is_counted_at_its_worst_and_some_more() -> None:
    nine = (9.0, 9.0, 9.0)

    worst = seen((0, nine), (5, ON_ALL), (9, nine), allowed_a=6.0)

    assert worst.disobeys_a == 15.8
    assert worst.counted_a == 15.8 + IGNORES_MARGIN_A


def test_switching_a_disobedient_car_off_proves_nothing() -> None:
    disobeys, off = seen((0, ON_ALL), allowed_a=6.0), (0.0, 0.0, 0.0)

    assert seen((20, off), (40, off), allowed_a=0.0, before=disobeys).disobeys_a == 15.8


def test_what_a_switched_off_car_s_electronics_take_is_no_disobedience() -> None:
    assert seen((0, (DRAWS_A, 0.0, 0.0)), allowed_a=0.0).disobeys_a is None
    assert seen((0, (DRAWS_A + 0.1, 0.0, 0.0)), allowed_a=0.0).disobeys_a is not None


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


def test_a_car_that_shows_it_wants_more_gets_it_back_with_that_reading() -> None:
    half, most = (8.0, 8.0, 8.0), (8.6, 8.6, 8.6)
    lent = seen((0, half), (STEADY_S, half))
    less = Offer(8.8, NOW_S + 10)

    asks = seen((20, most), offer=less, before=lent)

    assert lent.wish_a is not None
    assert seen((20, half), offer=less, before=lent).wish_a is not None
    assert asks.wish_a is None


def test_a_car_that_obeys_again_for_a_while_is_counted_by_its_limit_again() -> None:
    less = (9.9, 9.9, 9.9)
    disobeys = seen((0, ON_ALL), allowed_a=10.0)

    at_once = seen((5, less), allowed_a=10.0, before=disobeys)
    now_and_then = seen((10, ON_ALL), (5 + OBEYS_S, less), allowed_a=10.0, before=at_once)
    for_a_while = seen((5 + OBEYS_S, less), allowed_a=10.0, before=at_once)

    assert at_once.disobeys_a == 15.8
    assert now_and_then.disobeys_a == 15.8
    assert for_a_while.disobeys_a is None


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


# --- Readings that cannot be ---


@pytest.mark.parametrize(
    "current_a",
    [(math.nan, 0.0, 0.0), (0.0, math.inf, 0.0), (0.0, 0.0, -math.inf), (15.0, -20.0, 15.0)],
)
def test_a_reading_that_cannot_be_teaches_nothing(current_a: PhaseCurrents) -> None:
    before = seen((0, ON_ALL))

    assert seen((1, current_a), before=before) == before


def test_a_meter_that_shows_a_little_less_than_nothing_shows_nothing() -> None:
    assert seen((0, (-0.2, 15.8, 0.0))).current_a == ON_L2


def test_a_reading_that_comes_after_its_successor_teaches_nothing() -> None:
    """It would be lent what the car has left unused before, and draws again."""
    before = observe(
        Behaviour("s"), SITE, "bay-1", "s", ON_ALL, OFFER, NOW_S, measured_at_s=NOW_S
    )
    nothing: PhaseCurrents = (0.0, 0.0, 0.0)

    by_its_clock = observe(
        before, SITE, "bay-1", "s", nothing, OFFER, NOW_S + 1, measured_at_s=NOW_S - 1
    )
    by_ours = observe(
        before, SITE, "bay-1", "s", nothing, OFFER, NOW_S - 1, measured_at_s=NOW_S + 1
    )

    assert by_its_clock == by_ours == before


def test_a_charger_whose_clock_was_set_back_is_believed_once_nothing_of_it_is_fresh() -> None:
    before = observe(
        Behaviour("s"), SITE, "bay-1", "s", ON_ALL, OFFER, NOW_S, measured_at_s=NOW_S
    )
    later_s = NOW_S + STALE_S + 1
    set_back_s = 20.0

    waiting = observe(
        before,
        SITE,
        "bay-1",
        "s",
        ON_L2,
        OFFER,
        NOW_S + 10,
        measured_at_s=NOW_S + 10 - set_back_s,
    )
    again = observe(
        waiting, SITE, "bay-1", "s", ON_L2, OFFER, later_s, measured_at_s=later_s - set_back_s
    )

    assert waiting.fresh_a(later_s) is None, "it is counted at its limit"
    assert again.fresh_a(later_s) == ON_L2


def test_what_was_measured_long_ago_says_nothing_of_now_however_long_nothing_was_heard() -> (
    None
):
    before = observe(
        Behaviour("s"), SITE, "bay-1", "s", ON_ALL, OFFER, NOW_S, measured_at_s=NOW_S
    )
    later_s = NOW_S + 10 * STALE_S
    nothing = (0.0, 0.0, 0.0)

    kept = observe(
        before, SITE, "bay-1", "s", nothing, OFFER, later_s, measured_at_s=later_s - STALE_S - 1
    )

    assert kept == before
    assert kept.fresh_a(later_s) is None, "it is counted at its limit"


@pytest.mark.parametrize(
    "current_a", ["[NaN, 0, 0]", "[0, 0]", "[0, 0, null]", "[0, 0, 1e999]", '"much"', "null"]
)
def test_a_reading_without_three_numbers_is_refused_where_it_comes_in(current_a: str) -> None:
    body = (
        '{"installation_id": "site", "charger_id": "bay-1", "current_a": %s,'
        ' "measured_at": "2027-01-15T08:00:00Z", "received_at": "2027-01-15T08:00:00Z"}'
    )
    MeterReading.model_validate_json(body % "[0, 0, 0]")

    with pytest.raises(ValidationError):
        MeterReading.model_validate_json(body % current_a)


def test_a_register_is_remembered_within_its_session() -> None:
    def read(before: Behaviour, session_id: str, after_s: float, wh: int | None) -> Behaviour:
        return observe(
            before, SITE, "bay-1", session_id, ON_L2, OFFER, NOW_S + after_s, register_wh=wh
        )

    known = read(Behaviour(), "s", 0, 4000)
    assert known.register_wh == 4000
    assert read(known, "s", 10, None).register_wh == 4000, "not every reading has it"
    assert read(known, "another", 10, None).register_wh is None
