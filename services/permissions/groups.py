"""Decisions about groups: companies and households whose members share what they are granted."""

from typing import assert_never

from services.permissions.checks import check_place, known_group, known_person
from services.permissions.circumstances import Circumstances
from services.permissions.facts import all_revoked
from services.permissions.language import GroupWish, PeopleEvent
from services.permissions.refusals import GroupExists
from services.permissions.register import GROUP, Register
from shared.messages.permissions import (
    AddMember,
    CreateGroup,
    DissolveGroup,
    GroupCreated,
    GroupDissolved,
    MemberAdded,
    MemberRemoved,
    RemoveMember,
)
from shared.rights.grants import Place

DISSOLVED = "the group was dissolved"


def decide(
    command: GroupWish, register: Register, around: Circumstances
) -> tuple[PeopleEvent, ...]:
    """Turn a wish into events; none when it is already so."""
    match command:
        case CreateGroup():
            return _create(command, register, around)
        case DissolveGroup():
            return _dissolve(command, register)
        case AddMember():
            group = known_group(register, command.group_id)
            known_person(register, command.person_id)
            if command.person_id in group.members:
                return ()
            return (MemberAdded(group_id=command.group_id, person_id=command.person_id),)
        case RemoveMember():
            group = known_group(register, command.group_id)
            if command.person_id not in group.members:
                return ()
            return (MemberRemoved(group_id=command.group_id, person_id=command.person_id),)
        case _:
            assert_never(command)


def _create(
    command: CreateGroup, register: Register, around: Circumstances
) -> tuple[PeopleEvent, ...]:
    known = register.groups.get(command.group_id)
    if known is None:
        if command.kept_at is not None:
            check_place(Place(command.kept_at), around)
        created = GroupCreated(
            group_id=command.group_id, name=command.name, kept_at=command.kept_at
        )
        return (created,)
    same = (known.name, known.kept_at) == (command.name, command.kept_at)
    if same and not known.dissolved:
        return ()
    state = "was dissolved" if known.dissolved else f"is {known.name!r}"
    raise GroupExists(f"the group {command.group_id} {state}; choose another id")


def _dissolve(command: DissolveGroup, register: Register) -> tuple[PeopleEvent, ...]:
    known = register.groups.get(command.group_id)
    if known is not None and known.dissolved:
        return ()
    known_group(register, command.group_id)
    ended = all_revoked(register, f"{GROUP}/{command.group_id}", DISSOLVED)
    return (*ended, GroupDissolved(group_id=command.group_id))
