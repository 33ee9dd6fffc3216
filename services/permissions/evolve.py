"""History becomes state: what each event changes in the register. It refuses nothing."""

from dataclasses import replace
from typing import Final

from services.permissions.register import Card, Group, Person, Register, Request
from shared.messages import Event
from shared.messages.permissions import (
    AccessEvent,
    AccessRequested,
    CardBlocked,
    CardRegistered,
    CardRemoved,
    CardUnblocked,
    ClientRegistered,
    ClientRevoked,
    GroupCreated,
    GroupDissolved,
    GroupEvent,
    MemberAdded,
    MemberRemoved,
    PersonEvent,
    PersonForgotten,
    PersonInvited,
    PersonRegistered,
    PersonRenamed,
    PlatformEvent,
    PlatformRoleGranted,
    PlatformRoleRevoked,
    RequestAnswered,
    RoleGranted,
    RoleRevoked,
)
from shared.recorded import Recorded
from shared.rights.grants import Memberships, PlaceGrants, PlatformGrants

FOLDED: Final = frozenset(
    it.__name__
    for it in (
        *(PersonInvited, PersonRegistered, PersonRenamed, PersonForgotten),
        *(CardRegistered, CardBlocked, CardUnblocked, CardRemoved),
        *(GroupCreated, GroupDissolved, MemberAdded, MemberRemoved),
        *(RoleGranted, RoleRevoked, AccessRequested, RequestAnswered),
        *(PlatformRoleGranted, PlatformRoleRevoked, ClientRegistered, ClientRevoked),
    )
)
"""The others, such as sign-ins, change nothing of what is decided on."""


def hear(register: Register, recorded: Recorded) -> None:
    """Take in the next event of the log."""
    register.position = recorded.position
    register.versions[recorded.stream] = recorded.version
    if recorded.type in FOLDED:
        evolve(register, recorded.event, recorded.position)


def evolve(register: Register, event: Event, position: int) -> None:
    """Change the register by one event, in place."""
    match event:
        case CardRegistered() | CardBlocked() | CardUnblocked() | CardRemoved():
            _on_card(register, event)
        case PersonEvent():
            _on_person(register, event)
        case GroupEvent():
            _on_group(register, event)
        case AccessEvent():
            _on_access(register, event, position)
        case PlatformEvent():
            _on_platform(register, event)


def _on_person(register: Register, event: PersonEvent) -> None:
    match event:
        case PersonInvited():
            register.people[event.person_id] = Person(event.sealed)
        case PersonRegistered():
            register.change_person(event.person_id, registered=True)
        case PersonRenamed():
            register.change_person(event.person_id, renamed=event.sealed)
        case PersonForgotten():
            register.change_person(
                event.person_id, forgotten=True, sealed="", renamed=None, cards={}
            )


def _on_card(
    register: Register, event: CardRegistered | CardBlocked | CardUnblocked | CardRemoved
) -> None:
    person = register.people.get(event.person_id)
    if person is None:
        return
    cards = dict(person.cards)
    match event:
        case CardRegistered():
            cards[event.card_id] = Card(event.mark, event.sealed)
            register.marks[event.mark] = (event.person_id, event.card_id)
        case CardRemoved():
            cards.pop(event.card_id, None)
            register.marks.pop(event.mark, None)
        case CardBlocked() | CardUnblocked() if event.card_id in cards:
            blocked = isinstance(event, CardBlocked)
            cards[event.card_id] = replace(cards[event.card_id], blocked=blocked)
    register.people[event.person_id] = replace(person, cards=cards)


def _on_group(register: Register, event: GroupEvent) -> None:
    if isinstance(event, GroupCreated):
        register.groups[event.group_id] = Group(event.name, kept_at=event.kept_at)
        return
    group = register.groups.get(event.group_id)
    if group is None:
        return
    match event:
        case MemberAdded():
            group = replace(group, members=group.members | {event.person_id})
        case MemberRemoved():
            group = replace(group, members=group.members - {event.person_id})
        case GroupDissolved():
            _follow_members(register, group, replace(group, members=frozenset()), event)
            register.groups[event.group_id] = replace(
                group, members=frozenset(), dissolved=True
            )
            return
    _follow_members(register, register.groups[event.group_id], group, event)
    register.groups[event.group_id] = group


def _follow_members(register: Register, before: Group, after: Group, event: GroupEvent) -> None:
    """Note with each person which groups they are in."""
    for person_id in before.members ^ after.members:
        has = register.memberships.get(person_id, Memberships()).groups
        groups = has ^ {event.group_id}
        register.memberships[person_id] = Memberships(groups=groups)


def _on_access(register: Register, event: AccessEvent, position: int) -> None:
    match event:
        case RoleGranted() | RoleRevoked():
            before = register.places.get(event.installation_id, PlaceGrants())
            register.places[event.installation_id] = before.after(event, position)
        case AccessRequested():
            register.requests[event.request_id] = Request(
                event.installation_id,
                event.person_id,
                event.charger_id,
                event.role,
                event.sealed,
            )
        case RequestAnswered() if event.request_id in register.requests:
            asked = register.requests[event.request_id]
            register.requests[event.request_id] = replace(asked, granted=event.granted)


def _on_platform(register: Register, event: PlatformEvent) -> None:
    match event:
        case ClientRegistered():
            register.clients.add(event.client_id)
        case ClientRevoked():
            register.clients.discard(event.client_id)
        case PlatformRoleGranted() | PlatformRoleRevoked():
            had = register.platform.roles.get(event.grantee, frozenset())
            granted = isinstance(event, PlatformRoleGranted)
            has = had | {event.role} if granted else had - {event.role}
            roles = {**register.platform.roles, event.grantee: has}
            register.platform = PlatformGrants(roles=roles)
