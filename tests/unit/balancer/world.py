"""
An unfriendly world for the balancer, written from the protocol's words alone.

Chargers receive limits late or not at all, and their answers get lost; clocks are off, leases run out,
balancers die and forget what readings taught them. What a balancer hears of a layout and of chargers it
hears late. Chargers are carried from place to place with a car plugged in, some of them later than the
layout says, and those that were removed stay plugged in.
"""

import cmath
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from uuid import UUID

from cli.audit import audit
from services.balancer.announcing import events_of
from services.balancer.behaviour import Behaviour, observe
from services.balancer.decider import decide
from services.balancer.facts import SiteFacts, Timing
from services.balancer.hardware import Heard, departed_by_serial, phases_told
from services.balancer.layout_folds import fold_layout
from services.balancer.layouts import Layout
from services.balancer.ledger import Ledger
from services.balancer.projections import (
    Announced,
    Reported,
    fold_announced,
    fold_reported,
    offer_of,
)
from services.balancer.standings import site_facts
from shared.messages import Event
from shared.messages.balancer import MAIN, Lease, LeasesRenewed
from shared.messages.telemetry import (
    ChargerConnected,
    ChargerDisconnected,
    ChargerEvent,
    CurrentLimitApplied,
    FailSafeApplied,
    SessionEnded,
    SessionStarted,
)
from shared.phases import ALL_TERMINALS, PHASES, GridType, Phase, PhaseSwitching
from shared.recorded import Meta, Recorded
from shared.units import CAR_FOLLOW_S
from tests.unit.balancer.buildings import WIRINGS, Building
from tests.unit.balancer.moments import START_S, Chances, moment

TIMING = Timing(
    lease_s=30, renew_before_s=20, rotation_s=20, rotation_gap_s=10, switch_gap_s=10
)
GRIDS = (GridType.TN_3_PHASE, GridType.IT_3_PHASE)
Spot = tuple[str, str, tuple[Phase, ...]]
"""An installation, a circuit, and how it is wired there."""


@dataclass
class Charger:
    """By the book: the newest limit until its end by its own clock, then the fail-safe."""

    serial: str
    clock_off_s: float
    one_phase_car: bool
    route: list[tuple[int, float, Spot]] = field(default_factory=list)
    """Where it ought to hang: since which position of the log, and from when on at the latest."""
    stop: int = 0
    """How far it has come."""
    assigned: tuple[str, str] | None = None
    """Installation and id, as the gateway knows it."""
    fail_safe_a: float = 0.0
    commissioned: bool = False
    """What was never accepted is not our load yet."""
    confirmed: tuple[tuple[str, str], float] | None = None
    """What the gateway has seen confirmed, under which name."""
    limit_a: float | None = None
    terminals: tuple[int, ...] | None = None
    """What it was told to charge from, with its limit; otherwise it closes all it has."""
    valid_until_s: float = 0.0
    drawable: list[tuple[float, float, tuple[int, ...]]] = field(default_factory=list)
    sessions: int = 0
    plugged: bool = False
    online: bool = False

    @property
    def spot(self) -> Spot | None:
        """Where it hangs physically."""
        return self.route[self.stop][2] if self.route else None

    def follows(self, position: int) -> None:
        """Whoever follows what was decided for a place stands there."""
        stops = [i for i, (since, _, _) in enumerate(self.route) if since <= position]
        self.stop = max(self.stop, *stops, 0)

    def offered_a(self, now_s: float) -> float:
        if not self.commissioned:
            return 0.0
        if self.limit_a is not None and now_s + self.clock_off_s < self.valid_until_s:
            return self.limit_a
        return self.fail_safe_a

    def closed(self, now_s: float) -> tuple[int, ...]:
        """The terminals from which it charges: what its profile says, while that is in force."""
        in_force = self.limit_a is not None and now_s + self.clock_off_s < self.valid_until_s
        return (self.terminals if in_force else None) or ALL_TERMINALS

    def draw(self, now_s: float) -> None:
        """The car may still draw what it was offered up to 5 s ago, where it was offered that."""
        self.drawable.append((now_s, self.offered_a(now_s), self.closed(now_s)))
        self.drawable = [it for it in self.drawable if now_s - it[0] < CAR_FOLLOW_S]

    def worst_draw_a(self) -> float:
        return max(a for _, a, _ in self.drawable) if self.plugged else 0.0


@dataclass
class Knowledge:
    """What somebody knows of the logs."""

    layouts: dict[str, Layout] = field(default_factory=dict)
    reported: dict[str, Reported] = field(default_factory=dict)

    def hear(self, position: int, event: Event, at_s: float) -> None:
        if isinstance(event, ChargerEvent):
            before = self.reported.get(event.charger_id)
            self.reported[event.charger_id] = fold_reported(before, event, moment(at_s))
        else:
            name = event.aggregate_id
            layout = fold_layout(self.layouts.get(name), event, position, moment(at_s))
            assert layout is not None
            self.layouts[name] = layout


class World:
    """Two buildings, their chargers, one gateway, and a balancer."""

    def __init__(self, buildings: Iterable[Building], chargers: Iterable[Charger]) -> None:
        self.buildings = {it.installation_id: it for it in buildings}
        self.chargers = {it.serial: it for it in chargers}
        self.true = Knowledge()
        self.known = Knowledge()
        self.announced: dict[str, Announced] = {}
        self.behaviours: dict[str, Behaviour] = {}
        self.unheard: list[tuple[float, int, Event, float]] = []
        self.unheard_by_gateway: list[tuple[float, int, Event]] = []
        self.gateway_heard = 0
        self.log: list[tuple[float, Event]] = []
        self.on_the_way: list[tuple[float, str, Lease, int]] = []
        self.answers: list[tuple[tuple[str, str], Lease]] = []
        self.sent: dict[str, int] = {}
        """The newest sequence that the gateway has sent, by charger id."""
        self.rotated_at_s: dict[str, float] = {}
        self.positions = 0
        self.gateway_wants: dict[tuple[str, str], float] = {}

    # --- Logs ---

    def change(
        self, events: Iterable[Event], now_s: float, late_s: float = 0.0, carried_s: float = 0.0
    ) -> None:
        """The installation service announces; balancer and gateway hear of it some time later, and
        whoever carries chargers around comes in between."""
        for event in events:
            self.positions += 1
            self.log.append((now_s, event))
            self.true.hear(self.positions, event, now_s)
            self.unheard.append((now_s + late_s, self.positions, event, now_s))
            self.unheard_by_gateway.append((now_s + late_s, self.positions, event))
        self._plan_carrying(now_s + carried_s)

    def tell(self, event: ChargerEvent, now_s: float, late_s: float = 0.0) -> None:
        """A charger's gateway announces."""
        self.log.append((now_s, event))
        self.true.hear(0, event, now_s)
        self.unheard.append((now_s + late_s, 0, event, now_s))

    def hear(self, now_s: float) -> None:
        """The balancer hears, in the order of each log; nothing overtakes."""
        for of_telemetry in (True, False):
            mine = [it for it in self.unheard if (it[1] == 0) is of_telemetry]
            for it in mine:
                if it[0] > now_s:
                    break
                self.unheard.remove(it)
                self.known.hear(it[1], it[2], it[3])

    def gateway_hears(self, now_s: float) -> None:
        """What is assigned may connect, what is removed is disconnected."""
        while self.unheard_by_gateway and self.unheard_by_gateway[0][0] <= now_s:
            _, self.gateway_heard, event = self.unheard_by_gateway.pop(0)
            whose = (event.aggregate_id, getattr(event, "charger_id", ""))
            match type(event).__name__:
                case "ChargerAssigned":
                    charger = self.chargers[event.serial]  # type: ignore[attr-defined]
                    self._disconnect(charger, now_s)
                    charger.assigned = whose
                    self.gateway_wants[whose] = event.fail_safe_a  # type: ignore[attr-defined]
                case "ChargerRemoved":
                    charger = self.chargers[event.serial]  # type: ignore[attr-defined]
                    self._disconnect(charger, now_s)
                    charger.assigned = None
                case "FailSafeSet":
                    self.gateway_wants[whose] = event.fail_safe_a  # type: ignore[attr-defined]

    def _disconnect(self, charger: Charger, now_s: float) -> None:
        if charger.online and charger.assigned is not None:
            charger.online = False
            self.tell(
                ChargerDisconnected(**_about(charger), gateway_id="g", reason="gone"), now_s
            )

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
        for charger in self.chargers.values():
            for stop, (_, at_s, _) in enumerate(charger.route):
                if at_s <= now_s:
                    charger.stop = max(charger.stop, stop)

    # --- The balancer ---

    def facts(self, knowledge: Knowledge, name: str, now_s: float) -> SiteFacts:
        layout = knowledge.layouts[name]
        heard = Heard(
            knowledge.reported,
            self.announced,
            self.behaviours,
            departed_by_serial(knowledge.layouts.values()),
        )
        rotated_at_s = self.rotated_at_s.get(name, 0.0)
        return site_facts(layout, layout.site(), heard, now_s, 1, rotated_at_s)

    def decide(self, name: str, now_s: float) -> list[tuple[str, Lease, int]]:
        """Decide for one building, on what is known; name what is sent."""
        facts = self.facts(self.known, name, now_s)
        decision = decide(facts, TIMING, now_s)
        if decision.rotated:
            self.rotated_at_s[name] = now_s
        for event in events_of(facts, decision, now_s, None):
            self.log.append((now_s, event))
            leases = event.leases if isinstance(event, LeasesRenewed) else (event,)
            for charger_id in {it.charger_id for it in leases}:
                before = self.announced.get(charger_id)
                after = fold_announced(before, charger_id, event, moment(now_s))
                self.announced[charger_id] = after
        position = facts.layout_position or 0
        return [
            (
                name,
                Lease(
                    charger_id=it.charger_id,
                    limit_a=it.grant.limit_a,
                    phases=it.grant.lines,
                    valid_until=moment(it.grant.valid_until_s),
                    sequence=it.grant.sequence,
                    terminals=it.grant.terminals,
                ),
                position,
            )
            for it in decision.announcements
        ]

    # --- The gateway ---

    def deliver(self, now_s: float) -> None:
        for it in [it for it in self.on_the_way if it[0] <= now_s]:
            self.on_the_way.remove(it)
            _, name, lease, position = it
            whose = (name, lease.charger_id)
            charger = next((c for c in self.chargers.values() if c.assigned == whose), None)
            if charger is None or not charger.online:
                continue
            if lease.sequence <= self.sent.get(lease.charger_id, 0):
                continue  # the gateway sees to the order
            self.sent[lease.charger_id] = lease.sequence
            charger.follows(position)
            charger.limit_a, charger.terminals = lease.limit_a, lease.terminals
            charger.valid_until_s = lease.valid_until.timestamp()
            self.answers.append((whose, lease))

    def confirm(self, fate_of: Callable[[], str], now_s: float) -> None:
        for answer in list(self.answers):
            fate = fate_of()
            if fate == "later":
                continue
            self.answers.remove(answer)
            (name, charger_id), lease = answer
            if fate == "now":
                applied = CurrentLimitApplied(
                    installation_id=name,
                    charger_id=charger_id,
                    limit_a=lease.limit_a,
                    valid_until=lease.valid_until,
                    sequence=lease.sequence,
                    epoch=1,
                    applied_at=moment(now_s),
                )
                self.tell(applied, now_s)

    def connect(self, charger: Charger, now_s: float) -> None:
        """Nobody is accepted before the fail-safe is in force."""
        if charger.assigned is None:
            return
        wanted_a = self.gateway_wants[charger.assigned]
        if charger.confirmed != (charger.assigned, wanted_a):
            self.push_fail_safe(charger, now_s, lost=False)
        charger.online = charger.commissioned = True
        about = _about(charger)
        self.tell(
            ChargerConnected(
                **about, serial=charger.serial, vendor="", model="", gateway_id="g", remote=""
            ),
            now_s,
        )

    def push_fail_safe(self, charger: Charger, now_s: float, *, lost: bool) -> None:
        """Whether or not the answer comes back, the fail-safe is in force."""
        if charger.assigned is None:
            return
        wanted_a = self.gateway_wants[charger.assigned]
        if wanted_a > charger.fail_safe_a or not charger.commissioned:
            charger.follows(self.gateway_heard)
        charger.fail_safe_a = wanted_a
        if not lost:
            charger.confirmed = (charger.assigned, wanted_a)
            self.tell(FailSafeApplied(**_about(charger), fail_safe_a=wanted_a), now_s)

    def read_meters(self, now_s: float) -> None:
        for charger in self.chargers.values():
            charger.draw(now_s)
            if not charger.online or charger.assigned is None:
                continue
            name, charger_id = charger.assigned
            layout = self.known.layouts[name]
            if charger_id not in layout.chargers:
                continue
            drawn = charger.offered_a(now_s) if charger.plugged else 0.0
            lines = self.lines(charger, charger.closed(now_s)) if charger.plugged else ()
            l1, l2, l3 = (drawn if line in lines else 0.0 for line in PHASES)
            reported = self.known.reported.get(charger_id)
            self.behaviours[charger_id] = observe(
                self.behaviours.get(charger_id, Behaviour()),
                layout.site(),
                charger_id,
                reported.session_id if reported else None,
                (l1, l2, l3),
                offer_of(reported),
                now_s,
                phases_told(self.announced.get(charger_id) or Announced(), reported, now_s),
            )

    # --- Judging ---

    def counted_a(self, name: str, now_s: float) -> dict[str, tuple[float, ...]]:
        """Add up what may be in force by the logs, at every breaker of a building."""
        facts = self.facts(self.true, name, now_s)
        form = facts.site.form
        ledger = Ledger(facts.site.capacity_a, facts.places(), {}, now_s, form=form)
        committed_a = ledger.committed_a()
        return {
            it.circuit_id: committed_a[index * 3 : index * 3 + 3]
            for index, it in enumerate(facts.site.breakers)
        }

    def lines(self, charger: Charger, closed: tuple[int, ...]) -> tuple[Phase, ...]:
        if charger.spot is None:
            return ()
        name, _, wiring = charger.spot
        if len(closed) == 1 and len(wiring) == len(PHASES):
            return self.buildings[name].lines((wiring[closed[0] - 1],), one_phase=True)
        return self.buildings[name].lines(wiring, one_phase=charger.one_phase_car)

    def _worst_on(self, charger: Charger, line: Phase) -> complex:
        """The most that a car may draw on a line, with its angle, of all that it may draw."""
        drawn = [(a, self.lines(charger, closed)) for _, a, closed in charger.drawable]
        on_line = [it for it in drawn if line in it[1]]
        if not charger.plugged or not on_line:
            return 0j
        a, lines = max(on_line)
        return cmath.rect(a, _angle_on(line, lines))

    def loads_a(self, name: str) -> dict[str, list[float]]:
        """Add up what cars may draw, at every breaker of a building."""
        building = self.buildings[name]
        phasors = {it: [0j, 0j, 0j] for it in ("main", *building.set_a)}
        for charger in self.chargers.values():
            if charger.spot is None or charger.spot[0] != name:
                continue
            worst = [self._worst_on(charger, line) for line in PHASES]
            for circuit_id in building.path(charger.spot[1]):
                for index, on_line in enumerate(worst):
                    phasors[circuit_id][index] += on_line
        return {it: [abs(line) for line in lines] for it, lines in phasors.items()}

    def planned_overload(self) -> tuple[float, str | None]:
        """Have the logs audited."""
        found = audit([list(self._recorded())])
        return found.planned_overload_as, found.worst_at

    def _recorded(self) -> Iterable[Recorded]:
        meta = Meta(actor="test", command_id="c", correlation_id="c")
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


def _angle_on(line: Phase, lines: tuple[Phase, ...]) -> float:
    """Name the angle of a car's current on a line, against that of a three-phase car."""
    if len(lines) != 2:
        return 0.0
    begins = PHASES[(PHASES.index(line) + 1) % 3] in lines
    return math.pi / 6 if begins else -math.pi / 6


def _about(charger: Charger) -> dict[str, str]:
    assert charger.assigned is not None
    name, charger_id = charger.assigned
    return {"installation_id": name, "charger_id": charger_id}


# --- Chance ---


def happen(world: World, charger: Charger, chance: int, now_s: float) -> None:
    """Something of the outside world happens at one charger."""
    if chance < 6 and not charger.plugged:
        charger.plugged, charger.sessions = True, charger.sessions + 1
        if charger.assigned is not None and charger.online:
            started = {"transaction_id": 1, "register_wh": 0, "started_at": moment(now_s)}
            session_id = f"{charger.serial}-{charger.sessions}"
            world.tell(
                SessionStarted(**_about(charger), session_id=session_id, **started), now_s
            )
    elif chance == 6 and charger.plugged:
        charger.plugged = False
        if charger.assigned is not None and charger.online:
            ended = {"transaction_id": 1, "register_wh": 0, "energy_wh": 0, "reason": "Local"}
            session_id = f"{charger.serial}-{charger.sessions}"
            world.tell(
                SessionEnded(
                    **_about(charger), session_id=session_id, ended_at=moment(now_s), **ended
                ),
                now_s,
            )
    elif chance == 7 and charger.online and charger.assigned is not None:
        charger.online = False
        lost = ChargerDisconnected(**_about(charger), gateway_id="g", reason="lost")
        world.tell(lost, now_s)
    elif chance < 11 and not charger.online:
        world.connect(charger, now_s)
    elif chance == 11 and charger.online and charger.assigned is not None:
        wanted = (charger.assigned, world.gateway_wants[charger.assigned])
        if charger.confirmed != wanted:
            world.push_fail_safe(charger, now_s, lost=False)
    elif chance == 12 and charger.online:
        world.push_fail_safe(charger, now_s, lost=True)


def world_of(chances: Chances) -> World:
    """Two buildings with some chargers; what they fall back to is computed as it ought to be."""
    first = Building(
        "site",
        chances.pick([20.0, 32.0, 63.0]),
        {"east": chances.pick([16.0, 20.0]), "west": 32.0},
        {"east": MAIN, "west": chances.pick([MAIN, "east"])},
        chances.pick(GRIDS),
    )
    other = Building("other", 20.0, {"hall": 16.0, "yard": 16.0}, {"hall": MAIN, "yard": MAIN})
    chargers = [
        Charger(
            f"ZAP{index:04}",
            clock_off_s=chances.pick([-4.9, -4.9, 0.0, 4.9]),
            one_phase_car=chances.one_in(2),
        )
        for index in range(9)
    ]
    world = World((first, other), chargers)
    for building in (first, other):
        world.change(building.created(), START_S)
        world.change(building.switch_current(chances.pick([None, 10.0, 32.0])), START_S)
    for index in range(chances.pick(range(2, 7))):
        building = other if index == 5 else first
        circuit_id, wiring = chances.pick(sorted(building.set_a)), chances.pick(WIRINGS)
        world.change(
            building.assign(
                f"bay-{index}",
                f"ZAP{index:04}",
                circuit_id,
                wiring,
                phase_switching=chances.pick(tuple(PhaseSwitching)),
            ),
            START_S,
        )
    world.hear(START_S)
    world.gateway_hears(START_S)
    for charger in world.chargers.values():
        world.connect(charger, START_S)
    return world
