"""
An unfriendly world for balancers, written from the protocol's words alone.

Chargers receive limits late, twice, in another order or not at all, and their answers get lost; clocks
are off, leases run out, balancers die, forget what readings taught them, or go on after another one has
taken over. What they hear of a layout and of chargers they hear late. Chargers are carried from place to
place with a car plugged in, some of them later than the layout says, and those that were removed stay
plugged in.
"""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from uuid import UUID

from cli.audit import Audit, audit
from cli.proving.buildings import Building
from cli.proving.chargers import Charger
from cli.proving.gateways import Gateway
from cli.proving.loads import Load, lines_of
from cli.proving.minds import Decided, Knowledge, Mind, facts_of, remember
from cli.proving.moments import moment
from services.balancer.announced import (
    Announced,
)
from services.balancer.ledger import Ledger
from services.balancer.site import LINES
from shared.messages import Event
from shared.messages.balancer import MAIN
from shared.messages.telemetry import ChargerEvent
from shared.phases import PHASES, PhaseCurrents
from shared.recorded import Meta, Recorded


class World:
    """Buildings, their chargers, one gateway, and a balancer or two."""

    def __init__(self, buildings: Iterable[Building], chargers: Iterable[Charger]) -> None:
        self.buildings = {it.installation_id: it for it in buildings}
        self.chargers = {it.serial: it for it in chargers}
        self.gateway = Gateway(self.chargers, self.tell)
        self.mind = Mind(epoch=1)
        """The balancer that holds the partition."""
        self.former: Mind | None = None
        """One that held it before, and does not know that it does not any more."""
        self.true = Knowledge()
        self.announced: dict[str, Announced] = {}
        self.versions: dict[str, int] = {}
        """Of the streams of limits, by building."""
        self.epochs: dict[str, int] = {}
        """Under which somebody has appended to those last."""
        self.log: list[tuple[float, Event]] = []
        self.positions = 0

    # --- Logs ---

    def change(
        self, events: Iterable[Event], now_s: float, late_s: float = 0.0, carried_s: float = 0.0
    ) -> None:
        """The installation service announces; balancers and gateway hear of it some time later, and
        whoever carries chargers around comes in between."""
        for event in events:
            self.positions += 1
            self.log.append((now_s, event))
            self.true.hear(self.positions, event, now_s)
            for mind in self.minds():
                mind.unheard.append((now_s + late_s, self.positions, event, now_s))
            self.gateway.unheard.append((now_s + late_s, self.positions, event))
        self._plan_carrying(now_s + carried_s)

    def tell(self, event: ChargerEvent, now_s: float, late_s: float = 0.0) -> None:
        """A charger's gateway announces."""
        self.log.append((now_s, event))
        self.true.hear(0, event, now_s)
        for mind in self.minds():
            mind.unheard.append((now_s + late_s, 0, event, now_s))

    def hear(self, now_s: float) -> None:
        """Balancers hear what is due."""
        for mind in self.minds():
            mind.hear(now_s)

    def minds(self) -> Iterator[Mind]:
        """Name all balancers that are alive."""
        yield self.mind
        if self.former is not None:
            yield self.former

    # --- Places ---

    def _plan_carrying(self, at_s: float) -> None:
        for name, building in self.buildings.items():
            for charger_id, bay in building.bays.items():
                route = self.chargers[bay.serial].route
                spot = (name, bay.circuit_id, bay.wiring)
                if not route or route[-1][2] != spot:
                    since = self.true.layouts[name].chargers[charger_id].since
                    route.append((since, at_s, spot))

    def carry(self, now_s: float) -> None:
        """Carry chargers to where they ought to hang by now."""
        for charger in self.chargers.values():
            for stop, (_, at_s, _) in enumerate(charger.route):
                if at_s <= now_s:
                    charger.stop = max(charger.stop, stop)

    # --- Balancers ---

    def announce(self, mind: Mind, decided: Decided, now_s: float) -> Decided | None:
        """
        Append what a balancer has decided, if the stream is as it had read it.

        Returns:
            What may be sent; none if another one was first. Then it reads on, and decides again
            another time.
        """
        name = decided.installation_id
        if decided.events and decided.version != self.versions.get(name, 0):
            mind.announced, mind.read = {**self.announced}, {**self.versions}
            mind.epochs = {**self.epochs}
            return None
        if decided.events:
            self.log.extend((now_s, event) for event in decided.events)
            self.versions[name] = decided.version + len(decided.events)
            mind.read[name] = self.versions[name]
            self.epochs[name] = mind.epochs[name] = mind.epoch
            remember(self.announced, decided.events, now_s)
            remember(mind.announced, decided.events, now_s)
        return decided

    def take_over(self) -> None:
        """Another balancer takes the partition, and reads all logs; the one before lives on."""
        self.former = self.mind
        self.mind = Mind(
            epoch=self.former.epoch + 1,
            known=self.true.copy(),
            announced={**self.announced},
            read={**self.versions},
            epochs={**self.epochs},
            timing=self.former.timing,
        )

    def read_meters(self, now_s: float) -> None:
        """Let a second pass at every car, and chargers report what they see."""
        for charger in self.chargers.values():
            charger.draw(now_s)
            if charger.online:
                for mind in self.minds():
                    mind.observe(charger, now_s)

    # --- Judging ---

    def counted_a(self, name: str, now_s: float) -> dict[str, PhaseCurrents]:
        """Add up what may be in force by the logs, at every breaker of a building."""
        facts = facts_of(self.true, self.announced, name, now_s)
        form = facts.site.form
        ledger = Ledger(facts.site.capacity_a, facts.places(), {}, now_s, form=form)
        ends = range(0, LINES * (len(facts.site.breakers) + 1), LINES)
        counted = (ledger.committed_a()[start:end] for start, end in pairwise(ends))
        return {
            breaker.circuit_id: (l1, l2, l3)
            for breaker, (l1, l2, l3) in zip(facts.site.breakers, counted, strict=True)
        }

    def loads_a(self, name: str) -> dict[str, PhaseCurrents]:
        """Add up what cars may draw, at every breaker of a building; on each line every car draws what
        is most there of all that it may."""
        building = self.buildings[name]
        loads = {
            it: [Load.none(building.grid) for _ in PHASES] for it in (MAIN, *building.set_a)
        }
        for charger in self.chargers.values():
            if charger.spot is None or charger.spot[0] != name:
                continue
            draws = charger.draws()
            for index, line in enumerate(PHASES):
                there = [it for it in draws if line in lines_of(building.grid, it[1])]
                if there:
                    worst_a, wires = max(there)
                    for circuit_id in building.path(charger.spot[1]):
                        loads[circuit_id][index].add(wires, worst_a)
        return {
            it: (on_l1.lines_a()[0], on_l2.lines_a()[1], on_l3.lines_a()[2])
            for it, (on_l1, on_l2, on_l3) in loads.items()
        }

    def audit(self) -> Audit:
        """Have the logs audited."""
        return audit([list(self._recorded())])

    def planned_overload(self) -> tuple[float, str | None]:
        """Name what the logs say was planned above breakers, in amperes times seconds, and where."""
        found = self.audit()
        return found.planned_overload_as, found.worst_at

    def _recorded(self) -> Iterator[Recorded]:
        meta = Meta(actor="world", command_id="c", correlation_id="c")
        positions = 0
        for at_s, event in self.log:
            positions += event.service == "installation"
            yield Recorded(
                position=positions,
                stream="s",
                version=positions,
                event_id=UUID(int=positions),
                recorded_at=moment(at_s),
                type=type(event).__name__,
                schema_version=event.schema_version,
                data=event.model_dump_json().encode(),
                meta=meta,
            )
