"""
Why something is out of use, and what has become of it: sentences about locked and removed chargers.

    “Locked: its circuit Level 2 was deactivated (09:05)”
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from services.portal.documents import (
    Charger,
    Deactivation,
    Layout,
    Lock,
    Refusal,
    Removed,
)
from services.portal.wording import clock_time
from shared.messages.telemetry import Place


def locked_text(charger: Charger, lock: Lock, layout: Layout) -> str:
    """Say what a charger went down with."""
    if lock.circuit_id is None:
        return "locked: the installation was deactivated"
    circuit = layout.circuit(lock.circuit_id)
    name = lock.circuit_id if circuit is None else circuit.name
    if lock.circuit_id == charger.circuit_id:
        return f"locked: its circuit {name} was deactivated"
    return f"locked: circuit {name} above it was deactivated"


def why_locked(
    charger: Charger,
    lock: Lock,
    layout: Layout,
    refusal: Refusal | None,
    now: datetime,
    zone: ZoneInfo | None,
) -> str:
    """Say what a charger went down with, and whether it has knocked since."""
    text = locked_text(charger, lock, layout)
    sentence = f"{text[0].upper()}{text[1:]} ({clock_time(lock.at, now, zone)})"
    if refusal is None or refusal.refused_at < lock.at:
        return sentence
    at = clock_time(refusal.refused_at, now, zone)
    place = place_text(refusal.place)
    return f"{sentence}. It has knocked at {at}" + (f", {place}" if place else "")


def why_removed(removed: Removed, now: datetime, zone: ZoneInfo | None) -> str:
    """Say since when a charger is gone, and where to."""
    at = clock_time(removed.at, now, zone)
    if removed.moved_to is not None:
        return f"Moved to installation {removed.moved_to} ({at})"
    return f"Removed ({at}); its serial is not tied to this place any more"


def place_text(place: Place) -> str:
    """Say where a charger knocks from, compared with where it was connected before."""
    match place:
        case Place.ELSEWHERE:
            return "from elsewhere than before"
        case Place.AS_BEFORE:
            return "from where it was before"
        case Place.UNKNOWN:
            return ""


def deactivated_text(deactivated: Deactivation, now: datetime, zone: ZoneInfo | None) -> str:
    """Say since when something is deactivated, and why."""
    reason = f": {deactivated.reason}" if deactivated.reason else ""
    return f"deactivated ({clock_time(deactivated.at, now, zone)}){reason}"
