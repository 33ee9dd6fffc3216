"""The layout in an audit: an installation's breakers, and which charger hangs where."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import inf
from typing import Final

from cli.audit_sums import Steps
from cli.audit_weeks import scheduled_a
from shared.messages.balancer import MAIN
from shared.messages.installation import CurrentScheduleSet
from shared.phases import (
    PHASES,
    ZERO_A,
    GridType,
    Phase,
    PhaseCurrents,
    Wiring,
    lines_loaded,
)

MINUTE_S: Final = 60.0
MINUTES_AHEAD: Final = 10
"""How far schedules are followed beyond the moment of an event: no limit is in force for longer."""


@dataclass(slots=True)
class Circuit:
    """A breaker; the main one has none above it."""

    parent_id: str | None
    set_a: float
    active: bool = True


@dataclass(slots=True)
class Charger:
    """A charger as it is set up."""

    serial: str
    circuit_id: str
    wiring: Wiring
    breaker_a: float | None
    locked: bool = False


@dataclass(slots=True)
class Layout:
    """An installation as its own events tell it."""

    installation_id: str
    grid: GridType
    circuits: dict[str, Circuit]
    active: bool = True
    available_a: PhaseCurrents | None = None
    available_until_s: float = inf
    schedule: CurrentScheduleSet | None = None
    """What all chargers together may draw at which times of the week; followed minute by minute."""
    now_s: float = 0.0
    """From when on the schedule is looked at."""
    chargers: dict[str, Charger] = field(default_factory=dict)
    loads_a: dict[str, PhaseCurrents] = field(default_factory=dict)
    """What the balancer says it sets aside at breakers for load that is not ours."""

    def name(self, *parts: str) -> str:
        """Name a breaker so that no two installations mix."""
        return "/".join((self.installation_id, *parts))

    def path(self, circuit_id: str) -> Iterator[str]:
        """Go from a circuit up to the main breaker."""
        here: str | None = circuit_id
        while here is not None:
            yield here
            here = self.circuits[here].parent_id

    def breakers(self, charger_id: str) -> tuple[str, ...]:
        """Name the breakers above a charger; the first one is its own."""
        circuit_id = self.chargers[charger_id].circuit_id
        above = (self.name(it) for it in self.path(circuit_id))
        return (self._own(charger_id), *above)

    def _own(self, charger_id: str) -> str:
        return self.name(self.chargers[charger_id].circuit_id, charger_id)

    def lines(self, charger_id: str) -> tuple[Phase, ...]:
        """Name the lines that a charger can load."""
        wiring = self.chargers[charger_id].wiring
        return lines_loaded(self.grid, wiring, len(wiring))

    @property
    def in_pairs(self) -> bool:
        """Whether one-phase cars stand between two lines, so that currents add as phasors."""
        return self.grid is GridType.IT_3_PHASE

    def may_a(self) -> Iterator[tuple[tuple[str, Phase], Steps]]:
        """Name what every breaker may carry for cars, on every line, by the layout as it is."""
        for circuit_id, circuit in self.circuits.items():
            load_a = self.loads_a.get(circuit_id, ZERO_A)
            for index, line in enumerate(PHASES):
                set_a = circuit.set_a - load_a[index]
                steps: Steps = ((-inf, set_a),)
                if circuit_id == MAIN:
                    steps = tuple(self._main_steps(set_a, index))
                yield (self.name(circuit_id), line), steps
        for charger_id, charger in self.chargers.items():
            a = inf if charger.breaker_a is None else charger.breaker_a
            if not self._in_use(charger):
                a = 0.0
            for line in PHASES:
                yield (self._own(charger_id), line), ((-inf, a),)

    def _main_steps(self, set_a: float, index: int) -> Iterator[tuple[float, float]]:
        """Name what the main breaker may carry for cars on a line, from when on."""

        def may_a(at_s: float) -> float:
            a = set_a
            if self.available_a is not None and at_s < self.available_until_s:
                a = min(a, self.available_a[index])
            allowed_a = None if self.schedule is None else scheduled_a(self.schedule, at_s)
            return a if allowed_a is None else min(a, allowed_a[index])

        moments_s = {self.available_until_s} if self.available_a is not None else set()
        if self.schedule is not None:
            first_s = (self.now_s // MINUTE_S + 1) * MINUTE_S
            moments_s |= {first_s + it * MINUTE_S for it in range(MINUTES_AHEAD)}
        yield -inf, may_a(self.now_s)
        for at_s in sorted(it for it in moments_s if self.now_s < it < inf):
            yield at_s, may_a(at_s)

    def _in_use(self, charger: Charger) -> bool:
        above = all(self.circuits[it].active for it in self.path(charger.circuit_id))
        return self.active and above and not charger.locked
