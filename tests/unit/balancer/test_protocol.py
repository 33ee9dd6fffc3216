"""
The promise that no breaker trips, tried against an unfriendly world.

A model of chargers, written here from the protocol's words alone, receives limits late, not at all, or
loses its answers; its clock is off, its leases run out, balancers die and forget what readings taught
them. At every step the most that its cars may draw is added up and held against every breaker.
"""

from dataclasses import dataclass, field

import hypothesis.strategies as st
from hypothesis import Phase as Phases
from hypothesis import given, settings

from services.balancer.announcing import events_of, moment
from services.balancer.behaviour import Behaviour, observe
from services.balancer.commitments import Ledger
from services.balancer.decider import decide
from services.balancer.facts import SiteFacts, Timing
from services.balancer.projections import (
    Announced,
    Reported,
    facts_of,
    fold_announced,
    fold_reported,
    offer_of,
)
from services.balancer.site import Breaker, Site, SiteCharger
from shared.messages.balancer import MAIN, Lease, LeasesRenewed
from shared.messages.telemetry import (
    ChargerConnected,
    ChargerDisconnected,
    CurrentLimitApplied,
    SessionEnded,
    SessionStarted,
)
from shared.phases import PHASES, GridType, Phase
from shared.units import CAR_FOLLOW_S, TOLERANCE_A

STEP_S = 1.0
STEPS = 150
TIMING = Timing(lease_s=30, renew_before_s=20, rotation_s=20, rotation_gap_s=10)
WITHOUT_SHRINKING = (Phases.explicit, Phases.reuse, Phases.generate)
"""A failing example is long whatever is left out, and shrinking it takes minutes."""
START_S = 1_800_000_000.0


@dataclass
class ModelCharger:
    """A charger by the book: the newest limit until its end by its own clock, then the fail-safe."""

    charger_id: str
    wiring: tuple[Phase, ...]
    fail_safe_a: float
    one_phase_car: bool
    clock_off_s: float
    limit_a: float | None = None
    valid_until_s: float = 0.0
    sequence: int = 0
    drawable: list[tuple[float, float]] = field(default_factory=list)
    session: int = 0
    plugged: bool = False
    online: bool = True

    def offered_a(self, now_s: float) -> float:
        if self.limit_a is not None and now_s + self.clock_off_s < self.valid_until_s:
            return self.limit_a
        return self.fail_safe_a

    def worst_draw_a(self, now_s: float) -> float:
        """The car may still draw what it was offered up to 5 s ago."""
        self.drawable.append((now_s, self.offered_a(now_s)))
        self.drawable = [it for it in self.drawable if now_s - it[0] < CAR_FOLLOW_S]
        return max(a for _, a in self.drawable) if self.plugged else 0.0

    def lines(self) -> tuple[Phase, ...]:
        return self.wiring[:1] if self.one_phase_car else self.wiring


@dataclass
class World:
    """A site, its chargers, and a balancer that knows what events told it."""

    site: Site
    chargers: dict[str, ModelCharger]
    reported: dict[str, Reported] = field(default_factory=dict)
    announced: dict[str, Announced] = field(default_factory=dict)
    behaviours: dict[str, Behaviour] = field(default_factory=dict)
    on_the_way: list[tuple[float, str, Lease]] = field(default_factory=list)
    answers: list[tuple[float, str, Lease]] = field(default_factory=list)
    rotated_at_s: float = 0.0
    highest_load_a: float = 0.0

    def tell(self, charger_id: str, event: object, now_s: float) -> None:
        before = self.reported.get(charger_id)
        self.reported[charger_id] = fold_reported(before, event, moment(now_s))  # type: ignore[arg-type]

    def facts(self) -> SiteFacts:
        return SiteFacts(
            "site",
            self.site,
            {
                it: facts_of(
                    self.site,
                    it,
                    self.reported.get(it),
                    self.announced.get(it),
                    self.behaviours.get(it, Behaviour()),
                )
                for it in self.chargers
            },
            epoch=1,
            rotated_at_s=self.rotated_at_s,
        )

    def decide(self, now_s: float) -> list[tuple[str, Lease]]:
        facts = self.facts()
        decision = decide(facts, TIMING, now_s)
        if decision.rotated:
            self.rotated_at_s = now_s
        sent: list[tuple[str, Lease]] = []
        for event in events_of(facts, decision, now_s, None):
            for charger_id in self.chargers:
                mine = event.leases if isinstance(event, LeasesRenewed) else (event,)
                if any(getattr(it, "charger_id", None) == charger_id for it in mine):
                    before = self.announced.get(charger_id)
                    self.announced[charger_id] = fold_announced(
                        before, charger_id, event, moment(now_s)
                    )
        for it in decision.announcements:
            lease = Lease(
                charger_id=it.charger_id,
                limit_a=it.grant.limit_a,
                phases=it.grant.lines,
                valid_until=moment(it.grant.valid_until_s),
                sequence=it.grant.sequence,
            )
            sent.append((it.charger_id, lease))
        return sent

    def planned_a(self, now_s: float) -> list[float]:
        """Add up what may be in force, as the announced limits alone tell it."""
        standings = {it: charger.standing for it, charger in self.facts().chargers.items()}
        ledger = Ledger(self.site, standings, {}, now_s)
        return [ledger.committed_a(it) for it in range(len(self.site.capacity_a))]

    def loads_a(self, now_s: float) -> list[float]:
        loads = [0.0] * len(self.site.capacity_a)
        for charger in self.chargers.values():
            worst_a = charger.worst_draw_a(now_s)
            for constraint in self.site.constraints(charger.charger_id, charger.lines()):
                loads[constraint] += worst_a
        return loads


@st.composite
def worlds(draw: st.DrawFn) -> World:
    main_a = draw(st.sampled_from([20.0, 32.0, 63.0]))
    level_a = draw(st.sampled_from([16.0, 20.0]))
    breakers = (Breaker(MAIN, None, "Main", main_a), Breaker("level", MAIN, "Level", level_a))
    chargers, models = {}, {}
    fail_safes = 0.0
    for index in range(draw(st.integers(2, 6))):
        charger_id = f"bay-{index}"
        # As the installation computes it: 6 A while all of them fit, else none.
        fits = fail_safes + 6.0 <= min(main_a, level_a) and draw(st.booleans())
        fail_safe_a = 6.0 if fits else 0.0
        fail_safes += fail_safe_a
        shift = draw(st.integers(0, 2))
        wiring = (*PHASES[shift:], *PHASES[:shift])
        circuit_id = draw(st.sampled_from([MAIN, "level"]))
        chargers[charger_id] = SiteCharger(charger_id, circuit_id, wiring, 32.0, fail_safe_a)
        models[charger_id] = ModelCharger(
            charger_id,
            wiring,
            fail_safe_a,
            one_phase_car=draw(st.booleans()),
            clock_off_s=draw(st.sampled_from([-4.0, 0.0, 4.0])),
        )
    return World(Site(GridType.TN_3_PHASE, breakers, chargers), models)


CONNECTED = {"installation_id": "site", "serial": "ZAP000001", "gateway_id": "g", "remote": ""}


def happen(world: World, charger: ModelCharger, chance: int, now_s: float) -> None:
    """Something of the outside world happens at one charger."""
    about = {"installation_id": "site", "charger_id": charger.charger_id}
    if chance < 6 and not charger.plugged:
        charger.plugged, charger.session = True, charger.session + 1
        started = {"session_id": str(charger.session), "transaction_id": 1, "register_wh": 0}
        event = SessionStarted(**about, **started, started_at=moment(now_s))
        world.tell(charger.charger_id, event, now_s)
    elif chance == 6 and charger.plugged:
        charger.plugged = False
        ended = {"session_id": str(charger.session), "transaction_id": 1, "register_wh": 0}
        event_ended = SessionEnded(
            **about, **ended, ended_at=moment(now_s), energy_wh=0, reason="Local"
        )
        world.tell(charger.charger_id, event_ended, now_s)
    elif chance == 7 and charger.online:
        charger.online = False
        lost = ChargerDisconnected(**about, gateway_id="g", reason="lost")
        world.tell(charger.charger_id, lost, now_s)
    elif chance < 10 and not charger.online:
        charger.online = True
        connected = ChargerConnected(
            **CONNECTED, charger_id=charger.charger_id, vendor="", model=""
        )
        world.tell(charger.charger_id, connected, now_s)


def deliver(world: World, now_s: float) -> None:
    for due_s, charger_id, lease in [it for it in world.on_the_way if it[0] <= now_s]:
        world.on_the_way.remove((due_s, charger_id, lease))
        charger = world.chargers[charger_id]
        if (
            charger.online and lease.sequence > charger.sequence
        ):  # the gateway sees to the order
            charger.limit_a, charger.sequence = lease.limit_a, lease.sequence
            charger.valid_until_s = lease.valid_until.timestamp()
            world.answers.append((now_s, charger_id, lease))


def confirm(world: World, chances: st.DataObject, now_s: float) -> None:
    for answer in list(world.answers):
        _, charger_id, lease = answer
        fate = chances.draw(st.sampled_from(["now", "now", "now", "later", "lost"]))
        if fate == "later":
            continue
        world.answers.remove(answer)
        if fate == "now":
            applied = CurrentLimitApplied(
                installation_id="site",
                charger_id=charger_id,
                limit_a=lease.limit_a,
                valid_until=lease.valid_until,
                sequence=lease.sequence,
                epoch=1,
                applied_at=moment(now_s),
            )
            world.tell(charger_id, applied, now_s)


def read_meters(world: World, now_s: float) -> None:
    for charger in world.chargers.values():
        if charger.online:
            drawn = charger.offered_a(now_s) if charger.plugged else 0.0
            lines = charger.lines() if charger.plugged else ()
            current = tuple(drawn if line in lines else 0.0 for line in PHASES)
            reported = world.reported.get(charger.charger_id)
            world.behaviours[charger.charger_id] = observe(
                world.behaviours.get(charger.charger_id, Behaviour()),
                world.site,
                charger.charger_id,
                reported.session_id if reported else None,
                current,  # type: ignore[arg-type]
                offer_of(reported),
                now_s,
            )


@settings(max_examples=60, deadline=None, phases=WITHOUT_SHRINKING)
@given(worlds(), st.data())
def test_no_breaker_is_overrun_whatever_is_lost_late_or_repeated(
    world: World, chances: st.DataObject
) -> None:
    for charger_id in world.chargers:
        connected = ChargerConnected(**CONNECTED, charger_id=charger_id, vendor="", model="")
        world.tell(charger_id, connected, START_S)
    blackout = chances.draw(st.none() | st.integers(20, STEPS))
    for step in range(STEPS):
        now_s = START_S + step * STEP_S
        charger = world.chargers[chances.draw(st.sampled_from(sorted(world.chargers)))]
        happen(world, charger, chances.draw(st.integers(0, 24)), now_s)
        if blackout is None or not blackout <= step < blackout + 50:
            if chances.draw(st.integers(0, 40)) == 0:
                world.behaviours.clear()  # a new balancer knows the log, and nothing of readings
            for charger_id, lease in world.decide(now_s):
                late_s = chances.draw(st.sampled_from([0.0, 0.0, 0.0, 2.0, 7.0, None]))
                if late_s is not None:
                    world.on_the_way.append((now_s + late_s, charger_id, lease))
        for constraint, planned_a in enumerate(world.planned_a(now_s)):
            assert planned_a <= world.site.capacity_a[constraint] + TOLERANCE_A, (
                step,
                constraint,
            )
        deliver(world, now_s)
        confirm(world, chances, now_s)
        read_meters(world, now_s)
        for constraint, load_a in enumerate(world.loads_a(now_s)):
            capacity_a = world.site.capacity_a[constraint]
            world.highest_load_a = max(world.highest_load_a, load_a)
            assert load_a <= capacity_a + TOLERANCE_A, (step, constraint)


def test_a_quiet_site_comes_to_use_all_its_main_breaker() -> None:
    breakers = (Breaker(MAIN, None, "Main", 32.0),)
    chargers = {f"bay-{i}": SiteCharger(f"bay-{i}", MAIN, PHASES, 32.0, 0.0) for i in range(6)}
    models = {
        it: ModelCharger(it, PHASES, 0.0, one_phase_car=False, clock_off_s=0) for it in chargers
    }
    world = World(Site(GridType.TN_3_PHASE, breakers, chargers), models)
    for charger_id, charger in models.items():
        connected = ChargerConnected(**CONNECTED, charger_id=charger_id, vendor="", model="")
        world.tell(charger_id, connected, START_S)
        happen(world, charger, 0, START_S)
    loads = []
    for step in range(60):
        now_s = START_S + step
        world.on_the_way += [(now_s, it, lease) for it, lease in world.decide(now_s)]
        deliver(world, now_s)
        for _, charger_id, lease in world.answers:
            applied = CurrentLimitApplied(
                installation_id="site",
                charger_id=charger_id,
                limit_a=lease.limit_a,
                valid_until=lease.valid_until,
                sequence=lease.sequence,
                epoch=1,
                applied_at=moment(now_s),
            )
            world.tell(charger_id, applied, now_s)
        world.answers.clear()
        read_meters(world, now_s)
        loads.append(world.loads_a(now_s)[0])

    assert max(loads) <= 32.0 + TOLERANCE_A
    assert min(loads[10:20]) >= 0.95 * 32.0
    charged = [it for it, a in world.announced.items() if any(x.limit_a > 0 for x in a.leases)]
    assert len(charged) == 6, "the queue did not rotate"
