"""The electrical layout of an installation, as allocation and commitments read it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from services.balancer.forms import LINES as LINES
from services.balancer.forms import Form, form_of
from services.balancer.limits import ContractPeak, ExternalLimit
from services.balancer.meters import Meter
from shared.ids import ChargerId, CircuitId
from shared.messages.balancer import MAIN, LimitedBy, Rule
from shared.phases import (
    PHASES,
    GridType,
    Phase,
    PhaseCurrents,
    PhaseSwitching,
    lines_loaded,
    lines_used,
)
from shared.units import PILOT_MIN_A, TOLERANCE_A
from shared.weekly import CurrentSchedule


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
class ChargingWish:
    """Until when a car is to have how much energy, and when that was wished; seconds since 1970."""

    departure_s: float
    energy_wh: float
    made_s: float


@dataclass(frozen=True, slots=True)
class SiteCharger:
    """A charger as it is wired, protected and wanted."""

    charger_id: ChargerId
    circuit_id: CircuitId
    wiring: tuple[Phase, ...]
    max_a: float
    fail_safe_a: float
    min_a: float = PILOT_MIN_A
    """It is offered this or more, or nothing."""
    breaker_a: float | None = None
    """Of its own breaker, if it has one."""
    priority: int = 0
    phase_switching: PhaseSwitching = PhaseSwitching.NONE
    out_of_use: LimitedBy | None = None
    """Why it may draw nothing, if it may not."""
    wish: ChargingWish | None = None
    """What was wished last; it may have ended."""

    @property
    def highest_a(self) -> float:
        """The most it may ever draw: its own maximum, or what its own breaker carries."""
        return self.max_a if self.breaker_a is None else min(self.max_a, self.breaker_a)


@dataclass(frozen=True)
class Site:
    """
    A tree of breakers with chargers at its leaves.

    A *constraint* is one breaker on one line; it has the index `breaker index * 3 + line index`.
    """

    grid: GridType
    breakers: tuple[Breaker, ...]
    chargers: Mapping[ChargerId, SiteCharger]
    available_a: PhaseCurrents | None = None
    """What all chargers together may draw, below what the main breaker carries."""
    available_until_s: float = math.inf
    meters: tuple[Meter, ...] = ()
    """What reports load that is not ours."""
    limits: tuple[ExternalLimit, ...] = ()
    """What others allow at breakers: of contract, not of physics."""
    peaks: tuple[ContractPeak, ...] = ()
    switch_current_a: float | None = None
    """Below this a three-phase car goes on with one phase, where its charger can; none: it never does."""
    schedule: CurrentSchedule | None = None
    """What all chargers together may draw at which times of the week; what is available holds as well."""
    imbalance_a: float | None = None
    """By how much cars on fewer than three lines may load the lines of the main breaker unequally, in a
    three-phase TN grid; none: by any current."""

    @property
    def form(self) -> Form:
        """How currents add at its breakers."""
        return form_of(self.grid)

    @cached_property
    def index(self) -> Mapping[CircuitId, int]:
        """For each breaker its place among the breakers."""
        return {breaker.circuit_id: i for i, breaker in enumerate(self.breakers)}

    @cached_property
    def paths(self) -> Mapping[CircuitId, tuple[int, ...]]:
        """
        For each breaker the indices of itself and all breakers above it.

        Raises:
            BrokenLayout: a parent is missing, or breakers lie in a circle.
        """
        parents = {breaker.circuit_id: breaker.parent_id for breaker in self.breakers}
        return {
            breaker.circuit_id: tuple(
                self.index[it] for it in way_up(breaker.circuit_id, parents)
            )
            for breaker in self.breakers
        }

    @cached_property
    def capacity_a(self) -> tuple[float, ...]:
        """What each constraint may carry by its breaker, in amperes."""
        return tuple(breaker.set_a for breaker in self.breakers for _ in PHASES)

    def usable_a(self, now_s: float, until_s: float | None = None) -> tuple[float, ...]:
        """
        What chargers may use of each constraint now: at the main breaker what is available to them, or
        what the schedule allows, if that is less than it carries.

        Args:
            now_s: the moment, in seconds since 1970.
            until_s: until when what is decided now may be in force: where a schedule allows less at
                some moment before that, so much is used already now. What is made available for a
                while is only ever more later.
        """
        usable = list(self.capacity_a)
        main = self.index[MAIN] * LINES
        for currents_a in (
            self._available_a(now_s),
            self._scheduled_a(now_s, until_s or now_s),
        ):
            for line, a in enumerate(currents_a or ()):
                usable[main + line] = min(usable[main + line], a)
        return tuple(usable)

    def bounded_by(
        self, constraint: int, now_s: float, until_s: float | None = None
    ) -> Rule | None:
        """Name the rule by which chargers may use less of a constraint than its breaker carries; none
        where they may use all of it. Moments are those of `usable_a`."""
        breaker, line = divmod(constraint, LINES)
        if self.breakers[breaker].circuit_id != MAIN:
            return None
        available_a, scheduled_a = (
            math.inf if it is None else it[line]
            for it in (self._available_a(now_s), self._scheduled_a(now_s, until_s or now_s))
        )
        if min(available_a, scheduled_a) >= self.breakers[breaker].set_a - TOLERANCE_A:
            return None
        return Rule.AVAILABLE if available_a <= scheduled_a else Rule.SCHEDULE

    def bound_ends_s(
        self, rule: Rule, constraint: int, now_s: float, until_s: float
    ) -> float | None:
        """Name when what bounds a constraint ends by itself, in seconds since 1970; none if it does not."""
        if rule is Rule.AVAILABLE and self.available_until_s < math.inf:
            return self.available_until_s
        if rule is Rule.SCHEDULE and self.schedule is not None:
            return self.schedule.ends_s(now_s, until_s, constraint % LINES)
        return None

    def _available_a(self, now_s: float) -> PhaseCurrents | None:
        return self.available_a if now_s < self.available_until_s else None

    def _scheduled_a(self, now_s: float, until_s: float) -> PhaseCurrents | None:
        return None if self.schedule is None else self.schedule.lowest_a(now_s, until_s)

    def path(self, charger_id: ChargerId) -> tuple[int, ...]:
        """
        Name the breakers above a charger, by their indices.

        Raises:
            BrokenLayout: it hangs on no breaker.
        """
        circuit_id = self.chargers[charger_id].circuit_id
        if circuit_id not in self.paths:
            raise BrokenLayout(
                f"charger {charger_id} hangs on {circuit_id}, which is no breaker"
            )
        return self.paths[circuit_id]

    def constraints(self, charger_id: ChargerId, lines: Sequence[Phase]) -> list[int]:
        """Name the constraints that a charger's current on some lines passes."""
        path = self.path(charger_id)
        return [breaker * LINES + PHASES.index(line) for breaker in path for line in lines]

    def lines(self, charger_id: ChargerId, terminals: int = LINES) -> tuple[Phase, ...]:
        """Name the lines a charger loads with its first terminals; by default with all it has."""
        wiring = self.chargers[charger_id].wiring
        return lines_loaded(self.grid, wiring, min(terminals, len(wiring)))

    def lines_used(self, charger_id: ChargerId, terminals: Sequence[int]) -> tuple[Phase, ...]:
        """Name the lines a charger loads when it is told which terminals to use."""
        return lines_used(self.grid, self.chargers[charger_id].wiring, terminals)

    def at(self, constraint: int) -> tuple[Breaker, Phase]:
        """Name the breaker and the line of a constraint."""
        return self.breakers[constraint // LINES], PHASES[constraint % LINES]


def way_up(
    circuit_id: CircuitId, parents: Mapping[CircuitId, CircuitId | None]
) -> tuple[CircuitId, ...]:
    """
    Go from a breaker up to the main one.

    Raises:
        BrokenLayout: a parent is missing, or breakers lie in a circle.
    """
    way: list[CircuitId] = []
    here: CircuitId | None = circuit_id
    while here is not None:
        if here not in parents or here in way:
            raise BrokenLayout(f"breaker {circuit_id} does not hang on {MAIN}")
        way.append(here)
        here = parents[here]
    return tuple(way)
