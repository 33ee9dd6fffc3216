"""How long a decision takes, in processor time: shares alone, for buildings of all sizes."""

import time
from collections.abc import Callable, Sequence
from typing import Final

from cli.bench.rates import quantile
from cli.bench.trees import Tree, building
from cli.figures import Figures, figure
from services.balancer.allocation import Share, allocate, warm_up

Say = Callable[[str], None]

REPETITIONS: Final = {20: 2000, 200: 400, 1000: 150, 10_000: 12}
INSTALLATIONS: Final = 1000
CARS: Final = 20
ROUNDS: Final = 3
QUICK: Final = 10
"""By so much fewer are measured when it must be quick."""


def measure_latency(say: Say, *, quick: bool) -> Figures:
    """
    Measure `allocate`: facts in, shares with what stopped them out.

    Args:
        say: told what is going on.
        quick: fewer repetitions.
    """
    warm_up()
    took_ms: dict[int, list[float]] = {}
    for cars, repetitions in REPETITIONS.items():
        say(f"decisions for {cars:,} chargers")
        times = max(3, repetitions // QUICK) if quick else repetitions
        took_ms[cars] = timed_ms(varied(building(cars, seed=cars)), times)
    say(f"decisions for {INSTALLATIONS} installations")
    return {
        "decide_20_p50_ms": figure(
            quantile(took_ms[20], 50), "ms", "openWB's algorithm 1.9 for 10 chargers"
        ),
        "decide_200_p50_ms": figure(
            quantile(took_ms[200], 50), "ms", "openWB's algorithm 78; SAP's 450, cold"
        ),
        "decide_1000_p99_ms": figure(quantile(took_ms[1000], 99), "ms", "aim 250"),
        "decide_10000_p50_ms": figure(quantile(took_ms[10_000], 50), "ms", "aim 70"),
        "decisions_per_core_s": figure(
            _per_core_s(quick=quick),
            "1/s",
            f"{INSTALLATIONS} installations of {CARS} cars, best of {ROUNDS} rounds; aim 3,000",
        ),
    }


def varied(tree: Tree) -> Sequence[Tree]:
    """Make other moments of a building: a little more or less room, other cars away."""
    return [
        Tree(
            tuple(it * (1 + moment / 20) for it in tree.capacity_a),
            tuple(it for bay, it in enumerate(tree.demands) if bay % 7 != moment),
        )
        for moment in range(7)
    ]


def timed_ms(trees: Sequence[Tree], repetitions: int) -> list[float]:
    """Allocate again and again, and time each by the processor's clock, in milliseconds."""
    _allocate(trees[0])
    took_ms: list[float] = []
    for repetition in range(repetitions):
        tree = trees[repetition % len(trees)]
        began_s = time.process_time()
        _allocate(tree)
        took_ms.append((time.process_time() - began_s) * 1e3)
    return took_ms


def _allocate(tree: Tree) -> list[Share]:
    return allocate(tree.capacity_a, tree.demands)


def _per_core_s(*, quick: bool) -> float:
    count = INSTALLATIONS // QUICK if quick else INSTALLATIONS
    trees = [building(CARS, seed) for seed in range(count)]
    fastest_s = float("inf")
    for _ in range(ROUNDS):
        began_s = time.process_time()
        for tree in trees:
            _allocate(tree)
        fastest_s = min(fastest_s, time.process_time() - began_s)
    return count / fastest_s
