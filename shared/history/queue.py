"""Who waits at which place for their turn, as it can be told from what was announced."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from shared.ids import ChargerId, CircuitId


@dataclass(frozen=True, slots=True)
class Waiter:
    """A car that waits for its turn."""

    charger_id: ChargerId
    since: datetime
    priority: int
    at: CircuitId | None
    """The breaker that has no room for it; none if nobody has said."""
    passes: frozenset[CircuitId]
    """All breakers above it."""


def places(waiting: Iterable[Waiter]) -> dict[ChargerId, int]:
    """
    Number those that wait, each among those that want the same breaker: 1 for the next one.

    Higher priorities come first, among equals those that have waited longest. A car on another phase of
    that breaker may get its turn before, or not stand in the way at all.
    """
    found: dict[ChargerId, int] = {}
    before: list[Waiter] = []
    for it in sorted(waiting, key=lambda it: (-it.priority, it.since, it.charger_id)):
        ahead = sum(it.at is None or it.at in other.passes for other in before)
        found[it.charger_id] = ahead + 1
        before.append(it)
    return found
