"""
Every way in which the installation service says no; the text of each says what to do.

Refused
    of the installation   InstallationExists, UnknownInstallation, InstallationInactive,
                          InstallationInUse, HomeTooLarge, AvailableAboveBreaker, EndWithoutLimit,
                          NoImbalanceInGrid, RulesOverlap, OtherwiseWithoutRules
    of circuits           CircuitExists, UnknownCircuit, UnknownParent, CircuitInactive, CircuitInUse,
                          CircuitAboveInactive, CircuitWithinItself, BreakerAboveParent,
                          BreakerBelowChildren, SetValueAboveRating
    of chargers           ChargerExists, UnknownCharger, WiringDoesNotFitGrid, NothingToSwitch,
                          MinimumAboveMaximum, BreakerGivenAndTaken, FailSafeNotOfferable,
                          FailSafeDoesNotFit, WishIncomplete, DepartureHasPassed
    of serials            SerialTaken, SerialIsLocked, SerialNotLocked
    of meters             MeterExists, UnknownMeter, PhaseNotInGrid, HighestAboveBreaker,
                          SolarAmongTotal, MeasuredTwice
    of limits             UnknownLimit, LimitNeedsOneValue, LimitEndsFirst, LimitAboveBreaker,
                          ReductionBelowMinimum
"""

from shared.decider import Refused

# --- Of the installation ---


class InstallationExists(Refused):
    """There is an installation with this id already, and it is another one."""


class UnknownInstallation(Refused):
    """A layout needs an installation to belong to."""


class InstallationInactive(Refused):
    """Nothing is added to an installation, or moved within it, while it is out of use."""


class InstallationInUse(Refused):
    """Chargers leave an installation before it is deactivated, or are knowingly locked."""


class HomeTooLarge(Refused):
    """A home has one circuit and up to three chargers; anything larger is a garage."""


class AvailableAboveBreaker(Refused):
    """What may be drawn is limited below the main breaker; above it the breaker is the limit."""


class EndWithoutLimit(Refused):
    """Only a limit that is set can end."""


class NoImbalanceInGrid(Refused):
    """Phases differ by amperes where there are three of them and each carries its own: in a TN grid."""


class RulesOverlap(Refused):
    """At every time of the week one rule of a schedule holds at most."""


class OtherwiseWithoutRules(Refused):
    """What holds otherwise needs something to be otherwise than."""


# --- Of circuits ---


class CircuitExists(Refused):
    """There is a circuit with this id already, and it is another one."""


class UnknownCircuit(Refused):
    """Only a circuit that exists can be changed, or have chargers."""


class UnknownParent(Refused):
    """A circuit lies beneath the main breaker or beneath a circuit that exists."""


class CircuitInactive(Refused):
    """Nothing is put beneath a circuit, or moved away with it, while it is out of use."""


class CircuitInUse(Refused):
    """Chargers leave a circuit before it is deactivated, or their serials are knowingly locked."""


class CircuitAboveInactive(Refused):
    """A circuit comes into use only with everything above it."""


class CircuitWithinItself(Refused):
    """A circuit cannot hang beneath itself, or beneath what hangs beneath it."""


class BreakerAboveParent(Refused):
    """A breaker larger than the one above it would never be the one to trip."""


class BreakerBelowChildren(Refused):
    """A breaker smaller than one beneath it would trip in its place."""


class SetValueAboveRating(Refused):
    """A breaker carries no more than its rating; the set value is at or below it."""


# --- Of chargers ---


class ChargerExists(Refused):
    """There is a charger with this id already, and it is another one."""


class UnknownCharger(Refused):
    """Only a charger that is assigned here can be changed."""


class WiringDoesNotFitGrid(Refused):
    """A one-phase grid has one phase to wire to."""


class NothingToSwitch(Refused):
    """Only a charger that is wired to three phases can charge on one of them instead."""


class MinimumAboveMaximum(Refused):
    """A charger whose lowest current is above its highest one could never charge."""


class BreakerGivenAndTaken(Refused):
    """A charger has a breaker of its own, or has none."""


class FailSafeNotOfferable(Refused):
    """A charger can offer nothing, or at least 6 A in steps of 0.1 A (IEC 61851-1, OCPP)."""


class FailSafeDoesNotFit(Refused):
    """Chargers that have lost their connection must never overload a breaker together."""


class WishIncomplete(Refused):
    """How urgent a car is follows from its departure and its energy together."""


class DepartureHasPassed(Refused):
    """Nobody departs in the past."""


# --- Of serials ---


class SerialTaken(Refused):
    """A serial number stands in one place in the world."""


class SerialIsLocked(Refused):
    """A locked charger stays as it is, and where it is, until its serial is unlocked."""


class SerialNotLocked(Refused):
    """Support unlocks what is locked."""


# --- Of meters ---


class MeterExists(Refused):
    """There is a meter with this id already, and it is another one."""


class UnknownMeter(Refused):
    """Only a meter that was added can be changed or removed."""


class PhaseNotInGrid(Refused):
    """A meter measures lines that the grid has."""


class HighestAboveBreaker(Refused):
    """No load is above the breaker it flows through for long."""


class SolarAmongTotal(Refused):
    """What feeds the grid is measured apart from what it hides."""


class MeasuredTwice(Refused):
    """One meter measures all of a breaker."""


# --- Of limits ---


class UnknownLimit(Refused):
    """Only a limit that was set can be lifted."""


class LimitNeedsOneValue(Refused):
    """A limit is a current or a power."""


class LimitEndsFirst(Refused):
    """A limit ends after it begins."""


class LimitAboveBreaker(Refused):
    """Above the breaker's set value the breaker is the limit."""


class ReductionBelowMinimum(Refused):
    """The law leaves every device a minimum, unless a reason is given."""


# --- Of tariffs ---


class PricesOverlap(Refused):
    """At every moment there is one price."""


class TooManyTariffs(Refused):
    """An installation has a bounded number of tariffs."""
