"""Where chargers stand that somebody wishes something for."""

from collections.abc import Mapping
from typing import Final

from services.telemetry.charger import AssignedCharger
from services.telemetry.credentials import ChargerNotThere
from services.telemetry.projections import Assignments
from shared.ids import InstallationId, Serial

ASSIGNED_S_MAX: Final = 3.0
"""How long an assignment is waited for that was made a moment ago."""

There = Mapping[Serial, AssignedCharger]


async def standing_there(
    assignments: Assignments, installation_id: InstallationId, serials: tuple[Serial, ...]
) -> There:
    """Name those of some chargers that stand in an installation; one just assigned is waited for."""

    def there() -> There:
        known = ((it, assignments.get(it)) for it in serials)
        return {
            serial: place
            for serial, place in known
            if place is not None and place.installation_id == installation_id
        }

    await assignments.until(lambda: len(there()) == len(serials), ASSIGNED_S_MAX)
    return there()


def needed(there: There, serial: Serial, installation_id: InstallationId) -> AssignedCharger:
    """
    Name the place of a charger.

    Raises:
        ChargerNotThere: it is not assigned to that installation.
    """
    place = there.get(serial)
    if place is None:
        raise ChargerNotThere(
            f"charger {serial} is not assigned to installation {installation_id}; assign it first, "
            f"or see where it is: ampledger serial where {serial}"
        )
    return place
