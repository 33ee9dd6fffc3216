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
    return tuple(
        _sample(
            value["sampledValue"],
            read_moment(value["timestamp"], f"{field}[{index}].timestamp"),
        )
        for index, value in enumerate(values)
    )


def _sample(values: Iterable[dict[str, Any]], measured_at: datetime) -> Sample:
    gathered = Gathering()
    for value in values:
        if value.get("format") == SIGNED:
            gathered.add_signed(Signed(value["value"], value.get("context", PERIODIC)))
            continue
        measurand = value.get("measurand", ENERGY)
        if measurand not in TAKEN or value.get("location") in ELSEWHERE:
            continue
        try:
            number = float(value["value"])
        except ValueError:
            continue
        factor = _FACTORS.get(value.get("unit", ""))
        gathered.add(
            measurand, value.get("phase"), number if factor is None else number * factor
        )
    return gathered.sample(measured_at)
