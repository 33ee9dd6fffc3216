"""How good shares are: our allocation beside exact programmes, on random trees of breakers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from cli.bench.exact import max_min_a, most_admitted
from cli.bench.trees import Tree, random_tree
from cli.figures import Figures, figure
from services.balancer.allocation import allocate

Say = Callable[[str], None]

SITES: Final = 200
SITES_QUICK: Final = 20
CARS_MAX: Final = 60


@dataclass(frozen=True, slots=True)
class Comparison:
    """One tree: how many cars we left out that fit, and how far shares are from the max-min fair ones."""

    short: int
    gap_a: float
    """How much less somebody gets than the max-min fair share, at most."""
    total_a: float
    fair_total_a: float


def measure_shares(say: Say, *, quick: bool) -> Figures:
    """
    Compare allocations on random trees with the best there are.

    Args:
        say: told what is going on.
        quick: few trees.
    """
    sites = SITES_QUICK if quick else SITES
    found: list[Comparison] = []
    for seed in range(sites):
        say(f"random trees: {seed + 1} of {sites}")
        found.append(compared(random_tree(seed, CARS_MAX)))
    said = f"{sites} random trees of up to {CARS_MAX} cars, against HiGHS"
    total_a = sum(it.total_a for it in found)
    return {
        "admitted_equal_milp_share": figure(
            sum(it.short == 0 for it in found) / sites, "1", f"{said}; aim 0.99"
        ),
        "admitted_short_max": figure(max(it.short for it in found), "cars", f"{said}; aim 1"),
        "maxmin_gap_a": figure(max(it.gap_a for it in found), "A", f"{said}; aim 0.1, a step"),
        "total_vs_maxmin": figure(
            total_a / sum(it.fair_total_a for it in found),
            "1",
            "amperes handed out; openWB's algorithm 0.953 on such sites",
        ),
    }


def compared(tree: Tree) -> Comparison:
    """Allocate, and compare with as many cars as can be and with their max-min fair shares."""
    shares = allocate(tree.capacity_a, tree.demands)
    admitted = [number for number, it in enumerate(shares) if it.admitted]
    ours_a = np.array([shares[it].share_a for it in admitted])
    fair_a = max_min_a(tree, admitted)
    return Comparison(
        short=most_admitted(tree) - len(admitted),
        gap_a=float((fair_a - ours_a).max(initial=0.0)),
        total_a=float(ours_a.sum()),
        fair_total_a=float(fair_a.sum()),
    )
