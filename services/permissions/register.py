"""
Who is known, and what they may do: the whole log of permissions, folded.

One state for all decisions, because hardly any is about one stream alone: a role needs somebody to have
it, and whoever is forgotten leaves groups, roles and cards everywhere. It is small: some hundred bytes for
every person, role and card.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from shared.ids import (
    CardId,
    ChargerId,
    ClientId,
    Grantee,
    GroupId,
    InstallationId,
    PersonId,
    RequestId,
)
from shared.messages.permissions import Role
from shared.rights.grants import (
    Grant,
    Grants,
    Memberships,
    Place,
    PlaceGrants,
    PlatformGrants,
)

PERSON, GROUP, CLIENT = "person", "group", "client"


@dataclass(frozen=True, slots=True)
class Card:
    """A charge card that stands for a person."""

    mark: str
    sealed: str
    blocked: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who was invited; what they are called stays sealed."""

    sealed: str
    """What was known at the invitation."""
    renamed: str | None = None
    registered: bool = False
    forgotten: bool = False
    cards: Mapping[CardId, Card] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Group:
    name: str
    members: frozenset[PersonId] = frozenset()
    dissolved: bool = False
    kept_at: InstallationId | None = None
    """Whose owners keep it; none: the operator does."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a person asks the owners of a place for."""

    installation_id: InstallationId
    person_id: PersonId
    charger_id: ChargerId | None
    role: Role
    sealed: str | None
    granted: bool | None = None
    """None: nobody has answered yet."""


NO_PLACE: Final = PlaceGrants()


@dataclass(slots=True)
class Register:
    """What has happened, as far as decisions need it; `evolve.hear` fills it."""

    people: dict[PersonId, Person] = field(default_factory=dict)
    groups: dict[GroupId, Group] = field(default_factory=dict)
    clients: set[ClientId] = field(default_factory=set)
    places: dict[InstallationId, PlaceGrants] = field(default_factory=dict)
    platform: PlatformGrants = field(default_factory=PlatformGrants)
    memberships: dict[PersonId, Memberships] = field(default_factory=dict)
    requests: dict[RequestId, Request] = field(default_factory=dict)
    marks: dict[str, tuple[PersonId, CardId]] = field(default_factory=dict)
    """Whose card has a mark."""
    versions: dict[str, int] = field(default_factory=dict)
    """What version every stream is at."""
    position: int = 0

    @property
    def grants(self) -> Grants:
        return Grants(self.places, self.platform, self.memberships)

    def person(self, person_id: PersonId) -> Person | None:
        """Find somebody who is not forgotten."""
        found = self.people.get(person_id)
        return None if found is None or found.forgotten else found

    def group(self, group_id: GroupId) -> Group | None:
        """Find a group that is not dissolved."""
        found = self.groups.get(group_id)
        return None if found is None or found.dissolved else found

    def of(self, grantee: Grantee) -> Iterator[tuple[InstallationId, Grant]]:
        """Go through the roles that were given to exactly this one, ended or not."""
        for installation_id, place in self.places.items():
            for grant in place.grants:
                if grant.grantee == grantee:
                    yield installation_id, grant

    def at(self, installation_id: InstallationId) -> tuple[Grant, ...]:
        return self.places.get(installation_id, NO_PLACE).grants

    def behind(self, grantee: Grantee) -> frozenset[PersonId]:
        """Name the people that somebody who has a role stands for; a program is nobody."""
        kind, _, name = grantee.partition("/")
        if kind == PERSON:
            return frozenset({name})
        group = self.group(name) if kind == GROUP else None
        return frozenset() if group is None else group.members

    def people_at(self, place: Place) -> frozenset[PersonId]:
        """Name everybody who has a role at an installation, or at one charger of it."""
        there = self.at(place.installation_id or "")
        found = (it for it in there if place.charger_id in {None, it.charger_id})
        return frozenset[PersonId]().union(*(self.behind(it.grantee) for it in found))

    def find(
        self,
        installation_id: InstallationId,
        charger_id: ChargerId | None,
        grantee: Grantee,
        role: Role,
    ) -> Grant | None:
        """Find one role."""
        wanted = (charger_id, grantee, role)
        for grant in self.at(installation_id):
            if (grant.charger_id, grant.grantee, grant.role) == wanted:
                return grant
        return None

    def owned(self, installation_id: InstallationId, now: datetime) -> list[Grantee]:
        """Name the owners of a whole installation."""
        return [
            it.grantee
            for it in self.at(installation_id)
            if it.role is Role.OWNER and it.charger_id is None and it.holds(now)
        ]

    def change_person(self, person_id: PersonId, **changes: object) -> None:
        """Change somebody, if known."""
        known = self.people.get(person_id)
        if known is not None:
            self.people[person_id] = replace(known, **changes)  # type: ignore[arg-type]  # its own fields
