"""
The layout of an installation, folded from its own events.

A limit is decided for a layout, and may be in force when there is another one. So a charger that is
moved, or wired otherwise, keeps in mind where it stood (`Stay`), and one that is removed stays in mind
for as long as something may flow there (`Departed`). What is older than a day is forgotten: no lease is
that long.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from math import inf
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from services.balancer.limits import ContractPeak, ExternalLimit, lines_of_power_a, rule_of
from services.balancer.meters import Meter
from services.balancer.site import Breaker, ChargingWish, Site, SiteCharger, way_up
from shared.ids import ChargerId, CircuitId, InstallationId, LimitId, MeterId
from shared.messages.balancer import MAIN, LimitedBy, Rule
from shared.messages.installation_terms import (
    LimitOwner,
    Measures,
    MeterKind,
    PeakPeriod,
    ScheduleRule,
    WeeklyWindow,
)
from shared.phases import (
    GridType,
    Phase,
    PhaseCurrents,
    PhaseSwitching,
    Wiring,
    lines_loaded,
)
from shared.units import PILOT_MIN_A
from shared.weekly import CurrentSchedule

FORGOTTEN_AFTER: Final = timedelta(days=1)
FAIL_SAFES_MAX: Final = 8


class Document(BaseModel):
    """A read model."""

    model_config = ConfigDict(frozen=True)


class CircuitLayout(Document):
    """A breaker beneath another one."""

    parent_id: CircuitId
    name: str
    set_a: float
    active: bool = True


class FailSafe(Document):
    """What a charger was to fall back to, from a moment on."""

    fail_safe_a: float
    since: datetime | None = None


class Stay(Document):
    """Where a charger stood, and how it was wired, between two positions of the log."""

    path: tuple[CircuitId, ...]
    """Its circuit, and all above it."""
    lines: tuple[Phase, ...]
    since: int
    left: int
    left_at: datetime


class Lock(Document):
    """What a charger went down with: a circuit, or (none) the whole installation."""

    circuit_id: CircuitId | None


class WishLayout(Document):
    """Until when a car is to have how much energy."""

    departure_at: datetime
    energy_wh: int
    made_at: datetime


class ChargerLayout(Document):
    """A charger on a circuit."""

    serial: str = ""
    circuit_id: CircuitId
    wiring: Wiring
    max_a: float
    min_a: float = PILOT_MIN_A
    breaker_a: float | None = None
    priority: int = 0
    phase_switching: PhaseSwitching = PhaseSwitching.NONE
    fail_safe_a: float
    fail_safes: tuple[FailSafe, ...] = ()
    """The latest ones; the last one is what it is to fall back to now."""
    assigned: int = 0
    """The position at which it came: limits of before were another charger's."""
    assigned_at: datetime | None = None
    since: int = 0
    """The position since which it stands where it stands, wired as it is."""
    stays: tuple[Stay, ...] = ()
    """Where it stood before, in this installation."""
    lock: Lock | None = None
    wish: WishLayout | None = None


class Departed(Document):
    """A charger that was removed, or moved to another installation."""

    charger_id: ChargerId
    serial: str
    assigned: int
    left: int
    left_at: datetime
    fail_safes: tuple[FailSafe, ...]
    stays: tuple[Stay, ...]
    """Where it stood, last and before."""
    moved_to: InstallationId | None


class MeterLayout(Document):
    """A meter at a breaker."""

    circuit_id: CircuitId
    kind: MeterKind
    measures: Measures
    phases: tuple[Phase, ...]
    highest_a: float
    error_a: float
    interval_s: float


class LimitLayout(Document):
    """What somebody else allows at a breaker."""

    circuit_id: CircuitId
    owner: LimitOwner
    limit_a: PhaseCurrents | None
    power_w: float | None
    includes_load: bool
    begins: datetime | None
    until: datetime | None
    windows: tuple[WeeklyWindow, ...]


class PeakLayout(Document):
    """What the mean power at a breaker is to stay below."""

    peak_w: float
    per: PeakPeriod


class ScheduleLayout(Document):
    """What all chargers together may draw at which times of the week."""

    rules: tuple[ScheduleRule, ...]
    otherwise_a: PhaseCurrents | None


class Layout(Document):
    """An installation as its own events tell it."""

    installation_id: InstallationId
    name: str
    grid: GridType
    breaker_a: float
    circuits: dict[CircuitId, CircuitLayout] = Field(default_factory=dict)
    chargers: dict[ChargerId, ChargerLayout] = Field(default_factory=dict)
    active: bool = True
    available_a: PhaseCurrents | None = None
    available_until: datetime | None = None
    switch_current_a: float | None = None
    imbalance_a: float | None = None
    departed: tuple[Departed, ...] = ()
    time_zone: str = "Etc/UTC"
    meters: dict[MeterId, MeterLayout] = Field(default_factory=dict)
    limits: dict[LimitId, LimitLayout] = Field(default_factory=dict)
    peaks: dict[CircuitId, PeakLayout] = Field(default_factory=dict)
    schedule: ScheduleLayout | None = None
    position: int = 0
    """Of the newest event that it was folded from."""

    def path(self, circuit_id: CircuitId) -> tuple[CircuitId, ...]:
        """
        Name a circuit and all above it.

        Raises:
            BrokenLayout: it does not hang on the main breaker.
        """
        parents: dict[CircuitId, CircuitId | None] = {
            MAIN: None,
            **{it: circuit.parent_id for it, circuit in self.circuits.items()},
        }
        return way_up(circuit_id, parents)

    def lines(self, charger: ChargerLayout) -> tuple[Phase, ...]:
        """Name all lines that a charger can load."""
        return lines_loaded(self.grid, charger.wiring, len(charger.wiring))

    def site(self) -> Site:
        """Build the tree that is balanced."""
        main = Breaker(MAIN, None, self.name, self.breaker_a)
        below = (Breaker(it, c.parent_id, c.name, c.set_a) for it, c in self.circuits.items())
        chargers = {it: self._site_charger(it, c) for it, c in self.chargers.items()}
        until = self.available_until
        return Site(
            self.grid,
            (main, *below),
            chargers,
            available_a=self.available_a,
            available_until_s=float("inf") if until is None else until.timestamp(),
            meters=tuple(Meter(it, **dict(m)) for it, m in self.meters.items()),
            limits=tuple(self._limit(it, limit) for it, limit in self.limits.items()),
            peaks=tuple(
                ContractPeak(it, peak.peak_w, peak.per, self.time_zone)
                for it, peak in self.peaks.items()
            ),
            switch_current_a=self.switch_current_a,
            imbalance_a=self.imbalance_a,
            schedule=self._schedule(),
        )

    def _schedule(self) -> CurrentSchedule | None:
        if self.schedule is None:
            return None
        return CurrentSchedule(self.schedule.rules, self.schedule.otherwise_a, self.time_zone)

    def _limit(self, limit_id: LimitId, limit: LimitLayout) -> ExternalLimit:
        lines_a = limit.limit_a or lines_of_power_a(limit.power_w or 0.0, self.grid)
        return ExternalLimit(
            limit_id,
            limit.circuit_id,
            rule_of(limit.owner, limit.windows),
            lines_a,
            limit.includes_load,
            -inf if limit.begins is None else limit.begins.timestamp(),
            inf if limit.until is None else limit.until.timestamp(),
            limit.windows,
            self.time_zone,
        )

    def _site_charger(self, charger_id: ChargerId, charger: ChargerLayout) -> SiteCharger:
        return SiteCharger(
            charger_id,
            charger.circuit_id,
            charger.wiring,
            charger.max_a,
            charger.fail_safe_a,
            min_a=charger.min_a,
            breaker_a=charger.breaker_a,
            priority=charger.priority,
            phase_switching=charger.phase_switching,
            out_of_use=self._out_of_use(charger),
            wish=None if charger.wish is None else _site_wish(charger.wish),
        )

    def _out_of_use(self, charger: ChargerLayout) -> LimitedBy | None:
        if charger.lock is not None:
            return LimitedBy(rule=Rule.LOCKED, circuit_id=charger.lock.circuit_id)
        for circuit_id in self.path(charger.circuit_id):
            if circuit_id != MAIN and not self.circuits[circuit_id].active:
                return LimitedBy(rule=Rule.OUT_OF_USE, circuit_id=circuit_id)
        return None if self.active else LimitedBy(rule=Rule.OUT_OF_USE)

    def beneath(self, circuit_id: CircuitId) -> Iterator[ChargerId]:
        """Name all chargers on a circuit, and on those beneath it."""
        for charger_id, charger in self.chargers.items():
            if circuit_id in self.path(charger.circuit_id):
                yield charger_id


def _site_wish(wish: WishLayout) -> ChargingWish:
    return ChargingWish(wish.departure_at.timestamp(), wish.energy_wh, wish.made_at.timestamp())
