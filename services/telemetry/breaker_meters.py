"""
What a meter at a breaker is told by HTTP: a reading, or why it is refused.

    {"measured_at": "2026-11-27T16:05:00.5+01:00", "current_a": [31.2, null, -4.0]}

`current_a` has an entry for each line of the grid; null where the meter gives no current of a line. It is
below 0 where the building feeds the grid.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.ids import InstallationId, MeterId
from shared.messages import Moment
from shared.messages.telemetry import BreakerReading
from shared.phases import PHASES, GridType, Phase
from shared.units import SignedAmperes

BODY_BYTES_MAX: Final = 4096
AHEAD_MAX: Final = timedelta(seconds=5)
"""How far a meter's clock may be ahead of ours."""
AGO_MAX: Final = timedelta(seconds=60)
"""What was measured before that says nothing of the present."""
GAP_MIN: Final = timedelta(seconds=0.1)
"""Readings closer together than this tell nothing more."""


class ReadingRefused(Exception):
    """A reading that is not taken: how that is called, and what to do."""

    def __init__(self, status: HTTPStatus, refusal: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.refusal = refusal
        self.detail = detail


@dataclass(frozen=True, slots=True)
class BreakerMeter:
    """A meter that was entered, and the grid it measures."""

    installation_id: InstallationId
    meter_id: MeterId
    phases: tuple[Phase, ...]
    grid_type: GridType
    entered: str = ""
    """The id of the event that entered it: one that was removed and entered again has another."""


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    measured_at: Moment
    current_a: Annotated[list[SignedAmperes | None], Field(max_length=len(PHASES))]


def reading_of(
    meter: BreakerMeter, body: bytes, received_at: datetime, last: datetime | None
) -> BreakerReading:
    """
    Read what a meter sends.

    Args:
        meter: which one.
        body: what came.
        received_at: when, by our clock.
        last: when its reading before was measured; none before the first one.

    Raises:
        ReadingRefused: it cannot be taken; it says why and what to do.
    """
    try:
        said = _Body.model_validate_json(body)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(it) for it in first["loc"]) or "body"
        raise ReadingRefused(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "ReadingMalformed",
            f"{place}: {first['msg']}; send measured_at with its offset from UTC, and current_a with a "
            f"finite number or null for each of {_named(meter.grid_type.lines)}, in amperes",
        ) from error
    _check_time(said.measured_at, received_at, last)
    lines_a = _by_line(meter, said.current_a)
    return BreakerReading(
        installation_id=meter.installation_id,
        meter_id=meter.meter_id,
        measured_at=said.measured_at,
        received_at=received_at,
        current_a=(lines_a[0], lines_a[1], lines_a[2]),
    )


def _check_time(measured_at: datetime, received_at: datetime, last: datetime | None) -> None:
    if measured_at > received_at + AHEAD_MAX:
        raise ReadingRefused(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "MeasuredInFuture",
            f"measured_at is {(measured_at - received_at).total_seconds():.0f} s ahead; set the clock "
            "of the meter, or leave that to NTP",
        )
    if measured_at < received_at - AGO_MAX:
        raise ReadingRefused(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "MeasuredLongAgo",
            f"measured_at is {(received_at - measured_at).total_seconds():.0f} s ago, and says nothing "
            "of the present; send the latest reading only, and set the clock of the meter",
        )
    if last is not None and measured_at <= last:
        raise ReadingRefused(
            HTTPStatus.CONFLICT,
            "ClockWentBackwards",
            f"measured_at is not after {last.isoformat()}, when the reading before was measured; send "
            "each reading once and in order, and set the clock of the meter",
        )
    if last is not None and measured_at - last < GAP_MIN:
        raise ReadingRefused(
            HTTPStatus.TOO_MANY_REQUESTS,
            "TooManyReadings",
            f"readings less than {GAP_MIN.total_seconds():g} s apart tell nothing more; send fewer",
        )


def _by_line(meter: BreakerMeter, current_a: list[float | None]) -> list[float | None]:
    lines = meter.grid_type.lines
    if len(current_a) != len(lines):
        raise ReadingRefused(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "WrongNumberOfPhases",
            f"current_a has {len(current_a)} entries; send one for each of {_named(lines)}, null where "
            "the meter gives none",
        )
    given = {line for line, a in zip(lines, current_a, strict=True) if a is not None}
    if given != set(meter.phases):
        raise ReadingRefused(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "WrongPhases",
            f"the meter was entered as measuring {_named(meter.phases)}, and a number came for "
            f"{_named(sorted(given)) or 'no phase'}; send numbers for what it measures and null for the "
            "rest, or change the meter: ampledger meter change --phases",
        )
    return [*current_a, *[None] * (len(PHASES) - len(lines))]


def _named(phases: "tuple[Phase, ...] | list[Phase]") -> str:
    return ", ".join(phases)
