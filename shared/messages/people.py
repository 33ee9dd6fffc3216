"""
What permissions is asked by other services, and what it answers: nothing changes by it, and nothing of
it is in a log. Names, addresses and card numbers are in it, so whoever asks keeps no answer.

Who asks is in the header `Ampledger-Actor`. A person is told of themself and of whom they may give roles;
the platform's operator of everybody.
"""

from typing import Any

from pydantic import ConfigDict, Field

from shared.ids import (
    CardId,
    ChargerId,
    Grantee,
    GroupId,
    InstallationId,
    PersonId,
    RequestId,
)
from shared.messages import Answer, Message, Moment
from shared.messages.permissions import CardNumber, Email, PlatformRole, Role

PEOPLE_MAX = 1000
FORGOTTEN = "a forgotten person"


class Query(Message):
    """A question. Unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Standing(Query):
    """How far has the log of permissions come?"""


class StandingAnswer(Message):
    position: int = Field(ge=0)
    """Of the newest event; 0 for an empty log."""


class CardsOf(Query):
    """Which cards may be shown at a charger, by number? For telemetry alone, for the charger's own list."""

    installation_id: InstallationId
    charger_id: ChargerId


class ListedCard(Message):
    """One card of somebody who has a role at the charger or its installation."""

    number: CardNumber


class CardsOfAnswer(Message):
    cards: tuple[ListedCard, ...]
    position: int = Field(ge=0)
    """In the log of permissions: up to where the answer knows."""


class People(Query):
    """What are these people called?"""

    person_ids: tuple[PersonId, ...] = Field(max_length=PEOPLE_MAX)


class PersonLine(Message):
    """Somebody, as far as the asker may know them."""

    person_id: PersonId
    name: str
    """What they are called; their address if they have no name."""
    email: str = ""
    registered: bool = False
    """They have signed in."""
    forgotten: bool = False


class PeopleAnswer(Message):
    people: tuple[PersonLine, ...] = ()


class Everybody(Query):
    """Who is known at all? For the platform's operator."""


class PersonByEmail(Query):
    """Whose address is it? For the platform's operator."""

    email: Email


class PersonByEmailAnswer(Message):
    person_id: PersonId | None = None


class FindPerson(Query):
    """Who has an address, and which roles? For support and the platform's operator."""

    email: Email


class HeldRole(Message):
    """A role of somebody, and where."""

    installation_id: InstallationId
    grantee: Grantee
    """The person, or the group through which they have it."""
    role: Role
    charger_id: ChargerId | None = None
    until: Moment | None = None


class FindPersonAnswer(Message):
    person: PersonLine | None = None
    roles: tuple[HeldRole, ...] = ()


class AccessOf(Query):
    """Who has which role at an installation, and who asks for one?"""

    installation_id: InstallationId


class RoleLine(Message):
    grantee: Grantee
    name: str
    email: str = ""
    role: Role
    charger_id: ChargerId | None = None
    until: Moment | None = None
    position: int
    """In the log of permissions: since when."""
    registered: bool = True
    """They have signed in; only people who were invited and did not come yet have not."""


class RequestLine(Message):
    request_id: RequestId
    person_id: PersonId
    name: str
    email: str = ""
    charger_id: ChargerId | None = None
    role: Role
    words: str = ""
    granted: bool | None = None
    """None: nobody has answered yet."""


class GroupLine(Message):
    group_id: GroupId
    name: str
    members: tuple[PersonLine, ...] = ()
    kept_at: InstallationId | None = None
    """Whose owners keep it; none: the operator does."""


class AccessOfAnswer(Message):
    roles: tuple[RoleLine, ...] = ()
    requests: tuple[RequestLine, ...] = ()
    groups: tuple[GroupLine, ...] = ()
    """Those that have one of the roles, or are kept there, with whom they stand for."""


class CardsOfPerson(Query):
    """Which cards does a person have? For the person and the platform's operator."""

    person_id: PersonId


class CardLine(Message):
    card_id: CardId
    number: CardNumber
    label: str = ""
    blocked: bool = False


class CardsOfPersonAnswer(Message):
    cards: tuple[CardLine, ...] = ()


class CardsAt(Query):
    """Which cards have people with a role at an installation, or at one charger of it? For its owners."""

    installation_id: InstallationId
    charger_id: ChargerId | None = None


class HeldCards(Message):
    """Somebody with a role there, and their cards if the asker keeps them."""

    person_id: PersonId
    name: str
    kept: bool
    """The asker may block and remove their cards, and sees them."""
    cards: tuple[CardLine, ...] = ()


class CardsAtAnswer(Message):
    people: tuple[HeldCards, ...] = ()


class Groups(Query):
    """Which groups are there, with whom in them? For the platform's operator."""


class GroupsAnswer(Message):
    groups: tuple[GroupLine, ...] = ()


class PlatformRoles(Query):
    """Who is support, and who an authorised installer? For the platform's operator."""


class PlatformRoleLine(Message):
    grantee: Grantee
    name: str
    role: PlatformRole


class PlatformRolesAnswer(Message):
    roles: tuple[PlatformRoleLine, ...] = ()


class Rehearse(Query):
    """What would become of a command? Nothing does. For the platform's operator."""

    command: str = Field(max_length=60)
    """Its name."""
    content: dict[str, Any]


class Rehearsed(Message):
    """An event that would be appended; what would be sealed is left out."""

    type: str
    data: dict[str, Any]


class RehearseAnswer(Message):
    answer: Answer
    events: tuple[Rehearsed, ...] = ()
