"""Meters at breakers: what they may be, and what fail-safes leave the load they watch."""

import pytest

from services.installation.decider import decide, installation
from services.installation.notes import notes_of
from services.installation.refusals import (
    HighestAboveBreaker,
    MeasuredTwice,
    MeterExists,
    PhaseNotInGrid,
    SolarAmongTotal,
    UnknownCircuit,
    UnknownMeter,
)
from services.installation.state import Installation
from shared.messages.balancer import MAIN
from shared.messages.installation import FailSafeSet, MeterAdded, MeterChanged, MeterRemoved
from shared.messages.installation_commands import AddMeter, ChangeMeter, RemoveMeter
from shared.messages.installation_terms import Measures, MeterKind
from shared.phases import PHASES, GridType, Phase
from tests.unit.installation.facts import added, assigned, created, fact, wish


def house(**changes: object) -> AddMeter:
    return wish(AddMeter, **{"meter_id": "house", "highest_a": 40.0, **changes})


def metered(**changes: object) -> MeterAdded:
    told = {
        "meter_id": "house",
        "circuit_id": None,
        "kind": MeterKind.BUILDING,
        "measures": Measures.TOTAL,
        "phases": PHASES,
        "highest_a": 40.0,
        "error_a": 0.5,
        "interval_s": 10.0,
    }
    return fact(MeterAdded, **(told | changes))


def garage(*events: object) -> Installation:
    return installation.fold([created(), added(), *events])  # type: ignore[list-item]


def test_a_meter_at_the_main_breaker_measures_all_lines_of_the_grid() -> None:
    assert decide(house(), garage()) == (metered(),)
    one_phase = installation.fold([created(grid_type=GridType.TN_1_PHASE)])
    assert decide(house(), one_phase) == (metered(phases=(Phase.L1,)),)


def test_the_same_meter_twice_is_so_already() -> None:
    assert decide(house(), garage(metered())) == ()
    with pytest.raises(MeterExists, match="choose another id"):
        decide(house(highest_a=10), garage(metered()))


@pytest.mark.parametrize(
    ("changes", "refusal", "way_on"),
    [
        ({"circuit_id": "cellar"}, UnknownCircuit, "add it first"),
        ({"highest_a": 161.0}, HighestAboveBreaker, "at most 160 A"),
        ({"kind": MeterKind.SOLAR}, SolarAmongTotal, "LOAD_ONLY"),
    ],
)
def test_a_meter_that_cannot_be_is_refused(
    changes: dict[str, object], refusal: type[Exception], way_on: str
) -> None:
    with pytest.raises(refusal, match=way_on):
        decide(house(**changes), garage())


def test_a_line_that_the_grid_has_not_is_not_measured() -> None:
    one_phase = installation.fold([created(grid_type=GridType.IT_1_PHASE)])

    with pytest.raises(PhaseNotInGrid, match="L1"):
        decide(house(phases=(Phase.L3,)), one_phase)


def test_one_meter_measures_all_of_a_breaker_and_solar_panels_stand_beside_it() -> None:
    state = garage(metered())

    with pytest.raises(MeasuredTwice, match="house"):
        decide(house(meter_id="second"), state)
    roof = house(meter_id="roof", kind=MeterKind.SOLAR, measures=Measures.LOAD_ONLY)
    assert [type(it) for it in decide(roof, state)] == [MeterAdded]


def test_what_is_changed_is_changed_and_the_rest_left() -> None:
    state = garage(metered())
    change = wish(ChangeMeter, meter_id="house", highest_a=30)

    changed = fact(
        MeterChanged, **metered(highest_a=30).model_dump(exclude={"installation_id"})
    )
    assert decide(change, state) == (changed,)
    assert decide(change, installation.fold([changed], state)) == ()
    with pytest.raises(UnknownMeter, match="there are: house"):
        decide(wish(ChangeMeter, meter_id="roof", highest_a=30), state)


def test_a_meter_is_removed_once() -> None:
    gone = fact(MeterRemoved, meter_id="house", circuit_id=None)

    assert decide(wish(RemoveMeter, meter_id="house"), garage(metered())) == (gone,)
    assert decide(wish(RemoveMeter, meter_id="house"), garage(metered(), gone)) == ()
    with pytest.raises(UnknownMeter):
        decide(wish(RemoveMeter, meter_id="house"), garage())


def test_fail_safes_leave_room_for_the_most_that_other_load_may_be() -> None:
    """160 A carry a load of 150 A and one fail-safe of 6 A."""
    state = garage(assigned(1, fail_safe_a=6.0), assigned(2, fail_safe_a=6.0))

    _, *lowered = decide(house(highest_a=150), state)

    assert [(type(it), it.fail_safe_a) for it in lowered] == [(FailSafeSet, 0.0)]  # type: ignore[union-attr]


def test_load_beneath_counts_above_unless_a_meter_there_measures_all_of_it() -> None:
    part = {"measures": Measures.LOAD_ONLY}
    pump = metered(meter_id="pump", circuit_id="level-1", highest_a=16, **part)
    other = metered(meter_id="lift", highest_a=10, **part)
    roof = metered(meter_id="roof", kind=MeterKind.SOLAR, highest_a=99, **part)

    assert garage(pump, other, roof).unmanaged_a(MAIN) == 26
    assert garage(pump, other, roof, metered(highest_a=20)).unmanaged_a(MAIN) == 20


def test_an_electrician_hears_of_what_a_meter_costs() -> None:
    codes = {
        it.code
        for it in notes_of(garage(metered(phases=(Phase.L1,), highest_a=158), assigned(1)))
    }

    assert {"nothing-beside-other-load", "phase-not-measured"} <= codes
