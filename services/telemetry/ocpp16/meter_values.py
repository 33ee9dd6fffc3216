"""The meter values of OCPP 1.6: MeterValues, and the transactionData of StopTransaction."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from services.telemetry.frames import Payload
from services.telemetry.measurands import ELSEWHERE, ENERGY, TAKEN, Gathering
from services.telemetry.payloads import read_moment
from services.telemetry.said import Sample, Signed

SIGNED: Final = "SignedData"
PERIODIC: Final = "Sample.Periodic"
_FACTORS: Final[Mapping[str | None, float]] = {"kWh": 1000.0, "kW": 1000.0}


def samples(values: Iterable[Payload], field: str) -> tuple[Sample, ...]:
    """
    Read a list of MeterValue.

    Args:
        values: the list.
        field: what it is called, for whoever has to mend it.

    Raises:
        CallRefused: a timestamp is none.
    """
    found = []
    for index, value in enumerate(values):
        measured_at = read_moment(value["timestamp"], f"{field}[{index}].timestamp")
        found.append(_sample(value["sampledValue"], measured_at))
    return tuple(found)


def _sample(values: Iterable[dict[str, Any]], measured_at: datetime) -> Sample:
    gathered = Gathering()
    for value in values:
        told = value.get
        if told("format") == SIGNED:
            gathered.add_signed(Signed(value["value"], told("context", PERIODIC)))
            continue
        measurand = told("measurand", ENERGY)
        gather(
            gathered, value["value"], measurand, told("location"), told("phase"), told("unit")
        )
    return gathered.sample(measured_at)


def gather(
    gathered: Gathering,
    value: str,
    measurand: str,
    location: str | None,
    phase: str | None,
    unit: str | None,
) -> None:
    """Take in one SampledValue; what is no number, or of no use here, is left out."""
    if measurand not in TAKEN or location in ELSEWHERE:
        return
    try:
        number = float(value)
    except ValueError:
        return
    factor = _FACTORS.get(unit)
    gathered.add(measurand, phase, number if factor is None else number * factor)


def transaction_of(number: int | None) -> str | None:
    """Name the transaction that values are of; a charger that never got its id says -1 or 0."""
    return str(number) if number is not None and number > 0 else None
