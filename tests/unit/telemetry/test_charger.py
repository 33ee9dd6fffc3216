"""What is known of a charger, and when it may go on without being commissioned anew."""

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce

from pydantic import TypeAdapter

from services.telemetry.charger import (
    Charger,
    ChargerFact,
    LimitAnswered,
    Session,
    as_left,
    evolve,
    fail_safe_in_force,
    may_go_on,
    open_session,
)
from services.telemetry.held import Held
from services.telemetry.ways import Limit
from shared.messages.telemetry import (
    ChargerDisconnected,
    ChargerRefused,
    ChargerStatusChanged,
    CurrentLimitApplied,
    CurrentLimitRejected,
    FaultReported,
    Place,
    SessionEnded,
)
from tests.unit.telemetry.facts import (
    ASSIGNED,
    AT,
    BAY_12,
    GATEWAY,
    connected,
    fail_safe_applied,
    later,
    session_started,
)

disconnected = ChargerDisconnected(**BAY_12, gateway_id=GATEWAY, reason="closed")
refused = ChargerRefused(
    place=Place.UNKNOWN, serial="ZAP000012", reason="does not take it", remote="10.0.0.1"
)
applied = CurrentLimitApplied(
    **BAY_12, limit_a=16, valid_until=later(2), sequence=7, epoch=3, applied_at=AT
)
rejected = CurrentLimitRejected(**BAY_12, limit_a=16, sequence=8, epoch=3, status="Rejected")


def after(*history: ChargerFact) -> Charger:
    return fold(history)


def fold(history: Sequence[ChargerFact]) -> Charger:
    return reduce(evolve, history, Charger())


def test_a_charger_nobody_has_met_may_not_go_on() -> None:
    assert not may_go_on(Charger(), ASSIGNED, "fail-safe")
    assert not may_go_on(Charger(), ASSIGNED, "none")


def test_a_charger_that_confirmed_its_fail_safe_and_was_accepted_may_go_on() -> None:
    assert may_go_on(after(fail_safe_applied, connected, disconnected), ASSIGNED, "fail-safe")


def test_a_charger_whose_fail_safe_is_another_one_now_may_not_go_on() -> None:
    state = after(fail_safe_applied, connected)

    moved = ASSIGNED.model_copy(update={"fail_safe_a": 0.0})
    assert not may_go_on(state, moved, "fail-safe")
    assert not fail_safe_in_force(state, moved)


def test_other_hardware_under_the_same_charger_id_begins_anew() -> None:
    state = after(fail_safe_applied, connected)

    exchanged = ASSIGNED.model_copy(update={"serial": "ZAP999999"})
    assert not may_go_on(state, exchanged, "fail-safe")
    assert not may_go_on(state, exchanged, "none")


def test_a_charger_that_refused_its_fail_safe_begins_anew() -> None:
    assert not may_go_on(after(fail_safe_applied, connected, refused), ASSIGNED, "fail-safe")


def test_without_commissioning_the_fail_safe_is_not_asked_for() -> None:
    assert may_go_on(after(connected), ASSIGNED, "none")
    assert not may_go_on(after(connected), ASSIGNED, "fail-safe")


def test_connections_sessions_status_and_limits_are_remembered() -> None:
    status = ChargerStatusChanged(
        **BAY_12, status="Charging", error_code="NoError", reported_at=AT
    )

    state = after(fail_safe_applied, connected, session_started, status, applied)

    assert state == Charger(
        serial="ZAP000012",
        vendor="V",
        model="M",
        firmware="1",
        remote="10.0.0.1",
        held=Held(limit=Limit(16.0, applied.valid_until, applied.sequence)),
        connected_to=GATEWAY,
        fail_safe_a=6.0,
        status="Charging",
        session=Session("s-1", 41, AT, 1000, "ada", "a" * 64),
        register_wh=1000,
        limit=LimitAnswered(3, 7, "Accepted"),
    )
    assert evolve(state, rejected).limit == LimitAnswered(3, 8, "Rejected")
    assert evolve(state, disconnected).connected_to is None


def test_a_fault_is_over_when_the_status_says_so() -> None:
    fault = FaultReported(**BAY_12, error_code="HighTemperature", reported_at=AT)
    well = ChargerStatusChanged(
        **BAY_12, status="Available", error_code="NoError", reported_at=AT
    )

    assert after(fault).fault == "HighTemperature"
    assert after(fault, well).fault == "NoError"


def test_the_end_of_another_session_leaves_the_one_that_runs() -> None:
    other = SessionEnded(
        **BAY_12,
        session_id="s-0",
        transaction_id=40,
        ended_at=AT,
        register_wh=1,
        energy_wh=1,
        reason="Local",
    )

    assert after(session_started, other).session is not None
    assert (
        after(session_started, other.model_copy(update={"session_id": "s-1"})).session is None
    )


def test_events_of_a_charger_of_the_same_name_elsewhere_do_not_concern_it() -> None:
    elsewhere = fail_safe_applied.model_copy(update={"installation_id": "other-garage"})

    assert ASSIGNED.concerns(fail_safe_applied)
    assert not ASSIGNED.concerns(elsewhere)
    assert ASSIGNED.concerns(refused)
    assert not ASSIGNED.concerns(refused.model_copy(update={"serial": "ZAP000013"}))


def test_events_read_twice_leave_the_same_state() -> None:
    """A snapshot may be older than what it holds; what follows it is then folded again."""
    history: list[ChargerFact] = [
        fail_safe_applied,
        connected,
        session_started,
        applied,
        rejected,
        disconnected,
    ]

    state = fold(history)

    for start in range(len(history)):
        assert reduce(evolve, history[start:], state) == state


def test_a_state_survives_being_written_down() -> None:
    adapter = TypeAdapter(Charger)
    state = replace(
        after(fail_safe_applied, connected, session_started, applied), firmware=None
    )

    assert adapter.validate_json(adapter.dump_json(state)) == state


def test_other_hardware_does_not_inherit_the_session_of_the_one_before() -> None:
    successor = connected.model_copy(update={"serial": "ZAP000099"})
    exchanged = ASSIGNED.model_copy(update={"serial": "ZAP000099"})
    history: list[ChargerFact] = [
        fail_safe_applied,
        connected,
        session_started,
        fail_safe_applied,
    ]

    state = fold([*history, successor])

    assert open_session(fold(history), ASSIGNED) == Session(
        "s-1", 41, AT, 1000, "ada", "a" * 64
    )
    assert open_session(fold(history), exchanged) is None
    assert state.session is None
    assert state.fail_safe_a == 6.0, "which the successor has confirmed before it was accepted"


def test_what_hardware_has_left_behind_is_known_whoever_stood_there_since() -> None:
    successor = connected.model_copy(update={"serial": "ZAP000099"})
    its_session = session_started.model_copy(update={"session_id": "s-2"})
    history: list[ChargerFact] = [connected, session_started, successor, its_session]
    ended = SessionEnded(
        **BAY_12,
        session_id="s-1",
        transaction_id=41,
        ended_at=AT,
        register_wh=1,
        energy_wh=1,
        reason="Local",
    )

    assert as_left(history, ASSIGNED).session == Session("s-1", 41, AT, 1000, "ada", "a" * 64)
    assert as_left([*history, ended], ASSIGNED).session is None
    elsewhere = ASSIGNED.model_copy(update={"installation_id": "other-garage"})
    assert as_left(history, elsewhere) == Charger()


def test_a_barred_charger_falls_back_to_nothing() -> None:
    barred = ASSIGNED.barred_because("its serial is locked")

    assert (barred.fail_safe_a, barred.barred) == (0.0, "its serial is locked")
    assert barred.same_place(ASSIGNED)
    assert not ASSIGNED.model_copy(update={"assignment": "later"}).same_place(ASSIGNED)
