"""
Who is who, and who has which role: told to those who may know it.

The questions on `operator.…` are the operator's of the platform alone, by what NATS lets through; others
are asked by services, in the name of a person or in their own.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from services.permissions.directory import Directory
from services.permissions.register import GROUP, PERSON, Register
from services.permissions.sealing import unseal
from services.permissions.sign_in.people import Person
from services.permissions.vault import WORDS, Vault
from shared.clock import utc_now
from shared.ids import Grantee, PersonId
from shared.messages.people import (
    FORGOTTEN,
    AccessOf,
    AccessOfAnswer,
    Everybody,
    FindPerson,
    FindPersonAnswer,
    GroupLine,
    Groups,
    GroupsAnswer,
    HeldRole,
    People,
    PeopleAnswer,
    PersonByEmail,
    PersonByEmailAnswer,
    PersonLine,
    PlatformRoleLine,
    PlatformRoles,
    PlatformRolesAnswer,
    RequestLine,
    RoleLine,
    Standing,
    StandingAnswer,
)
from shared.rights.grants import Grant, Place
from shared.rights.table import Action

OF_PEOPLE = ("person/", "client/")


@dataclass(slots=True)
class Queries:
    """Answers, out of the register and what can be unsealed."""

    register: Register
    directory: Directory
    vault: Vault

    async def standing(self, _: Standing, __: str) -> StandingAnswer:
        return StandingAnswer(position=self.register.position)

    # --- People ---

    async def people(self, query: People, actor: str) -> PeopleAnswer:
        """Name people; those whom the asker may not know are left out."""
        known = self._known_to(actor)
        asked = [it for it in query.person_ids if known is None or it in known]
        return PeopleAnswer(people=await self._lines(asked))

    async def everybody(self, _: Everybody, __: str) -> PeopleAnswer:
        return PeopleAnswer(people=await self._lines(self.register.people))

    async def by_email(self, query: PersonByEmail, _: str) -> PersonByEmailAnswer:
        return PersonByEmailAnswer(person_id=await self.directory.by_email(query.email))

    async def find_person(self, query: FindPerson, actor: str) -> FindPersonAnswer:
        """Tell support who has an address, and where they have which role."""
        if actor.startswith(OF_PEOPLE) and not self.register.grants.is_support(actor):
            return FindPersonAnswer()
        person_id = await self.directory.by_email(query.email)
        if person_id is None:
            return FindPersonAnswer()
        lines = await self._lines([person_id])
        held = self.register.grants.of(f"{PERSON}/{person_id}", utc_now())
        roles = [
            HeldRole(
                installation_id=where,
                grantee=it.grantee,
                role=it.role,
                charger_id=it.charger_id,
                until=it.until,
            )
            for where, it in held
        ]
        return FindPersonAnswer(person=next(iter(lines), None), roles=tuple(roles))

    def _known_to(self, actor: str) -> set[PersonId] | None:
        """Name whom a person may know; none: everybody, for who is no person."""
        if not actor.startswith(OF_PEOPLE) or self.register.grants.is_support(actor):
            return None
        now = utc_now()
        known = {actor.removeprefix("person/")}
        grants = self.register.grants
        for installation_id, _ in grants.of(actor, now):
            for grant in self.register.at(installation_id):
                place = Place(installation_id, grant.charger_id)
                if grants.may(actor, Action.PERMISSIONS, place, now).allowed:
                    known |= self.register.behind(grant.grantee)
            for asked in self.register.requests.values():
                place = Place(installation_id, asked.charger_id)
                here = asked.installation_id == installation_id
                if here and grants.may(actor, Action.PERMISSIONS, place, now).allowed:
                    known.add(asked.person_id)
        return known

    async def _lines(self, people: Iterable[PersonId]) -> tuple[PersonLine, ...]:
        wanted = [it for it in people if it in self.register.people]
        found = await self.directory.by_ids(wanted)
        return tuple(self._line(it, found.get(it)) for it in wanted)

    def _line(self, person_id: PersonId, person: Person | None) -> PersonLine:
        if person is None:
            return PersonLine(person_id=person_id, name=FORGOTTEN, forgotten=True)
        registered = self.register.people[person_id].registered
        return PersonLine(
            person_id=person_id, name=person.called, email=person.email, registered=registered
        )

    async def groups(self, _: Groups, __: str) -> GroupsAnswer:
        return GroupsAnswer(
            groups=await self._groups(f"{GROUP}/{it}" for it in self.register.groups)
        )

    async def _groups(self, grantees: Iterable[Grantee]) -> tuple[GroupLine, ...]:
        """Tell of those that are groups, and are not dissolved."""
        kinds = (it.partition("/") for it in sorted(grantees))
        there = {name: self.register.group(name) for kind, _, name in kinds if kind == GROUP}
        return tuple(
            [
                GroupLine(
                    group_id=it,
                    name=group.name,
                    members=await self._lines(sorted(group.members)),
                    kept_at=group.kept_at,
                )
                for it, group in there.items()
                if group is not None
            ]
        )

    # --- Roles ---

    async def access_of(self, query: AccessOf, actor: str) -> AccessOfAnswer:
        """Tell who has which role, and who asks for one, where the asker may set permissions."""
        here = query.installation_id

        def shown(charger_id: str | None) -> bool:
            if not actor.startswith(OF_PEOPLE):
                return True
            place = Place(here, charger_id)
            return self.register.grants.may(actor, Action.PERMISSIONS, place, utc_now()).allowed

        grants = [it for it in self.register.at(here) if shown(it.charger_id)]
        asked = {
            it: found
            for it, found in self.register.requests.items()
            if found.installation_id == here and shown(found.charger_id)
        }
        people = {name for it in grants if (name := _person_in(it.grantee))}
        names = await self._names(people | {it.person_id for it in asked.values()})
        keys = await self.vault.keys([it.person_id for it in asked.values()])
        requests = [
            RequestLine(
                request_id=request_id,
                person_id=it.person_id,
                name=names[it.person_id].name,
                email=names[it.person_id].email,
                charger_id=it.charger_id,
                role=it.role,
                granted=it.granted,
                words=unseal(keys[it.person_id], it.person_id, WORDS, it.sealed)["words"]
                if it.sealed and it.person_id in keys
                else "",
            )
            for request_id, it in asked.items()
        ]
        roles = [self._role(it, names) for it in grants]
        named = {it.grantee for it in grants}
        if shown(None):
            kept = (it for it, group in self.register.groups.items() if group.kept_at == here)
            named |= {f"{GROUP}/{it}" for it in kept}
        groups = await self._groups(named)
        return AccessOfAnswer(roles=tuple(roles), requests=tuple(requests), groups=groups)

    async def _names(self, people: Collection[PersonId]) -> dict[PersonId, PersonLine]:
        return {it.person_id: it for it in await self._lines(people)}

    def _role(self, grant: Grant, names: dict[PersonId, PersonLine]) -> RoleLine:
        person = names.get(_person_in(grant.grantee))
        return RoleLine(
            grantee=grant.grantee,
            name=self._called(grant.grantee, names),
            email=person.email if person else "",
            role=grant.role,
            charger_id=grant.charger_id,
            until=grant.until,
            position=grant.position,
            registered=person is None or person.registered,
        )

    def _called(self, grantee: Grantee, names: dict[PersonId, PersonLine]) -> str:
        kind, _, name = grantee.partition("/")
        if kind == PERSON:
            return names[name].name if name in names else name
        group = self.register.groups.get(name) if kind == GROUP else None
        return name if group is None else group.name

    async def platform_roles(self, _: PlatformRoles, __: str) -> PlatformRolesAnswer:
        roles = self.register.platform.roles
        names = await self._names({name for it in roles if (name := _person_in(it))})
        return PlatformRolesAnswer(
            roles=tuple(
                PlatformRoleLine(grantee=it, name=self._called(it, names), role=role)
                for it, has in sorted(roles.items())
                for role in sorted(has)
            )
        )


def _person_in(grantee: Grantee) -> PersonId:
    """Name the person, if it is one; else nobody's id."""
    kind, _, name = grantee.partition("/")
    return name if kind == PERSON else ""
