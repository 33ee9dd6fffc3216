"""
What the installation service takes and announces: the electrical layout.

A command that changes something names only what it changes; the event it leads to tells all of it as
it is from then on, so that no reader needs the history to apply one.
"""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.numbers import list_currencies
from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, model_validator

from shared.ids import ChargerId, CircuitId, InstallationId, LimitId, MeterId, Serial
from shared.messages import Command, InstallationEvent, Message, Moment, Upcast
from shared.phases import PHASES, GridType, Phase, PhaseAmperes, PhaseSwitching, Wiring
from shared.units import (
    PILOT_MIN_A,
    Amperes,
    BreakerAmperes,
    ChargerAmperes,
    ImbalanceAmperes,
    MeterErrorAmperes,
    MeterInterval,
    WattHours,
    Watts,
)

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


class InstallationCommand(Command):
    """A wish about one installation."""

    service: ClassVar[str] = "installation"
    installation_id: InstallationId


# --- Commands ---


class CreateInstallation(InstallationCommand):
    """Set up an installation: the building's charging system behind one main breaker."""

    name: Name
    address: Name
    category: Category
    country: Country
    type: InstallationType
    grid_type: GridType
    breaker_a: BreakerAmperes
    time_zone: TimeZone = "Etc/UTC"


class ChangeInstallation(InstallationCommand):
    """Change what is given, and leave the rest."""

    name: Name | None = None
    address: Name | None = None
    category: Category | None = None
    country: Country | None = None
    type: InstallationType | None = None
    grid_type: GridType | None = None
    breaker_a: BreakerAmperes | None = None
    time_zone: TimeZone | None = None


class DeactivateInstallation(InstallationCommand):
    """Take an installation out of use. With chargers, only if their serials are knowingly locked."""

    lock_serials: bool = False
    reason: Reason | None = None


class ReactivateInstallation(InstallationCommand):
    """Take an installation into use again; what went down with it comes back with it."""


class SetAuthenticationRequired(InstallationCommand):
    """
    Say whether drivers must show who they are before they charge.

    What is said of one charger goes before what is said of the installation.
    """

    required: bool
    charger_id: ChargerId | None = None
    """Of this charger only; none: of the installation."""


class SetAvailableCurrent(InstallationCommand):
    """
    Limit what all chargers together may draw, per phase, below the main breaker.

    None lifts the limit; with `until` it lifts itself.
    """

    available_a: PhaseAmperes | None
    until: Moment | None = None


class SetCurrentSchedule(InstallationCommand):
    """
    Limit what all chargers together may draw, per phase, at times of the week; no rule lifts the schedule.

    The times are those of the clock on the installation's wall. No two rules hold at the same time.
    What is set as available current holds as well: the lower of both.
    """

    rules: Annotated[tuple[ScheduleRule, ...], Field(max_length=SCHEDULE_RULES_MAX)]
    otherwise_a: PhaseAmperes | None = None
    """When no rule holds; none: as much as the breakers allow."""


class SetSwitchCurrent(InstallationCommand):
    """Below how much current a three-phase session goes on with one phase; none: it never does."""

    switch_current_a: ChargerAmperes | None


class SetImbalanceLimit(InstallationCommand):
    """
    Say how far the phases of the main breaker may differ by what cars draw; none: by any current.

    Cars on fewer than three phases are adjusted to it; those on all three load all of them alike.
    """

    imbalance_a: ImbalanceAmperes | None


class AddCircuit(InstallationCommand):
    """Add a circuit beneath the main breaker, or beneath another circuit."""

    circuit_id: CircuitId
    parent_id: CircuitId | None = None
    name: Name
    breaker_a: BreakerAmperes
    set_a: BreakerAmperes | None = None
    """What may be used of the breaker, at or below its rating; the rating itself if left out."""


class ChangeCircuit(InstallationCommand):
    """Change what is given, and leave the rest."""

    circuit_id: CircuitId
    name: Name | None = None
    breaker_a: BreakerAmperes | None = None
    set_a: BreakerAmperes | None = None


class MoveCircuit(InstallationCommand):
    """Put a circuit, with all beneath it, beneath another one; none: the main breaker."""

    circuit_id: CircuitId
    parent_id: CircuitId | None


class DeactivateCircuit(InstallationCommand):
    """Take a circuit, and all beneath it, out of use. With chargers, only if their serials are
    knowingly locked.
    """

    circuit_id: CircuitId
    lock_serials: bool = False
    reason: Reason | None = None


class ReactivateCircuit(InstallationCommand):
    """Take a circuit into use again; the serials that went down with it are unlocked."""

    circuit_id: CircuitId


class NewCharger(Message):
    """A charger as an installer describes it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    charger_id: ChargerId
    serial: Serial
    name: Name
    wiring: Wiring = PHASES
    max_a: ChargerAmperes = 32.0
    min_a: ChargerAmperes = PILOT_MIN_A
    """The lowest current its cars charge with; below it they are paused."""
    breaker_a: BreakerAmperes | None = None
    """Of its own breaker, if it has one."""
    phase_switching: PhaseSwitching = PhaseSwitching.NONE


class AssignChargers(InstallationCommand):
    """Put one or more chargers on a circuit: all of them, or none."""

    circuit_id: CircuitId
    chargers: Annotated[tuple[NewCharger, ...], Field(min_length=1, max_length=500)]


class ChangeCharger(InstallationCommand):
    """Change what is given, and leave the rest."""

    charger_id: ChargerId
    name: Name | None = None
    wiring: Wiring | None = None
    max_a: ChargerAmperes | None = None
    min_a: ChargerAmperes | None = None
    breaker_a: BreakerAmperes | None = None
    without_breaker: bool = False
    """It has no breaker of its own (any more)."""
    phase_switching: PhaseSwitching | None = None


class SetFailSafe(InstallationCommand):
    """Wish for another fail-safe than the one we compute; refused when it does not fit."""

    charger_id: ChargerId
    fail_safe_a: Amperes | None
    """0, or at least 6 A; none: what we compute."""


class SetPriority(InstallationCommand):
    """Say who charges first when not all can."""

    charger_id: ChargerId
    priority: Priority


class SetChargingWish(InstallationCommand):
    """
    Say until when a charger's car is to have how much energy; both none: there is no wish.

    The energy is that of the whole session. The wish is for the session that runs, or the next one, and
    ends with it or with the departure. It weighs a car's share, and limits nothing.
    """

    charger_id: ChargerId
    departure_at: Moment | None
    energy_wh: WattHours | None


class MoveCharger(InstallationCommand):
    """Put a charger on another circuit, of this installation or of another one."""

    charger_id: ChargerId
    circuit_id: CircuitId
    to_installation_id: InstallationId | None = None


class RemoveCharger(InstallationCommand):
    """Take a charger away; its serial can be assigned anywhere from then on."""

    charger_id: ChargerId


class UnlockSerial(InstallationCommand):
    """Support frees a locked serial: it is unlocked and removed, to be assigned anywhere."""

    serial: Serial
    reason: Reason
    ticket: Ticket | None = None


class AddMeter(InstallationCommand):
    """Say that a meter at a breaker reports what is not ours there."""

    meter_id: MeterId
    circuit_id: CircuitId | None = None
    """The circuit whose breaker it is at; none: the main breaker."""
    kind: MeterKind = MeterKind.BUILDING
    measures: Measures = Measures.TOTAL
    phases: MeteredPhases | None = None
    """The lines it gives currents of; all of the grid's if left out."""
    highest_a: Amperes
    """What the load may be at most on any phase while nobody knows; of solar panels, what they feed at
    most. Cars get what the breaker carries beyond it while the meter is silent."""
    error_a: MeterErrorAmperes = 0.5
    interval_s: MeterInterval = 10.0


class ChangeMeter(InstallationCommand):
    """Change what is given, and leave the rest."""

    meter_id: MeterId
    kind: MeterKind | None = None
    measures: Measures | None = None
    phases: MeteredPhases | None = None
    highest_a: Amperes | None = None
    error_a: MeterErrorAmperes | None = None
    interval_s: MeterInterval | None = None


class RemoveMeter(InstallationCommand):
    """Say that a meter is gone, and with it the load it watched: the breaker is the cars' alone."""

    meter_id: MeterId


class SetExternalLimit(InstallationCommand):
    """
    Limit a breaker for somebody who has a say in it: a limit of contract, not of physics.

    It holds from `begins` to `until`, and within the weekly windows if there are any. Of several limits
    the lowest holds. The same `limit_id` again replaces it.
    """

    limit_id: LimitId
    owner: LimitOwner
    circuit_id: CircuitId | None = None
    limit_a: PhaseAmperes | None = None
    power_w: Watts | None = None
    """Of all phases together, in place of `limit_a`; each phase gets its equal part."""
    includes_load: bool = False
    """Whether load that is not ours counts as well; otherwise the limit is the cars' alone."""
    begins: Moment | None = None
    until: Moment | None = None
    windows: Annotated[tuple[WeeklyWindow, ...], Field(max_length=21)] = ()
    reason: Reason | None = None
    """Why a grid operator may go below what the law leaves every device."""


class LiftExternalLimit(InstallationCommand):
    """Have a limit hold no more."""

    limit_id: LimitId


class SetContractPeak(InstallationCommand):
    """Keep the mean power of every quarter of an hour, or hour, below a peak; none: there is none."""

    circuit_id: CircuitId | None = None
    peak_w: Watts | None
    per: PeakPeriod = PeakPeriod.HOUR


class SetTariff(InstallationCommand, Tariff):
    """Say what charging costs from a day on; the same day again replaces what was said for it."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


# --- Events of the installation ---


def _created_2(data: dict[str, Any]) -> dict[str, Any]:
    return data | {"time_zone": "Etc/UTC"}


class InstallationCreated(InstallationEvent):
    """An installation exists; it has no circuits yet."""

    service: ClassVar[str] = "installation"
    schema_version: ClassVar[int] = 2
    upcasts: ClassVar[dict[int, Upcast]] = {1: _created_2}
    name: str
    address: str
    category: Category
    country: str
    type: InstallationType
    grid_type: GridType
    breaker_a: BreakerAmperes
    time_zone: str


class InstallationChanged(InstallationEvent):
    """What an installation is from now on; it does not say which of it is new."""

    service: ClassVar[str] = "installation"
    name: str
    address: str
    category: Category
    country: str
    type: InstallationType
    grid_type: GridType
    breaker_a: BreakerAmperes
    time_zone: str


class InstallationDeactivated(InstallationEvent):
    """Out of use: nobody charges there, nothing can be added."""

    service: ClassVar[str] = "installation"
    reason: str | None = None


class InstallationReactivated(InstallationEvent):
    """In use again; circuits that were deactivated on their own stay so."""

    service: ClassVar[str] = "installation"


def _authentication_2(data: dict[str, Any]) -> dict[str, Any]:
    return data | {"charger_id": None}


class AuthenticationRequiredSet(InstallationEvent):
    """Whether drivers must show who they are before they charge."""

    service: ClassVar[str] = "installation"
    schema_version: ClassVar[int] = 2
    upcasts: ClassVar[dict[int, Upcast]] = {1: _authentication_2}
    brought: ClassVar[dict[int, tuple[str, ...]]] = {2: ("charger_id",)}
    required: bool
    charger_id: ChargerId | None = None
    """At this charger, whatever holds for the installation; none: at the installation."""


class AvailableCurrentSet(InstallationEvent):
    """What all chargers together may draw, per phase; none: as much as the breakers allow."""

    service: ClassVar[str] = "installation"
    available_a: PhaseAmperes | None
    until: Moment | None


class CurrentScheduleSet(InstallationEvent):
    """What all chargers together may draw, per phase, at times of the week; no rule: no schedule."""

    service: ClassVar[str] = "installation"
    rules: tuple[ScheduleRule, ...]
    otherwise_a: PhaseAmperes | None
    """When no rule holds; none: as much as the breakers allow."""
    time_zone: str
    """Of the installation, by which the times are meant; `InstallationChanged` may change it later."""


class SwitchCurrentSet(InstallationEvent):
    """Below how much current a three-phase session goes on with one phase; none: it never does."""

    service: ClassVar[str] = "installation"
    switch_current_a: ChargerAmperes | None


class ImbalanceLimitSet(InstallationEvent):
    """How far the phases of the main breaker may differ by what cars draw; none: by any current."""

    service: ClassVar[str] = "installation"
    imbalance_a: ImbalanceAmperes | None


# --- Events of circuits ---


class CircuitAdded(InstallationEvent):
    """A circuit was added beneath the main breaker (`parent_id` is none) or another circuit."""

    service: ClassVar[str] = "installation"
    circuit_id: CircuitId
    parent_id: CircuitId | None = None
    name: str
    breaker_a: BreakerAmperes
    set_a: BreakerAmperes


class CircuitChanged(InstallationEvent):
    """What a circuit is from now on; it stands where it stood."""

    service: ClassVar[str] = "installation"
    circuit_id: CircuitId
    name: str
    breaker_a: BreakerAmperes
    set_a: BreakerAmperes


class CircuitMoved(InstallationEvent):
    """A circuit, with all beneath it, hangs beneath another one; none: the main breaker."""

    service: ClassVar[str] = "installation"
    circuit_id: CircuitId
    parent_id: CircuitId | None


class CircuitDeactivated(InstallationEvent):
    """A circuit, and with it all beneath it, is out of use; those beneath get no event of their
    own.
    """

    service: ClassVar[str] = "installation"
    circuit_id: CircuitId
    reason: str | None = None


class CircuitReactivated(InstallationEvent):
    """A circuit is in use again; circuits beneath it that were deactivated on their own stay so."""

    service: ClassVar[str] = "installation"
    circuit_id: CircuitId


# --- Events of chargers ---


def _assigned_2(data: dict[str, Any]) -> dict[str, Any]:
    return data | {"min_a": PILOT_MIN_A, "breaker_a": None, "moved_from": None}


def _without_switching(data: dict[str, Any]) -> dict[str, Any]:
    return data | {"phase_switching": PhaseSwitching.NONE}


class ChargerAssigned(InstallationEvent):
    """A charger belongs to a circuit; its serial is taken, wherever else it is asked for."""

    service: ClassVar[str] = "installation"
    schema_version: ClassVar[int] = 3
    upcasts: ClassVar[dict[int, Upcast]] = {1: _assigned_2, 2: _without_switching}
    circuit_id: CircuitId
    charger_id: ChargerId
    serial: Serial
    name: str
    wiring: Wiring
    max_a: ChargerAmperes
    min_a: ChargerAmperes
    breaker_a: BreakerAmperes | None
    fail_safe_a: Amperes
    """What the charger falls back to by itself when nobody tells it a limit: 0 or at least 6 A.
    The fail-safes of an installation fit within every breaker together."""
    moved_from: InstallationId | None
    """The installation that it was moved here from, at the same moment."""
    phase_switching: PhaseSwitching = PhaseSwitching.NONE
    """Whether it can be told to charge on one phase or on three."""


class ChargerChanged(InstallationEvent):
    """What a charger is from now on; it stands where it stood, and its serial stays."""

    service: ClassVar[str] = "installation"
    schema_version: ClassVar[int] = 2
    upcasts: ClassVar[dict[int, Upcast]] = {1: _without_switching}
    brought: ClassVar[dict[int, tuple[str, ...]]] = {2: ("phase_switching",)}
    charger_id: ChargerId
    name: str
    wiring: Wiring
    max_a: ChargerAmperes
    min_a: ChargerAmperes
    breaker_a: BreakerAmperes | None
    phase_switching: PhaseSwitching = PhaseSwitching.NONE


class ChargerMoved(InstallationEvent):
    """A charger stands on another circuit of the same installation."""

    service: ClassVar[str] = "installation"
    charger_id: ChargerId
    from_circuit_id: CircuitId
    circuit_id: CircuitId


class ChargerRemoved(InstallationEvent):
    """A charger is gone from this installation; its serial is free, unless it was moved."""

    service: ClassVar[str] = "installation"
    charger_id: ChargerId
    serial: Serial
    moved_to: InstallationId | None = None
    """The installation that it was moved to, at the same moment."""


class FailSafeSet(InstallationEvent):
    """What a charger is to fall back to when nobody tells it a limit. Until the charger has
    confirmed it, the one before may be in force.
    """

    service: ClassVar[str] = "installation"
    charger_id: ChargerId
    fail_safe_a: Amperes
    wished: bool
    """An installer asked for it; we compute it otherwise."""


class ChargingWishSet(InstallationEvent):
    """Until when a charger's car is to have how much energy; both none: there is no wish."""

    service: ClassVar[str] = "installation"
    charger_id: ChargerId
    departure_at: Moment | None
    energy_wh: WattHours | None


class PrioritySet(InstallationEvent):
    """Who charges first when not all can: 9 before 0."""

    service: ClassVar[str] = "installation"
    charger_id: ChargerId
    priority: Priority


class SerialLocked(InstallationEvent):
    """A charger went down with its circuit, or with the whole installation (`circuit_id` is none):
    it gets 0 A, and its serial can be assigned nowhere.
    """

    service: ClassVar[str] = "installation"
    charger_id: ChargerId
    serial: Serial
    circuit_id: CircuitId | None


class SerialUnlocked(InstallationEvent):
    """A serial is locked no more: what it went down with is in use again, or support says so, with
    a reason. In the latter case the charger is removed at the same moment.
    """

    service: ClassVar[str] = "installation"
    charger_id: ChargerId
    serial: Serial
    reason: str
    ticket: str | None = None


# --- Events of meters and limits ---


class MeterEvent(InstallationEvent):
    """A fact about a meter at a breaker."""

    service: ClassVar[str] = "installation"
    meter_id: MeterId
    circuit_id: CircuitId | None
    """The circuit whose breaker it is at; none: the main breaker."""


class MeterAdded(MeterEvent):
    """A meter reports load that is not ours; until it has, and whenever it is silent, `highest_a` is
    set aside."""

    kind: MeterKind
    measures: Measures
    phases: MeteredPhases
    highest_a: Amperes
    error_a: MeterErrorAmperes
    interval_s: MeterInterval


class MeterChanged(MeterEvent):
    """What a meter is from now on; it is where it was."""

    kind: MeterKind
    measures: Measures
    phases: MeteredPhases
    highest_a: Amperes
    error_a: MeterErrorAmperes
    interval_s: MeterInterval


class MeterRemoved(MeterEvent):
    """A meter is gone; nothing is set aside for what it watched."""


class ExternalLimitSet(InstallationEvent):
    """What a breaker is limited to by somebody else, from when on, until when, at what times."""

    service: ClassVar[str] = "installation"
    limit_id: LimitId
    owner: LimitOwner
    circuit_id: CircuitId | None
    limit_a: PhaseAmperes | None
    power_w: Watts | None
    includes_load: bool
    begins: Moment | None
    until: Moment | None
    windows: tuple[WeeklyWindow, ...]
    time_zone: str
    """Of the installation, by which windows are meant; `InstallationChanged` may change it later."""
    reason: str | None


class ExternalLimitLifted(InstallationEvent):
    """A limit holds no more."""

    service: ClassVar[str] = "installation"
    limit_id: LimitId
    owner: LimitOwner
    circuit_id: CircuitId | None


class ContractPeakSet(InstallationEvent):
    """Below what the mean power of every quarter of an hour, or hour, is to stay; none: no peak."""

    service: ClassVar[str] = "installation"
    circuit_id: CircuitId | None
    peak_w: Watts | None
    per: PeakPeriod


class TariffSet(InstallationEvent, Tariff):
    """What charging costs from a day on, whatever was said for that day before."""

    service: ClassVar[str] = "installation"
