"""
Known ways in which chargers break the schemas of OCPP, and what is meant all the same.

Chargers in the field are many, old, and not updated: a serial number is longer than the standard has room
for, a unit is misspelt, a number stands where its text should. To drop such a message, or the connection,
helps nobody. What is meant for certain is mended and taken, and each way that a charger has of breaking the
rules is put on record once; everything else is refused as it always was.

    rule broken             where                                what is taken instead
    ---------------------   ----------------------------------   -----------------------------------
    too long                texts that name nothing              its beginning
    unknown field           anywhere                             all but that field
    null                    anywhere                             as if the field were left out
    a number for a text     a sampled value                      its text
    a text for a number     anywhere                             the number it spells
    a fraction              a whole number                       the nearest whole number
    unknown word            unit, known misspellings             what is meant
    unknown word            context, location, format            as if the field were left out
    unknown word            measurand, phase, other units        all but that sampled value
    unknown word            error code, reason of a stop         OtherError, Other
    left out                error code                           NoError
    no values               one of several meter values          all but that one

What names somebody or something (cards, transactions, certificates) is never cut: half a name is another
one.
"""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.telemetry.frames import Payload
from services.telemetry.validation import Violation

MENDED_MAX: Final = 40
"""So many faults of one message are mended; one with more is refused."""

_NAMES: Final = frozenset(
    {
        "idTag", "parentIdTag", "idToken", "transactionId", "csr", "messageId", "vendorId",
        "certificateChain", "serialNumber", "data", "type", "eventType", "requestId",
    }
)  # fmt: skip
_UNITS: Final = {
    "kwh": "kWh",
    "wh": "Wh",
    "kw": "kW",
    "w": "W",
    "a": "A",
    "amp": "A",
    "amps": "A",
    "ampere": "A",
    "v": "V",
    "volt": "V",
    "percent": "Percent",
    "%": "Percent",
}
"""What units are meant, by their spelling in small letters."""
_OF_VALUES: Final = frozenset({"measurand", "phase", "unit"})
_OF_NO_WEIGHT: Final = frozenset({"context", "location", "format"})
_OTHERWISE: Final = {"errorCode": "OtherError", "reason": "Other"}
_LEFT_OUT: Final = {"errorCode": "NoError"}
_SAMPLES: Final = "sampledValue"

Path = Sequence[str | int]
Check = Callable[[Payload], Violation | None]


@dataclass(frozen=True, slots=True)
class Mended:
    """A payload as it is meant, and what was wrong with it."""

    payload: Payload
    faults: tuple[Violation, ...]


def mended(payload: Payload, check: Check) -> Mended | None:
    """
    Mend what is wrong with a payload; none if what is meant is not certain.

    Args:
        payload: as it came; it stays as it is.
        check: finds the first thing that is wrong with one; none if nothing is.
    """
    copied: Payload = copy.deepcopy(payload)
    faults: list[Violation] = []
    while (fault := check(copied)) is not None:
        if len(faults) >= MENDED_MAX or not _mend(copied, fault):
            return None
        faults.append(fault)
    return Mended(copied, tuple(faults))


def field_of(path: Path) -> str:
    """
    Spell where a fault is, wherever in a list.

    >>> field_of(("meterValue", 3, "timestamp"))
    'meterValue[].timestamp'
    """
    where = "".join("[]" if isinstance(it, int) else f".{it}" for it in path)
    return where.removeprefix(".")


def _mend(payload: Payload, fault: Violation) -> bool:
    """Mend one fault in place; tell whether that could be done."""
    if not fault.path:
        return False
    *above, name = fault.path
    holder = _at(payload, above)
    if fault.rule == "additionalProperties" and isinstance(holder, dict):
        del holder[name]
        return True
    if fault.rule == "required":
        return _fill_in(holder, name)
    value = holder[name]
    if value is None and isinstance(holder, dict):
        del holder[name]
        return True
    if fault.rule == "maxLength" and isinstance(value, str) and name not in _NAMES:
        holder[name] = value[: fault.bound]
        return fault.bound > 0
    if fault.rule == "type":
        return _retype(holder, name, value)
    if fault.rule == "enum":
        return _reword(payload, fault.path, holder, name)
    if fault.rule == "minItems" and name == _SAMPLES:
        return _drop(payload, above)
    return False


def _at(payload: Payload, path: Path) -> Any:  # noqa: ANN401  # JSON
    holder: Any = payload
    for step in path:
        holder = holder[step]
    return holder


def _fill_in(holder: Any, name: str | int) -> bool:  # noqa: ANN401  # JSON
    if not isinstance(holder, dict) or name not in _LEFT_OUT:
        return False
    holder[name] = _LEFT_OUT[str(name)]
    return True


def _retype(holder: Any, name: str | int, value: object) -> bool:  # noqa: ANN401  # JSON
    if isinstance(value, bool):
        return False
    if isinstance(value, float) and name != "value" and abs(value) < 2**53:
        holder[name] = round(value)
        return True
    if isinstance(value, int | float):
        holder[name] = str(value)
        return name == "value"
    if isinstance(value, str):
        return _renumber(holder, name, value)
    return False


def _renumber(holder: Any, name: str | int, value: str) -> bool:  # noqa: ANN401  # JSON
    try:
        number = float(value)
    except ValueError:
        return False
    if not abs(number) < 2**53:
        return False
    holder[name] = int(number) if number.is_integer() else number
    return True


def _reword(payload: Payload, path: Path, holder: Any, name: str | int) -> bool:  # noqa: ANN401  # JSON
    word = holder[name]
    meant = _UNITS.get(str(word).strip().lower()) if name == "unit" else None
    if meant is not None and meant != word:
        holder[name] = meant
        return True
    if name in _OTHERWISE:
        holder[name] = _OTHERWISE[str(name)]
        return bool(word != holder[name])
    if _SAMPLES not in path:
        return False
    if name in _OF_NO_WEIGHT:
        del holder[name]
        return True
    return name in _OF_VALUES and _drop(payload, _sample_in(path))


def _sample_in(path: Path) -> Path:
    return path[: list(path).index(_SAMPLES) + 2]


def _drop(payload: Payload, path: Path) -> bool:
    """Leave out one of several: a sampled value, or a meter value that has none left."""
    *above, index = path
    among = _at(payload, above)
    if not isinstance(among, list) or not isinstance(index, int):
        return False
    if len(among) == 1 and above[-1] != _SAMPLES:
        return False
    del among[index]
    return True
