"""What commands and events of installations speak of: names, kinds, times of the week, prices."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.numbers import list_currencies
from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, model_validator

from shared.messages import Message
from shared.phases import Phase, PhaseAmperes

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=4, max_length=500)]
"""Why somebody did it, in their own words."""
Ticket = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._#-]{1,64}$")]
"""The case in the support staff's own system."""
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
"""ISO 3166-1 alpha-2."""
Priority = Annotated[int, Field(ge=0, le=9)]
"""Who charges first when not all can: 9 before 0, which is what everybody has."""


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(
            f"{name!r} is not a time zone; enter one of the tz database, such as Europe/Oslo"
        ) from error
    return name


TimeZone = Annotated[str, AfterValidator(_known_zone)]
"""A name of the IANA time zone database."""


class Category(StrEnum):
    """Who the installation is for."""

    COMMUNITY = "COMMUNITY"
    COMPANY = "COMPANY"
    PRIVATE = "PRIVATE"
    PUBLIC = "PUBLIC"


class InstallationType(StrEnum):
    """A garage of any size, or a home with one circuit and up to three chargers."""

    GARAGE = "GARAGE"
    HOME = "HOME"


class MeterKind(StrEnum):
    """What a meter watches besides chargers."""

    BUILDING = "BUILDING"
    HEAT_PUMP = "HEAT_PUMP"
    SOLAR = "SOLAR"
    OTHER = "OTHER"


class Measures(StrEnum):
    """What flows through a meter."""

    TOTAL = "TOTAL"
    """All that flows through the breaker, cars included."""
    LOAD_ONLY = "LOAD_ONLY"
    """Only what is not a charger of ours."""


def _some_phases(phases: tuple[Phase, ...]) -> tuple[Phase, ...]:
    if not phases or len(set(phases)) != len(phases):
        raise ValueError("a meter measures one phase or several, each named once")
    return tuple(sorted(phases))


MeteredPhases = Annotated[tuple[Phase, ...], AfterValidator(_some_phases)]
"""The lines that a meter gives currents of; many meters in 230 V IT grids give none of L2."""


class LimitOwner(StrEnum):
    """Who wants a limit."""

    INSTALLER = "INSTALLER"
    OWNER = "OWNER"
    GRID_OPERATOR = "GRID_OPERATOR"
    TARIFF = "TARIFF"


class Weekday(StrEnum):
    """A day of the week."""

    MON = "MON"
    TUE = "TUE"
    WED = "WED"
    THU = "THU"
    FRI = "FRI"
    SAT = "SAT"
    SUN = "SUN"


WEEK = tuple(Weekday)
SCHEDULE_RULES_MAX = 42
"""How many rules a schedule has at most: six for every day of the week."""
ClockTime = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
"""A time of the day as the clock on a wall shows it: hours and minutes, such as 17:00."""


class WeeklyWindow(Message):
    """
    A part of every week, by the clock on the installation's wall.

    Where the clock is put forward, a time that does not come that day is passed over; where it is put
    back, an hour that comes twice counts twice. A window that does not end after it begins ends on the
    next day.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    days: Annotated[tuple[Weekday, ...], Field(min_length=1, max_length=7)] = WEEK
    """On which it begins."""
    begins: ClockTime
    ends: ClockTime

    @model_validator(mode="after")
    def _a_part_of_a_day(self) -> Self:
        if self.begins == self.ends:
            raise ValueError(
                "a window ends at another time than it begins; leave windows out for a limit that "
                "always holds"
            )
        if len(set(self.days)) != len(self.days):
            raise ValueError("a window names each day once")
        return self


class ScheduleRule(WeeklyWindow):
    """
    What all chargers together may draw, per phase, at a part of every week.

    One that ends when it begins lasts a day.
    """

    available_a: PhaseAmperes

    @model_validator(mode="after")
    def _a_part_of_a_day(self) -> Self:
        if len(set(self.days)) != len(self.days):
            raise ValueError("a rule names each day once")
        return self


def _known_currency(code: str) -> str:
    if code not in list_currencies():
        raise ValueError(f"{code!r} is no currency; enter its code of ISO 4217, such as NOK")
    return code


Currency = Annotated[
    str, StringConstraints(pattern=r"^[A-Z]{3}$"), AfterValidator(_known_currency)
]
"""A code of ISO 4217."""
Price = Annotated[Decimal, Field(ge=0, le=100_000, decimal_places=4)]
"""In whole units of a currency, without VAT."""
Percent = Annotated[Decimal, Field(ge=0, le=100, decimal_places=2)]


class PriceWindow(WeeklyWindow):
    """What a kilowatt-hour costs in a part of every week; prices change at full quarters of an hour."""

    price_per_kwh: Price

    @model_validator(mode="after")
    def _at_quarters(self) -> Self:
        if any(int(it[3:]) % 15 for it in (self.begins, self.ends)):
            raise ValueError(
                "a price begins and ends at a full quarter of an hour, such as 17:00 or 17:15"
            )
        return self


class Tariff(Message):
    """What charging costs, from the beginning of a day on until another tariff is valid."""

    valid_from: date
    """The first day of it, by the installation's clock."""
    currency: Currency
    price_per_kwh: Price
    """At all times for which no window has a price of its own."""
    windows: Annotated[tuple[PriceWindow, ...], Field(max_length=21)] = ()
    price_per_session: Price = Decimal(0)
    """Besides, for every session in which anything was charged."""
    vat_percent: Percent = Decimal(0)
    """Which comes on top of all prices."""


class PeakPeriod(StrEnum):
    """Over how long a tariff takes the mean of the power."""

    QUARTER_HOUR = "QUARTER_HOUR"
    HOUR = "HOUR"

    @property
    def seconds(self) -> int:
        return 900 if self is PeakPeriod.QUARTER_HOUR else 3600
