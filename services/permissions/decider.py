"""What may become of people and what they may do: where a command finds its decision."""

from collections.abc import Iterable
from typing import assert_never

from services.permissions import cards, groups, people, requests, roles
from services.permissions.circumstances import Circumstances
from services.permissions.language import (
    CardWish,
    GroupWish,
    PeopleEvent,
    PersonWish,
    PlatformWish,
    RequestWish,
    RoleWish,
    Wish,
)
from services.permissions.register import Register
from services.permissions.streams import stream_of


def decide(command: Wish, register: Register, around: Circumstances) -> tuple[PeopleEvent, ...]:
    """
    Turn a command into events; none when it is already so.

    Raises:
        Refused: a rule says no.
    """
    if isinstance(command, PersonWish):
        return people.decide(command, register, around)
    if isinstance(command, GroupWish):
        return groups.decide(command, register, around)
    if isinstance(command, RoleWish):
        return roles.decide(command, register, around)
    if isinstance(command, PlatformWish):
        return roles.decide_platform(command, register)
    if isinstance(command, RequestWish):
        return requests.decide(command, register, around)
    if isinstance(command, CardWish):
        return cards.decide(command, register, around)
    assert_never(command)


def by_stream(events: Iterable[PeopleEvent]) -> dict[str, list[PeopleEvent]]:
    """Sort events into their streams; both keep their order."""
    found: dict[str, list[PeopleEvent]] = {}
    for event in events:
        found.setdefault(stream_of(event), []).append(event)
    return found
