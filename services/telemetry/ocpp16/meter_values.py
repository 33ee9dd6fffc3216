"""The meter values of OCPP 1.6: MeterValues, and the transactionData of StopTransaction."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from services.telemetry.frames import Payload
from services.telemetry.measurands import ELSEWHERE, ENERGY, TAKEN, Gathering
from services.telemetry.payloads import read_moment
from services.telemetry.said import Sample, Signed

SIGNED: Final = "SignedData"
PERIODIC: Final = "Sample.Periodic"
_FACTORS: Final = {"kWh": 1000.0, "kW": 1000.0}


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
        if measurand not in TAKEN or told("location") in ELSEWHERE:
            continue
        try:
            number = float(value["value"])
        except ValueError:
            continue
        factor = _FACTORS.get(told("unit", ""))
        if factor is not None:
            number *= factor
        gathered.add(measurand, told("phase"), number)
    return gathered.sample(measured_at)
