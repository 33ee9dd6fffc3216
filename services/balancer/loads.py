"""
What is remembered between decisions of load that is not ours, and of the open periods of contracts.

All of it is learned again after a restart: until then the most that every load may be is set aside.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from services.balancer.behaviour import DRAWS_A
from services.balancer.facts import ChargerFacts, SiteFacts
from services.balancer.headroom import Load, counted, unmanaged
from services.balancer.limits import (
    ContractPeak,
    Period,
    advance,
    allowed_w,
    lines_of_power_a,
    power_of_lines_w,
)
from services.balancer.meters import Drawn, Meter, Sample, Watch, observe, refused
from services.balancer.site import Site
from shared.ids import CircuitId, MeterId
from shared.messages.balancer import LoadBasis
from shared.messages.installation_terms import Measures, MeterKind
from shared.messages.telemetry import BreakerReading
from shared.phases import PHASES, ZERO_A, GridType, PhaseCurrents
from shared.units import TOLERANCE_A


@dataclass(slots=True)
class Loads:
    """The other loads of one installation."""

    watches: dict[MeterId, Watch] = field(default_factory=dict)
    periods: dict[CircuitId, Period] = field(default_factory=dict)
    powers_w: dict[CircuitId, float] = field(default_factory=dict)
    """What flows at a breaker with a peak since its period was counted last."""

    def hear(self, facts: SiteFacts, reading: BreakerReading, now_s: float) -> str | None:
        """Take a reading into account; say why, if it tells nothing."""
        site = facts.site
        meter = next((it for it in site.meters if it.meter_id == reading.meter_id), None)
        if meter is None:
            return "there is no such meter"
        sample = Sample(
            reading.current_a,
            reading.measured_at.timestamp(),
            reading.received_at.timestamp(),
        )
        before = self.watches.get(meter.meter_id)
        why = refused(before, sample)
        if why is not None:
            return why
        index = site.index[meter.circuit_id]
        watch = observe(
            before,
            meter,
            sample,
            drawn_behind(facts, index, now_s),
            site.grid,
            site.breakers[index].set_a,
            solar=has_solar(site, index),
        )
        if watch is not None:
            self.watches[meter.meter_id] = watch
        return None

    def counting(
        self, facts: SiteFacts, announced: Mapping[CircuitId, Load], now_s: float
    ) -> SiteFacts:
        """Add to the facts of a moment what is set aside for other load, and what peaks leave."""
        site = facts.site
        if not site.meters and not site.peaks and not announced:
            return facts
        found = unmanaged(site, self.watches, now_s)
        loads = {it: counted(announced.get(it), bound) for it, bound in found.items()}
        for circuit_id, load in announced.items():
            if circuit_id not in found and circuit_id in site.index and any(load.lines_a):
                # Its meter is gone.
                loads[circuit_id] = Load(ZERO_A, LoadBasis.MEASURED, announced=False)
        peaks_a = {
            it.circuit_id: lines_of_power_a(self._allowed_w(facts, loads, it, now_s), site.grid)
            for it in site.peaks
            if it.circuit_id in site.index
        }
        totals_a = {it: a for it in loads if (a := self._total_a(site, it, now_s)) is not None}
        return replace(facts, loads=loads, totals_a=totals_a, peaks_a=peaks_a)

    def _allowed_w(
        self,
        facts: SiteFacts,
        loads: Mapping[CircuitId, Load],
        peak: ContractPeak,
        now_s: float,
    ) -> float:
        circuit_id = peak.circuit_id
        period = advance(
            self.periods.get(circuit_id), peak, self.powers_w.get(circuit_id, 0.0), now_s
        )
        self.periods[circuit_id] = period
        lines_a = self._flowing_a(facts, loads, circuit_id, now_s)
        self.powers_w[circuit_id] = power_of_lines_w(lines_a, facts.site.grid)
        return allowed_w(period, peak)

    def _total_a(self, site: Site, circuit_id: CircuitId, now_s: float) -> PhaseCurrents | None:
        for meter in site.meters:
            watch = self.watches.get(meter.meter_id)
            here = meter.circuit_id == circuit_id and meter.measures is Measures.TOTAL
            if here and watch is not None:
                return _shown_a(meter, watch, site.grid, now_s)
        return None

    def _flowing_a(
        self,
        facts: SiteFacts,
        loads: Mapping[CircuitId, Load],
        circuit_id: CircuitId,
        now_s: float,
    ) -> PhaseCurrents:
        """Name what flows through a breaker: as its meter shows, or else as far as is known."""
        total_a = self._total_a(facts.site, circuit_id, now_s)
        if total_a is not None:
            return total_a
        drawn = drawn_behind(facts, facts.site.index[circuit_id], now_s)
        load_a = loads[circuit_id].lines_a if circuit_id in loads else ZERO_A
        l1, l2, l3 = (a + b for a, b in zip(drawn.most_a, load_a, strict=True))
        return (l1, l2, l3)


def _shown_a(meter: Meter, watch: Watch, grid: GridType, now_s: float) -> PhaseCurrents | None:
    """Name what a meter shows, if it reports and gives every line of the grid."""
    lines_a = watch.latest.current_a[: len(grid.lines)]
    known_a = [it for it in lines_a if it is not None]
    if watch.age_s(now_s) > meter.fresh_s or len(known_a) < len(lines_a):
        return None
    l1, l2, l3 = (*known_a, *[0.0] * (len(PHASES) - len(known_a)))
    return (l1, l2, l3)


def has_solar(site: Site, breaker: int) -> bool:
    """Tell whether panels behind a breaker are measured on their own."""
    return any(
        it.kind is MeterKind.SOLAR and breaker in site.paths[it.circuit_id]
        for it in site.meters
    )


def drawn_behind(facts: SiteFacts, breaker: int, now_s: float) -> Drawn:
    """Add up what our cars behind a breaker draw: at least, as last read, and at most."""
    total = Drawn()
    for charger_id, charger in facts.chargers.items():
        if breaker in facts.site.path(charger_id):
            one = drawn_by(charger, now_s)
            total = Drawn(
                _plus(total.least_a, one.least_a),
                _plus(total.read_a, one.read_a),
                _plus(total.most_a, one.most_a),
            )
    return total


def drawn_by(charger: ChargerFacts, now_s: float) -> Drawn:
    """
    Name what one car draws.

    As its meter showed last, as long as it has been told nothing else since, or was slow to follow. A car
    that draws nothing may begin at any moment.
    """
    standing, read_a = charger.standing, charger.behaviour.fresh_a(now_s)
    l1, l2, l3 = standing.worst_a(now_s)  # line by line, whatever the grid
    most_a = (l1, l2, l3)
    if read_a is None:
        return Drawn(ZERO_A, ZERO_A, most_a)
    read_at_s = charger.behaviour.read_at_s
    told_a = [
        grant.limit_a
        for grant, over_s in zip(standing.granted, standing.over_s, strict=True)
        if over_s > read_at_s
    ]
    lowest_a = min(told_a, default=0.0)
    steady = bool(told_a) and max(told_a) - lowest_a <= TOLERANCE_A
    if steady and max(read_a) >= DRAWS_A:
        return Drawn(read_a, read_a, read_a)
    if steady:
        return Drawn(read_a, read_a, _higher(read_a, most_a))
    l1, l2, l3 = (min(a, lowest_a) for a in read_a)
    return Drawn((l1, l2, l3), read_a, _higher(read_a, most_a))


def _plus(a: PhaseCurrents, b: PhaseCurrents) -> PhaseCurrents:
    return (a[0] + b[0], a[1] + b[1], a[2] + b[2])


def _higher(a: PhaseCurrents, b: PhaseCurrents) -> PhaseCurrents:
    return (max(a[0], b[0]), max(a[1], b[1]), max(a[2], b[2]))
