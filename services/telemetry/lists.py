"""
What of a charger's local list has to be sent (OCPP 1.6, section 5.15): pure, and by marks of cards.

What is added or changed is sent alone. When something has to go, all of it is sent anew: an entry is taken
out by its number, and the number of a card that is no more nobody has.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Final

from services.telemetry.said import Standing

FULL: Final = "Full"
DIFFERENTIAL: Final = "Differential"
EMPTY: Final = 0
"""The version of a list that holds nothing."""

Entries = Mapping[str, Standing]
"""Who may charge, by the card's mark."""


@dataclass(frozen=True, slots=True)
class ListSent:
    """What a charger has confirmed to hold."""

    version: int
    entries: Entries


@dataclass(frozen=True, slots=True)
class Capacity:
    """How many entries a list may have, and how many of them fit into one message."""

    whole: int
    message: int


@dataclass(frozen=True, slots=True)
class Update:
    """One message: the list has this version when the entries of these cards are in it."""

    kind: str
    version: int
    marks: tuple[str, ...]


def updates(
    wanted: Entries, sent: ListSent | None, version: int, message_max: int
) -> tuple[Update, ...]:
    """
    Say what is to be sent for a list to hold what is wanted; nothing, if it does.

    Args:
        wanted: all that it is to hold.
        sent: what it was sent before; none if nobody remembers.
        version: which one the charger has.
        message_max: how many entries fit into one message.
    """
    if version == EMPTY and not wanted:
        return ()
    held = None
    if sent is not None and sent.version == version != EMPTY:
        held = sent.entries
    whole = held is None or not held.keys() <= wanted.keys()
    known = {} if held is None or whole else held
    changed = [mark for mark, info in wanted.items() if known.get(mark) != info]
    if not changed and not whole:
        return ()
    places = range(0, max(1, len(changed)), message_max)
    return tuple(
        Update(
            FULL if whole and number == 1 else DIFFERENTIAL,
            version + number,
            tuple(changed[place : place + message_max]),
        )
        for number, place in enumerate(places, start=1)
    )


def that_fit(wanted: Entries, most: int) -> Entries:
    """
    Leave out what a list has no room for.

    >>> tuple(that_fit({"a": Standing("Accepted"), "b": Standing("Accepted")}, 1))
    ('a',)
    """
    return dict(islice(wanted.items(), most))
