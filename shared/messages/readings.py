"""
What telemetry is asked about readings, and what it answers: single ones for as long as they are kept, and
quarters of an hour for years. Who may see them is decided by who asks.
"""

from typing import Final, Self

from pydantic import Field, model_validator

from shared.ids import ChargerId, InstallationId, MeterId, SessionId
from shared.messages import Message, Moment
from shared.messages.people import Query

LINES_MAX: Final = 1000
"""How many lines one answer has at most: some 200 kB, where NATS carries a megabyte."""

Lines = tuple[float | None, float | None, float | None]
"""Amperes on L1, L2 and L3; none where there is no such line, or it is not measured."""


class SourcesNamed(Query):
    """Which chargers and meters that have measured anything go by a name: their id, or a serial number?"""

    name: str = Field(min_length=1, max_length=64)


class NamedSource(Message):
    """A charger, or a meter at a breaker."""

    installation_id: InstallationId
    charger_id: ChargerId | None = None
    meter_id: MeterId | None = None


class Fallible(Message):
    """An answer, or why there is none."""

    fault: str | None = None
    """Why there is no answer now."""


class SourcesNamedAnswer(Fallible):
    """All of them."""

    sources: tuple[NamedSource, ...] = ()


class OfSource(Query):
    """
    What a charger or a meter has measured in a span of time, the oldest first.

    `charger_id` or `meter_id`, one of them. `ends` is the first moment that is not in it.
    """

    installation_id: InstallationId
    charger_id: ChargerId | None = None
    meter_id: MeterId | None = None
    begins: Moment
    ends: Moment
    limit: int = Field(default=LINES_MAX, ge=1, le=LINES_MAX)

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if (self.charger_id is None) == (self.meter_id is None):
            raise ValueError("name charger_id or meter_id, and not both")
        if self.begins >= self.ends:
            raise ValueError("begins has to be before ends")
        return self


class After(Message):
    """A reading, by its times: where a page ends, and the next one goes on."""

    measured_at: Moment
    received_at: Moment


class Readings(OfSource):
    """Single readings."""

    after: After | None = None
    """The `next` of the page before."""


class ReadingLine(Message):
    """A reading as it is kept."""

    measured_at: Moment
    received_at: Moment
    said_at: Moment | None = None
    """Of when it said to be, where that was not believed: `measured_at` is then when it came."""
    session_id: SessionId | None = None
    current_a: Lines
    register_wh: int | None = None
    power_w: float | None = None


class ReadingsAnswer(Fallible):
    """A page of readings."""

    readings: tuple[ReadingLine, ...] = ()
    next: After | None = None
    """Where the next page goes on; none: there is none."""


class Quarters(OfSource):
    """Quarters of an hour that begin in the span; ask from `next` on for the next page."""


class QuarterLine(Message):
    """What a quarter of an hour comes to."""

    begins: Moment
    readings: int
    """How many there were; of a quarter without any, only its share of the energy is told."""
    energy_wh: int | None = None
    """What went through the register; none where it was never told."""
    fell_wh: int = 0
    """By how much the register went down: how much went through then is not known."""
    mean_a: Lines
    high_a: Lines
    mean_w: float | None = None
    complete: bool
    """A reading at least every five minutes, up to both of its ends, and the register never fell."""


class QuartersAnswer(Fallible):
    """A page of quarters."""

    quarters: tuple[QuarterLine, ...] = ()
    next: Moment | None = None
    """From when on the next page is; none: there is none."""
