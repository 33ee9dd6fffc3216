"""History becomes state, whatever the history is."""

from datetime import UTC, datetime

from hypothesis import given as for_any
from hypothesis import settings
from hypothesis import strategies as st

from services.installation.evolve import FOLDS, evolve, fold
from services.installation.language import EVENTS, InstallationEvent
from services.installation.state import Installation
from shared.messages import registry
from shared.messages.installation import (
    AuthenticationRequiredSet,
    AvailableCurrentSet,
    ChargerChanged,
    ChargerMoved,
    ChargingWishSet,
    CircuitChanged,
    CircuitMoved,
    CircuitReactivated,
    ContractPeakSet,
    CurrentScheduleSet,
    ExternalLimitLifted,
    ExternalLimitSet,
    ImbalanceLimitSet,
    InstallationDeactivated,
    InstallationReactivated,
    MeterAdded,
    MeterChanged,
    MeterRemoved,
    PrioritySet,
    SwitchCurrentSet,
    TariffSet,
)
from shared.phases import PHASES
from tests.unit.installation.facts import (
    OTHER,
    added,
    assigned,
    changed,
    created,
    deactivated,
    fact,
    fail_safe,
    locked,
    removed,
    unlocked,
)

BAY = {"charger_id": "bay-1"}
LEVEL = {"circuit_id": "level-1"}

METER = {
    "meter_id": "house",
    "circuit_id": None,
    "kind": "BUILDING",
    "measures": "TOTAL",
    "phases": PHASES,
    "error_a": 0.5,
    "interval_s": 1,
}
LIMIT = {"limit_id": "evening", "owner": "OWNER", "circuit_id": None}

ANYTHING: list[InstallationEvent] = [
    created(),
    changed(name="Quay garage"),
    fact(InstallationDeactivated),
    fact(InstallationReactivated),
    fact(AuthenticationRequiredSet, required=True),
    fact(AvailableCurrentSet, available_a=(9, 9, 9), until=datetime(2026, 12, 1, tzinfo=UTC)),
    fact(SwitchCurrentSet, switch_current_a=10),
    fact(ImbalanceLimitSet, imbalance_a=20),
    added(),
    added("wing", 40, parent_id="level-1"),
    fact(CircuitChanged, **LEVEL, name="Cellar", breaker_a=50, set_a=40),
    fact(CircuitMoved, **LEVEL, parent_id="wing"),
    deactivated(),
    fact(CircuitReactivated, **LEVEL),
    assigned(1),
    assigned(2),
    fact(
        ChargerChanged,
        **BAY,
        name="Bay one",
        wiring=PHASES,
        max_a=20,
        min_a=6,
        breaker_a=None,
    ),
    fact(ChargerMoved, **BAY, from_circuit_id="level-1", circuit_id="wing"),
    removed(1),
    removed(1, moved_to=OTHER),
    fail_safe(1, 10, wished=True),
    fail_safe(1, 0),
    fact(PrioritySet, **BAY, priority=9),
    fact(
        ChargingWishSet,
        **BAY,
        departure_at=datetime(2026, 12, 1, tzinfo=UTC),
        energy_wh=20_000,
    ),
    fact(ChargingWishSet, **BAY, departure_at=None, energy_wh=None),
    locked(1),
    locked(2, None),
    unlocked(1, "said so"),
    fact(MeterAdded, **METER, highest_a=20),
    fact(MeterChanged, **METER, highest_a=30),
    fact(MeterRemoved, meter_id="house", circuit_id=None),
    fact(
        ExternalLimitSet,
        **LIMIT,
        limit_a=(9, 9, 9),
        power_w=None,
        includes_load=True,
        begins=None,
        until=datetime(2026, 12, 1, tzinfo=UTC),
        windows=(),
        time_zone="Europe/Oslo",
        reason=None,
    ),
    fact(ExternalLimitLifted, **LIMIT),
    fact(ContractPeakSet, circuit_id=None, peak_w=9000, per="HOUR"),
    fact(ContractPeakSet, circuit_id=None, peak_w=None, per="HOUR"),
    fact(CurrentScheduleSet, rules=(), otherwise_a=(9, 9, 9), time_zone="Europe/Oslo"),
    fact(TariffSet, valid_from="2026-12-01", currency="NOK", price_per_kwh="1.20"),
    fact(TariffSet, valid_from="2026-12-01", currency="EUR", price_per_kwh="0.20"),
]
HISTORIES = st.lists(st.sampled_from(ANYTHING), max_size=40)


def test_every_event_of_the_service_is_folded() -> None:
    announced = {it for it in registry.EVENTS.values() if it.service == "installation"}

    assert set(FOLDS) == set(EVENTS) == announced
    assert {type(it) for it in ANYTHING} == announced


@settings(deadline=None)
@for_any(HISTORIES)
def test_history_is_not_up_for_debate(history: list[InstallationEvent]) -> None:
    """In whatever order things are said to have happened, nothing raises."""
    state = Installation()
    for event in history:
        state = evolve(state, event)

    assert state == fold(history, Installation()), "one by one, or all at once"


@settings(deadline=None)
@for_any(HISTORIES, st.sampled_from(ANYTHING))
def test_the_state_that_is_given_stays_as_it_is(
    history: list[InstallationEvent], event: InstallationEvent
) -> None:
    before, same = fold(history, Installation()), fold(history, Installation())

    evolve(before, event)

    assert before == same


def test_chargers_stand_in_the_order_of_their_assignment() -> None:
    again = (removed(1), assigned(1))
    state = fold((created(), added(), assigned(1), assigned(2), *again), Installation())

    assert list(state.chargers) == ["bay-2", "bay-1"]


def test_what_was_set_is_known() -> None:
    state = fold(ANYTHING[:8], Installation())

    assert state.authentication_required
    assert state.available_a == (9, 9, 9)
    assert state.available_until == datetime(2026, 12, 1, tzinfo=UTC)
    assert state.switch_current_a == 10
    assert state.imbalance_a == 20
