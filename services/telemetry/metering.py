"""What a charger's meter values say: amperes on the grid's lines, the energy register, the
power.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from services.telemetry.charger import AssignedCharger, Session
from services.telemetry.frames import Payload
from services.telemetry.payloads import CONNECTOR, WHOLE_MAX, read_moment
from shared.messages.telemetry import MeterReading
from shared.phases import grid_currents
from shared.units import LINE_TO_NEUTRAL_V

CURRENT: Final = "Current.Import"
ENERGY: Final = "Energy.Active.Import.Register"
POWER: Final = "Power.Active.Import"

_TERMINALS: Final = {
    "L1": 0, "L1-N": 0, "L1-L2": 0,
    "L2": 1, "L2-N": 1, "L2-L3": 1,
    "L3": 2, "L3-N": 2, "L3-L1": 2,
}  # fmt: skip
"""Which terminal a value's phase is. In an IT grid a one-phase car stands between two lines."""

_FACTORS: Final = {"kWh": 1000.0, "kW": 1000.0}
_ELSEWHERE: Final = frozenset({"EV", "Body"})
"""Locations whose values are not what the charger takes from the grid."""


@dataclass(slots=True)
class _Measurand:
    """The values of one measurand: per terminal, and for all of the charger."""

    terminals: list[float | None] = field(default_factory=lambda: [None, None, None])
    overall: float | None = None

    @property
    def total(self) -> float | None:
        if self.overall is not None:
            return self.overall
        measured = [it for it in self.terminals if it is not None]
        return sum(measured) if measured else None


def readings(
    assigned: AssignedCharger, session: Session | None, payload: Payload, received_at: datetime
) -> list[MeterReading]:
    """
    Turn a MeterValues request into readings; values that say nothing of amperes give none.

    Raises:
        CallRefused: a timestamp is none.
    """
    if payload["connectorId"] > CONNECTOR:
        return []
    transaction_id = payload.get("transactionId")
    if session is not None and transaction_id not in {None, session.transaction_id}:
        session = None
    session_id = None if session is None else session.session_id
    result = []
    for index, value in enumerate(payload["meterValue"]):
        measured = _measured(value["sampledValue"])
        terminals_a = _terminals_a(measured, len(assigned.wiring))
        measured_at = read_moment(value["timestamp"], f"meterValue[{index}].timestamp")
        if terminals_a is None:
            continue
        register_wh, power_w = measured[ENERGY].total, measured[POWER].total
        result.append(
            MeterReading(
                installation_id=assigned.installation_id,
                charger_id=assigned.charger_id,
                session_id=session_id,
                measured_at=measured_at,
                received_at=received_at,
                current_a=grid_currents(assigned.grid_type, assigned.wiring, terminals_a),
                register_wh=None if register_wh is None else round(register_wh),
                power_w=power_w,
            )
        )
    return result


def _measured(values: Iterable[dict[str, Any]]) -> dict[str, _Measurand]:
    measured = {CURRENT: _Measurand(), ENERGY: _Measurand(), POWER: _Measurand()}
    for value in values:
        measurand = measured.get(value.get("measurand", ENERGY))
        if measurand is None or value.get("location") in _ELSEWHERE:
            continue
        number = _number(value)
        if number is None:
            continue
        phase = value.get("phase")
        if phase is None:
            measurand.overall = number
        elif phase in _TERMINALS:
            measurand.terminals[_TERMINALS[phase]] = number
    return measured


def _number(value: dict[str, Any]) -> float | None:
    """Read a value in its base unit; none if it is signed data, or not a finite number."""
    if value.get("format", "Raw") != "Raw":
        return None
    try:
        number = float(value["value"]) * _FACTORS.get(value.get("unit", ""), 1.0)
    except ValueError:
        return None
    return number if math.isfinite(number) and abs(number) <= WHOLE_MAX else None


def _terminals_a(measured: dict[str, _Measurand], terminals: int) -> Sequence[float] | None:
    """
    Tell amperes at each terminal: measured, or else worked out from the power.

    A current without a phase may be on any terminal, and is counted on all of them: too much is
    safe, too little is not.
    """
    current, power = measured[CURRENT], measured[POWER]
    for measurand, volts in ((current, 1.0), (power, LINE_TO_NEUTRAL_V)):
        if any(it is not None for it in measurand.terminals):
            at_terminals_a = [max(0.0, (it or 0.0) / volts) for it in measurand.terminals]
            # With one terminal wired, whatever name the charger gives it is that one.
            return at_terminals_a if terminals > 1 else [max(at_terminals_a)]
        if measurand.overall is not None:
            share = 1 if measurand is current else terminals
            return [max(0.0, measurand.overall / (volts * share))] * terminals
    return None
