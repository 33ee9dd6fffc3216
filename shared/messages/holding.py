"""Whether chargers hold what they were told, and in which way they can: what telemetry announces of it."""

from enum import StrEnum

from pydantic import Field

from shared.ids import Serial
from shared.messages.telemetry import ChargerEvent
from shared.units import Amperes


class Holds(StrEnum):
    """What a charger can hold, from the most to the least."""

    STACKED = "STACKED"
    """Two profiles on one another: its fail-safe, and for the time of its lease a limit."""
    SCHEDULED = "SCHEDULED"
    """One profile, whose schedule has the limit first and the fail-safe after it."""
    FAIL_SAFE_ONLY = "FAIL_SAFE_ONLY"
    """One profile with one current: its fail-safe, and never anything else."""
    FIXED = "FIXED"
    """Nothing: it may always draw all it has. It is let in only where its fail-safe is no less."""


class Scope(StrEnum):
    """What a profile holds for (OCPP 1.6, ChargingProfilePurposeType)."""

    SESSIONS = "TxDefaultProfile"
    CHARGER = "ChargePointMaxProfile"


class Unit(StrEnum):
    """In what a charger counts (OCPP 1.6, ChargingRateUnitType)."""

    AMPERES = "A"
    WATTS = "W"


class HoldingEvent(ChargerEvent):
    """A fact about what a charger can hold, or does."""


class LimitWayChosen(HoldingEvent):
    """It is known in which way a charger can be limited; limits are told in that way from now on."""

    serial: Serial
    firmware: str | None = None
    """With which it was found out; with another one it is found out anew."""
    holds: Holds
    scope: Scope = Scope.SESSIONS
    unit: Unit = Unit.AMPERES
    whole: bool = False
    """It takes whole amperes or watts only."""
    shows: bool = False
    """It says what it would hold when it is asked (OCPP 1.6, GetCompositeSchedule)."""
    spread: float = Field(default=1.0, ge=1.0)
    """How many times what it is told may flow on one line: watts do not say on which lines they are."""
    reason: str = ""
    """Why in no better way; empty where there is none."""


class LimitNotInForce(HoldingEvent):
    """A charger has confirmed a limit, and its own schedule allows more: it counts at that from now on."""

    limit_a: Amperes
    sequence: int
    shown_a: Amperes
    """The most that its schedule allows before the lease ends."""


class FailSafeNotInForce(HoldingEvent):
    """
    A charger has confirmed a fail-safe, and its own schedule allows more once its limit is over: it counts
    at that from now on, and is told no more than its fail-safe.
    """

    fail_safe_a: Amperes
    shown_a: Amperes
    """The most that its schedule allows after the lease."""


class LimitsShown(HoldingEvent):
    """A charger's own schedule shows again what it has confirmed: it counts at that."""
