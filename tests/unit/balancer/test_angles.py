"""Shares where cars of known and of unknown angles meet: as much as commitments will allow."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from services.balancer.allocation import Demand, Mode
from services.balancer.angles import Capacity
from services.balancer.forms import ADDING_LINES, ADDING_PAIRS, Ways
from services.balancer.phasors import factor
from shared.phases import PHASES, GridType, Phase
from shared.units import TOLERANCE_A

PAIRS = ((Phase.L1, Phase.L2), (Phase.L2, Phase.L3), (Phase.L1, Phase.L3))
NO_BASE = [0j] * 6


def car(lines: tuple[Phase, ...], *breakers: int, max_a: float = 32.0) -> Demand:
    loads = tuple(
        (breaker * 3 + PHASES.index(line), factor(GridType.IT_3_PHASE, lines, line))
        for breaker in breakers
        for line in lines
    )
    return Demand((Mode(lines, loads, max_a),))


def counted(cars: list[tuple[tuple[Phase, ...], float]], more: Ways = (0.0,) * 4) -> np.ndarray:
    """What commitments count on each line."""
    form = ADDING_PAIRS
    ways = [form.ways(a, lines) for lines, a in cars]
    return form.lines(form.components(np.array([*ways, more])).sum(axis=0))


lines = st.sampled_from([PHASES, *PAIRS])
cars = st.lists(
    st.tuples(lines, st.booleans(), st.sampled_from([10.0, 16.0, 32.0])), min_size=1
)


@settings(max_examples=100, deadline=None)
@given(cars, st.floats(6.0, 120.0), st.floats(6.0, 60.0))
def test_shares_are_what_commitments_allow(
    wanted: list[tuple[tuple[Phase, ...], bool, float]], main_a: float, below_a: float
) -> None:
    demands = [car(it, *((0, 1) if below else (0,)), max_a=a) for it, below, a in wanted]
    capacity_a = [main_a] * 3 + [below_a] * 3
    shares = [
        it.share_a for it in Capacity(ADDING_PAIRS, capacity_a, NO_BASE).share_out(demands)
    ]

    def within(shares_a: list[float]) -> bool:
        loads = [(it, a) for (it, _, _), a in zip(wanted, shares_a, strict=True)]
        beneath = [load for load, (_, below, _) in zip(loads, wanted, strict=True) if below]
        return bool(
            (counted(loads) <= main_a + TOLERANCE_A).all()
            and (counted(beneath) <= below_a + TOLERANCE_A).all()
        )

    assert within(shares)


def test_angles_are_corrected_when_not_everybody_is_admitted() -> None:
    """The two cars that are left out would have turned the sum on L1 and L2."""
    demands = [car(PHASES, 0), car(PHASES, 0), car(PAIRS[0], 0, 1), car(PAIRS[1], 0, 1)]
    capacity_a = [19.0] * 3 + [6.0] * 3

    shares = Capacity(ADDING_PAIRS, capacity_a, NO_BASE).share_out([*demands, car(PAIRS[2], 0)])

    assert [it.share_a for it in shares] == [6.5, 6.5, 6.0, 0.0, 0.0]


def test_balanced_pairs_get_what_a_sum_of_amperes_would_leave() -> None:
    demands = [car(it, 0) for it in PAIRS]

    shares = Capacity(ADDING_PAIRS, [32.0] * 3, [0j] * 3).share_out(demands)

    assert sorted(it.share_a for it in shares) == pytest.approx([18.4, 18.4, 18.5])


def test_a_car_on_all_lines_adds_in_full_to_one_pair() -> None:
    demands = [car(PAIRS[0], 0), car(PHASES, 0)]

    shares = Capacity(ADDING_PAIRS, [32.0] * 3, [0j] * 3).share_out(demands)

    assert [it.share_a for it in shares] == [16.0, 16.0]


def test_what_flows_anyway_has_its_angle() -> None:
    form = ADDING_PAIRS
    base, any_angle_a = form.parts(np.array([16.0, 0.0, 0.0, 4.0]))
    capacity_a = (32.0 - any_angle_a).tolist()

    (share,) = Capacity(form, capacity_a, base.tolist()).share_out([car(PAIRS[1], 0)])

    assert share.share_a == pytest.approx(16.3)
    assert counted([(PAIRS[1], 16.3)], (20.0, 0.0, 0.0, 4.0)).max() <= 32.0
    assert counted([(PAIRS[1], 16.4)], (20.0, 0.0, 0.0, 4.0)).max() > 32.0


def test_where_lines_add_there_are_no_angles() -> None:
    demand = Demand((Mode((Phase.L1,), ((0, 1 + 0j),), 32.0),))

    assert [
        it.share_a for it in Capacity(ADDING_LINES, [20.0], [0j]).share_out([demand] * 2)
    ] == [
        10.0,
        10.0,
    ]


def test_where_others_are_above_a_breaker_already_nobody_gets_anything() -> None:
    demands = [car(PAIRS[0], 0), car(PHASES, 0), car(PAIRS[1], 0)]
    base, _ = ADDING_PAIRS.parts(np.array([0.0, 40.0, 0.0, 0.0]))

    shares = Capacity(ADDING_PAIRS, [32.0] * 3, base.tolist()).share_out(demands)

    assert [it.admitted for it in shares] == [False] * 3
