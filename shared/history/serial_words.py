"""What is said of a serial number: where it is, and why it is locked."""

from collections.abc import Iterator
from datetime import tzinfo

from shared.history.serials import Contact, SerialStory, Standing, Stay
from shared.history.unlocking import Moved, Why, named
from shared.history.wording import local
from shared.messages.telemetry import ChargerConnected, ChargerRefused, Place


def where_lines(story: SerialStory, zone: tzinfo | None) -> list[str]:
    """Say where a serial is in one sentence, and below it where it was before."""
    earlier = (_earlier(story, it, zone) for it in _before(story))
    return [_direct(story, zone), *_connection(story, zone), *earlier]


def _connection(story: SerialStory, zone: tzinfo | None) -> Iterator[str]:
    """Say whether its charger is there, where it should be anywhere."""
    stay = story.stay
    if stay is None:
        return
    mine = [it for it in story.contacts if it.at >= stay.assigned.at]
    last = mine[-1] if mine else None
    match last.event if last is not None else None:
        case None:
            yield "Its charger has not connected there yet."
        case ChargerConnected():
            yield f"Its charger is connected since {local(mine[-1].at, zone)}{_from(mine[-1])}."
        case ChargerRefused():
            yield f"Its charger was turned away {local(mine[-1].at, zone)}{_from(mine[-1])}."
        case _:
            yield f"Its charger is not connected since {local(mine[-1].at, zone)}."


def _from(contact: Contact) -> str:
    remote = getattr(contact.event, "remote", "")
    return f", from {remote}" if remote else ""


def _before(story: SerialStory) -> list[Stay]:
    ended = [it for it in story.stays if it is not story.stay]
    return ended[::-1] if story.stay is not None else ended[:-1][::-1]


def _direct(story: SerialStory, zone: tzinfo | None) -> str:
    serial, stay = story.serial, story.stay
    match story.standing:
        case Standing.NEVER_SEEN:
            return f"{serial} was never seen: nobody has assigned it, and it has never tried to connect."
        case Standing.KNOCKED_ONLY:
            last = story.contacts[-1]
            from_ = getattr(last.event, "remote", "") or "an unknown address"
            return f"{serial} was never assigned; it tried to connect {local(last.at, zone)} from {from_}."
        case Standing.REMOVED:
            return _gone(story, story.stays[-1], zone)
        case _:
            assert stay is not None  # noqa: S101  # the other standings have one
            return _here(story, stay, zone)


def _here(story: SerialStory, stay: Stay, zone: tzinfo | None) -> str:
    state = story.installations[stay.installation_id]
    since = f"since {local(stay.assigned.at, zone)}, by {stay.assigned.actor}"
    return (
        f"{story.serial} is {story.standing} in {state.name} ({stay.installation_id}), circuit "
        f"{stay.circuit_name}, as {stay.name} ({stay.charger_id}), {since}."
    )


def _gone(story: SerialStory, stay: Stay, zone: tzinfo | None) -> str:
    return (
        f"{story.serial} is nowhere and can be assigned anywhere; {_stayed(story, stay, zone)}"
    )


def _earlier(story: SerialStory, stay: Stay, zone: tzinfo | None) -> str:
    return f"Before: {_stayed(story, stay, zone)}"


def _stayed(story: SerialStory, stay: Stay, zone: tzinfo | None) -> str:
    state = story.installations[stay.installation_id]
    ended = ""
    if stay.removed is not None:
        at, actor = local(stay.removed.at, zone), stay.removed.actor
        ended = f" until {at}, when {actor} {_how_it_ended(stay)}"
    return (
        f"it was in {state.name} ({stay.installation_id}), circuit {stay.circuit_name}, as "
        f"{stay.name} ({stay.charger_id}), from {local(stay.assigned.at, zone)}{ended}."
    )


def _how_it_ended(stay: Stay) -> str:
    if stay.freed:
        ticket = f", ticket {stay.ticket}" if stay.ticket else ""
        return f"unlocked and removed it ({stay.unlock_reason}{ticket})"
    return "removed it" if stay.moved_to is None else f"moved it to {stay.moved_to}"


def why_lines(story: SerialStory, why: Why, zone: tzinfo | None) -> list[str]:
    """Say why a serial is locked, what its charger has done since, and what would unlock it."""
    return [
        *locked_lines(story, why, zone),
        "What would unlock it:",
        *(f"  · {it.what}\n      {it.command}" for it in why.ways),
    ]


def locked_lines(story: SerialStory, why: Why, zone: tzinfo | None) -> list[str]:
    """Say why a serial is locked, and what its charger has done since."""
    lock = story.lock
    assert lock is not None  # noqa: S101  # else there is no `why`
    state = story.installations[why.installation_id]
    what = "was taken out of use" if why.circuit_id is None else "was deactivated"
    reason = f"The reason given: {lock.reason}" if lock.reason else "No reason was given."
    whose = "" if why.circuit_id is None else f" of {state.name}"
    return [
        (
            f"{story.serial} is locked since {local(lock.done.at, zone)}: "
            f"{named(state, why.circuit_id)}{whose} ({why.installation_id}) {what} by "
            f"{lock.done.actor}."
        ),
        f"{reason} (position {lock.done.position}, command {lock.done.command_id})",
        *_since_lines(story, why, zone),
    ]


def _since_lines(story: SerialStory, why: Why, zone: tzinfo | None) -> Iterator[str]:
    knocks = [it for it in why.since if isinstance(it.event, ChargerRefused)]
    before = story.connected_from
    match why.moved:
        case Moved.SILENT:
            yield "Since then its charger has not tried to connect."
        case Moved.NO:
            yield (
                f"Since then its charger has knocked {_times(len(knocks))}, from the same network "
                "address as before: it still stands where it stood."
            )
        case Moved.ELSEWHERE:
            known = f" (before: {before})" if before else ""
            yield (
                f"Since then its charger has knocked {_times(len(knocks))}, the last time from "
                f"ELSEWHERE: {why.knocks[-1].remote}{known}. It may have been carried to another place."
            )
        case Moved.UNKNOWN:
            yield (
                f"Since then its charger has knocked {_times(len(knocks))}, from "
                f"{why.knocks[-1].remote}; no earlier address is known to compare with."
            )
    for contact in knocks:
        yield f"  {local(contact.at, zone)} from {_remote(contact)}: {_place(contact.place)}"
    connected = [it for it in why.since if isinstance(it.event, ChargerConnected)]
    if connected:
        yield f"It was let in {_times(len(connected))} since it was locked: that must not be."


def _remote(contact: Contact) -> str:
    return str(getattr(contact.event, "remote", "")) or "an unknown address"


def _place(place: Place) -> str:
    return {
        Place.AS_BEFORE: "as before",
        Place.ELSEWHERE: "ELSEWHERE",
        Place.UNKNOWN: "nothing to compare with",
    }[place]


def _times(count: int) -> str:
    """
    Spell how often.

    >>> _times(1), _times(3)
    ('once', '3 times')
    """
    return "once" if count == 1 else f"{count} times"
