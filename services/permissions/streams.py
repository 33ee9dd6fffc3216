"""Which stream an event belongs to, and the keys that exist once in the world."""

from typing import Final

from services.permissions.language import PeopleEvent
from shared.decider import Claim
from shared.ids import InstallationId
from shared.messages.permissions import (
    PLATFORM,
    AccessEvent,
    CardRegistered,
    CardRemoved,
    GroupEvent,
    PersonEvent,
    PersonForgotten,
    PersonInvited,
)

ADDRESS: Final = "address"
"""An e-mail address, by its mark: it is in no event, so whoever is forgotten leaves no mark of it."""
CARD: Final = "card"


def stream_of(event: PeopleEvent) -> str:
    """Name the stream of an event: of a person, a group, an installation's access, or the platform."""
    match event:
        case PersonEvent():
            return f"person-{event.person_id}"
        case GroupEvent():
            return f"group-{event.group_id}"
        case AccessEvent():
            return access_at(event.installation_id)
        case _:
            return PLATFORM


def access_at(installation_id: InstallationId) -> str:
    """Name the stream of who may do what at an installation."""
    return f"access-{installation_id}"


def refusals_at(installation_id: InstallationId | None) -> str:
    """Name the stream of what was refused at an installation, or about none."""
    return f"refusals-{installation_id or PLATFORM}"


def claims_of(event: PeopleEvent, address_mark: str) -> tuple[Claim, ...]:
    """
    Name the keys that an event claims or releases.

    Args:
        event: what is to be appended.
        address_mark: of the person it is about, where that matters.
    """
    match event:
        case PersonInvited():
            return (Claim(ADDRESS, address_mark, event.person_id),)
        case PersonForgotten():
            return (Claim(ADDRESS, address_mark, event.person_id, release=True),)
        case CardRegistered() | CardRemoved():
            release = isinstance(event, CardRemoved)
            return (Claim(CARD, event.mark, event.person_id, release),)
        case _:
            return ()
