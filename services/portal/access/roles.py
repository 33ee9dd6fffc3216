"""Who has which role, since when and by whom; who asks for one; who is in which group: as it is shown."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from services.portal.access.words import NAMES, role_name, why_not
from services.portal.documents import Layout
from services.portal.when import When, when
from shared.history.deeds import PERSON
from shared.ids import ChargerId, PersonId
from shared.messages.people import AccessOfAnswer, GroupLine, RequestLine, RoleLine
from shared.messages.permissions import Role, RoleGranted
from shared.recorded import Recorded
from shared.speech import _, counted

Grantable = Callable[[ChargerId | None], frozenset[Role]]
"""Which roles whoever looks gives and takes, at a charger or at the whole installation."""
_ORDER: Final = list(NAMES)


@dataclass(frozen=True, slots=True)
class Given:
    """When a role was given, and by whom."""

    at: datetime
    actor: str


@dataclass(frozen=True, slots=True)
class Look:
    """
    What whoever looks sees roles with.

    Args:
        actor: who it is.
        layout: the installation.
        grantable: which roles they give and take.
        given: when each was given, by its position in the log of permissions.
        people: what those who gave them are called, as far as they may know it.
        now: the present moment.
    """

    actor: str
    layout: Layout
    grantable: Grantable
    given: Mapping[int, Given]
    people: Mapping[PersonId, str]
    now: datetime

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.layout.time_zone)

    def where(self, charger_id: ChargerId | None) -> str:
        """Name where a role counts."""
        if charger_id is None:
            return _("the whole installation")
        found = (it.name for it in self.layout.chargers if it.charger_id == charger_id)
        return next(found, charger_id)

    def by(self, actor: str) -> str:
        """Name who did something."""
        if actor == self.actor:
            return _("you")
        name = self.people.get(actor.removeprefix(PERSON))
        if name is not None:
            return name
        if actor == "permissions":
            return _("Ampledger, when it was set up")
        return _("somebody else") if "/" in actor else _("the platform's operator")


@dataclass(frozen=True, slots=True)
class RoleRow:
    """Somebody's role."""

    grantee: str
    name: str
    about: str
    """Their address; of a group, how many they are."""
    awaited: bool
    """They were invited, and did not sign in yet."""
    role: str
    role_name: str
    charger_id: str
    where: str
    since: When | None
    by: str
    until: When | None
    over: bool
    """Its end has passed."""
    mine: bool
    may_take: bool
    why_not: str


def given_in(log: Iterable[Recorded]) -> dict[int, Given]:
    """Read from the log of permissions when roles were given, and by whom."""
    return {
        it.position: Given(it.recorded_at, it.meta.actor)
        for it in log
        if it.type == RoleGranted.__name__
    }


def givers_in(given: Mapping[int, Given]) -> set[PersonId]:
    """Name the people who gave roles."""
    actors = (it.actor for it in given.values())
    return {it.removeprefix(PERSON) for it in actors if it.startswith(PERSON)}


def rows(access: AccessOfAnswer, look: Look, charger_id: ChargerId | None) -> list[RoleRow]:
    """
    List roles.

    Args:
        access: as permissions tells of it.
        look: who looks.
        charger_id: at this charger alone; none: everywhere in the installation.
    """
    sizes = {f"group/{it.group_id}": len(it.members) for it in access.groups}
    chosen = [it for it in access.roles if charger_id in {None, it.charger_id}]
    chosen.sort(
        key=lambda it: (
            it.charger_id is not None,
            look.where(it.charger_id),
            _ORDER.index(it.role),
            it.name.casefold(),
        )
    )
    return [_row(it, look, sizes) for it in chosen]


def _row(line: RoleLine, look: Look, sizes: Mapping[str, int]) -> RoleRow:
    given = look.given.get(line.position)
    may_take = line.role in look.grantable(line.charger_id)
    return RoleRow(
        grantee=line.grantee,
        name=line.name,
        about=_about(line, sizes),
        awaited=not line.registered,
        role=line.role.value,
        role_name=role_name(line.role),
        charger_id=line.charger_id or "",
        where=look.where(line.charger_id),
        since=None if given is None else when(given.at, look.zone),
        by="" if given is None else look.by(given.actor),
        until=None if line.until is None else when(line.until, look.zone),
        over=line.until is not None and line.until <= look.now,
        mine=line.grantee == look.actor,
        may_take=may_take,
        why_not="" if may_take else why_not(line.role),
    )


def _about(line: RoleLine, sizes: Mapping[str, int]) -> str:
    if line.grantee in sizes:
        n = sizes[line.grantee]
        return counted(n, "group of %(n)s person", "group of %(n)s people")
    if line.grantee.startswith("client/"):
        return _("a program")
    return "" if line.email == line.name else line.email


@dataclass(frozen=True, slots=True)
class RequestRow:
    """Somebody asks for a role, and nobody has answered yet."""

    request_id: str
    name: str
    email: str
    role_name: str
    where: str
    words: str
    may_answer: bool
    why_not: str


def open_requests(
    access: AccessOfAnswer, look: Look, charger_id: ChargerId | None
) -> list[RequestRow]:
    """List what nobody has answered yet."""
    waiting = [
        it
        for it in access.requests
        if it.granted is None and charger_id in {None, it.charger_id}
    ]
    return [_request(it, look) for it in waiting]


def _request(line: RequestLine, look: Look) -> RequestRow:
    may = line.role in look.grantable(line.charger_id)
    return RequestRow(
        request_id=line.request_id,
        name=line.name,
        email="" if line.email == line.name else line.email,
        role_name=role_name(line.role),
        where=look.where(line.charger_id),
        words=line.words,
        may_answer=may,
        why_not="" if may else why_not(line.role),
    )


def groups(access: AccessOfAnswer, charger_id: ChargerId | None) -> list[GroupLine]:
    """List the groups that have a role, or are kept here, with whom they stand for."""
    if charger_id is None:
        return list(access.groups)
    named = {it.grantee for it in access.roles if it.charger_id == charger_id}
    return [it for it in access.groups if f"group/{it.group_id}" in named]
