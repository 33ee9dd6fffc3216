"""What differs between two states of an installation, part by part."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from enum import StrEnum
from typing import Any

from pydantic import BaseModel

from shared.history.states import Installation


class Part(StrEnum):
    """What a difference is about."""

    INSTALLATION = "installation"
    CIRCUIT = "circuit"
    CHARGER = "charger"
    REPORTED = "reported"
    """What a charger says of itself."""
    ALLOTTED = "allotted"
    """What the balancer gives a charger."""
    METER = "meter"
    LIMIT = "limit"
    PEAK = "peak"
    TARIFF = "tariff"
    UNMANAGED = "unmanaged"
    """What is set aside at a breaker for load that is not ours."""


@dataclass(frozen=True, slots=True)
class Difference:
    """
    One thing that is not as it was.

    Without a `field` the part as a whole came (`before` is none) or went (`after` is none); the other
    one of the two then is all its content.
    """

    part: Part
    key: str
    field: str | None
    before: Any
    after: Any

    def as_json(self) -> dict[str, Any]:
        """Lay it out for programs."""
        return {
            "part": str(self.part),
            "id": self.key,
            "field": self.field,
            "before": plain(self.before),
            "after": plain(self.after),
        }


def differences(before: Installation, after: Installation) -> list[Difference]:
    """Compare two states of one installation."""
    key = after.installation_id
    found = list(_thing(Part.INSTALLATION, key, before.building, after.building))
    found += _things(Part.CIRCUIT, before.circuits, after.circuits)
    found += _things(Part.CHARGER, before.chargers, after.chargers)
    found += _things(Part.REPORTED, before.reported, after.reported)
    found += _things(Part.ALLOTTED, before.allotted, after.allotted)
    found += _things(Part.METER, before.meters, after.meters)
    found += _things(Part.LIMIT, before.limits, after.limits)
    found += _things(Part.PEAK, before.peaks, after.peaks)
    found += _things(Part.TARIFF, before.tariffs, after.tariffs)
    found += _things(Part.UNMANAGED, before.unmanaged, after.unmanaged)
    return found


def _things(
    part: Part, before: Mapping[str, object], after: Mapping[str, object]
) -> Iterator[Difference]:
    if before is after:  # one event leaves most of a state as it was, object by object
        return
    for key in {**before, **after}:
        yield from _thing(part, key, before.get(key), after.get(key))


def _thing(part: Part, key: str, before: Any, after: Any) -> Iterator[Difference]:  # noqa: ANN401
    if before is after:
        return
    if before is None or after is None:
        yield Difference(part, key, None, before, after)
        return
    for it in fields(after):
        was, is_ = getattr(before, it.name), getattr(after, it.name)
        if was != is_:
            yield Difference(part, key, it.name, was, is_)


def plain(value: Any) -> Any:  # noqa: ANN401  # any part of a state
    """
    Turn a part of a state into what JSON has.

    >>> plain((1.0, None))
    [1.0, None]
    """
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if hasattr(value, "__dataclass_fields__"):
        return {it.name: plain(getattr(value, it.name)) for it in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(it) for key, it in value.items()}
    if isinstance(value, tuple | list):
        return [plain(it) for it in value]
    if isinstance(value, StrEnum | Decimal):
        return str(value)
    return value.isoformat() if hasattr(value, "isoformat") else value
