"""What is on record of how a charger is limited, and of whether it holds what it was told."""

from dataclasses import dataclass, replace
from typing import Final, assert_never

from services.telemetry.ways import DEFAULT_WAY, Limit, Way
from shared.ids import Serial
from shared.messages.holding import (
    FailSafeNotInForce,
    LimitNotInForce,
    LimitsShown,
    LimitWayChosen,
)
from shared.messages.telemetry import CurrentLimitApplied

HeldFact = LimitWayChosen | LimitNotInForce | FailSafeNotInForce | LimitsShown


@dataclass(frozen=True, slots=True)
class Held:
    """Of one piece of hardware."""

    serial: Serial | None = None
    """Whose way that is."""
    way: Way = DEFAULT_WAY
    limit: Limit | None = None
    """The newest that it has confirmed."""
    limit_shown_a: float | None = None
    """What its schedule allows although it has confirmed a limit below that."""
    fail_safe_shown_a: float | None = None
    """The same of its fail-safe."""

    @property
    def doubted(self) -> bool:
        """Its schedule allows more than it has confirmed."""
        return self.limit_shown_a is not None or self.fail_safe_shown_a is not None

    def known_of(self, serial: Serial) -> bool:
        """Tell whether the way was found out with this piece of hardware."""
        return self.serial == serial

    def of(self, serial: Serial) -> "Held":
        """Name what is known of a piece of hardware: nothing, if it is another one."""
        return self if self.serial is None or self.serial == serial else NOTHING_HELD


NOTHING_HELD: Final = Held()
"""Of hardware of which nothing is on record."""


def fold_held(held: Held, event: HeldFact) -> Held:
    """Fold what is found out."""
    match event:
        case LimitWayChosen():
            way = Way(
                holds=event.holds,
                scope=event.scope,
                unit=event.unit,
                whole=event.whole,
                shows=event.shows,
                reason=event.reason,
                firmware=event.firmware,
            )
            return replace(held.of(event.serial), serial=event.serial, way=way)
        case LimitNotInForce():
            return replace(held, limit_shown_a=event.shown_a)
        case FailSafeNotInForce():
            return replace(held, fail_safe_shown_a=event.shown_a)
        case LimitsShown():
            return replace(held, limit_shown_a=None, fail_safe_shown_a=None)
        case _:
            assert_never(event)


def taken(held: Held, event: CurrentLimitApplied) -> Held:
    """Fold a limit that was confirmed."""
    return replace(held, limit=Limit(event.limit_a, event.valid_until, event.sequence))
