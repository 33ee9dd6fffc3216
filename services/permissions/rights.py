"""
By what right a person asks for something about people.

Whose person, card or request it is decides here, beside the table of rights; so the check of other services
(`shared/rights/guard.py`) is not enough.
"""

from datetime import datetime
from typing import Final

from services.permissions.register import PERSON, Register
from shared.ids import InstallationId, PersonId
from shared.messages import Command
from shared.messages.permissions import (
    AddMember,
    AnswerRequest,
    BlockCard,
    CreateGroup,
    DissolveGroup,
    ForgetPerson,
    GrantRole,
    InvitePerson,
    RegisterCard,
    RemoveCard,
    RemoveMember,
    RenamePerson,
    RequestAccess,
    RevokeRole,
    Role,
    UnblockCard,
)
from shared.rights.grants import Place
from shared.rights.guard import Forbidden
from shared.rights.table import GRANTABLE, Action

ONESELF: Final = "oneself"

_OWN = (RenamePerson, ForgetPerson, RequestAccess)
_OF_CARDS = (BlockCard, UnblockCard, RemoveCard)


def check(command: Command, actor: str, register: Register, now: datetime) -> str:
    """
    Check that somebody may ask for a command.

    Returns:
        By what right, to be put on record with what comes of it.

    Raises:
        Forbidden: they may not; the text says what it takes.
    """
    match command:
        case InvitePerson():
            return _may_invite(actor, register, now)
        case GrantRole() | RevokeRole():
            place = Place(command.installation_id, command.charger_id)
            return _may_give(actor, place, command.role, register, now)
        case AnswerRequest():
            return _may_answer(command, actor, register, now)
        case RegisterCard():
            return _may_register(command.person_id, actor, register, now)
        case CreateGroup():
            return _may_keep_group(command.kept_at, actor, register, now)
        case AddMember() | RemoveMember() | DissolveGroup():
            group = register.group(command.group_id)
            kept_at = None if group is None else group.kept_at
            return _may_keep_group(kept_at, actor, register, now)
        case _ if isinstance(command, _OF_CARDS):
            return _may_keep(command.person_id, actor, register, now)
        case _ if isinstance(command, _OWN):
            if _is(actor, command.person_id):
                return ONESELF
            raise Forbidden(
                f"{type(command).__name__} is for the person themself; the platform's operator has it, too"
            )
        case _:
            raise Forbidden(
                f"{type(command).__name__} is not for people; the platform's operator has it"
            )


def _is(actor: str, person_id: PersonId) -> bool:
    return actor == f"{PERSON}/{person_id}"


def _may_invite(actor: str, register: Register, now: datetime) -> str:
    for installation_id, grant in register.grants.of(actor, now):
        if GRANTABLE.get(grant.standing):
            return f"may give roles at {Place(installation_id, grant.charger_id)}"
    raise Forbidden("only who may give roles somewhere invites people; ask an owner to do it")


def _may_give(actor: str, place: Place, role: Role, register: Register, now: datetime) -> str:
    ruling = register.grants.may(actor, Action.PERMISSIONS, place, now)
    if not ruling.allowed:
        raise Forbidden(ruling.because)
    grantable = register.grants.grantable(actor, place, now)
    if role not in grantable:
        may = " and ".join(sorted(it.value.lower() for it in grantable))
        raise Forbidden(
            f"at {place} you give and take the role {may}, not {role.value.lower()}; "
            "ask somebody who has that role there"
        )
    return ruling.because


def _may_answer(command: AnswerRequest, actor: str, register: Register, now: datetime) -> str:
    asked = register.requests.get(command.request_id)
    if asked is None or asked.installation_id != command.installation_id:
        place = Place(command.installation_id)
        ruling = register.grants.may(actor, Action.PERMISSIONS, place, now)
        if ruling.allowed:
            return ruling.because  # the decision says that there is no such request
        raise Forbidden(ruling.because)
    place = Place(asked.installation_id, asked.charger_id)
    return _may_give(actor, place, asked.role, register, now)


def _may_register(person_id: PersonId, actor: str, register: Register, now: datetime) -> str:
    """Owners give cards to those who have a role at their place."""
    if _is(actor, person_id):
        return ONESELF
    theirs = f"{PERSON}/{person_id}"
    for installation_id, grant in register.grants.of(actor, now):
        if grant.role is not Role.OWNER:
            continue
        for _, other in register.grants.of(theirs, now, installation_id):
            if grant.covers(other.charger_id):
                return f"owner at {Place(installation_id, grant.charger_id)}"
    raise Forbidden(
        "cards are registered by the person themself, or by an owner of a place where the person has a role"
    )


def registers_cards(actor: str, place: Place, register: Register, now: datetime) -> bool:
    """Tell whether somebody gives cards to those who have a role at a place: its owners do."""
    return any(
        grant.role is Role.OWNER and grant.covers(place.charger_id)
        for _, grant in register.grants.of(actor, now, place.installation_id)
    )


def keeps_cards(actor: str, person_id: PersonId, register: Register, now: datetime) -> bool:
    """
    Tell whether somebody blocks and removes the cards of a person.

    A card counts wherever its person has a role. So an owner keeps the cards of those who have roles at
    places of theirs only; whoever charges elsewhere, too, keeps their own.
    """
    theirs = list(register.grants.of(f"{PERSON}/{person_id}", now))
    return _is(actor, person_id) or (
        bool(theirs)
        and all(
            registers_cards(actor, Place(where, grant.charger_id), register, now)
            for where, grant in theirs
        )
    )


def _may_keep(person_id: PersonId, actor: str, register: Register, now: datetime) -> str:
    if _is(actor, person_id):
        return ONESELF
    if keeps_cards(actor, person_id, register, now):
        return "owner of every place where the person has a role"
    raise Forbidden(
        "cards are blocked and removed by the person themself, or by an owner of every place where the "
        "person has a role; the platform's operator has it, too"
    )


def keeps_groups(
    actor: str, installation_id: InstallationId, register: Register, now: datetime
) -> bool:
    """Tell whether somebody keeps the groups of an installation: the owners of all of it do."""
    grants = register.grants.of(actor, now, installation_id)
    return any(it.role is Role.OWNER and it.charger_id is None for _, it in grants)


def _may_keep_group(
    kept_at: InstallationId | None, actor: str, register: Register, now: datetime
) -> str:
    if kept_at is not None and keeps_groups(actor, kept_at, register, now):
        return f"owner at {Place(kept_at)}, whose group it is"
    raise Forbidden(
        "a group is kept by the owners of the installation whose it is, and all others by the "
        "platform's operator"
    )
