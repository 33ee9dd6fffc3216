"""The sums of what may be in force, at every moment that matters."""

import pytest

from services.balancer.commitments import Granted, Place, Standing
from services.balancer.forms import ADDING_PAIRS
from services.balancer.ledger import Ledger
from shared.phases import PHASES, Phase

NOW_S = 1_000.0
MAIN_INDEX, EAST, WEST = 0, 1, 2
ON_MAIN = (MAIN_INDEX,)


def ledger(
    *usable_a: float,
    measured: dict[str, tuple[float, float, float]] | None = None,
    **places: Place,
) -> Ledger:
    """Books of breakers that carry so much on each line, and of chargers at one place each."""
    lines_a = [a for a in usable_a for _ in PHASES]
    return Ledger(
        lines_a, {it: (place,) for it, place in places.items()}, measured or {}, NOW_S
    )


def limit(limit_a: float, until_s: float = 90, sequence: int = 1) -> Granted:
    return Granted(limit_a, PHASES, NOW_S + until_s, sequence)


def at_main(standing: Standing) -> Place:
    return Place(ON_MAIN, standing)


def test_room_is_what_the_others_leave_at_every_moment_of_the_lease() -> None:
    pause = limit(0.0, until_s=60)
    books = ledger(
        20.0,
        a=at_main(Standing(0.0, PHASES)),
        b=at_main(Standing(6.0, PHASES, (pause,), {1: NOW_S - 10})),
    )

    assert books.room_a("a", PHASES, NOW_S + 30) == pytest.approx(20.0)
    assert books.room_a("a", PHASES, NOW_S + 90) == pytest.approx(14.0)
    books.grant("a", limit(14.0))
    assert books.room_a("b", PHASES, NOW_S + 30) == pytest.approx(6.0)


def test_a_car_that_draws_more_than_it_may_is_counted_at_what_it_draws() -> None:
    books = ledger(20.0, a=at_main(Standing(0.0, PHASES)), measured={"a": (16.0, 0.0, 0.0)})

    assert books.committed_a() == (16.0, 0.0, 0.0)


def test_a_car_that_was_moved_counts_on_both_breakers_and_once_above_them() -> None:
    before = Standing(0.0, PHASES, (limit(16.0),))
    books = Ledger(
        [32.0] * 9,
        {
            "a": (
                Place((WEST, MAIN_INDEX), before),
                Place((EAST, MAIN_INDEX), before, follows=True),
            )
        },
        {},
        NOW_S,
    )

    assert books.committed_a() == (16.0,) * 9


def test_a_new_limit_of_a_moved_car_counts_where_it_stands_now() -> None:
    nothing = Standing(0.0, PHASES)
    books = Ledger(
        [32.0] * 9,
        {
            "a": (
                Place((WEST, MAIN_INDEX), nothing),
                Place((EAST, MAIN_INDEX), nothing, follows=True),
            )
        },
        {},
        NOW_S,
    )
    books.grant("a", limit(10.0))

    main, east, west = (books.committed_a()[it * 3] for it in (MAIN_INDEX, EAST, WEST))
    assert (main, east, west) == (10.0, 0.0, 10.0)


def test_a_lower_limit_that_outlasts_the_one_it_replaces_must_fit_when_others_are_not_lower_yet() -> (
    None
):
    """After a breaker was lowered the sum is above it. That a limit is lower than the one before is
    then not enough: it must not go on, while another car's earlier limit does."""
    ending = at_main(Standing(0.0, PHASES, (limit(30.0, until_s=20),), {1: NOW_S - 60}))
    other = at_main(Standing(0.0, PHASES, (limit(30.0, until_s=80),), {1: NOW_S - 10}))
    books = ledger(32.0, a=ending, b=other)

    assert books.fits("a", limit(16.0, until_s=20, sequence=2))
    assert not books.fits("a", limit(16.0, until_s=90, sequence=2))


def test_where_all_fits_a_lower_limit_may_outlast_the_one_before() -> None:
    ending = at_main(Standing(0.0, PHASES, (limit(30.0, until_s=20),), {1: NOW_S - 60}))
    books = ledger(32.0, a=ending)

    assert books.fits("a", limit(16.0, until_s=90, sequence=2))


def test_a_limit_on_other_lines_must_fit_there() -> None:
    on_l1 = Granted(16.0, (Phase.L1,), NOW_S + 90, 1)
    books = ledger(
        20.0,
        a=at_main(Standing(0.0, PHASES, (on_l1,), {1: NOW_S - 60})),
        b=at_main(Standing(0.0, PHASES, (Granted(10.0, (Phase.L2,), NOW_S + 90, 1),))),
    )

    assert not books.fits("a", Granted(16.0, PHASES, NOW_S + 90, 2))
    assert books.fits("a", Granted(10.0, PHASES, NOW_S + 90, 2))


def test_a_limit_on_one_line_that_ends_sooner_than_a_pause_lets_the_fail_safe_come_up() -> None:
    """On the other lines, too, where it is the higher one of the two."""
    pause = limit(0.0, until_s=150)
    on_l1 = Granted(10.0, (Phase.L1,), NOW_S + 50, 2)
    chargers = {
        "a": (at_main(Standing(6.0, PHASES, (pause,), {1: NOW_S - 60})),),
        "b": (at_main(Standing(0.0, PHASES, (Granted(16.0, (Phase.L2,), NOW_S + 90, 1),))),),
    }

    assert not Ledger([20.0] * 3, chargers, {}, NOW_S, [NOW_S + 50]).fits("a", on_l1)
    assert Ledger([22.0] * 3, chargers, {}, NOW_S, [NOW_S + 50]).fits("a", on_l1)


def test_that_a_car_draws_more_than_it_was_told_is_no_reason_to_tell_it_more() -> None:
    told = at_main(Standing(0.0, PHASES, (limit(6.0, until_s=20),), {1: NOW_S - 60}))
    books = ledger(16.0, a=told, measured={"a": (20.0, 20.0, 20.0)})

    assert not books.fits("a", limit(8.0, until_s=90, sequence=2))
    assert books.fits("a", limit(6.0, until_s=20, sequence=2))


# --- Three-phase IT grids ---

L1_L2, L2_L3 = (Phase.L1, Phase.L2), (Phase.L2, Phase.L3)


def on_pair(limit_a: float, pair: tuple[Phase, ...], fail_safe_a: float = 0.0) -> Place:
    grant = Granted(limit_a, pair, NOW_S + 90, 1)
    return at_main(Standing(fail_safe_a, PHASES, (grant,), {1: NOW_S - 60}))


def it_ledger(usable_a: float, **places: Place) -> Ledger:
    chargers = {it: (place,) for it, place in places.items()}
    return Ledger([usable_a] * 3, chargers, {}, NOW_S, form=ADDING_PAIRS)


def test_two_pairs_add_as_phasors_on_the_line_that_they_share() -> None:
    books = it_ledger(32.0, a=on_pair(10.0, L1_L2), b=on_pair(6.0, L2_L3))

    assert books.committed_a() == pytest.approx((10.0, 14.0, 6.0))


def test_room_on_a_pair_is_what_the_phasors_leave() -> None:
    books = it_ledger(14.0, a=on_pair(10.0, L1_L2), b=on_pair(3.0, L2_L3))

    assert books.room_a("b", L2_L3, NOW_S + 90) == pytest.approx(6.0)
    assert books.fits("b", Granted(6.0, L2_L3, NOW_S + 90, 2))
    assert not books.fits("b", Granted(6.1, L2_L3, NOW_S + 90, 2))
    books.grant("b", Granted(6.0, L2_L3, NOW_S + 90, 2))
    assert books.committed_a()[1] == pytest.approx(14.0)


def test_a_limit_on_all_lines_may_be_drawn_at_any_angle() -> None:
    books = it_ledger(20.0, a=on_pair(10.0, L1_L2), b=at_main(Standing(0.0, PHASES)))

    assert books.room_a("b", PHASES, NOW_S + 90) == pytest.approx(10.0)
    books.grant("b", Granted(10.0, PHASES, NOW_S + 90, 1))
    assert books.committed_a() == pytest.approx((20.0, 20.0, 10.0))


def test_a_car_draws_its_limit_on_a_pair_or_its_fail_safe_in_any_way_and_not_both() -> None:
    unconfirmed = Standing(6.0, PHASES, (Granted(10.0, L1_L2, NOW_S + 90, 1),))
    books = it_ledger(32.0, a=at_main(unconfirmed))

    assert books.committed_a() == pytest.approx((10.0, 10.0, 6.0))


def test_a_limit_on_another_pair_than_before_must_fit_on_all_lines() -> None:
    """It may be another car's: until the one of before is over, nobody knows where it stands."""
    books = it_ledger(32.0, a=on_pair(10.0, L1_L2), b=on_pair(24.0, L1_L2))

    assert books.room_a("a", L2_L3, NOW_S + 90) == pytest.approx(8.0)
    assert not books.fits("a", Granted(10.0, L2_L3, NOW_S + 90, 2))
