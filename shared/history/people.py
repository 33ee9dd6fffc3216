"""
One sentence for every event about people and what they may do.

Events name people by id; what they are called is given with the words, by whoever may know it.
"""

from collections.abc import Callable
from typing import Any, Final

from shared.history.wording import Words
from shared.ids import ChargerId
from shared.messages import Event
from shared.messages import permissions as access

_ROLES: Final = {
    access.Role.USER: "user",
    access.Role.OWNER: "owner",
    access.Role.SERVICE: "service",
}
_PLATFORM_ROLES: Final = {
    access.PlatformRole.INSTALLER: "authorised installer",
    access.PlatformRole.SUPPORT: "support",
}
_METHODS: Final = {
    "PASSWORD": "with a password",
    "PASSKEY": "with a passkey",
    "OIDC": "through their company",
    "LINK": "with a one-time link",
}


def _because(reason: str) -> str:
    return f": {reason}" if reason else ""


def _where(charger_id: ChargerId | None, words: Words) -> str:
    return f"at {words.charger(charger_id)}" if charger_id else "at the installation"


def _granted(it: access.RoleGranted, words: Words) -> str:
    until = f" until {words.time(it.until)}" if it.until else ""
    where = _where(it.charger_id, words)
    return f"{words.who(it.grantee)} has the role {_ROLES[it.role]} {where}{until}"


def _revoked(it: access.RoleRevoked, words: Words) -> str:
    where = _where(it.charger_id, words)
    role = _ROLES[it.role]
    return f"{words.who(it.grantee)} has the role {role} {where} no more{_because(it.reason)}"


def _requested(it: access.AccessRequested, words: Words) -> str:
    where = _where(it.charger_id, words)
    return f"{words.person(it.person_id)} asks for the role {_ROLES[it.role]} {where}"


def _answered(it: access.RequestAnswered, words: Words) -> str:
    done = "granted" if it.granted else "turned down"
    return f"What {words.person(it.person_id)} asked for was {done}"


def _refused(it: access.AccessRefused, _: Words) -> str:
    return f"{it.asked_for} was refused ({it.refusal}){_because(it.detail)}"


OF_PEOPLE: Final[dict[type[Event], Callable[[Any, Words], str]]] = {
    access.PersonInvited: lambda it, w: f"{w.person(it.person_id)} was invited",
    access.PersonRegistered: lambda it, w: (
        f"{w.person(it.person_id)} signed in for the first time"
    ),
    access.PersonRenamed: lambda it, w: f"{w.person(it.person_id)} has another name",
    access.PersonForgotten: lambda it, w: (
        f"{w.person(it.person_id)} was forgotten: the key of their data is destroyed"
    ),
    access.PasswordSet: lambda it, w: f"{w.person(it.person_id)} has a new password",
    access.PasskeyAdded: lambda it, w: f"{w.person(it.person_id)} has a further passkey",
    access.PasskeyRemoved: lambda it, w: f"A passkey of {w.person(it.person_id)} was removed",
    access.IdentityLinked: lambda it, w: (
        f"{it.issuer} says from now on who {w.person(it.person_id)} is"
    ),
    access.SignedIn: lambda it, w: (
        f"{w.person(it.person_id)} signed in {_METHODS.get(it.method, it.method.lower())}"
    ),
    access.SignInBlocked: lambda it, w: (
        f"Sign-in of {w.person(it.person_id)} has to wait after {it.failures} failures"
    ),
    access.TokenIssued: lambda it, w: (
        f"{w.person(it.person_id)} has an API token for {', '.join(it.scopes)} until "
        f"{w.time(it.expires_at)}"
    ),
    access.TokenRevoked: lambda it, w: f"An API token of {w.person(it.person_id)} was revoked",
    access.CardRegistered: lambda it, w: f"{w.person(it.person_id)} has a charge card",
    access.CardBlocked: lambda it, w: f"A charge card of {w.person(it.person_id)} was blocked",
    access.CardUnblocked: lambda it, w: (
        f"A charge card of {w.person(it.person_id)} is blocked no more"
    ),
    access.CardRemoved: lambda it, w: f"A charge card of {w.person(it.person_id)} was removed",
    access.GroupCreated: lambda it, _: f"The group {it.name} ({it.group_id}) was created",
    access.GroupDissolved: lambda it, _: f"The group {it.group_id} was dissolved",
    access.MemberAdded: lambda it, w: (
        f"{w.person(it.person_id)} is a member of the group {it.group_id}"
    ),
    access.MemberRemoved: lambda it, w: (
        f"{w.person(it.person_id)} is a member of the group {it.group_id} no more"
    ),
    access.RoleGranted: _granted,
    access.RoleRevoked: _revoked,
    access.AccessRequested: _requested,
    access.RequestAnswered: _answered,
    access.PlatformRoleGranted: lambda it, w: (
        f"{w.who(it.grantee)} is {_PLATFORM_ROLES[it.role]} on the whole platform"
    ),
    access.PlatformRoleRevoked: lambda it, w: (
        f"{w.who(it.grantee)} is {_PLATFORM_ROLES[it.role]} no more{_because(it.reason)}"
    ),
    access.ClientRegistered: lambda it, _: (
        f"The program {it.name} ({it.client_id}) may sign in, for {', '.join(it.scopes)}"
    ),
    access.ClientRevoked: lambda it, _: f"The program {it.client_id} may sign in no more",
    access.AccessRefused: _refused,
    access.HistoryLookedAt: lambda it, _: (
        f"Support looked at the past of the installation: {it.reason}"
    ),
}
