"""What a charger's messages mean: events, and none when it is already so."""

from dataclasses import replace
from functools import reduce

import pytest

from services.telemetry.charger import Charger, ChargerFact, evolve
from services.telemetry.decider import (
    connected,
    disconnected,
    firmware_notified,
    start_mark,
    status_notified,
    stop_mark,
    transaction_started,
    transaction_stopped,
)
from services.telemetry.payloads import CallRefused
from services.telemetry.said import Began, Booted, Ended, FirmwareSaid, StatusSaid
from shared.messages.telemetry import (
    ChargerStatusChanged,
    FaultReported,
    FirmwareStatusReported,
    SessionEnded,
    SessionStarted,
)
from tests.unit.telemetry import facts
from tests.unit.telemetry.facts import ASSIGNED, AT, BAY_12, GATEWAY, SHOWN, later, start, stop

HELLO = Booted("V", "M", "1")
REMOTE = "10.0.0.1"


def after(*history: ChargerFact) -> Charger:
    return reduce(evolve, history, Charger())


# --- Connections ---


def test_an_accepted_charger_is_connected_once() -> None:
    (event,) = connected(Charger(), ASSIGNED, HELLO, GATEWAY, REMOTE)

    assert event == facts.connected
    assert connected(after(event), ASSIGNED, HELLO, GATEWAY, REMOTE) == ()


def test_a_charger_that_comes_back_is_what_it_was() -> None:
    state = replace(after(facts.connected), connected_to=None)

    (event,) = connected(state, ASSIGNED, None, "gateway-2", "10.0.0.2")

    assert (event.vendor, event.model, event.gateway_id) == ("V", "M", "gateway-2")
    assert event.remote == "10.0.0.2"


def test_new_firmware_is_put_on_record() -> None:
    changed = Booted("V", "M", "2")

    (event,) = connected(after(facts.connected), ASSIGNED, changed, GATEWAY, REMOTE)

    assert event.firmware == "2"


def test_other_hardware_of_the_same_make_is_put_on_record() -> None:
    exchanged = ASSIGNED.model_copy(update={"serial": "ZAP000099"})

    (event,) = connected(after(facts.connected), exchanged, HELLO, GATEWAY, REMOTE)

    assert event.serial == "ZAP000099"


def test_the_end_of_a_connection_is_put_on_record_once() -> None:
    (event,) = disconnected(after(facts.connected), ASSIGNED, "closed with 1000")

    assert (event.gateway_id, event.reason) == (GATEWAY, "closed with 1000")
    assert disconnected(after(facts.connected, event), ASSIGNED, "again") == ()


# --- Firmware ---


def test_how_far_a_charger_is_with_its_firmware_is_put_on_record_once() -> None:
    (event,) = firmware_notified(Charger(), ASSIGNED, FirmwareSaid("Downloading"))

    assert event == FirmwareStatusReported(**BAY_12, status="Downloading")
    assert firmware_notified(after(event), ASSIGNED, FirmwareSaid("Downloading")) == ()
    (done,) = firmware_notified(after(event), ASSIGNED, FirmwareSaid("Installed"))
    assert firmware_notified(after(event, done), ASSIGNED, FirmwareSaid("Downloading")) != ()


def test_a_charger_that_is_about_no_other_firmware_has_nothing_to_tell() -> None:
    assert firmware_notified(Charger(), ASSIGNED, FirmwareSaid("Idle")) == ()


# --- Status ---


def notice(**changes: object) -> StatusSaid:
    payload = {"connectorId": 1, "status": "Available", "errorCode": "NoError"} | changes
    said: StatusSaid = facts.heard("StatusNotification", payload)
    return said


def test_a_new_status_is_put_on_record_once() -> None:
    (event,) = status_notified(Charger(), ASSIGNED, notice(), AT)

    assert event == ChargerStatusChanged(
        **BAY_12, status="Available", error_code="NoError", reported_at=AT
    )
    assert status_notified(after(event), ASSIGNED, notice(), AT) == ()


def test_the_charger_s_own_time_counts_where_it_gives_one() -> None:
    payload = notice(timestamp="2026-11-22T07:59:00+01:00")

    (event,) = status_notified(Charger(), ASSIGNED, payload, AT)

    assert event.reported_at == later(-61)


def test_a_fault_is_reported_with_the_status_and_only_once() -> None:
    payload = notice(status="Faulted", errorCode="GroundFailure", info="RCD")

    events = status_notified(Charger(), ASSIGNED, payload, AT)

    assert [type(it).__name__ for it in events] == ["ChargerStatusChanged", "FaultReported"]
    assert isinstance(events[1], FaultReported)
    assert (events[1].error_code, events[1].info) == ("GroundFailure", "RCD")
    again = replace(payload, status="SuspendedEVSE")
    assert [type(it) for it in status_notified(after(*events), ASSIGNED, again, AT)] == [
        ChargerStatusChanged
    ]


def test_a_fault_of_the_charger_as_a_whole_is_a_fault_and_no_status() -> None:
    payload = notice(connectorId=0, status="Faulted", errorCode="InternalError")

    events = status_notified(Charger(), ASSIGNED, payload, AT)

    assert [type(it) for it in events] == [FaultReported]
    assert status_notified(after(*events), ASSIGNED, payload, AT) == ()


# --- Sessions ---


def test_a_session_starts() -> None:
    (event,) = transaction_started(Charger(), ASSIGNED, start(), "s-1", 41, SHOWN)

    assert event == facts.session_started


def test_a_session_whose_end_was_lost_ends_before_the_next_one() -> None:
    payload = start(meterStart=9000, timestamp="2026-11-22T10:00:00Z")

    ended, started = transaction_started(
        after(facts.session_started), ASSIGNED, payload, "s-2", 42, SHOWN
    )

    assert isinstance(ended, SessionEnded)
    assert (ended.session_id, ended.energy_wh, ended.reason) == ("s-1", 8000, "EndNotReported")
    assert isinstance(started, SessionStarted)
    assert started.transaction_id == 42


@pytest.mark.parametrize(
    "changes",
    [
        {"connectorId": 2},
        {"connectorId": 0},
        {"timestamp": "yesterday"},
        {"meterStart": 2**60},
    ],
)
def test_an_impossible_start_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(CallRefused):
        transaction_started(Charger(), ASSIGNED, start(**changes), "s-1", 41, SHOWN)


def test_a_repeated_start_has_the_same_mark_however_its_time_is_spelled() -> None:
    assert start_mark(ASSIGNED, start()) == start_mark(
        ASSIGNED, start(timestamp="2026-11-22T09:00:00.000+01:00", idTag="OTHER")
    )


@pytest.mark.parametrize(
    "other",
    [start(meterStart=1001), start(timestamp="2026-11-22T08:00:01Z"), start(connectorId=2)],
)
def test_another_start_has_another_mark(other: Began) -> None:
    assert start_mark(ASSIGNED, start()) != start_mark(ASSIGNED, other)
    elsewhere = ASSIGNED.model_copy(update={"installation_id": "other"})
    assert start_mark(ASSIGNED, start()) != start_mark(elsewhere, start())
    assert stop_mark(ASSIGNED, stop()) != start_mark(ASSIGNED, start())


def test_the_energy_of_a_session_is_the_difference_of_its_registers() -> None:
    (event,) = transaction_stopped(after(facts.session_started), ASSIGNED, stop())

    assert event == SessionEnded(
        **BAY_12,
        session_id="s-1",
        transaction_id=41,
        ended_at=later(60),
        register_wh=8000,
        energy_wh=7000,
        reason="Local",
    )


def test_a_session_ends_once() -> None:
    state = after(facts.session_started)

    (event,) = transaction_stopped(state, ASSIGNED, stop())

    assert transaction_stopped(evolve(state, event), ASSIGNED, stop()) == ()


def test_a_register_that_went_backwards_gives_no_energy() -> None:
    (event,) = transaction_stopped(after(facts.session_started), ASSIGNED, stop(meterStop=5))

    assert (event.energy_wh, event.register_wh) == (0, 5)


@pytest.mark.parametrize("transaction_id", [-1, 0])
def test_a_stop_without_an_id_ends_the_session_that_runs(transaction_id: int) -> None:
    payload = stop(transactionId=transaction_id)

    (event,) = transaction_stopped(after(facts.session_started), ASSIGNED, payload)

    assert event.transaction_id == 41


@pytest.mark.parametrize(
    "payload",
    [
        stop(transactionId=40),
        stop(transactionId=42),
        stop(transactionId=-1, timestamp="2026-11-22T07:00:00Z"),
        stop(transactionId=-1, meterStop=999),
    ],
)
def test_a_stop_that_is_not_the_running_session_s_ends_nothing(
    payload: Ended,
) -> None:
    assert transaction_stopped(after(facts.session_started), ASSIGNED, payload) == ()
    assert transaction_stopped(Charger(), ASSIGNED, payload) == ()
