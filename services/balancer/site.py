"""The electrical layout of an installation, as allocation and commitments read it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from shared.ids import ChargerId, CircuitId
from shared.messages.balancer import MAIN
from shared.phases import PHASES, GridType, Phase, lines_loaded

LINES = len(PHASES)


class BrokenLayout(ValueError):
    """A layout that is no tree: nothing may be allocated on it."""


@dataclass(frozen=True, slots=True)
class Breaker:
    """A breaker and what may be used of it, in amperes per phase."""

    circuit_id: CircuitId
    parent_id: CircuitId | None
    name: str
    set_a: float


@dataclass(frozen=True, slots=True)
class SiteCharger:
    """A charger as it is wired and protected."""

    charger_id: ChargerId
    circuit_id: CircuitId
    wiring: tuple[Phase, ...]
    max_a: float
    fail_safe_a: float


@dataclass(frozen=True)
class Site:
    """
    A tree of breakers with chargers at its leaves.

    A *constraint* is one breaker on one line; it has the index `breaker index * 3 + line index`.
    """

    grid: GridType
    breakers: tuple[Breaker, ...]
    chargers: Mapping[ChargerId, SiteCharger]

    @cached_property
    def paths(self) -> Mapping[CircuitId, tuple[int, ...]]:
        """
        For each breaker the indices of itself and all breakers above it.

        Raises:
            BrokenLayout: a parent is missing, or breakers lie in a circle.
        """
        index = {breaker.circuit_id: i for i, breaker in enumerate(self.breakers)}
        paths: dict[CircuitId, tuple[int, ...]] = {}
        for breaker in self.breakers:
            path: list[int] = []
            here: CircuitId | None = breaker.circuit_id
            while here is not None:
                if here not in index or index[here] in path:
                    raise BrokenLayout(f"breaker {breaker.circuit_id} does not hang on {MAIN}")
                path.append(index[here])
                here = self.breakers[index[here]].parent_id
            paths[breaker.circuit_id] = tuple(path)
        return paths

    @cached_property
    def capacity_a(self) -> tuple[float, ...]:
        """What each constraint may carry, in amperes."""
        return tuple(breaker.set_a for breaker in self.breakers for _ in PHASES)

    def constraints(self, charger_id: ChargerId, lines: Sequence[Phase]) -> list[int]:
        """Name the constraints that a charger's current on some lines passes."""
        path = self.paths[self.chargers[charger_id].circuit_id]
        return [breaker * LINES + PHASES.index(line) for breaker in path for line in lines]

    def lines(self, charger_id: ChargerId, terminals: int = LINES) -> tuple[Phase, ...]:
        """Name the lines a charger loads with its first terminals; by default with all it has."""
        wiring = self.chargers[charger_id].wiring
        return lines_loaded(self.grid, wiring, min(terminals, len(wiring)))

    def at(self, constraint: int) -> tuple[Breaker, Phase]:
        """Name the breaker and the line of a constraint."""
        return self.breakers[constraint // LINES], PHASES[constraint % LINES]
