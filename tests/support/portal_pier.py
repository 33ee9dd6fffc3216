"""A small installation to which everything happens that can happen to one, for the portal's tests."""

from typing import Any

from shared.messages import Event
from shared.messages.installation import (
    AvailableCurrentSet,
    ChargerAssigned,
    ChargerChanged,
    ChargerMoved,
    ChargerRemoved,
    CircuitAdded,
    CircuitDeactivated,
    CircuitReactivated,
    InstallationChanged,
    InstallationCreated,
    PrioritySet,
    SerialLocked,
    SerialUnlocked,
)
from shared.messages.installation_terms import Category, InstallationType
from shared.messages.telemetry import ChargerConnected, ChargerRefused, Place
from shared.phases import PHASES, GridType, Phase

PIER = "pier"
_HERE = {"installation_id": PIER}
_ABOUT: dict[str, Any] = {
    **_HERE,
    "name": "Pier",
    "address": "Quay 7, Bergen",
    "category": Category.COMPANY,
    "country": "NO",
    "type": InstallationType.GARAGE,
    "grid_type": GridType.TN_3_PHASE,
    "breaker_a": 80.0,
    "time_zone": "Europe/Oslo",
}


def serial(number: int) -> str:
    return f"PIER{number:04}"


def _berth(number: int) -> dict[str, str]:
    return {**_HERE, "charger_id": f"berth-{number}"}


def _with_serial(number: int) -> dict[str, str]:
    return {**_berth(number), "serial": serial(number)}


def _added(circuit_id: str, name: str, parent_id: str | None = None) -> CircuitAdded:
    return CircuitAdded(
        **_HERE,
        circuit_id=circuit_id,
        parent_id=parent_id,
        name=name,
        breaker_a=40.0 if parent_id is None else 25.0,
        set_a=40.0 if parent_id is None else 20.0,
    )


def _assigned(number: int, circuit_id: str) -> ChargerAssigned:
    return ChargerAssigned(
        **_with_serial(number),
        circuit_id=circuit_id,
        name=f"Berth {number}",
        wiring=PHASES,
        max_a=32.0,
        min_a=6.0,
        breaker_a=None,
        fail_safe_a=6.0,
        moved_from=None,
    )


def set_up() -> list[Event]:
    """Two quays, the second with a jetty; six berths, of which one has been connected."""
    berths = [_assigned(it, "quay-1") for it in (1, 2)]
    berths += [_assigned(it, "quay-2") for it in (3, 4)] + [_assigned(5, "jetty")]
    return [
        InstallationCreated(**_ABOUT),
        _added("quay-1", "Quay 1"),
        _added("quay-2", "Quay 2"),
        _added("jetty", "Jetty", "quay-2"),
        *berths,
        _assigned(6, "quay-1"),
        ChargerConnected(
            **_with_serial(3), remote="10.0.0.3", vendor="Zaptec", model="Go", gateway_id="g"
        ),
    ]


def changed() -> list[Event]:
    """It is renamed, a berth is moved, one comes first, one is described anew, one is removed."""
    return [
        InstallationChanged(**_ABOUT | {"name": "New pier", "breaker_a": 100.0}),
        AvailableCurrentSet(**_HERE, available_a=(60.0, 60.0, 50.0), until=None),
        ChargerMoved(**_berth(2), from_circuit_id="quay-1", circuit_id="quay-2"),
        ChargerChanged(
            **_berth(1),
            name="Ferry",
            wiring=(Phase.L2,),
            max_a=16.0,
            min_a=6.0,
            breaker_a=20.0,
        ),
        PrioritySet(**_berth(1), priority=9),
        ChargerRemoved(**_with_serial(6)),
    ]


def locked() -> list[Event]:
    """The second quay is deactivated with all on it, and one of its chargers knocks elsewhere."""
    return [
        *(SerialLocked(**_with_serial(it), circuit_id="quay-2") for it in (2, 3, 4, 5)),
        CircuitDeactivated(**_HERE, circuit_id="quay-2", reason="dredging"),
        ChargerRefused(
            serial=serial(3),
            reason="its serial is locked",
            remote="10.7.0.9",
            place=Place.ELSEWHERE,
        ),
    ]


def unlocked() -> list[Event]:
    """The second quay is in use again."""
    reason = "circuit Quay 2 was reactivated"
    return [
        CircuitReactivated(**_HERE, circuit_id="quay-2"),
        *(SerialUnlocked(**_with_serial(it), reason=reason) for it in (2, 3, 4, 5)),
    ]
