"""Decisions about what people ask the owners of a place for."""

from typing import Final, assert_never

from services.permissions.checks import check_place, known_person
from services.permissions.circumstances import Circumstances
from services.permissions.language import PeopleEvent, RequestWish
from services.permissions.refusals import (
    RequestClosed,
    RequestExists,
    TooManyRequests,
    UnknownRequest,
)
from services.permissions.register import PERSON, Register, Request
from services.permissions.roles import grant
from shared.ids import InstallationId, RequestId
from shared.messages.permissions import (
    AccessRequested,
    AnswerRequest,
    GrantRole,
    RequestAccess,
    RequestAnswered,
)
from shared.rights.grants import Place

OPEN_MAX: Final = 20
"""So many unanswered requests a person may have: more would be a way to pester owners."""


def decide(
    command: RequestWish, register: Register, around: Circumstances
) -> tuple[PeopleEvent, ...]:
    """Turn a wish into events; none when it is already so."""
    match command:
        case RequestAccess():
            return _ask(command, register, around)
        case AnswerRequest():
            return _answer(command, register, around)
        case _:
            assert_never(command)


def _ask(
    command: RequestAccess, register: Register, around: Circumstances
) -> tuple[PeopleEvent, ...]:
    known_person(register, command.person_id)
    check_place(Place(command.installation_id, command.charger_id), around)
    wanted = (command.installation_id, command.charger_id, command.person_id, command.role)
    if command.request_id in register.requests:
        if _of(register.requests[command.request_id]) == wanted:
            return ()
        raise RequestExists(f"request {command.request_id} is another one; choose another id")
    open_ones = [
        _of(it)
        for it in register.requests.values()
        if it.person_id == command.person_id and it.granted is None
    ]
    held = register.find(
        command.installation_id,
        command.charger_id,
        f"{PERSON}/{command.person_id}",
        command.role,
    )
    if wanted in open_ones or (held is not None and held.holds(around.now)):
        return ()
    if len(open_ones) >= OPEN_MAX:
        raise TooManyRequests(
            f"{OPEN_MAX} requests wait for an answer; ask again when some are answered"
        )
    return (
        AccessRequested(
            installation_id=command.installation_id,
            charger_id=command.charger_id,
            request_id=command.request_id,
            person_id=command.person_id,
            role=command.role,
            sealed=around.sealed or None,
        ),
    )


def _of(asked: Request) -> tuple[object, ...]:
    return (asked.installation_id, asked.charger_id, asked.person_id, asked.role)


def request_at(
    register: Register, installation_id: InstallationId, request_id: RequestId
) -> Request:
    """
    Find a request.

    Raises:
        UnknownRequest: nobody has asked for such a thing there.
    """
    asked = register.requests.get(request_id)
    if asked is None or asked.installation_id != installation_id:
        raise UnknownRequest(
            f"there is no request {request_id} at installation {installation_id}; "
            "look it up among the open ones"
        )
    return asked


def _answer(
    command: AnswerRequest, register: Register, around: Circumstances
) -> tuple[PeopleEvent, ...]:
    asked = request_at(register, command.installation_id, command.request_id)
    if asked.granted == command.granted:
        return ()
    if asked.granted is not None:
        done = "granted" if asked.granted else "turned down"
        raise RequestClosed(
            f"request {command.request_id} was {done}; give or take the role itself"
        )
    role: tuple[PeopleEvent, ...] = ()
    if command.granted:
        wish = GrantRole(
            command_id=command.command_id,
            installation_id=command.installation_id,
            charger_id=asked.charger_id,
            grantee=f"{PERSON}/{asked.person_id}",
            role=asked.role,
        )
        role = grant(wish, register, around)
    answered = RequestAnswered(
        installation_id=command.installation_id,
        request_id=command.request_id,
        person_id=asked.person_id,
        granted=command.granted,
    )
    return (*role, answered)
