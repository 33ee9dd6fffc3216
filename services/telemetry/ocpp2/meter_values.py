"""The meter values of OCPP 2.x: in TransactionEvent, and in MeterValues."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from services.telemetry.frames import Payload
from services.telemetry.measurands import ELSEWHERE, ENERGY, Gathering
from services.telemetry.payloads import WHOLE_MAX, read_moment
from services.telemetry.said import Sample, Signed

PERIODIC: Final = "Sample.Periodic"
BEGIN: Final = "Transaction.Begin"
END: Final = "Transaction.End"
ELSEWHERE_2: Final = ELSEWHERE | {"Upstream"}
"""Also what another meter in the building shows (2.1)."""
MULTIPLIER_MAX: Final = 12
"""Ten to the power of more than this is no unit that a charger measures in."""
_FACTORS: Final = {"kWh": 1000.0, "kW": 1000.0}


@dataclass(frozen=True, slots=True)
class Metering:
    """What one message says of the meter."""

    samples: tuple[Sample, ...] = ()
    registers: tuple[tuple[str, datetime, int], ...] = ()
    """Each with its context and moment: the energy register, in watt-hours."""

    def register(self, context: str) -> tuple[datetime, int] | None:
        """Find what the register showed in a context; none if that is not told."""
        return next(((at, wh) for it, at, wh in self.registers if it == context), None)

    @property
    def says_of_current(self) -> bool:
        """Tell whether there is more than the register."""
        return any(
            it.current.total is not None or it.power.total is not None for it in self.samples
        )

    @property
    def latest_wh(self) -> int | None:
        """What the register showed last; none if that is not told."""
        if not self.registers:
            return None
        return max(self.registers, key=lambda it: it[1])[2]


def metering(values: Sequence[Payload], field: str) -> Metering:
    """
    Read a list of MeterValueType.

    Args:
        values: the list.
        field: what it is called, for whoever has to mend it.

    Raises:
        CallRefused: a timestamp is none.
    """
    samples: list[Sample] = []
    registers: list[tuple[str, datetime, int]] = []
    for index, value in enumerate(values):
        at = read_moment(value["timestamp"], f"{field}[{index}].timestamp")
        sample = _sample(value["sampledValue"], at)
        samples.append(sample)
        wh = sample.energy.total
        if wh is not None:
            registers.append((_context(value["sampledValue"]), at, round(wh)))
    return Metering(tuple(samples), tuple(registers))


def _context(values: Iterable[dict[str, Any]]) -> str:
    energies = (it for it in values if it.get("measurand", ENERGY) == ENERGY)
    return next((str(it.get("context", PERIODIC)) for it in energies), PERIODIC)


def _sample(values: Iterable[dict[str, Any]], measured_at: datetime) -> Sample:
    gathered = Gathering()
    for value in values:
        if value.get("location") in ELSEWHERE_2:
            continue
        signed = value.get("signedMeterValue")
        if signed is not None:
            context = str(value.get("context", PERIODIC))
            text, how = signed["signedMeterData"], signed["encodingMethod"]
            gathered.add_signed(Signed(text, context, how, signed.get("publicKey") or None))
        number = _in_base_unit(value)
        if number is not None:
            gathered.add(value.get("measurand", ENERGY), value.get("phase"), number)
    return gathered.sample(measured_at)


def _in_base_unit(value: dict[str, Any]) -> float | None:
    """
    Read a number in its measurand's base unit; none if it is beyond every meter.

    >>> _in_base_unit({"value": 1.5, "unitOfMeasure": {"unit": "kWh"}})
    1500.0
    >>> _in_base_unit({"value": 15, "unitOfMeasure": {"unit": "Wh", "multiplier": 2}})
    1500.0
    """
    unit = value.get("unitOfMeasure", {})
    multiplier = unit.get("multiplier", 0)
    if abs(multiplier) > MULTIPLIER_MAX or abs(value["value"]) > WHOLE_MAX:
        return None
    factor: float = 10.0**multiplier
    return float(value["value"]) * factor * _FACTORS.get(unit.get("unit", ""), 1.0)
