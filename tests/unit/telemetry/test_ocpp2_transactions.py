"""What transactions of OCPP 2.x mean, in whatever order their events come."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.telemetry.charger import Charger, evolve
from services.telemetry.decider import (
    start_mark,
    status_notified,
    transaction_started,
    transaction_stopped,
)
from services.telemetry.ocpp2.transactions import Transactions
from services.telemetry.payloads import written
from services.telemetry.said import Began, CardShown, Ended, Metered, Said, StatusSaid
from shared.messages.telemetry import ChargerStatusChanged, SessionEnded, SessionStarted
from tests.unit.telemetry.facts import ASSIGNED, AT, SHOWN, connected, later

NAME = "tx-7"


def shows(wh: int, context: str = "Sample.Periodic", minutes: float = 0.0) -> dict[str, Any]:
    value = {"value": wh, "context": context, "unitOfMeasure": {"unit": "Wh"}}
    return {"timestamp": written(later(minutes)), "sampledValue": [value]}


def event(kind: str, minutes: float, **more: Any) -> dict[str, Any]:
    info = {key: more.pop(key) for key in ("chargingState", "stoppedReason") if key in more} | {
        "transactionId": more.pop("name", NAME)
    }
    return {
        "eventType": kind,
        "timestamp": written(later(minutes)),
        "triggerReason": more.pop("trigger", "ChargingStateChanged"),
        "seqNo": 0,
        "transactionInfo": info,
        **more,
    }


TOKEN = {"idToken": "04A1", "type": "ISO14443"}
STARTED = event(
    "Started", 0, trigger="Authorized", chargingState="EVConnected", idToken=TOKEN,
    meterValue=[shows(1000, "Transaction.Begin")],
)  # fmt: skip
CHARGES = event("Updated", 1, chargingState="Charging")
READING = event("Updated", 2, trigger="MeterValuePeriodic", meterValue=[shows(1500, minutes=2)])
ENDED = event(
    "Ended", 3, trigger="EVCommunicationLost", stoppedReason="EVDisconnected",
    meterValue=[shows(2500, "Transaction.End", 3)],
)  # fmt: skip
WHOLE = (STARTED, CHARGES, READING, ENDED)


class Log:
    """A charger's history, as the gateway keeps it."""

    def __init__(self) -> None:
        self.state = evolve(Charger(), connected)
        self.hearing = Transactions()
        self.marks: set[str] = set()
        self.events: list[Any] = []

    def hear(self, payload: dict[str, Any]) -> tuple[Said, ...]:
        said = self.hearing.hear(payload, self.state)
        for it in said:
            self._take(it)
        return said

    def _take(self, said: Said) -> None:
        events: tuple[Any, ...] = ()
        if isinstance(said, Began):
            mark = start_mark(ASSIGNED, said)
            if mark in self.marks:
                return
            self.marks.add(mark)
            shown = None if said.card is None else replace(SHOWN, person_id=None)
            session_id = f"s-{len(self.marks)}"
            events = transaction_started(self.state, ASSIGNED, said, session_id, 1, shown)
        elif isinstance(said, Ended):
            events = transaction_stopped(self.state, ASSIGNED, said)
        elif isinstance(said, StatusSaid):
            events = status_notified(self.state, ASSIGNED, said, AT)
        for it in events:
            self.events.append(it)
            self.state = evolve(self.state, it)

    def of(self, kind: type[Any]) -> list[Any]:
        return [it for it in self.events if isinstance(it, kind)]


def test_a_whole_session() -> None:
    log = Log()
    for it in WHOLE:
        log.hear(it)

    (started,), (ended,) = log.of(SessionStarted), log.of(SessionEnded)
    assert (started.register_wh, started.transaction, started.started_at) == (1000, NAME, AT)
    assert started.card_mark == SHOWN.mark
    assert (ended.energy_wh, ended.reason, ended.transaction) == (1500, "EVDisconnected", NAME)
    assert [it.status for it in log.of(ChargerStatusChanged)] == ["Preparing", "Charging"]


def test_a_session_begins_when_somebody_is_let_in_not_when_a_car_is_plugged_in() -> None:
    log = Log()
    log.hear(
        event(
            "Started", 0, trigger="CablePluggedIn", chargingState="EVConnected",
            meterValue=[shows(1000, "Transaction.Begin")],
        )
    )  # fmt: skip
    assert log.of(SessionStarted) == []
    log.hear(event("Updated", 4, trigger="Authorized", idToken=TOKEN))

    (started,) = log.of(SessionStarted)
    assert (started.started_at, started.register_wh) == (later(4), 1000)


def test_a_card_is_answered_before_the_register_is_known() -> None:
    log = Log()
    said = log.hear(event("Started", 0, trigger="Authorized", idToken=TOKEN))
    assert CardShown("04A1") in said
    assert log.of(SessionStarted) == []
    log.hear(READING)

    (started,) = log.of(SessionStarted)
    assert (started.card_mark, started.register_wh) == (SHOWN.mark, 1500)


def test_a_session_whose_beginning_was_lost_begins_where_the_one_before_ended() -> None:
    log = Log()
    log.state = replace(log.state, register_wh=1000)
    log.hear(event("Updated", 5, chargingState="Charging", meterValue=[shows(1800)]))
    log.hear(ENDED)

    (started,), (ended,) = log.of(SessionStarted), log.of(SessionEnded)
    assert started.register_wh == 1000
    assert ended.energy_wh == 1500


def test_an_end_without_a_beginning_is_a_session_on_record() -> None:
    """What was charged offline comes as one message from chargers that keep no more."""
    log = Log()
    log.hear(
        event(
            "Ended", 9, trigger="EVDeparted", stoppedReason="EVDisconnected", idToken=TOKEN,
            offline=True,
            meterValue=[shows(1000, "Transaction.Begin"), shows(4000, "Transaction.End", 9)],
        )
    )  # fmt: skip

    (started,), (ended,) = log.of(SessionStarted), log.of(SessionEnded)
    assert started.started_at == AT
    assert ended.energy_wh == 3000


def test_a_late_event_begins_nothing_anew() -> None:
    log = Log()
    for it in (*WHOLE, CHARGES, READING, STARTED):
        log.hear(it)

    assert len(log.of(SessionStarted)) == len(log.of(SessionEnded)) == 1
    assert log.state.session is None


def test_an_older_state_does_not_count() -> None:
    log = Log()
    for it in (STARTED, event("Updated", 3, chargingState="SuspendedEV"), CHARGES):
        log.hear(it)

    assert log.state.status == "SuspendedEV"


def test_what_a_driver_ends_is_finishing_until_the_car_leaves() -> None:
    log = Log()
    log.hear(STARTED)
    log.hear(CHARGES)
    log.hear(event("Updated", 2, trigger="StopAuthorized", chargingState="EVConnected"))

    assert log.state.status == "Finishing"
    assert log.state.session is not None


def test_a_transaction_of_nobody_has_no_card() -> None:
    log = Log()
    nobody = {"idToken": "", "type": "NoAuthorization"}
    said = log.hear(STARTED | {"idToken": nobody})

    (began,) = (it for it in said if isinstance(it, Began))
    assert began.card is None


def test_readings_with_a_session_are_told() -> None:
    value = {"value": 9.5, "measurand": "Current.Import", "phase": "L2"}
    reading = {"timestamp": written(AT), "sampledValue": [value]}
    said = Transactions().hear(event("Updated", 0, meterValue=[reading]), Charger())

    (metered,) = (it for it in said if isinstance(it, Metered))
    assert metered.transaction == NAME
    assert metered.samples[0].current.terminals == (None, 9.5, None)


@pytest.mark.parametrize("again", [1, 2])
@given(order=st.permutations(range(4)))
def test_whatever_comes_when_there_is_one_session_and_it_ends(
    order: list[int], again: int
) -> None:
    """Its end comes last, once all has been said again; what it took is never made up."""
    log = Log()
    log.state = replace(log.state, register_wh=1000)
    for index in order:
        for _ in range(again):
            log.hear(WHOLE[index])
    log.hear(ENDED)

    (started,), (ended,) = log.of(SessionStarted), log.of(SessionEnded)
    assert started.transaction == ended.transaction == NAME
    assert ended.energy_wh == 1500
    assert log.state.session is None
