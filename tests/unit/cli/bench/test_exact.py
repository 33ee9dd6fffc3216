"""The exact references, and our allocation beside them."""

import pytest

from cli.bench.exact import max_min_a, most_admitted
from cli.bench.shares import compared
from cli.bench.trees import Tree, random_tree
from services.balancer.allocation import Demand, Mode
from shared.phases import PHASES, Phase


def car(*lines: Phase, max_a: float = 32.0) -> Demand:
    """A car behind the main breaker."""
    return Demand(
        modes=(Mode(lines, tuple((PHASES.index(it), 1 + 0j) for it in lines), max_a),)
    )


def test_one_phase_cars_are_more_than_a_three_phase_car() -> None:
    tree = Tree((8.0, 8.0, 8.0), (car(*PHASES), *(car(it) for it in PHASES)))

    assert most_admitted(tree) == 3


def test_shares_are_equal_until_somebody_has_enough() -> None:
    one = Phase.L1
    tree = Tree((40.0, 40.0, 40.0), (car(one, max_a=10), car(one), car(one)))

    assert max_min_a(tree, [0, 1, 2]) == pytest.approx([10.0, 15.0, 15.0])


def test_a_full_line_stops_only_those_on_it() -> None:
    tree = Tree((12.0, 40.0, 40.0), (car(Phase.L1), car(*PHASES), car(Phase.L2)))

    assert max_min_a(tree, [0, 1, 2]) == pytest.approx([6.0, 6.0, 32.0])


@pytest.mark.parametrize("seed", range(1000, 1015))
def test_ours_are_as_many_and_as_fair(seed: int) -> None:
    comparison = compared(random_tree(seed, cars_max=40))

    assert comparison.short <= 1
    assert comparison.gap_a <= 0.1 + 1e-6
    assert comparison.total_a >= comparison.fair_total_a - 0.1 * len(PHASES) - 1e-6
