"""Line currents at every breaker, held against plain complex numbers."""

import cmath
import math

import hypothesis
import pytest
from hypothesis import strategies as st

from shared.phases import PHASES, GridType, Phase
from simulator.grid import NOTHING, Draw, Grid, power_w

WIRINGS = [
    (Phase.L1, Phase.L2, Phase.L3),
    (Phase.L2, Phase.L3, Phase.L1),
    (Phase.L3, Phase.L1, Phase.L2),
    (Phase.L2,),
]

draws = st.builds(Draw, a=st.floats(0.0, 80.0), phases=st.sampled_from((1, 3)))
cars = st.lists(st.tuples(st.sampled_from(WIRINGS), draws), min_size=1, max_size=12)


def flat(grid_type: GridType, wirings: list[tuple[Phase, ...]]) -> Grid:
    return Grid(grid_type, (0,), (0,) * len(wirings), tuple(wirings))


def only_possible(placed: list[tuple[tuple[Phase, ...], Draw]]) -> list[Draw]:
    """A charger with one line has one-phase cars only."""
    return [Draw(it.a, min(it.phases, len(wiring))) for wiring, it in placed]


def turned(line: int, degrees: float = 0.0) -> complex:
    """A unit phasor along the voltage of a line to the star point, turned further."""
    return cmath.rect(1.0, math.radians(-120.0 * line + degrees))


def phasors(placed: list[tuple[tuple[Phase, ...], Draw]], grid_type: GridType) -> list[float]:
    """Line currents by adding every car's complex current."""
    lines = [0j, 0j, 0j]
    for (wiring, _), draw in zip(placed, only_possible(placed), strict=True):
        if draw.phases == 3:
            for line in range(3):
                lines[line] += draw.a * turned(line)
        elif grid_type is GridType.TN_3_PHASE:
            line = PHASES.index(wiring[0])
            lines[line] += draw.a * turned(line)
        else:
            # Between two lines, in phase with the voltage across them: 30 degrees ahead.
            line = PHASES.index(wiring[0])
            across = draw.a * turned(line, degrees=30.0)
            lines[line] += across
            lines[(line + 1) % 3] -= across
    return [abs(it) for it in lines]


@pytest.mark.parametrize("grid_type", [GridType.TN_3_PHASE, GridType.IT_3_PHASE])
@hypothesis.given(placed=cars)
def test_line_currents_are_those_of_the_phasors(
    grid_type: GridType, placed: list[tuple[tuple[Phase, ...], Draw]]
) -> None:
    grid = flat(grid_type, [wiring for wiring, _ in placed])

    carried = grid.carried(only_possible(placed))

    assert carried[0] == pytest.approx(phasors(placed, grid_type), abs=1e-6)


@pytest.mark.parametrize("grid_type", [GridType.TN_1_PHASE, GridType.IT_1_PHASE])
def test_in_a_one_phase_grid_all_cars_add_on_the_one_line(grid_type: GridType) -> None:
    grid = flat(grid_type, [(Phase.L1,), (Phase.L1, Phase.L2, Phase.L3)])

    assert grid.carried([Draw(10.0, 1), Draw(6.0, 1)]) == [(16.0,)]


def test_a_one_phase_car_stands_on_the_line_behind_the_first_terminal() -> None:
    grid = flat(GridType.TN_3_PHASE, [(Phase.L2, Phase.L3, Phase.L1)])

    assert grid.carried([Draw(10.0, 1)]) == [(0.0, 10.0, 0.0)]


def test_currents_add_up_through_the_tree() -> None:
    grid = Grid(
        GridType.TN_3_PHASE,
        parents=(0, 0, 1, 0),
        nodes=(2, 2, 1, 3, 0),
        wirings=(PHASES,) * 5,
    )

    carried = grid.carried([Draw(1.0, 3), Draw(2.0, 3), Draw(4.0, 3), Draw(8.0, 3), NOTHING])

    assert [line_a[0] for line_a in carried] == [15.0, 7.0, 3.0, 8.0]
    assert grid.above(0) == (2, 1, 0)


@pytest.mark.parametrize("grid_type", list(GridType))
@hypothesis.given(placed=cars, set_a=st.floats(6.0, 400.0))
def test_no_car_can_draw_what_the_upper_bound_does_not_allow(
    grid_type: GridType, placed: list[tuple[tuple[Phase, ...], Draw]], set_a: float
) -> None:
    wirings = [wiring if grid_type.three_phase else (Phase.L1,) for wiring, _ in placed]
    grid = flat(grid_type, wirings)
    wishes = [it if grid_type.three_phase else Draw(it.a, 1) for it in only_possible(placed)]

    bounds = grid.upper_bounds(wishes, [set_a])[0]

    for carried_a, bound_a in zip(grid.carried(wishes)[0], bounds, strict=True):
        assert bound_a <= set_a
        assert bound_a >= min(carried_a, set_a) - 1e-6


def test_the_upper_bound_knows_the_breakers_in_between() -> None:
    grid = Grid(GridType.TN_3_PHASE, (0, 0, 0), (1, 1, 2), (PHASES,) * 3)
    wishes = [Draw(16.0, 3), Draw(16.0, 1), Draw(10.0, 1)]

    bounds = grid.upper_bounds(wishes, [63.0, 20.0, 63.0])

    assert bounds == [(30.0, 16.0, 16.0), (20.0, 16.0, 16.0), (10.0, 0.0, 0.0)]


def test_power_follows_from_the_grid() -> None:
    assert power_w(GridType.TN_3_PHASE, Draw(16.0, 3)) == pytest.approx(11_040)
    assert power_w(GridType.TN_3_PHASE, Draw(16.0, 1)) == pytest.approx(3_680)
    assert power_w(GridType.IT_3_PHASE, Draw(16.0, 3)) == pytest.approx(6_374, abs=1)
    assert power_w(GridType.IT_3_PHASE, Draw(16.0, 1)) == pytest.approx(3_680)
