"""Meter values become amperes on the grid's lines."""

from dataclasses import replace
from typing import Any

import pytest

from services.telemetry.charger import AssignedCharger, Session
from services.telemetry.metering import readings
from services.telemetry.payloads import CallRefused
from services.telemetry.said import Metered
from shared.messages.telemetry import MeterReading
from shared.phases import GridType, Phase, PhaseCurrents
from tests.unit.telemetry import facts
from tests.unit.telemetry.facts import ASSIGNED, AT, BAY_12, later

SESSION = Session("s-1", 41, AT, 1000)


def value(number: object, measurand: str | None = None, **more: str) -> dict[str, Any]:
    named = {} if measurand is None else {"measurand": measurand}
    return {"value": str(number), **named, **more}


def current(number: object, phase: str) -> dict[str, Any]:
    return value(number, "Current.Import", phase=phase, unit="A")


def power(number: object, **more: str) -> dict[str, Any]:
    return value(number, "Power.Active.Import", **more)


def request(*values: dict[str, Any], **changes: Any) -> Metered:
    taken = {"timestamp": "2026-11-22T07:59:00Z", "sampledValue": list(values)}
    payload = {"connectorId": 1, "transactionId": 41, "meterValue": [taken]} | changes
    metered: Metered = facts.heard("MeterValues", payload)
    return metered


def read(*values: dict[str, Any], assigned: AssignedCharger = ASSIGNED) -> list[MeterReading]:
    return readings(assigned, SESSION, request(*values), AT)


def amperes(*values: dict[str, Any], assigned: AssignedCharger = ASSIGNED) -> PhaseCurrents:
    (reading,) = read(*values, assigned=assigned)
    return reading.current_a


def test_a_reading_is_on_the_lines_that_the_charger_is_wired_to() -> None:
    (reading,) = read(
        current(10, "L1"),
        current(11.5, "L2"),
        current(12, "L3"),
        value(2500),
        power(7700, unit="W"),
    )

    assert reading == MeterReading(
        **BAY_12,
        session_id="s-1",
        measured_at=later(-1),
        received_at=AT,
        current_a=(12.0, 10.0, 11.5),
        register_wh=2500,
        power_w=7700.0,
    )


def test_a_one_phase_car_is_on_the_first_terminal_s_line() -> None:
    assert amperes(current(16, "L1"), current(0, "L2"), current(0, "L3")) == (0, 16, 0)


def test_phases_to_neutral_are_the_same_terminals() -> None:
    assert amperes(current(10, "L1-N"), current(11, "L2-N"), current(12, "L3-N")) == (
        12,
        10,
        11,
    )


def test_a_one_phase_charger_is_on_its_line_whatever_it_calls_it() -> None:
    on_l3 = ASSIGNED.model_copy(update={"wiring": (Phase.L3,)})

    assert amperes(current(16, "L2"), assigned=on_l3) == (0, 0, 16)


def test_in_an_it_grid_a_one_phase_car_loads_two_lines() -> None:
    it_grid = ASSIGNED.model_copy(update={"grid_type": GridType.IT_3_PHASE})

    assert amperes(current(16, "L1"), assigned=it_grid) == (0, 16, 16)


def test_a_current_without_a_phase_counts_on_every_terminal() -> None:
    assert amperes(value(10, "Current.Import")) == (10, 10, 10)


def test_amperes_follow_from_power_where_no_current_is_measured() -> None:
    assert amperes(power(6900)) == (10, 10, 10)
    assert amperes(power(6.9, unit="kW")) == (10, 10, 10)
    assert amperes(power(2300, phase="L1"), power(0, phase="L2")) == (0, 10, 0)


def test_kilowatt_hours_and_kilowatts_are_brought_to_base_units() -> None:
    (reading,) = read(
        current(10, "L1"),
        value(2.5, "Energy.Active.Import.Register", unit="kWh"),
        power(2.3, unit="kW"),
    )

    assert (reading.register_wh, reading.power_w) == (2500, 2300.0)


def test_registers_and_powers_per_phase_are_summed() -> None:
    (reading,) = read(
        *(current(1, phase) for phase in ("L1", "L2", "L3")),
        *(power(230, phase=phase) for phase in ("L1", "L2", "L3")),
    )

    assert (reading.register_wh, reading.power_w) == (None, 690.0)


@pytest.mark.parametrize(
    "nothing",
    [
        value(2500),
        value(50, "Frequency"),
        value("nan", "Current.Import", phase="L1"),
        value("much", "Current.Import", phase="L1"),
        value(1e300, "Current.Import", phase="L1"),
        value("AB12", "Current.Import", phase="L1", format="SignedData"),
        value(10, "Current.Import", phase="L1", location="EV"),
        value(10, "Current.Import", phase="N"),
    ],
)
def test_values_that_say_nothing_of_amperes_give_no_reading(nothing: dict[str, Any]) -> None:
    assert read(nothing) == []


def test_a_current_fed_back_does_not_lower_anything() -> None:
    assert amperes(current(-5, "L1"), current(3, "L2"), current(0, "L3")) == (0, 0, 3)


def test_late_values_of_another_session_are_not_this_session_s() -> None:
    payload = request(current(10, "L1"), transactionId=40)

    assert readings(ASSIGNED, SESSION, payload, AT)[0].session_id is None


def test_values_without_a_transaction_belong_to_the_session_that_runs() -> None:
    payload = replace(request(current(10, "L1")), transaction=None)

    assert readings(ASSIGNED, SESSION, payload, AT)[0].session_id == "s-1"
    assert readings(ASSIGNED, None, payload, AT)[0].session_id is None


def test_values_stored_while_offline_are_readings_of_their_own_time() -> None:
    taken = [
        {"timestamp": at, "sampledValue": [current(10, "L1")]}
        for at in ("2026-11-22T07:00:00Z", "2026-11-22T07:01:00Z")
    ]

    found = readings(ASSIGNED, SESSION, request(meterValue=taken), AT)

    assert [it.measured_at for it in found] == [later(-60), later(-59)]
    assert {it.received_at for it in found} == {AT}


def test_another_connector_s_values_are_not_the_charger_s() -> None:
    assert readings(ASSIGNED, SESSION, request(current(10, "L1"), connectorId=2), AT) == []


def test_a_time_that_is_none_is_refused_by_name() -> None:
    broken = [{"timestamp": "now", "sampledValue": [current(10, "L1")]}]

    with pytest.raises(CallRefused) as refused:
        request(meterValue=broken)

    assert "meterValue[0].timestamp" in refused.value.text


def test_one_phase_of_another_terminal_stands_on_that_terminals_line() -> None:
    turned = ASSIGNED.model_copy(update={"wiring": (Phase.L2, Phase.L3, Phase.L1)})

    assert amperes(current(0, "L1"), current(10, "L2"), current(0, "L3"), assigned=turned) == (
        0.0,
        0.0,
        10.0,
    )


def test_in_an_it_grid_it_stands_between_that_line_and_the_next() -> None:
    between = ASSIGNED.model_copy(
        update={
            "wiring": (Phase.L1, Phase.L2, Phase.L3),
            "grid_type": GridType.IT_3_PHASE,
        }
    )

    assert amperes(current(0, "L1"), current(10, "L2"), current(0, "L3"), assigned=between) == (
        0.0,
        10.0,
        10.0,
    )
