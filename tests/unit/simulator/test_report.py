"""What the figures count, and what they do not."""

import pytest

from simulator.breakers import Breaker
from simulator.report import REACTION_S, SETTLING_S, ReactionWindow, Tally

DT_S = 0.1
MAIN, LEFT, RIGHT = range(3)


def test_a_window_opens_when_the_car_comes_to_ignore_its_limit_and_closes_after_a_while() -> (
    None
):
    window = ReactionWindow()

    inside_s = [window.step(10.0, 1.0) for _ in range(20)]

    assert sum(inside_s) == pytest.approx(REACTION_S)
    assert inside_s[0] == 1.0
    assert inside_s[-1] == 0.0


def test_a_new_onset_opens_a_new_window() -> None:
    window = ReactionWindow()
    for _ in range(20):
        window.step(10.0, 1.0)

    assert window.step(10.0, 1.0) == 0.0
    assert window.step(0.5, 1.0) == 0.0
    assert window.step(0.6, 1.0) == 1.0


def test_within_its_window_a_rogue_is_charged_with_what_it_draws_too_much_and_no_more() -> None:
    tally = Tally()
    over_as = [(0.8, 0.0, 3.0), (0.5, 0.0, 0.0), (7.0, 7.0, 7.0)]

    tally.count_overload(over_as)
    tally.excuse_rogue(over_as, above=(LEFT, MAIN), lines=(0, 1, 2), excess_a=10.0, dt_s=DT_S)

    # Ten amperes too much for a tenth of a second cause at most 1 A*s on each line of a breaker.
    assert tally.rogue_overload_as == pytest.approx(0.8 + 1.0 + 0.5)
    assert tally.overload_as == pytest.approx(25.3 - 2.3)


def test_overload_without_a_rogue_is_nobody_elses() -> None:
    tally = Tally()

    tally.count_overload([(1.0, 2.0, 3.0)])

    assert (tally.overload_as, tally.rogue_overload_as) == (6.0, 0.0)


def test_used_capacity_counts_only_while_enough_cars_want_it_and_after_settling() -> None:
    tally = Tally(first_limits_s=5.0)

    for elapsed_s, carried_a, bound_a in (
        (5.0 + SETTLING_S - 1, 0.0, 100.0),
        (5.0 + SETTLING_S, 90.0, 100.0),
        (5.0 + SETTLING_S + 1, 70.0, 100.0),
        (5.0 + SETTLING_S + 2, 10.0, 99.0),
    ):
        tally.elapsed_s = elapsed_s
        tally.count_capacity((carried_a,) * 3, (bound_a,) * 3, 100.0, 1.0)

    assert tally.used_share == pytest.approx(0.8)
    assert tally.counted_s == 2.0


def test_a_share_of_nothing_is_no_share() -> None:
    figures = Tally().figures([Breaker("main", 100.0, 90.0)], cars_filled=0)["figures"]

    assert figures["capacity_used_share"]["value"] is None
    assert figures["first_limits_s"]["value"] is None
    assert all(set(it) == {"value", "unit", "reference"} for it in figures.values())
    assert set(figures) >= {
        "energy_kwh",
        "capacity_used_share",
        "capacity_counted_s",
        "breaker_trips",
        "overload_as",
        "rogue_overload_as",
        "peak_load_ratio",
        "first_limits_s",
        "cars_seen",
        "sessions_finished",
    }
