"""Shares: no breaker is overrun, nobody is above what they want, and nothing usable is left."""

import math
from dataclasses import replace

import hypothesis.strategies as st
import pytest
from hypothesis import given

from services.balancer.allocation import (
    OWN_MAX,
    Demand,
    Mode,
    Rules,
    Share,
    Unallocatable,
    allocate,
)
from services.balancer.phasors import PAIRS, factor
from shared.phases import PHASES, GridType
from shared.units import PILOT_MIN_A, STEP_A, TOLERANCE_A

CONSTRAINTS = 6


def car(*constraints: int, max_a: float = 32.0) -> Demand:
    """A car that passes some constraints with its amperes as they are."""
    loads = tuple((constraint, 1 + 0j) for constraint in constraints)
    return Demand((Mode(PHASES[: len(constraints)], loads, max_a),))


def it_car(*lines: int, max_a: float = 32.0) -> Demand:
    """A car on two lines or on three of an IT grid's one breaker."""
    names = tuple(PHASES[line] for line in lines)
    loads = tuple((line, factor(GridType.IT_3_PHASE, names, PHASES[line])) for line in lines)
    return Demand((Mode(names, loads, max_a),))


def loads_of(demand: Demand, share: Share) -> dict[int, complex]:
    return dict(demand.modes[share.mode].loads)


def carried(capacity_a: list[float], cars: list[Demand], shares: list[Share]) -> list[complex]:
    return [
        sum(
            (
                it.share_a * loads_of(car, it).get(c, 0j)
                for car, it in zip(cars, shares, strict=True)
            ),
            0j,
        )
        for c in range(len(capacity_a))
    ]


capacities = st.lists(
    st.floats(-5, 100).map(lambda a: round(a, 2)), min_size=CONSTRAINTS, max_size=CONSTRAINTS
)
# Within 45 degrees of one another all currents add to one another's.
factors = st.floats(-math.pi / 8, math.pi / 8).map(
    lambda angle: complex(math.cos(angle), math.sin(angle))
)
modes = st.builds(
    Mode,
    lines=st.just(PHASES),
    loads=st.dictionaries(
        st.integers(0, CONSTRAINTS - 1), st.just(1 + 0j) | factors, min_size=1
    ).map(lambda it: tuple(it.items())),
    max_a=st.sampled_from([8.0, 10.0, 13.3, 16.0, 32.0]),
)
demands = st.lists(
    st.builds(
        Demand,
        modes=st.lists(modes, min_size=1, max_size=3).map(tuple),
        min_a=st.sampled_from([6.0, 8.0]),
        weight=st.sampled_from([0.5, 1.0, 3.0]),
        priority=st.integers(0, 2),
        stays=st.booleans(),
    ),
    max_size=12,
)


# --- Nothing is overrun, nothing is left ---


@given(capacities, demands)
def test_no_constraint_is_ever_overrun(capacity_a: list[float], cars: list[Demand]) -> None:
    shares = allocate(capacity_a, cars)

    for sum_a, limit_a in zip(carried(capacity_a, cars, shares), capacity_a, strict=True):
        assert abs(sum_a) <= max(limit_a, 0) + TOLERANCE_A


@given(
    capacities, demands, st.lists(st.complex_numbers(max_magnitude=20), min_size=6, max_size=6)
)
def test_what_flows_anyway_is_counted_as_a_phasor(
    capacity_a: list[float], cars: list[Demand], base: list[complex]
) -> None:
    shares = allocate(capacity_a, cars, base)

    sums = carried(capacity_a, cars, shares)
    for ours, theirs, limit_a in zip(sums, base, capacity_a, strict=True):
        assert ours == 0 or abs(ours + theirs) <= limit_a + TOLERANCE_A


@given(
    capacities,
    demands,
    st.lists(st.floats(0, 2 * math.pi), min_size=CONSTRAINTS, max_size=CONSTRAINTS),
)
def test_where_currents_cancel_one_another_nothing_is_overrun_either(
    capacity_a: list[float], cars: list[Demand], angles: list[float]
) -> None:
    def turned(number: int, it: Demand) -> Demand:
        turn = complex(math.cos(angles[number % 6]), math.sin(angles[number % 6]))
        loads = tuple((row, factor * turn) for row, factor in it.modes[0].loads)
        return replace(it, modes=(replace(it.modes[0], loads=loads),))

    cars = [turned(number, it) for number, it in enumerate(cars)]
    shares = allocate(capacity_a, cars)

    for sum_a, limit_a in zip(carried(capacity_a, cars, shares), capacity_a, strict=True):
        assert abs(sum_a) <= max(limit_a, 0) + TOLERANCE_A


@given(capacities, demands)
def test_every_share_is_nothing_or_at_least_the_minimum(
    capacity_a: list[float], cars: list[Demand]
) -> None:
    for demand, it in zip(cars, allocate(capacity_a, cars), strict=True):
        most_a = demand.modes[it.mode].max_a
        assert it.share_a == 0 or demand.min_a <= it.share_a <= most_a
        assert it.share_a == round(it.share_a, 1)
        assert it.admitted == (it.share_a > 0)


@given(capacities, demands)
def test_nobody_can_be_given_another_step(capacity_a: list[float], cars: list[Demand]) -> None:
    shares = allocate(capacity_a, cars)
    sums = carried(capacity_a, cars, shares)

    for demand, it in zip(cars, shares, strict=True):
        if not it.admitted:
            continue
        if it.share_a <= demand.modes[it.mode].max_a - STEP_A:
            loads = loads_of(demand, it).items()
            assert any(abs(sums[c] + STEP_A * z) > capacity_a[c] for c, z in loads)


@given(capacities, demands)
def test_nobody_who_is_left_out_would_fit(capacity_a: list[float], cars: list[Demand]) -> None:
    """Beside the minimums of the admitted; what they have above that is no reason to wait."""
    shares = allocate(capacity_a, cars)
    least = [
        replace(it, share_a=demand.min_a if it.admitted else 0.0)
        for demand, it in zip(cars, shares, strict=True)
    ]
    sums = carried(capacity_a, cars, least)

    for demand, it in zip(cars, shares, strict=True):
        if not it.admitted:
            loads = loads_of(demand, it).items()
            assert any(abs(sums[c] + demand.min_a * z) > capacity_a[c] for c, z in loads)
            assert it.constraint in loads_of(demand, it)


# --- Fairness ---


@given(capacities, demands.map(lambda them: [replace(it, modes=it.modes[:1]) for it in them]))
def test_whoever_is_stopped_by_a_breaker_is_not_below_others_there(
    capacity_a: list[float], cars: list[Demand]
) -> None:
    shares = allocate(capacity_a, cars)

    for demand, it in zip(cars, shares, strict=True):
        if not it.admitted or it.constraint == OWN_MAX:
            continue
        level = (it.share_a - demand.min_a) / demand.weight
        for other, theirs in zip(cars, shares, strict=True):
            shares_it = it.constraint in loads_of(other, theirs)
            if shares_it and theirs.admitted:
                step = STEP_A / demand.weight + STEP_A / other.weight
                assert (theirs.share_a - other.min_a) / other.weight <= level + 2 * step


@given(
    st.lists(st.sampled_from([8.0, 10.0, 16.0, 32.0]), min_size=1, max_size=8),
    st.floats(0, 100),
    st.floats(0, 100),
)
def test_more_capacity_never_lowers_the_smallest_share(
    max_a: list[float], less_a: float, more_a: float
) -> None:
    cars = [car(0, 1 + number % 2, max_a=it) for number, it in enumerate(max_a)]

    def smallest_a(capacity_a: float) -> float:
        return min(it.share_a for it in allocate([capacity_a, 40.0, 50.0], cars))

    less_a, more_a = sorted((less_a, more_a))
    assert smallest_a(less_a) <= smallest_a(more_a)


@given(
    st.lists(st.floats(20, 100), min_size=CONSTRAINTS, max_size=CONSTRAINTS),
    st.permutations([(0,), (0,), (0, 1, 2), (1,), (2, 5)]),
)
def test_the_order_of_cars_changes_nothing_but_who_gets_an_odd_step(
    capacity_a: list[float], order: list[tuple[int, ...]]
) -> None:
    """The least any two cars need here is there, so that all are admitted in any order."""

    def by_kind(them: list[tuple[int, ...]]) -> list[tuple[tuple[int, ...], float]]:
        shares = allocate(capacity_a, [car(*it, max_a=16.0) for it in them])
        return sorted((it, share.share_a) for it, share in zip(them, shares, strict=True))

    for (kind, ours_a), (same, theirs_a) in zip(
        by_kind(order), by_kind(sorted(order)), strict=True
    ):
        assert kind == same
        assert ours_a == pytest.approx(theirs_a, abs=STEP_A + TOLERANCE_A)


def test_weights_say_how_what_is_above_the_minimum_is_shared() -> None:
    twice = replace(car(0), weight=2.0)

    assert [it.share_a for it in allocate([24.0], [car(0), twice])] == [10.0, 14.0]


@pytest.mark.parametrize(
    ("capacity_a", "cars", "expected_a"),
    [
        ([32.0], 1, [32.0]),
        ([32.0], 2, [16.0, 16.0]),
        ([32.0], 3, [10.7, 10.7, 10.6]),
        ([32.0], 6, [6.4, 6.4, 6.4, 6.4, 6.4, 0.0]),
        ([5.9], 1, [0.0]),
        ([-3.0], 1, [0.0]),
    ],
)
def test_equal_cars_share_equally(
    capacity_a: list[float], cars: int, expected_a: list[float]
) -> None:
    shares = allocate(capacity_a, [car(0)] * cars)

    assert sorted((it.share_a for it in shares), reverse=True) == pytest.approx(expected_a)


def test_who_comes_first_is_admitted_first() -> None:
    shares = allocate([PILOT_MIN_A], [car(0), car(0)])

    assert [it.admitted for it in shares] == [True, False]
    assert shares[1].constraint == 0


def test_what_one_car_cannot_use_the_others_get() -> None:
    shares = allocate([32.0], [car(0, max_a=8.0), car(0)])

    assert [it.share_a for it in shares] == [8.0, 24.0]
    assert shares[0].constraint == OWN_MAX


def test_a_car_on_one_line_does_not_suffer_for_another_line() -> None:
    three_phase, on_l1 = car(0, 1, 2), car(0)

    shares = allocate([40.0, 40.0, 6.0], [three_phase, on_l1])

    assert [it.share_a for it in shares] == [6.0, 32.0]


# --- Admission ---


def test_as_many_as_can_be_are_admitted_though_one_came_first_that_needs_three_lines() -> None:
    shares = allocate([6.0, 6.0, 6.0], [car(0, 1, 2), car(0), car(1), car(2)])

    assert [it.admitted for it in shares] == [False, True, True, True]


def test_a_car_that_stays_is_admitted_before_all_others() -> None:
    stays = replace(car(0, 1, 2), stays=True)

    shares = allocate([6.0, 6.0, 6.0], [replace(car(0), priority=9), car(1), stays])

    assert [it.admitted for it in shares] == [False, False, True]


def test_a_priority_is_served_before_the_next_one_gets_anything() -> None:
    first = replace(car(0, 1, 2), priority=1)

    shares = allocate([6.0, 6.0, 6.0], [car(0), car(1), car(2), first])

    assert [it.share_a for it in shares] == [0.0, 0.0, 0.0, 6.0]


def test_of_as_many_cars_those_that_came_first_are_admitted() -> None:
    """Two small ones fit beside one on three lines, or three small ones without it."""
    cars = [car(0, 1, 2), car(0), car(0), car(1), car(1), car(2)]

    shares = allocate([6.0, 6.0, 6.0], cars)

    assert [it.admitted for it in shares] == [False, True, False, True, False, True]


# --- What stopped it ---


def test_what_would_be_next_is_named() -> None:
    under, beside = allocate([80.0, 20.0], [car(0, 1), car(0)])

    assert (under.constraint, under.runner_up) == (1, OWN_MAX)
    assert (beside.constraint, beside.runner_up) == (OWN_MAX, 0)
    crowded = allocate([30.0, 20.0], [car(0, 1), car(0, 1), car(0)])
    assert (crowded[0].constraint, crowded[0].runner_up) == (0, 1)
    waits = allocate([5.0, 4.0], [car(0, 1)])[0]
    assert (waits.constraint, waits.runner_up) == (1, 0)


# --- IT grids ---


def test_an_it_breaker_carries_more_than_the_sum_of_amperes_allows() -> None:
    pairs = [it_car(0, 1), it_car(1, 2), it_car(0, 2)]
    summed = [car(0, 1), car(1, 2), car(0, 2)]

    phasors = sum(it.share_a for it in allocate([32.0] * 3, pairs))
    sums = sum(it.share_a for it in allocate([32.0] * 3, summed))

    assert sums == 48.0
    assert phasors == pytest.approx(sums * 2 / math.sqrt(3), abs=3 * STEP_A)


@given(
    st.lists(st.sampled_from([(0, 1), (1, 2), (0, 2), (0, 1, 2)]), min_size=1, max_size=10),
    st.floats(0, 63),
)
def test_it_lines_stay_within_what_pair_currents_make_of_them(
    cars: list[tuple[int, ...]], capacity_a: float
) -> None:
    shares = allocate([capacity_a] * 3, [it_car(*lines) for lines in cars])

    j = dict.fromkeys(PAIRS, 0.0)
    for lines, share in zip(cars, shares, strict=True):
        for pair in PAIRS:
            if len(lines) == 3:
                j[pair] += share.share_a / math.sqrt(3)
            elif tuple(PHASES[line] for line in lines) == pair:
                j[pair] += share.share_a
    j12, j23, j31 = j.values()
    for a, b in ((j12, j31), (j23, j12), (j31, j23)):
        assert math.sqrt(a * a + a * b + b * b) <= capacity_a + 1e-4


# --- Modes ---


def switching(present: int | None = None, max_a: float = 32.0) -> Demand:
    """A charger that may use three lines, or any one of them."""
    one = [Mode((line,), ((row, 1 + 0j),), max_a) for row, line in enumerate(PHASES)]
    return replace(
        car(0, 1, 2), modes=(*car(0, 1, 2, max_a=max_a).modes, *one), present=present
    )


@pytest.mark.parametrize("present", [None, 0])
def test_below_the_switch_current_cars_leave_three_lines(present: int | None) -> None:
    cars = [switching(present)] * 3

    shares = allocate([32.0] * 3, cars, rules=Rules(switch_current_a=15))

    assert sorted(it.mode for it in shares) == [1, 2, 3]
    assert [it.share_a for it in shares] == [32.0, 32.0, 32.0]


@pytest.mark.parametrize("present", [None, 0])
def test_at_the_switch_current_and_above_cars_keep_three_lines(present: int | None) -> None:
    three = allocate([32.0] * 3, [switching(present)] * 3, rules=Rules(switch_current_a=10))
    two = allocate([32.0] * 3, [switching(present)] * 2, rules=Rules(switch_current_a=15))

    assert {it.mode for it in (*three, *two)} == {0}
    assert sorted(it.share_a for it in three) == [10.6, 10.7, 10.7]
    assert [it.share_a for it in two] == [16.0, 16.0]


def test_cars_come_back_to_three_lines_when_there_is_clearly_more_than_the_switch_current() -> (
    None
):
    two = [switching(1), switching(2)]
    three = [*two, switching(3)]

    assert [it.mode for it in allocate([32.0] * 3, two, rules=Rules(switch_current_a=15))] == [
        0,
        0,
    ]
    barely = allocate([32.0] * 3, three, rules=Rules(switch_current_a=10))
    assert [it.mode for it in barely] == [1, 2, 3]
    clearly = allocate([32.0] * 3, three, rules=Rules(switch_current_a=9))
    assert [it.mode for it in clearly] == [0, 0, 0]


def test_nobody_leaves_three_lines_who_would_lose_by_it() -> None:
    """Four cars on three lines: two would share one."""
    shares = allocate([32.0] * 3, [switching(0)] * 4, rules=Rules(switch_current_a=15))

    assert {(it.share_a, it.mode) for it in shares} == {(8.0, 0)}


def test_cars_leave_three_lines_so_that_more_of_them_can_charge() -> None:
    shares = allocate([16.0] * 3, [switching(0)] * 6)

    assert [it.share_a for it in shares] == [8.0] * 6
    assert sorted(it.mode for it in shares) == [1, 1, 2, 2, 3, 3]


def test_a_car_goes_to_the_line_that_others_leave_free() -> None:
    crowded = [car(0), car(0), car(0), car(1), car(1), car(1)]

    shares = allocate([18.0, 18.0, 32.0], [*crowded, switching()])

    assert (shares[-1].share_a, shares[-1].mode) == (32.0, 3)


def test_modes_in_use_are_not_changed_for_little() -> None:
    """10 A on three lines are 30, and 32 A on one line are little more."""
    assert allocate([10.0, 10.0, 32.0], [switching(0)])[0].mode == 0
    assert allocate([10.0, 10.0, 32.0], [switching()])[0].mode == 3
    assert allocate([6.0, 6.0, 32.0], [switching(0)])[0].mode == 3


# --- Imbalance ---


def imbalance_a(cars: list[Demand], shares: list[Share]) -> float:
    lines = [
        sum(
            it.share_a
            for demand, it in zip(cars, shares, strict=True)
            if line in loads_of(demand, it)
        )
        for line in range(3)
    ]
    return max(lines) - min(lines)


def test_cars_on_one_line_are_adjusted_to_the_imbalance_limit_and_told_so() -> None:
    cars = [car(0), car(0), car(1)]

    shares = allocate([63.0] * 3, cars, rules=Rules(imbalance_a=20))

    assert [it.share_a for it in shares] == [10.0, 10.0, 20.0]
    assert {(it.constraint, it.by_imbalance) for it in shares} == {(0, True), (1, True)}


def test_a_three_phase_car_is_never_adjusted_for_the_imbalance_limit() -> None:
    shares = allocate([63.0] * 3, [car(0), car(0), car(0, 1, 2)], rules=Rules(imbalance_a=20))

    assert [it.share_a for it in shares] == [10.0, 10.0, 32.0]


def test_no_more_cars_are_admitted_than_the_imbalance_limit_bears() -> None:
    shares = allocate([63.0] * 3, [car(0)] * 4, rules=Rules(imbalance_a=20))

    assert [it.share_a for it in shares] == [6.7, 6.7, 6.6, 0.0]


def test_what_counts_several_times_is_kept_alike_several_times() -> None:
    (mode,) = car(0).modes
    thrice = replace(car(0), modes=(replace(mode, loads=((0, 3 + 0j),)),))

    (share,) = allocate([63.0] * 3, [thrice], rules=Rules(imbalance_a=20))

    assert share.share_a == 6.6


@given(
    st.lists(st.sampled_from([(0,), (1,), (2,), (0, 1), (0, 1, 2)]), max_size=12),
    st.lists(st.floats(0, 80), min_size=3, max_size=3),
)
def test_the_imbalance_limit_always_holds(
    lines: list[tuple[int, ...]], capacity_a: list[float]
) -> None:
    cars = [car(*it) for it in lines]

    shares = allocate(capacity_a, cars, rules=Rules(imbalance_a=20))

    assert imbalance_a(cars, shares) <= 20 + TOLERANCE_A


# --- Bad numbers ---

LINE = Mode(PHASES[:1], ((0, 1 + 0j),), 16.0)


@pytest.mark.parametrize(
    ("demand", "why"),
    [
        (Demand(()), "has no mode"),
        (Demand((LINE,), present=1), "charges in mode 1 of 1"),
        (Demand((LINE,), min_a=math.nan), "wants at least nan A"),
        (Demand((LINE,), min_a=-6.0), "wants at least -6.0 A"),
        (Demand((LINE,), min_a=0.0), "wants at least 0.0 A"),
        (Demand((LINE,), min_a=20.0), "wants at least 20.0 A and at most 16.0 A"),
        (Demand((LINE,), min_a=math.inf), "wants at least inf A"),
        (Demand((LINE,), weight=0.0), "has the weight 0.0"),
        (Demand((LINE,), weight=math.nan), "has the weight nan"),
        (Demand((replace(LINE, max_a=math.nan),)), "wants at most nan A"),
        (Demand((replace(LINE, max_a=math.inf),)), "wants at most inf A"),
        (Demand((replace(LINE, w_per_a=math.inf),)), "draws inf W"),
        (Demand((replace(LINE, loads=()),)), "passes no constraint"),
        (
            Demand((LINE, replace(LINE, loads=((1, 1 + 0j),)))),
            "passes constraint 1: there are 1",
        ),
        (Demand((replace(LINE, loads=((-1, 1 + 0j),)),)), "passes constraint -1"),
        (Demand((replace(LINE, loads=((0, complex(math.nan, 0)),)),)), "has the factor"),
    ],
)
def test_a_demand_that_means_nothing_is_refused(demand: Demand, why: str) -> None:
    with pytest.raises(Unallocatable, match=f"demand 1 {why}"):
        allocate([32.0], [car(0), demand])


@pytest.mark.parametrize(
    ("capacity_a", "base", "rules", "why"),
    [
        ([math.nan], None, Rules(), "constraint 0 has a capacity of nan A"),
        ([math.inf], None, Rules(), "constraint 0 has a capacity of inf A"),
        ([32.0], [1j, 0j], Rules(), "for 2 of 1 constraints"),
        ([32.0], [complex(math.inf, 0)], Rules(), "flow at constraint 0"),
        ([32.0] * 3, None, Rules(imbalance_a=math.nan), "lines may differ by nan A"),
        ([32.0] * 3, None, Rules(imbalance_a=-1), "lines may differ by -1 A"),
        ([32.0], None, Rules(imbalance_a=20), r"constraints \(0, 1, 2\)"),
    ],
)
def test_capacities_and_rules_that_mean_nothing_are_refused(
    capacity_a: list[float], base: list[complex] | None, rules: Rules, why: str
) -> None:
    with pytest.raises(Unallocatable, match=why):
        allocate(capacity_a, [car(0)], base, rules)


def test_an_imbalance_limit_is_refused_where_currents_add_as_phasors() -> None:
    with pytest.raises(Unallocatable, match="currents add as phasors"):
        allocate([32.0] * 3, [it_car(0, 1)], rules=Rules(imbalance_a=20))


def test_where_the_capacity_is_negative_nobody_charges() -> None:
    assert allocate([-3.0, 32.0], [car(0, 1), car(1)])[0].share_a == 0.0
    assert allocate([-3.0, 32.0], [car(0, 1), car(1)])[1].share_a == 32.0


def test_nobody_to_serve_is_no_trouble() -> None:
    assert allocate([32.0], []) == []
