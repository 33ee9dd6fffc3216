"""Decisions about roles: at installations, at chargers, and on the whole platform."""

from collections.abc import Iterator
from typing import assert_never

from services.permissions.checks import check_grantee, check_role
from services.permissions.circumstances import Circumstances
from services.permissions.facts import granted, platform_revoked, revoked
from services.permissions.language import EndRoles, PeopleEvent, PlatformWish, RoleWish
from services.permissions.refusals import LastOwner
from services.permissions.register import Register
from shared.messages.permissions import (
    GrantPlatformRole,
    GrantRole,
    PlatformRoleGranted,
    RevokePlatformRole,
    RevokeRole,
    Role,
)

REMOVED = "the charger was removed"
MOVED = "the charger was moved to installation {}"


def decide(
    command: RoleWish, register: Register, around: Circumstances
) -> tuple[PeopleEvent, ...]:
    """Turn a wish into events; none when it is already so."""
    match command:
        case GrantRole():
            return grant(command, register, around)
        case RevokeRole():
            return _revoke(command, register, around)
        case EndRoles():
            return tuple(_end(command, register))
        case _:
            assert_never(command)


def grant(
    command: GrantRole, register: Register, around: Circumstances
) -> tuple[PeopleEvent, ...]:
    """Give a role; another end than before is a change."""
    check_role(command, register, around)
    place = (command.installation_id, command.charger_id)
    held = register.find(*place, command.grantee, command.role)
    if held is not None and held.until == command.until:
        return ()
    return (granted(command.installation_id, command),)


def _revoke(
    command: RevokeRole, register: Register, around: Circumstances
) -> tuple[PeopleEvent, ...]:
    place = (command.installation_id, command.charger_id)
    held = register.find(*place, command.grantee, command.role)
    if held is None:
        return ()
    if around.by_people and command.role is Role.OWNER and command.charger_id is None:
        owners = register.owned(command.installation_id, around.now)
        if owners == [command.grantee]:
            raise LastOwner(
                f"{command.grantee} is the last owner of installation {command.installation_id}; "
                "name another one first, or ask the platform's operator"
            )
    return (revoked(command.installation_id, held),)


def _end(command: EndRoles, register: Register) -> Iterator[PeopleEvent]:
    """Roles at a charger follow it to where it is moved, and end where it is removed."""
    target = command.to_installation_id
    reason = REMOVED if target is None else MOVED.format(target)
    for held in register.at(command.installation_id):
        if held.charger_id != command.charger_id:
            continue
        yield revoked(command.installation_id, held, reason)
        if target is not None:
            yield granted(target, held)


def decide_platform(command: PlatformWish, register: Register) -> tuple[PeopleEvent, ...]:
    """Say what somebody is everywhere; none when it is already so."""
    has = register.platform.roles.get(command.grantee, frozenset())
    match command:
        case GrantPlatformRole():
            check_grantee(register, command.grantee, None)
            if command.role in has:
                return ()
            return (PlatformRoleGranted(grantee=command.grantee, role=command.role),)
        case RevokePlatformRole():
            if command.role not in has:
                return ()
            return (platform_revoked(command.grantee, command.role),)
        case _:
            assert_never(command)
