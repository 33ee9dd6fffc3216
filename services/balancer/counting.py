"""Has the figures of a balancer tell what is counted of its installations, whenever they are collected."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final

from services.balancer import metrics
from services.balancer.census import Census, census
from services.balancer.decider import Decision
from services.balancer.facts import SiteFacts

COUNTED_S: Final = 0.5
"""For how long a count is good: as long as one collection of figures takes."""


def keep_count(
    decided: Callable[[], Iterable[tuple[SiteFacts, Decision]]],
    partitions: Callable[[], int],
    clock: Callable[[], datetime],
) -> None:
    """
    Count from now on.

    Args:
        decided: names the latest decision for each installation, and the facts it was taken on.
        partitions: tells how many partitions are decided for here.
        clock: tells the time.
    """
    latest: tuple[float, Census] = (0.0, Census())

    def counted() -> Census:
        nonlocal latest
        now_s = clock().timestamp()
        if abs(now_s - latest[0]) > COUNTED_S:  # once for all figures of a collection
            latest = now_s, census(decided(), now_s)
        return latest[1]

    metrics.PARTITIONS.set_function(partitions)
    metrics.INSTALLATIONS.set_function(lambda: counted().installations)
    metrics.BREAKERS_ABOVE.set_function(lambda: counted().above)
    metrics.BREAKERS_PLANNED_ABOVE.set_function(lambda: counted().planned_above)
    metrics.LOAD_HIGHEST.set_function(lambda: counted().highest)
    metrics.CHARGERS.labels("connected").set_function(lambda: counted().connected)
    metrics.CHARGERS.labels("charging").set_function(lambda: counted().charging)
    metrics.CHARGERS.labels("silent").set_function(lambda: counted().silent)
