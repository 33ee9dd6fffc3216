"""What is known of a garage, and what happened there, for the tests of warnings."""

from datetime import UTC, datetime, timedelta

from services.notifications.known import Breaker, Charger, Site
from services.notifications.standing import Facts
from shared.messages.balancer import MAIN
from shared.messages.notifications import WarningKind, WarningRaised

GARAGE = "garage-1"
BAY = "bay-1"
SERIAL = "ZAP000123"
T0 = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def site(locked: bool = False, active: bool = True) -> Site:
    charger = Charger(name="Bay 1", serial=SERIAL, locked_since=T0 if locked else None)
    return Site(
        name="Harbour garage",
        time_zone="Europe/Oslo",
        active=active,
        breakers={
            MAIN: Breaker(name="Main breaker", rated_a=63.0),
            "level-2": Breaker(name="Level 2", rated_a=32.0),
        },
        chargers={BAY: charger},
    )


def facts(**more: object) -> Facts:
    return Facts(**{"site": site(), "notes": (), **more})  # type: ignore[arg-type]


def raised(
    warning_id: str = "w-1", kind: WarningKind = WarningKind.FAULT, about: str = BAY
) -> WarningRaised:
    return WarningRaised(
        installation_id=GARAGE,
        warning_id=warning_id,
        kind=kind,
        about=about,
        called="Bay 1",
        since=T0,
        said="GroundFailure",
    )
