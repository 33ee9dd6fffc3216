"""
What the installation service is asked for.

A command that changes something names only what it changes.
"""

from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field

from shared.ids import ChargerId, CircuitId, InstallationId, LimitId, MeterId, Serial
from shared.messages import Command, Message, Moment
from shared.messages.installation_terms import (
    SCHEDULE_RULES_MAX,
    Category,
    Country,
    InstallationType,
    LimitOwner,
    Measures,
    MeteredPhases,
    MeterKind,
    Name,
    PeakPeriod,
    Priority,
    Reason,
    ScheduleRule,
    Tariff,
    Ticket,
    TimeZone,
    WeeklyWindow,
)
from shared.phases import PHASES, GridType, PhaseAmperes, PhaseSwitching, Wiring
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


class InstallationCommand(Command):
    """A wish about one installation."""

    service: ClassVar[str] = "installation"
    installation_id: InstallationId


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
