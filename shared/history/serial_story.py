"""From events to the story of one serial number."""

from collections.abc import Iterable
from dataclasses import replace

from shared.history.folding import evolve
from shared.history.merging import Told
from shared.history.serials import Contact, Doing, Lock, SerialStory, Stay
from shared.history.states import Installation
from shared.ids import Serial
from shared.messages import Event
from shared.messages.installation import (
    ChargerAssigned,
    ChargerRemoved,
    CircuitDeactivated,
    InstallationDeactivated,
    SerialLocked,
    SerialUnlocked,
)
from shared.messages.telemetry import (
    ChargerConnected,
    ChargerDisconnected,
    ChargerRefused,
    Place,
)


def story_of(serial: Serial, story: Iterable[Told]) -> SerialStory:
    """
    Tell everything of one serial number.

    Args:
        serial: in its one spelling.
        story: all events of the installations that it ever was in, and its charger's own, merged.
    """
    found = SerialStory(serial)
    down: dict[str, str | None] = {}
    for told in story:
        event = told.event
        if event is None:
            continue
        _remember_state(found, event)
        if isinstance(event, CircuitDeactivated | InstallationDeactivated):
            down[told.recorded.meta.command_id] = event.reason
        found = _in_layout(found, told, event)
        found = _in_contact(found, told, event)
    if found.lock is not None:
        reason = down.get(found.lock.done.command_id)
        found = replace(found, lock=replace(found.lock, reason=reason))
    return found


def _remember_state(found: SerialStory, event: Event) -> None:
    key = getattr(event, "installation_id", None)
    if key is not None:
        found.installations[key] = evolve(
            found.installations.get(key) or Installation(key), event
        )


def _doing(told: Told) -> Doing:
    recorded = told.recorded
    meta = recorded.meta
    return Doing(recorded.recorded_at, meta.actor, recorded.position, meta.command_id)


def _in_layout(found: SerialStory, told: Told, event: Event) -> SerialStory:
    match event:
        case ChargerAssigned() if event.serial == found.serial:
            stay = _began(found, told, event)
            return replace(found, stays=(*found.stays, stay), lock=None)
        case ChargerRemoved() if event.serial == found.serial:
            ended = {"removed": _doing(told), "moved_to": event.moved_to}
            return replace(_changed(found, **ended), lock=None)
        case SerialLocked() if event.serial == found.serial:
            return replace(found, lock=Lock(_doing(told), event.circuit_id))
        case SerialUnlocked() if event.serial == found.serial:
            about = {"unlock_reason": event.reason, "ticket": event.ticket}
            return replace(_changed(found, unlocked=_doing(told), **about), lock=None)
        case _:
            return _followed(found, event)


def _began(found: SerialStory, told: Told, event: ChargerAssigned) -> Stay:
    where = found.installations[event.installation_id]
    return Stay(
        installation_id=event.installation_id,
        charger_id=event.charger_id,
        circuit_id=event.circuit_id,
        circuit_name=where.circuit_name(event.circuit_id),
        name=event.name,
        assigned=_doing(told),
        moved_from=event.moved_from,
    )


def _followed(found: SerialStory, event: Event) -> SerialStory:
    """Keep up with where a charger stands within its installation, and how it is called."""
    stay = found.stay
    if stay is None or getattr(event, "installation_id", None) != stay.installation_id:
        return found
    charger = found.installations[stay.installation_id].chargers.get(stay.charger_id)
    if charger is None or (charger.circuit_id, charger.name) == (stay.circuit_id, stay.name):
        return found
    name = found.installations[stay.installation_id].circuit_name(charger.circuit_id)
    return _changed(found, circuit_id=charger.circuit_id, circuit_name=name, name=charger.name)


def _changed(found: SerialStory, **changes: object) -> SerialStory:
    if not found.stays:
        return found
    *earlier, last = found.stays
    return replace(found, stays=(*earlier, replace(last, **changes)))  # type: ignore[arg-type]


def _in_contact(found: SerialStory, told: Told, event: Event) -> SerialStory:
    at = told.recorded.recorded_at
    match event:
        case ChargerConnected() if event.serial == found.serial:
            place = Place.UNKNOWN
        case ChargerRefused() if event.serial == found.serial:
            place = _place(found, event)
        case ChargerDisconnected() if found.has_charger(
            event.installation_id, event.charger_id, at
        ):
            place = Place.UNKNOWN
        case _:
            return found
    return replace(found, contacts=(*found.contacts, Contact(at, event, place)))


def _place(found: SerialStory, event: ChargerRefused) -> Place:
    """Where telemetry could not tell, its connections may: it may have been restarted since."""
    known = found.connected_from
    if event.place is not Place.UNKNOWN or known is None or not event.remote:
        return event.place
    return Place.AS_BEFORE if known == event.remote else Place.ELSEWHERE
