"""Keys that exist once in the world: a charger's serial number, and the id all services know it by."""

from typing import Final

from services.installation.checks import lock_told
from services.installation.language import InstallationEvent
from services.installation.refusals import ChargerExists, SerialIsLocked, SerialTaken
from services.installation.state import Installation
from shared.decider import Claim, Refused
from shared.ids import InstallationId
from shared.messages.installation import ChargerAssigned, ChargerRemoved

SERIAL: Final = "serial"
CHARGER: Final = "charger"


def claims_of(event: InstallationEvent) -> tuple[Claim, ...]:
    """Both keys are claimed with an assignment, and released with a removal."""
    if not isinstance(event, ChargerAssigned | ChargerRemoved):
        return ()
    holder = f"{event.installation_id}/{event.charger_id}"
    release = isinstance(event, ChargerRemoved)
    return (
        Claim(SERIAL, event.serial, holder, release),
        Claim(CHARGER, event.charger_id, holder, release),
    )


def stream_named(installation_id: InstallationId) -> str:
    """Name the stream of an installation."""
    return f"installation-{installation_id}"


def stream_of(holder: str) -> str:
    """Name the stream of the installation that holds a key."""
    return stream_named(holder.partition("/")[0])


def taken(claim: Claim, holder: str, state: Installation) -> Refused:
    """
    Say where a serial number or an id stands that was asked for elsewhere.

    Args:
        claim: what was asked for.
        holder: who has it.
        state: the holder's installation.
    """
    installation_id, _, charger_id = holder.partition("/")
    charger = state.chargers.get(charger_id)
    if claim.kind == CHARGER:
        return ChargerExists(
            f"charger {claim.key} stands in installation {installation_id}; choose another id"
        )
    if charger is not None and charger.lock is not None:
        return SerialIsLocked(
            f"serial {claim.key} stands in installation {installation_id}: "
            f"{lock_told(state, charger)}"
        )
    return SerialTaken(
        f"serial {claim.key} stands in installation {installation_id}; check the label, "
        "or have it moved here or removed there first"
    )
