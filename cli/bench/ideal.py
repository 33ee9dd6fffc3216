"""
A garage in simulated time with the balancer's real decisions, and nothing that goes wrong.

Whatever is announced is confirmed at once, and the car follows before the next reading; cars draw what they
are allowed, up to what they take, until they have what they need. What is left is what the balancer does by
itself: how often it changes its mind.
"""

from dataclasses import dataclass, field
from itertools import dropwhile
from typing import Final

from services.balancer.behaviour import Behaviour, Offer, observe
from services.balancer.commitments import OVER_AFTER_S, Standing
from services.balancer.decider import Decision, decide
from services.balancer.facts import ChargerFacts, SiteFacts, Timing
from services.balancer.planning import Announcement
from services.balancer.site import Breaker, Site, SiteCharger
from shared.ids import ChargerId, CircuitId, InstallationId, SessionId
from shared.messages.balancer import MAIN, LimitedBy
from shared.phases import PHASES, GridType, PhaseCurrents, grid_currents
from shared.units import LINE_TO_NEUTRAL_V

BAYS_PER_CIRCUIT: Final = 20
CHARGER_A: Final = 32.0
KEPT_AFTER_S: Final = OVER_AFTER_S + 5.0
"""How long after its end a limit is still kept in mind."""
WIRINGS: Final = ((PHASES[0], PHASES[1], PHASES[2]), (PHASES[1], PHASES[2], PHASES[0]))


def garage_site(bays: int, main_a: float, circuit_a: float, fail_safe_a: float) -> Site:
    """
    Lay out a TN garage: a main breaker, and a circuit for every 20 bays.

    Args:
        bays: how many chargers.
        main_a: what the main breaker carries.
        circuit_a: what each circuit's breaker carries.
        fail_safe_a: what chargers fall back to.
    """
    circuits = [CircuitId(f"circuit-{it}") for it in range(-(-bays // BAYS_PER_CIRCUIT))]
    chargers = {
        ChargerId(f"bay-{bay}"): SiteCharger(
            ChargerId(f"bay-{bay}"),
            circuits[bay // BAYS_PER_CIRCUIT],
            WIRINGS[bay % len(WIRINGS)],
            CHARGER_A,
            fail_safe_a,
        )
        for bay in range(bays)
    }
    breakers = (
        Breaker(MAIN, None, "main", main_a),
        *(Breaker(it, MAIN, str(it), circuit_a) for it in circuits),
    )
    return Site(GridType.TN_3_PHASE, breakers, chargers)


@dataclass(slots=True)
class Car:
    """A car that is plugged in."""

    session_id: SessionId
    since_s: float
    needs_kwh: float
    terminals: int
    takes_a: float = CHARGER_A


@dataclass(slots=True)
class Bay:
    """A charger, and what the balancer would know of it from its log."""

    standing: Standing
    car: Car | None = None
    behaviour: Behaviour = field(default_factory=Behaviour)
    charging_since_s: float | None = None
    waiting_since_s: float | None = None
    changed_at_s: float = 0.0
    sequence: int = 0
    limited_by: LimitedBy | None = None

    @property
    def limit_a(self) -> float:
        newest = self.standing.newest
        return 0.0 if newest is None else newest.limit_a

    def facts(self) -> ChargerFacts:
        return ChargerFacts(
            standing=self.standing,
            connected=True,
            session_since_s=None if self.car is None else self.car.since_s,
            charging_since_s=self.charging_since_s,
            waiting_since_s=self.waiting_since_s,
            changed_at_s=self.changed_at_s,
            sequence=self.sequence,
            limited_by=self.limited_by,
            behaviour=self.behaviour,
        )


@dataclass(slots=True)
class Garage:
    """The garage at one moment."""

    site: Site
    timing: Timing
    now_s: float
    bays: dict[ChargerId, Bay] = field(init=False)
    rotated_at_s: float = 0.0

    def __post_init__(self) -> None:
        self.bays = {
            it: Bay(Standing(charger.fail_safe_a, self.site.lines(it)))
            for it, charger in self.site.chargers.items()
        }

    def facts(self) -> SiteFacts:
        """Put together what a decision is taken on."""
        return SiteFacts(
            installation_id=InstallationId("garage"),
            site=self.site,
            chargers={it: bay.facts() for it, bay in self.bays.items()},
            epoch=1,
            rotated_at_s=self.rotated_at_s,
        )

    def plug_in(self, charger_id: ChargerId, car: Car) -> None:
        bay = self.bays[charger_id]
        bay.car, bay.behaviour = car, Behaviour(session_id=car.session_id)

    def unplug(self, charger_id: ChargerId) -> None:
        bay = self.bays[charger_id]
        bay.car, bay.behaviour, bay.waiting_since_s = None, Behaviour(), None

    def pass_(self, seconds: float) -> None:
        """Let cars charge for a while at what they are allowed."""
        self.now_s += seconds
        for charger_id, bay in self.bays.items():
            if bay.car is not None:
                drawn_a = self._drawn_a(charger_id, bay.car)
                kw = sum(drawn_a) * LINE_TO_NEUTRAL_V / 1000
                bay.car.needs_kwh = max(0.0, bay.car.needs_kwh - kw * seconds / 3600)

    def read(self) -> None:
        """Have every meter read."""
        for charger_id, bay in self.bays.items():
            if bay.car is not None:
                bay.behaviour = observe(
                    bay.behaviour,
                    self.site,
                    charger_id,
                    bay.car.session_id,
                    self._drawn_a(charger_id, bay.car),
                    self._offer(bay),
                    self.now_s,
                )

    def _offer(self, bay: Bay) -> Offer | None:
        confirmed = bay.standing.confirmed_at_s
        return Offer(bay.limit_a, max(confirmed.values())) if confirmed else None

    def _drawn_a(self, charger_id: ChargerId, car: Car) -> PhaseCurrents:
        bay = self.bays[charger_id]
        current_a = min(bay.limit_a, car.takes_a) if car.needs_kwh > 0 else 0.0
        terminals_a = [current_a if it < car.terminals else 0.0 for it in range(len(PHASES))]
        return grid_currents(self.site.grid, self.site.chargers[charger_id].wiring, terminals_a)

    def decide(self) -> Decision:
        """Decide, and have everything that is announced confirmed and followed."""
        decision = decide(self.facts(), self.timing, self.now_s)
        for queued in decision.queued:
            self.bays[queued.charger_id].waiting_since_s = self.now_s
        for announcement in decision.announcements:
            self._confirm(announcement)
        if decision.rotated:
            self.rotated_at_s = self.now_s
        return decision

    def _confirm(self, it: Announcement) -> None:
        bay = self.bays[it.charger_id]
        kept = dropwhile(
            lambda lease: lease.valid_until_s + KEPT_AFTER_S <= self.now_s, bay.standing.granted
        )
        granted = (*kept, it.grant)
        confirmed = {**bay.standing.confirmed_at_s, it.grant.sequence: self.now_s}
        bay.standing = Standing(
            bay.standing.fail_safe_a,
            bay.standing.all_lines,
            granted,
            {
                number: at_s
                for number, at_s in confirmed.items()
                if number >= granted[0].sequence
            },
        )
        bay.sequence, bay.limited_by = it.grant.sequence, it.limited_by
        bay.changed_at_s = self.now_s
        charging = it.grant.limit_a > 0
        bay.charging_since_s = (bay.charging_since_s or self.now_s) if charging else None
        bay.waiting_since_s = None if charging else bay.waiting_since_s
