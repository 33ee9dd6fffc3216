"""A reading as it is kept: whose, of when, and what it says."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from services.telemetry.readings.quarters import Look
from shared.ids import InstallationId, SessionId
from shared.messages.telemetry import BreakerReading, MeterReading

AHEAD_MAX: Final = timedelta(hours=1)
"""What was measured later than this after it came was not: no clock that is set is so far off."""
REGISTER_MAX_WH: Final = 2**53
"""No register is beyond this, and PostgreSQL keeps it."""
CURRENT_MAX_A: Final = 1e6


class Kind(StrEnum):
    """What has measured."""

    CHARGER = "charger"
    METER = "meter"


class Source(NamedTuple):
    """A charger, or a meter at a breaker."""

    kind: Kind
    installation_id: InstallationId
    name: str
    """Its id."""


class Unkeepable(ValueError):
    """A reading says what cannot be."""


@dataclass(frozen=True, slots=True)
class Row:
    """
    One reading.

    Args:
        source: what has measured.
        look: what it says, and of when.
        received_at: when it came, by our clock.
        said_at: of when it says to be, where that is not believed; then it is of when it came.
        session_id: of a charger, the session that ran.
    """

    source: Source
    look: Look
    received_at: datetime
    said_at: datetime | None
    session_id: SessionId | None

    @property
    def key(self) -> tuple[datetime, datetime]:
        """What no other reading of the same source has in common with it."""
        return self.look.at, self.received_at


def row_of(reading: MeterReading | BreakerReading, age_max: timedelta) -> Row:
    """
    Make a row of a reading.

    Args:
        reading: as it was published.
        age_max: what is older than this when it comes is not believed to be: a clock that was never set
            begins in 1970, or when it was made.

    Raises:
        Unkeepable: it cannot be.
    """
    received_at = reading.received_at.astimezone(UTC)
    measured_at = reading.measured_at.astimezone(UTC)
    believed = received_at - age_max <= measured_at <= received_at + AHEAD_MAX
    at = measured_at if believed else received_at
    if isinstance(reading, MeterReading):
        source = Source(Kind.CHARGER, reading.installation_id, reading.charger_id)
        look = Look(at, reading.current_a, reading.register_wh, reading.power_w)
        session_id = reading.session_id
    else:
        source = Source(Kind.METER, reading.installation_id, reading.meter_id)
        import_wh = None if reading.import_wh is None else round(reading.import_wh)
        look, session_id = Look(at, reading.current_a, import_wh), None
    _check(look)
    return Row(source, look, received_at, None if believed else measured_at, session_id)


def _check(look: Look) -> None:
    if any(it is not None and abs(it) > CURRENT_MAX_A for it in look.current_a):
        raise Unkeepable(f"currents of {look.current_a} A")
    if look.register_wh is not None and abs(look.register_wh) > REGISTER_MAX_WH:
        raise Unkeepable(f"a register of {look.register_wh} Wh")


def once_each(rows: Iterable[Row]) -> list[Row]:
    """Leave out what came twice, and put the rest in the order in which it is written: always the same, so
    that processes that write at once wait for one another and not each for the other."""
    known = {(it.source, it.key): it for it in rows}
    return [known[it] for it in sorted(known)]
