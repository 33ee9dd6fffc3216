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
from shared.speech import _


def locked_text(charger: Charger, lock: Lock, layout: Layout) -> str:
    """Say what a charger went down with."""
    if lock.circuit_id is None:
        return _("locked: the installation was deactivated")
    circuit = layout.circuit(lock.circuit_id)
    name = lock.circuit_id if circuit is None else circuit.name
    if lock.circuit_id == charger.circuit_id:
        return _("locked: its circuit %(name)s was deactivated", name=name)
    return _("locked: circuit %(name)s above it was deactivated", name=name)


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
    knocked, place = _("It has knocked at %(time)s", time=at), place_text(refusal.place)
    return f"{sentence}. {knocked}" + (f", {place}" if place else "")


def why_removed(removed: Removed, now: datetime, zone: ZoneInfo | None) -> str:
    """Say since when a charger is gone, and where to."""
    at = clock_time(removed.at, now, zone)
    if removed.moved_to is not None:
        return _("Moved to installation %(name)s (%(time)s)", name=removed.moved_to, time=at)
    return _("Removed (%(time)s); its serial is not tied to this place any more", time=at)


def place_text(place: Place) -> str:
    """Say where a charger knocks from, compared with where it was connected before."""
    match place:
        case Place.ELSEWHERE:
            return _("from elsewhere than before")
        case Place.AS_BEFORE:
            return _("from where it was before")
        case Place.UNKNOWN:
            return ""


def deactivated_text(deactivated: Deactivation, now: datetime, zone: ZoneInfo | None) -> str:
    """Say since when something is deactivated, and why."""
    text = _("deactivated (%(time)s)", time=clock_time(deactivated.at, now, zone))
    return f"{text}: {deactivated.reason}" if deactivated.reason else text
