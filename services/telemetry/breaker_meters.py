"""
What a meter at a breaker sends, by HTTP or MQTT: taken as a reading, or refused with what to do.

What it looks like is a matter of its shape (`meter_shapes`), what flows on each line one of `meter_lines`.
When it was measured is judged here.

- A time without a zone is taken at the whole hour from UTC, as far as Europe goes, that brings it close to
  its arrival; if none does, it is refused like any other that is off.
- What has no time at all counts as measured when it arrives. It is as old as it was under way: by HTTP that
  is one request. An MQTT client keeps what it could not send, and sends it once it is connected again, the
  oldest first; so by MQTT what comes first after a silence of `AGO_MAX` is not taken, and what comes in a
  heap is not either. What is left is at most one interval of the meter old.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from http import HTTPStatus
from typing import Final

from pydantic import ValidationError

from services.telemetry.meter_lines import FullList, currents_of
from services.telemetry.meter_shapes import recognising
from services.telemetry.meter_shapes.shown import Shown, Unreadable
from shared.ids import InstallationId, MeterId
from shared.messages.telemetry import BreakerReading
from shared.phases import GridType, Phase

BODY_BYTES_MAX: Final = 8192
"""The whole status of a Shelly Pro 3EM has some 4 kB, a telegram of a P1 port 1 to 2 kB."""
AHEAD_MAX: Final = timedelta(seconds=5)
"""How far a meter's clock may be ahead of ours."""
AGO_MAX: Final = timedelta(seconds=60)
"""What was measured before that says nothing of the present."""
GAP_MIN: Final = timedelta(seconds=0.1)
"""Readings closer together than this tell nothing more."""
ZONES: Final = tuple(timezone(timedelta(hours=it)) for it in range(4))
"""Where a time without a zone may be from: UTC, and Europe from west to east, in summer and winter."""


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


@dataclass(frozen=True, slots=True)
class Before:
    """
    What is known of a meter when it sends something.

    Args:
        measured_at: when its reading before was measured; none before the first one.
        arrived_at: when something came of it before, taken or not.
        full: its latest list with currents.
    """

    measured_at: datetime | None = None
    arrived_at: datetime | None = None
    full: FullList | None = None


FIRST: Final = Before()


@dataclass(frozen=True, slots=True)
class Taken:
    """A reading, the shape it came in, and what to know when the next one comes."""

    reading: BreakerReading
    shape: str
    then: Before


def reading_of(
    meter: BreakerMeter,
    body: bytes,
    received_at: datetime,
    before: Before = FIRST,
    *,
    queued: bool = False,
    shape: str | None = None,
) -> Taken:
    """
    Read what a meter sends.

    Args:
        meter: which one.
        body: what came.
        received_at: when, by our clock.
        before: what is known of it.
        queued: it may have waited at the sender, which did not get through.
        shape: the one it is to have; otherwise the one it is recognised by.

    Raises:
        ReadingRefused: it cannot be taken; it says why and what to do.
    """
    if len(body) > BODY_BYTES_MAX:
        raise ReadingRefused(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            "ReadingTooLarge",
            f"a reading has at most {BODY_BYTES_MAX} bytes; send one reading at a time",
        )
    try:
        shown = recognising.read(body, meter.grid_type.lines, shape)
        measured_at = _measured_at(shown.measured_at, received_at, before, queued=queued)
        _check_time(measured_at, received_at, before.measured_at)
        current_a = currents_of(shown, meter.phases, meter.grid_type, before.full, measured_at)
        reading = BreakerReading(
            installation_id=meter.installation_id,
            meter_id=meter.meter_id,
            measured_at=measured_at,
            received_at=received_at,
            current_a=current_a,
            import_wh=shown.import_wh,
            export_wh=shown.export_wh,
        )
    except Unreadable as why:
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        raise ReadingRefused(status, why.refusal, str(why)) from why
    except ValidationError as error:
        raise ReadingRefused(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "ReadingMalformed",
            f"it shows what no breaker carries, or no register counts: {error.errors()[0]['msg']}; see "
            "to the meter's units and transformers",
        ) from error
    return Taken(
        reading, shown.shape, Before(measured_at, received_at, _full(shown, reading, before))
    )


def _full(shown: Shown, reading: BreakerReading, before: Before) -> FullList | None:
    if not shown.says_currents or shown.power_w is None:
        return before.full
    return FullList(reading.measured_at, reading.current_a, shown.power_w)


def _measured_at(
    said: datetime | None, received_at: datetime, before: Before, *, queued: bool
) -> datetime:
    if said is not None and said.tzinfo is not None:
        return said
    if said is not None:
        here = (said.replace(tzinfo=it) for it in ZONES)
        return min(here, key=lambda it: abs(received_at - it))
    silent = before.arrived_at is None or received_at - before.arrived_at > AGO_MAX
    if queued and silent:
        raise ReadingRefused(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "UndatedAfterSilence",
            "it does not say when it was measured, and is the first after a silence, so it may have waited "
            "at the sender; the next one is taken, or send the time of measuring",
        )
    return received_at


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
