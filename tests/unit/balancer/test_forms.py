"""How currents add: what is counted bounds what flows, and no more of it is set aside than needed."""

import cmath
import math

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from services.balancer.forms import (
    ADDING_LINES,
    ADDING_PAIRS,
    EVERY_WAY,
    Form,
    Ways,
    form_of,
    higher,
)
from shared.phases import PHASES, GridType, Phase, PhaseCurrents

PAIRS = ((Phase.L1, Phase.L2), (Phase.L2, Phase.L3), (Phase.L1, Phase.L3))
NEARLY = 1e-9

amperes = st.one_of(st.just(0.0), st.floats(0.0, 80.0).map(lambda it: round(it, 6)))
ways = st.tuples(amperes, amperes, amperes, amperes)
shares = st.floats(0.0, 1.0)
pair_currents = st.tuples(amperes, amperes, amperes)


def flowing(pairs_a: list[tuple[float, float, float]]) -> list[float]:
    """Add loads between lines as phasors, from voltages that are 120 degrees apart."""
    volts = [cmath.rect(1.0, -it * 2 * math.pi / 3) for it in range(3)]
    between = [volts[it] - volts[(it + 1) % 3] for it in range(3)]
    lines = [0j, 0j, 0j]
    for loads in pairs_a:
        for pair, a in enumerate(loads):
            current = a * between[pair] / abs(between[pair])
            lines[pair] += current
            lines[(pair + 1) % 3] -= current
    return [abs(it) for it in lines]


def counted(form: Form, cars: list[Ways]) -> list[float]:
    return [
        float(it) for it in form.lines(form.components(np.array(cars, dtype=float)).sum(axis=0))
    ]


def one_of(may: Ways, way: int, share: float, how: int) -> tuple[float, float, float]:
    """What a car draws between lines, if it draws in one of the ways in which it may."""
    a = may[way] * share
    if way != EVERY_WAY:
        loads = [a if it == way else 0.0 for it in range(3)]
    elif how < 3:
        loads = [a if it == how else 0.0 for it in range(3)]
    elif how == 3:
        loads = [a / math.sqrt(3)] * 3
    else:  # two of the three modules of a three-phase car
        loads = [0.0 if it == how - 4 else a / math.sqrt(3) for it in range(3)]
    return (loads[0], loads[1], loads[2])


@given(st.lists(st.tuples(ways, st.integers(0, 3), shares, st.integers(0, 6)), min_size=1))
def test_whatever_cars_do_of_what_they_may_is_counted(
    cars: list[tuple[Ways, int, float, int]],
) -> None:
    flows = flowing([one_of(*car) for car in cars])
    counts = counted(ADDING_PAIRS, [may for may, _, _, _ in cars])

    for flow, count in zip(flows, counts, strict=True):
        assert flow <= count + NEARLY


@given(st.lists(ways, min_size=1), ways)
def test_to_let_a_car_do_more_lowers_no_line(cars: list[Ways], more: Ways) -> None:
    before = counted(ADDING_PAIRS, cars)
    after = counted(ADDING_PAIRS, [higher(cars[0], more), *cars[1:]])

    assert all(a >= b - NEARLY for a, b in zip(after, before, strict=True))


@given(pair_currents, pair_currents, st.sampled_from([None, *PAIRS]))
def test_a_reading_bounds_the_car_whatever_it_is_and_whatever_others_draw(
    drawn: tuple[float, float, float],
    others: tuple[float, float, float],
    known: tuple[Phase, ...] | None,
) -> None:
    l1, l2, l3 = flowing([drawn])
    read = ADDING_PAIRS.ways_read((l1, l2, l3), known)
    each_on_its_pair = [
        ADDING_PAIRS.ways(a, pair) for a, pair in zip(others, PAIRS, strict=True)
    ]
    counts = counted(ADDING_PAIRS, [read, *each_on_its_pair])

    for flow, count in zip(flowing([drawn, others]), counts, strict=True):
        assert flow <= count + NEARLY


@given(st.tuples(amperes, amperes, amperes), st.sampled_from([None, PHASES, *PAIRS]))
def test_what_is_read_on_a_line_is_counted_there_even_if_no_load_could_be_so(
    current_a: PhaseCurrents, known: tuple[Phase, ...] | None
) -> None:
    counts = counted(ADDING_PAIRS, [ADDING_PAIRS.ways_read(current_a, known)])

    assert all(count >= a - NEARLY for count, a in zip(counts, current_a, strict=True))


def test_a_one_phase_car_is_read_on_its_pair() -> None:
    assert ADDING_PAIRS.ways_read((16.0, 0.0, 16.0)) == (0.0, 0.0, 16.0, 0.0)
    assert ADDING_PAIRS.ways_read((16.0, 0.2, 15.8), PAIRS[2]) == (0.0, 0.0, 16.2, 0.2)
    assert ADDING_PAIRS.ways_read((16.0, 15.0, 16.0)) == (0.0, 0.0, 0.0, 16.0)
    assert ADDING_PAIRS.ways_read((16.0, 0.0, 0.0)) == (0.0, 0.0, 0.0, 16.0)
    assert ADDING_PAIRS.ways_read((0.0, 0.0, 0.0)) == (0.0, 0.0, 0.0, 0.0)


@given(st.lists(st.tuples(amperes, st.sampled_from([PHASES, *PAIRS])), min_size=1))
def test_phasors_never_add_to_more_than_amperes(
    limits: list[tuple[float, tuple[Phase, ...]]],
) -> None:
    as_pairs, as_lines = (
        counted(form, [form.ways(*it) for it in limits])
        for form in (ADDING_PAIRS, ADDING_LINES)
    )

    assert all(a <= b + NEARLY for a, b in zip(as_pairs, as_lines, strict=True))


def test_balanced_pairs_leave_13_percent_that_a_sum_of_amperes_does_not_see() -> None:
    cars = [(10.0, pair) for pair in PAIRS]

    on_l1 = [
        counted(form, [form.ways(*it) for it in cars])[0]
        for form in (ADDING_PAIRS, ADDING_LINES)
    ]
    assert on_l1 == pytest.approx([10 * math.sqrt(3), 20.0])


@given(
    st.lists(ways, min_size=1, max_size=4),
    st.lists(st.floats(0.0, 300.0), min_size=3, max_size=3),
    st.sampled_from([PHASES, *PAIRS]),
)
def test_room_is_what_may_be_drawn_and_no_more(
    cars: list[Ways], usable_a: list[float], lines: tuple[Phase, ...]
) -> None:
    form, own = ADDING_PAIRS, cars[0]
    sums = form.components(np.array(cars)).sum(axis=0)
    room_a = form.room_a(sums, np.array(own), np.array(usable_a), lines)

    def fits(limit_a: float) -> bool:
        loads_a = counted(form, [higher(own, form.ways(limit_a, lines)), *cars[1:]])
        theirs = [PHASES.index(it) for it in lines]
        return all(loads_a[it] <= usable_a[it] + 1e-6 for it in theirs)

    if room_a >= max(own):
        assert fits(room_a)
        assert not fits(room_a + 0.01)
    else:
        assert not fits(max(own) + 0.01)


@given(
    st.tuples(amperes, amperes, amperes),
    st.tuples(amperes, amperes, amperes),
    st.sampled_from([(line,) for line in PHASES] + [PHASES]),
)
def test_where_lines_add_room_is_what_the_others_leave(
    own: Ways, others: Ways, lines: tuple[Phase, ...]
) -> None:
    room_a = ADDING_LINES.room_a(
        np.array(own) + np.array(others), np.array(own), np.full(3, 80.0), lines
    )

    assert room_a == pytest.approx(80.0 - max(others[PHASES.index(it)] for it in lines))


def test_lines_of_an_unknown_way_are_counted_in_every_way() -> None:
    assert ADDING_PAIRS.ways(6.0, (Phase.L2,)) == (0.0, 0.0, 0.0, 6.0)
    assert ADDING_PAIRS.ways(6.0, PHASES) == (0.0, 0.0, 0.0, 6.0)
    assert ADDING_PAIRS.ways(6.0, ()) == (0.0, 0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("grid", "form"),
    [
        (GridType.TN_3_PHASE, ADDING_LINES),
        (GridType.TN_1_PHASE, ADDING_LINES),
        (GridType.IT_1_PHASE, ADDING_LINES),
        (GridType.IT_3_PHASE, ADDING_PAIRS),
    ],
)
def test_only_three_phase_it_grids_add_pairs(grid: GridType, form: Form) -> None:
    assert form_of(grid) is form
