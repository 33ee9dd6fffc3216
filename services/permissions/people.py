"""Decisions about people: who is invited, called otherwise, or forgotten."""

from collections.abc import Iterator
from typing import assert_never

from services.permissions.cards import removed
from services.permissions.checks import known_person
from services.permissions.circumstances import Circumstances
from services.permissions.facts import all_revoked
from services.permissions.language import PeopleEvent, PersonWish
from services.permissions.refusals import PersonExists
from services.permissions.register import PERSON, Register
from shared.messages.permissions import (
    ForgetPerson,
    InvitePerson,
    MemberRemoved,
    PersonForgotten,
    PersonInvited,
    PersonRenamed,
    RenamePerson,
    RequestAnswered,
)

FORGOTTEN = "the person was forgotten"


def decide(
    command: PersonWish, register: Register, around: Circumstances
) -> tuple[PeopleEvent, ...]:
    """Turn a wish into events; none when it is already so."""
    match command:
        case InvitePerson():
            return _invite(command, register, around)
        case RenamePerson():
            known_person(register, command.person_id)
            return (PersonRenamed(person_id=command.person_id, sealed=around.sealed),)
        case ForgetPerson():
            return tuple(_forget(command, register))
        case _:
            assert_never(command)


def _invite(
    command: InvitePerson, register: Register, around: Circumstances
) -> tuple[PeopleEvent, ...]:
    if around.known_as is not None:
        return ()  # the same address is the same person
    if command.person_id in register.people:
        raise PersonExists(
            f"there is, or was, a person {command.person_id}; choose another id, or leave it out"
        )
    return (PersonInvited(person_id=command.person_id, sealed=around.sealed),)


def _forget(command: ForgetPerson, register: Register) -> Iterator[PeopleEvent]:
    person_id = command.person_id
    known = register.people.get(person_id)
    if known is not None and known.forgotten:
        return
    person = known_person(register, person_id)
    yield from all_revoked(register, f"{PERSON}/{person_id}", FORGOTTEN)
    for group_id, group in register.groups.items():
        if person_id in group.members:
            yield MemberRemoved(group_id=group_id, person_id=person_id)
    for request_id, asked in register.requests.items():
        if asked.person_id == person_id and asked.granted is None:
            yield RequestAnswered(
                installation_id=asked.installation_id,
                request_id=request_id,
                person_id=person_id,
                granted=False,
            )
    for card_id, card in person.cards.items():
        yield removed(person_id, card_id, card)
    yield PersonForgotten(person_id=person_id)
