"""Shares beside what an exact solver makes of the same sites."""

import pytest

from services.balancer.allocation import allocate
from shared.units import STEP_A, TOLERANCE_A
from tests.unit.balancer.optimum import fairest, most_cars, puzzle

SITES = 200


def test_as_many_cars_are_admitted_as_can_be() -> None:
    short = []
    for seed in range(SITES):
        site = puzzle(seed)
        admitted = sum(it.admitted for it in allocate(site.capacity_a, site.demands))
        short.append(most_cars(site) - admitted)

    assert min(short) >= 0, "the exact solver is wrong"
    assert max(short) <= 1
    assert sum(it == 0 for it in short) >= 0.99 * SITES


@pytest.mark.parametrize("seed", range(60))
def test_shares_are_the_fairest_there_are(seed: int) -> None:
    site = puzzle(seed)
    shares = allocate(site.capacity_a, site.demands)
    admitted = [car for car, it in enumerate(shares) if it.admitted]

    best_a = fairest(site, admitted)

    for car in admitted:
        assert shares[car].share_a > best_a[car] - STEP_A - TOLERANCE_A
    ours_a = sorted(shares[car].share_a for car in admitted)
    for ours, best in zip(ours_a, sorted(best_a.values()), strict=True):
        assert ours == pytest.approx(best, abs=2 * STEP_A)
    rounding_a = STEP_A * len(admitted)
    assert sum(ours_a) == pytest.approx(sum(best_a.values()), abs=rounding_a)
