"""What a meter at a breaker tells of load that is not ours, and what is counted while it tells nothing."""

from math import inf, nan

import pytest
from hypothesis import given as for_any
from hypothesis import strategies as st

from services.balancer.meters import (
    HOLD_S,
    RECENT_MAX,
    Drawn,
    Meter,
    Sample,
    Watch,
    bound,
    observe,
    refused,
    rest_a,
)
from shared.messages.balancer import LoadBasis
from shared.messages.installation_terms import Measures, MeterKind
from shared.phases import PHASES, GridType, Phase, PhaseCurrents

TN, IT = GridType.TN_3_PHASE, GridType.IT_3_PHASE
SET_A = 63.0
HOUSE = Meter(
    "house",
    "main",
    MeterKind.BUILDING,
    Measures.TOTAL,
    PHASES,
    50.0,
    error_a=0.0,
    interval_s=1.0,
)
NOBODY = Drawn()
AMPS = st.floats(0, 80)


def drawing(least_a: float, read_a: float | None = None, most_a: float | None = None) -> Drawn:
    read_a = least_a if read_a is None else read_a
    most_a = read_a if most_a is None else most_a
    return Drawn((least_a,) * 3, (read_a,) * 3, (most_a,) * 3)


def shown(a: float | None, at_s: float, meter: Meter = HOUSE) -> Sample:
    lines = [a if line in meter.phases else None for line in PHASES]
    return Sample((lines[0], lines[1], lines[2]), at_s, at_s)


def watched(*told: tuple[float, float | None, Drawn], meter: Meter = HOUSE) -> Watch | None:
    watch = None
    for at_s, a, drawn in told:
        watch = observe(watch, meter, shown(a, at_s, meter), drawn, TN, SET_A)
    return watch


def counted_a(
    watch: Watch | None, now_s: float, meter: Meter = HOUSE, grid: GridType = TN
) -> PhaseCurrents:
    return bound(meter, watch, grid, now_s).lines_a


# --- What is found ---


def test_what_our_cars_draw_is_taken_from_a_total() -> None:
    assert counted_a(watched((0, 40, drawing(16))), 0) == (24, 24, 24)


def test_a_rise_is_counted_at_once_and_a_fall_after_a_while() -> None:
    quiet = drawing(0)

    assert counted_a(watched((0, 10, quiet), (1, 40, quiet)), 1)[0] == 40
    fallen = [(float(at_s), 10.0, quiet) for at_s in range(2, 2 + int(HOLD_S))]
    assert counted_a(watched((1, 40, quiet), *fallen[:-1]), 20)[0] == 40
    assert counted_a(watched((1, 40, quiet), *fallen), 21)[0] == 10


def test_what_cars_that_are_told_more_begin_to_draw_is_no_load_of_others() -> None:
    """They were read at 6 A each, and may be drawing 16 A by now."""
    rising = drawing(6, 6, 16)

    assert counted_a(watched((0, 46, drawing(6)), (1, 56, rising)), 1)[0] == 40
    assert counted_a(watched((0, 46, drawing(6)), (1, 57, rising)), 1)[0] == 41


def test_above_the_breaker_nothing_is_explained_by_cars_that_may_draw_more_soon() -> None:
    rising = drawing(6, 6, 32)

    assert counted_a(watched((0, 46, drawing(6)), (1, 66, rising)), 1)[0] == 60


def test_cars_that_are_told_less_and_follow_slowly_are_no_load_of_others() -> None:
    """They were read at 16 A, were told 6 A, and the total is above the breaker until they follow."""
    falling = drawing(6, 16, 16)

    assert counted_a(watched((0, 70, drawing(16)), (1, 70, falling)), 1)[0] == 54


def test_the_rest_of_a_line_of_an_it_grid_is_more_than_the_difference() -> None:
    assert rest_a(50, 30, TN) == 20
    assert rest_a(50, 30, IT) > 20
    assert rest_a(20, 30, IT) == rest_a(20, 30, TN) == 0


@for_any(st.floats(0, 60), st.floats(0, 60), st.floats(0, 60), st.floats(0, 60))
def test_no_load_of_an_it_grid_is_underestimated(
    a: float, b: float, u: float, v: float
) -> None:
    """Cars and other load stand between L1-L2 and L3-L1 with unity power factor, in any shares."""

    def line_a(first: float, second: float) -> float:
        return float((first**2 + first * second + second**2) ** 0.5)

    total_a = line_a(a + u, b + v)

    assert rest_a(total_a, a + b, IT) >= line_a(u, v) - 1e-6


# --- What tells nothing ---


@pytest.mark.parametrize("a", [nan, inf, -inf])
def test_what_is_no_number_is_passed_over(a: float) -> None:
    before = watched((0, 10, NOBODY))

    assert watched((0, 10, NOBODY), (1, a, NOBODY)) == before
    assert refused(before, shown(a, 1)) is not None


@pytest.mark.parametrize("at_s", [0.0, -1.0, nan])
def test_a_clock_that_stands_or_goes_backwards_is_passed_over(at_s: float) -> None:
    before = watched((0, 40, NOBODY))

    assert observe(before, HOUSE, shown(1, at_s), NOBODY, TN, SET_A) == before


def test_a_line_that_is_missing_for_once_is_counted_at_the_most_it_may_be() -> None:
    sample = Sample((10.0, None, 10.0), 0, 0)
    watch = observe(None, HOUSE, sample, NOBODY, TN, SET_A)

    assert counted_a(watch, 0) == (10, 50, 10)
    assert counted_a(watch, 0, grid=IT) == (10, 50, 10)


def test_a_line_that_is_never_measured_is_bounded() -> None:
    meter = Meter(
        "h", "main", MeterKind.BUILDING, Measures.TOTAL, (Phase.L1, Phase.L3), 50, 0.0
    )
    watch = watched((0, 12, NOBODY), meter=meter)

    assert counted_a(watch, 0, meter) == (12, 50, 12)
    assert counted_a(watch, 0, meter, IT) == (12, 24, 12)
    assert counted_a(watched((0, 60, NOBODY), meter=meter), 0, meter) == (60, 60, 60)


def test_less_than_nothing_is_believed_only_where_panels_are_measured() -> None:
    backwards = shown(-20, 0)

    assert counted_a(observe(None, HOUSE, backwards, NOBODY, TN, SET_A), 0)[0] == 50
    assert counted_a(observe(None, HOUSE, backwards, NOBODY, TN, SET_A, solar=True), 0)[0] == 0


# --- Silence ---


def test_before_the_first_reading_the_most_is_counted() -> None:
    found = bound(HOUSE, None, TN, 0)

    assert (found.lines_a, found.basis) == ((50, 50, 50), LoadBasis.SILENT)


def test_lines_that_the_grid_has_not_carry_nothing() -> None:
    assert bound(HOUSE, None, GridType.TN_1_PHASE, 0).lines_a == (50, 0, 0)


def test_a_reading_that_grows_old_counts_for_more_and_more() -> None:
    watch = watched((0, 10, NOBODY))

    bases = [bound(HOUSE, watch, TN, at_s).basis for at_s in (0, 3, 6.5, 10)]
    assert bases == [
        LoadBasis.MEASURED,
        LoadBasis.MEASURED,
        LoadBasis.AGEING,
        LoadBasis.SILENT,
    ]
    assert [counted_a(watch, at_s)[0] for at_s in (3, 6.5, 10, 999)] == [10, 30, 50, 50]


def test_a_reading_counts_as_old_by_whichever_clock_makes_it_older() -> None:
    ahead = Sample((10.0, 10.0, 10.0), measured_at_s=5, received_at_s=0)
    delayed = Sample((10.0, 10.0, 10.0), measured_at_s=-60, received_at_s=0)

    assert counted_a(observe(None, HOUSE, ahead, NOBODY, TN, SET_A), 10)[0] == 50
    assert counted_a(observe(None, HOUSE, delayed, NOBODY, TN, SET_A), 0)[0] == 50


STORIES = st.lists(st.tuples(st.floats(0.2, 15), AMPS | st.none(), AMPS, AMPS), max_size=40)


@for_any(STORIES, st.floats(0, 60), st.floats(0, 60))
def test_silence_never_counts_for_less(
    story: list[tuple[float, float | None, float, float]], after_s: float, later_s: float
) -> None:
    now_s, watch = 0.0, None
    for step_s, a, least_a, more_a in story:
        now_s += step_s
        drawn = drawing(least_a, least_a, least_a + more_a)
        watch = observe(watch, HOUSE, shown(a, now_s), drawn, TN, SET_A)

    soon = counted_a(watch, now_s + after_s)
    later = counted_a(watch, now_s + after_s + later_s)

    assert all(b >= a - 1e-9 for a, b in zip(soon, later, strict=True))
    assert all(it >= 0 for it in soon)


@for_any(st.lists(st.tuples(AMPS, st.floats(0, 40)), min_size=1, max_size=60))
def test_what_is_counted_and_what_cars_draw_is_never_less_than_what_flows(
    story: list[tuple[float, float]],
) -> None:
    """Where it is known what cars draw."""
    watch = None
    for at_s, (house_a, cars_a) in enumerate(story):
        sample = shown(house_a + cars_a, float(at_s))
        watch = observe(watch, HOUSE, sample, drawing(cars_a), TN, SET_A)

        assert counted_a(watch, at_s)[0] >= house_a - 1e-9


def test_however_often_a_meter_reports_what_is_kept_is_bounded() -> None:
    often = [(it / 1000, 40.0 if it == 0 else 10.0, NOBODY) for it in range(400)]
    watch = watched(*often)

    assert watch is not None
    assert len(watch.recent) == RECENT_MAX
    assert counted_a(watch, 0.4)[0] == 40
