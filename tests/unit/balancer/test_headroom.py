"""What is left of breakers for cars, by physics and by contract, and what is decided on it."""

from dataclasses import replace

import pytest
from hypothesis import given as for_any
from hypothesis import strategies as st

from cli.proving.moments import START_S, moment
from services.balancer.announcing import events_of
from services.balancer.behaviour import Behaviour
from services.balancer.commitments import Granted, Standing
from services.balancer.decider import Decision, decide
from services.balancer.facts import ChargerFacts, SiteFacts, Timing
from services.balancer.headroom import Load, counted, headroom, unmanaged
from services.balancer.limits import ContractPeak, ExternalLimit
from services.balancer.loads import Loads, drawn_by
from services.balancer.meters import Bound, Meter, Sample, Watch
from services.balancer.site import Breaker, Site, SiteCharger
from shared.messages.balancer import MAIN, LoadBasis, Rule, UnmanagedLoadCounted
from shared.messages.installation_terms import Measures, MeterKind, PeakPeriod
from shared.messages.telemetry import BreakerReading
from shared.phases import PHASES, ZERO_A, GridType

NOW_S = START_S
MEASURED = LoadBasis.MEASURED


def meter(name: str = "house", circuit_id: str = MAIN, **changes: object) -> Meter:
    given = {
        "kind": MeterKind.BUILDING,
        "measures": Measures.TOTAL,
        "phases": PHASES,
        "highest_a": 40.0,
        "error_a": 0.0,
        "interval_s": 1.0,
    }
    return Meter(name, circuit_id, **(given | changes))  # type: ignore[arg-type]


def watch(*lines_a: float) -> Watch:
    l1, l2, l3 = lines_a if len(lines_a) == 3 else lines_a * 3
    return Watch(Sample((l1, l2, l3), NOW_S, NOW_S), ((NOW_S, (l1, l2, l3)),))


def site(
    *meters: Meter, main_a: float = 63.0, fail_safe_a: float = 0.0, **more: object
) -> Site:
    breakers = (Breaker(MAIN, None, "Main", main_a), Breaker("east", MAIN, "East", 32.0))
    chargers = {it: SiteCharger(it, "east", PHASES, 32.0, fail_safe_a) for it in ("a", "b")}
    return Site(GridType.TN_3_PHASE, breakers, chargers, meters=meters, **more)  # type: ignore[arg-type]


def plugged(fail_safe_a: float = 0.0) -> ChargerFacts:
    return ChargerFacts(
        Standing(fail_safe_a, PHASES), connected=True, session_since_s=NOW_S - 10
    )


def charging(limit_a: float, fail_safe_a: float = 0.0, read_s: float = 1.0) -> ChargerFacts:
    grant = Granted(limit_a, PHASES, NOW_S + 80, sequence=1)
    return ChargerFacts(
        Standing(fail_safe_a, PHASES, (grant,), {1: NOW_S - 30}),
        connected=True,
        session_since_s=NOW_S - 31,
        charging_since_s=NOW_S - 30,
        changed_at_s=NOW_S - 30,
        sequence=1,
        behaviour=Behaviour(
            current_a=(limit_a,) * 3, read_at_s=NOW_S - read_s, one_phase=False
        ),
    )


def facts(
    at: Site, loads: dict[str, Load] | None = None, **chargers: ChargerFacts
) -> SiteFacts:
    return SiteFacts("garage", at, chargers, epoch=1, loads=loads or {})


def decided(known: SiteFacts) -> Decision:
    return decide(known, Timing(), NOW_S)


def told_a(decision: Decision) -> dict[str, float]:
    return {it.charger_id: it.grant.limit_a for it in decision.announcements}


def beside(a: float) -> dict[str, Load]:
    return {MAIN: Load((a, a, a), MEASURED)}


# --- What is set aside ---


def test_a_meter_of_all_speaks_for_what_is_beneath_it() -> None:
    pump = meter("pump", "east", measures=Measures.LOAD_ONLY, highest_a=10.0)
    found = unmanaged(site(meter(), pump), {"house": watch(30), "pump": watch(8)}, NOW_S)

    assert {it: bound.lines_a[0] for it, bound in found.items()} == {"east": 8, MAIN: 30}


def test_loads_measured_alone_add_up_towards_the_main_breaker() -> None:
    part = {"measures": Measures.LOAD_ONLY, "highest_a": 10.0}
    at = site(meter("lift", **part), meter("pump", "east", **part))
    found = unmanaged(at, {"lift": watch(3), "pump": watch(8)}, NOW_S)

    assert found[MAIN] == Bound((11, 11, 11), MEASURED)
    assert unmanaged(at, {"lift": watch(3)}, NOW_S)[MAIN].lines_a == (13, 13, 13)


def test_what_panels_feed_hides_load_that_is_there_when_they_stop() -> None:
    roof = meter("roof", kind=MeterKind.SOLAR, measures=Measures.LOAD_ONLY, highest_a=20.0)
    known = {"house": watch(5), "roof": watch(15)}

    assert unmanaged(site(meter(), roof), known, NOW_S)[MAIN].lines_a == (20, 20, 20)
    assert unmanaged(site(meter(), roof), {"house": watch(5)}, NOW_S)[MAIN].lines_a[0] == 25
    assert unmanaged(site(roof), known, NOW_S) == {}, "what is fed is no room"


def test_a_rise_is_counted_at_once_and_a_fall_when_it_is_worth_telling() -> None:
    def then(was_a: float, found_a: float) -> Load:
        bound = Bound((found_a,) * 3, MEASURED)  # type: ignore[arg-type]
        return counted(Load((was_a,) * 3, MEASURED), bound)  # type: ignore[arg-type]

    assert then(20, 20.1).lines_a[0] == 21
    assert then(20, 18.6) == Load((20, 20, 20), MEASURED, announced=True)
    assert then(20, 18.4) == Load((19, 19, 19), MEASURED, announced=False)


@for_any(st.floats(0, 100), st.floats(0, 100))
def test_no_less_is_counted_than_there_may_be(was_a: float, found_a: float) -> None:
    load = counted(Load((was_a, 0, 0), MEASURED), Bound((found_a, 0, 0), MEASURED))

    assert load.lines_a[0] >= found_a - 1e-5


# --- What is left ---


def test_physics_and_contract_are_two_limits_and_the_lowest_gives_the_reason() -> None:
    owner = ExternalLimit("o", "east", Rule.OWNER, (20, 40, 20))
    tariff = ExternalLimit("t", MAIN, Rule.TARIFF, (30, 99, 60), includes_load=True)
    over = ExternalLimit("x", MAIN, Rule.GRID_OPERATOR, ZERO_A, until_s=NOW_S)
    at = site(meter(), limits=(owner, tariff, over))
    left = headroom(at, beside(25.0), {}, NOW_S)

    assert left.physical_a == (38, 38, 38, 32, 32, 32)
    assert left.agreed_a == (5, 38, 35, 20, 32, 20)
    assert left.rules == (
        Rule.TARIFF, Rule.UNMANAGED, Rule.TARIFF,
        Rule.OWNER, Rule.BREAKER, Rule.OWNER,
    )  # fmt: skip


def test_what_is_available_stays_a_limit_of_the_cars_alone() -> None:
    at = site(meter(), available_a=(20, 40, 63))
    left = headroom(at, beside(25.0), {}, NOW_S)

    assert left.physical_a[:3] == left.agreed_a[:3] == (20, 38, 38)
    assert left.rules[:3] == (Rule.AVAILABLE, Rule.UNMANAGED, Rule.UNMANAGED)


def test_a_peak_leaves_cars_what_other_load_does_not_take() -> None:
    left = headroom(site(meter()), beside(25.0), {MAIN: (35, 35, 35)}, NOW_S)

    assert left.agreed_a[:3] == (10, 10, 10)
    assert left.rules[0] is Rule.CONTRACT


# --- What is decided ---


def test_a_car_gets_what_other_load_leaves_and_is_told_so() -> None:
    decision = decided(facts(site(meter()), beside(43.0), a=plugged()))

    assert told_a(decision) == {"a": 20.0}
    assert decision.announcements[0].limited_by.rule is Rule.UNMANAGED
    assert decision.announcements[0].limited_by.circuit_id == MAIN


def test_a_rise_of_other_load_lowers_cars_at_once() -> None:
    decision = decided(facts(site(meter()), beside(50.0), a=charging(32.0)))

    assert told_a(decision) == {"a": 13.0}
    assert [it.constraint for it in decision.overloads] == [0, 1, 2]


def test_cars_pause_when_other_load_leaves_less_than_they_can_charge_with() -> None:
    decision = decided(facts(site(meter()), beside(60.0), a=charging(32.0), b=plugged()))

    assert told_a(decision) == {"a": 0.0}
    assert decision.announcements[0].limited_by.rule is Rule.UNMANAGED


def test_a_limit_of_contract_bounds_cars_and_not_what_they_fall_back_to() -> None:
    """Two fail-safes of 10 A are above an agreed 16 A; a limit of 16 A for one car is not."""
    limit = ExternalLimit("o", MAIN, Rule.OWNER, (16, 16, 16))
    idle = replace(charging(0.0, fail_safe_a=10.0), session_since_s=None)
    at = site(fail_safe_a=10.0, limits=(limit,))

    decision = decided(facts(at, a=plugged(fail_safe_a=10.0), b=idle))

    assert told_a(decision)["a"] == 16.0
    physical = decided(facts(site(fail_safe_a=10.0, main_a=16.0), a=plugged(10.0), b=idle))
    assert told_a(physical).get("a", 0.0) < 16.0


def test_what_is_set_aside_is_announced_before_the_limits_that_respect_it() -> None:
    load = Load((43.0, 43.0, 43.0), MEASURED, announced=False)
    known = facts(site(meter()), {MAIN: load}, a=plugged())

    first, *others = events_of(known, decided(known), NOW_S, None)

    assert first == UnmanagedLoadCounted(
        installation_id="garage", circuit_id=MAIN, load_a=load.lines_a, basis=MEASURED
    )
    assert len(others) == 1
    told = facts(site(meter()), beside(43.0), a=plugged())
    assert len([*events_of(told, decided(told), NOW_S, None)]) == 1


def test_where_a_meter_shows_all_that_flows_that_is_what_flows() -> None:
    """What is set aside for a while after a rise is no overload."""
    known = facts(site(meter()), beside(50.0), a=charging(16.0))
    shown = replace(known, totals_a={MAIN: (40.0, 64.0, -2.0)})

    assert decided(known).measured_a[:3] == (66, 66, 66)
    assert decided(shown).measured_a == (40, 64, 0, 16, 16, 16)
    assert [it.constraint for it in decided(shown).overloads] == [1]


# --- What is remembered ---


def reading(a: float, at_s: float = NOW_S, name: str = "house") -> BreakerReading:
    return BreakerReading(
        installation_id="garage",
        meter_id=name,
        measured_at=moment(at_s),
        received_at=moment(at_s),
        current_a=(a, a, a),
    )


def test_readings_become_loads_and_silence_the_highest() -> None:
    loads, known = Loads(), facts(site(meter()), a=charging(16.0))

    assert loads.counting(known, {}, NOW_S).loads[MAIN].lines_a == (40, 40, 40)
    assert loads.hear(known, reading(36.0), NOW_S) is None
    counting = loads.counting(known, {}, NOW_S)
    assert counting.loads[MAIN] == Load((20, 20, 20), MEASURED, announced=False)
    assert counting.totals_a == {MAIN: (36, 36, 36)}
    assert loads.counting(known, {}, NOW_S + 60).totals_a == {}
    assert loads.counting(counting, counting.loads, NOW_S + 60).loads[MAIN].lines_a[0] == 40


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (reading(1.0, name="roof"), "no such meter"),
        (reading(1.0, NOW_S), "not measured after"),
        (reading(1.0, NOW_S - 5), "not measured after"),
    ],
)
def test_readings_that_tell_nothing_change_nothing(said: BreakerReading, why: str) -> None:
    loads, known = Loads(), facts(site(meter()), a=charging(16.0))
    loads.hear(known, reading(36.0), NOW_S)
    before = dict(loads.watches)

    assert why in str(loads.hear(known, said, NOW_S))
    assert loads.watches == before


def test_nothing_is_set_aside_for_a_meter_that_is_gone() -> None:
    known = Loads().counting(facts(site(), a=plugged()), beside(30.0), NOW_S)

    assert known.loads == {MAIN: Load(ZERO_A, MEASURED, announced=False)}


def test_a_peak_bounds_cars_by_what_has_flowed_since_its_period_began() -> None:
    peak = ContractPeak(MAIN, 11_040.0, PeakPeriod.QUARTER_HOUR)
    known = facts(site(peaks=(peak,)), a=charging(16.0))
    loads = Loads()

    allowed_a = loads.counting(known, {}, NOW_S).peaks_a[MAIN][0]
    for step in range(1, 10):
        loads.counting(known, {}, NOW_S + step)

    assert allowed_a == pytest.approx(16 * 0.98, rel=0.01)
    assert loads.powers_w[MAIN] == pytest.approx(11_040)


def test_what_a_car_draws_is_known_as_well_as_its_meter_and_its_limits_tell() -> None:
    steady = drawn_by(charging(16.0), NOW_S)
    silent = drawn_by(charging(16.0, read_s=60), NOW_S)
    told = charging(16.0)
    less = Granted(6.0, PHASES, NOW_S + 80, sequence=2)
    lowered = replace(told, standing=told.standing.granting(less))

    assert (steady.least_a[0], steady.most_a[0]) == (16, 16)
    assert (silent.least_a[0], silent.most_a[0]) == (0, 16)
    assert (drawn_by(lowered, NOW_S).least_a[0], drawn_by(lowered, NOW_S).most_a[0]) == (6, 16)
    nobody = replace(told, behaviour=Behaviour(current_a=ZERO_A, read_at_s=NOW_S))
    assert (drawn_by(nobody, NOW_S).least_a[0], drawn_by(nobody, NOW_S).most_a[0]) == (0, 16)
