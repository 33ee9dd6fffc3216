"""
What has been granted, folded from the events of permissions, and whether somebody may do something.

Somebody is named as the actor of an event is: `person/<id>` or `client/<id>`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydantic import BaseModel, ConfigDict

from shared.documents import InOrder
from shared.ids import ChargerId, Grantee, GroupId, InstallationId, PersonId
from shared.messages import Moment
from shared.messages.permissions import PlatformRole, Role, RoleGranted, RoleRevoked
from shared.rights.table import ANYWHERE, FOR_INSTALLERS, GRANTABLE, TABLE, Action, Standing


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is done: at an installation, at one charger of it, or at neither."""

    installation_id: InstallationId | None = None
    charger_id: ChargerId | None = None

    def __str__(self) -> str:
        if self.installation_id is None:
            return "the platform"
        if self.charger_id is None:
            return f"installation {self.installation_id}"
        return f"charger {self.charger_id} of installation {self.installation_id}"


class Grant(BaseModel):
    """One role of somebody at an installation, or at one charger of it."""

    model_config = ConfigDict(frozen=True)

    grantee: Grantee
    role: Role
    charger_id: ChargerId | None = None
    until: Moment | None = None
    position: int = 0
    """In the log of permissions: since when."""

    def covers(self, charger_id: ChargerId | None) -> bool:
        """Tell whether it counts at a charger; none: for the installation as a whole."""
        return self.charger_id is None or self.charger_id == charger_id

    def holds(self, now: datetime) -> bool:
        return self.until is None or now < self.until

    @property
    def standing(self) -> Standing:
        match self.role:
            case Role.USER:
                return Standing.USER
            case Role.SERVICE:
                return Standing.SERVICE
            case Role.OWNER if self.charger_id is None:
                return Standing.INSTALLATION_OWNER
            case Role.OWNER:
                return Standing.CHARGER_OWNER


class PlaceGrants(BaseModel):
    """Everything granted at one installation."""

    model_config = ConfigDict(frozen=True)

    grants: tuple[Grant, ...] = ()

    def after(self, event: RoleGranted | RoleRevoked, position: int) -> "PlaceGrants":
        """Fold one event."""
        others = tuple(
            it
            for it in self.grants
            if (it.grantee, it.role, it.charger_id)
            != (event.grantee, event.role, event.charger_id)
        )
        if isinstance(event, RoleRevoked):
            return PlaceGrants(grants=others)
        grant = Grant(
            grantee=event.grantee,
            role=event.role,
            charger_id=event.charger_id,
            until=event.until,
            position=position,
        )
        return PlaceGrants(grants=(*others, grant))


class PlatformGrants(BaseModel):
    """What somebody is everywhere, by grantee."""

    model_config = ConfigDict(frozen=True)

    roles: dict[Grantee, InOrder[PlatformRole]] = {}


class Memberships(BaseModel):
    """The groups that one person is a member of."""

    model_config = ConfigDict(frozen=True)

    groups: InOrder[GroupId] = frozenset()


NOTHING: Final = PlaceGrants()
NO_GROUPS: Final = Memberships()


@dataclass(frozen=True, slots=True)
class Ruling:
    """
    Whether somebody may, and why.

    Args:
        because: if so, by which role, such as `service at installation harbour, since position 12`; if not,
            what it takes.
    """

    allowed: bool
    because: str


@dataclass(frozen=True, slots=True)
class Grants:
    """Everything granted anywhere: at installations, everywhere, and by membership."""

    places: Mapping[InstallationId, PlaceGrants]
    platform: PlatformGrants
    memberships: Mapping[PersonId, Memberships]

    def may(self, actor: str, action: Action, place: Place, now: datetime) -> Ruling:
        """Tell whether somebody may do something somewhere."""
        if action in FOR_INSTALLERS and not self._is(actor, PlatformRole.INSTALLER):
            return Ruling(
                False, "this is for authorised installers; the platform's operator names them"
            )
        if action is Action.CREATE_INSTALLATION:
            return Ruling(True, "authorised installer")
        if Standing.SUPPORT in TABLE[action] and self._is(actor, PlatformRole.SUPPORT):
            return Ruling(True, "support")
        anywhere = action in ANYWHERE
        for installation_id, grant in self.of(actor, now, place.installation_id):
            reaches = anywhere or grant.covers(place.charger_id)
            if reaches and grant.standing in TABLE[action]:
                return Ruling(True, told(grant, installation_id))
        needed = " or ".join(it.value for it in Standing if it in TABLE[action])
        return Ruling(False, f"{action.value} at {place} takes the role {needed} there")

    def grantable(self, actor: str, place: Place, now: datetime) -> frozenset[Role]:
        """Name the roles that somebody may give and take at a place."""
        found = (
            GRANTABLE.get(grant.standing, frozenset())
            for _, grant in self.of(actor, now, place.installation_id)
            if grant.covers(place.charger_id)
        )
        return frozenset[Role]().union(*found)

    def of(
        self, actor: str, now: datetime, installation_id: InstallationId | None = None
    ) -> Iterator[tuple[InstallationId, Grant]]:
        """
        Go through what somebody has been granted and still has, directly or as a member of a group.

        Args:
            actor: who.
            now: the present moment.
            installation_id: only at this one; by default at all.
        """
        names = self.names(actor)
        for name in self.places if installation_id is None else (installation_id,):
            for grant in self.places.get(name, NOTHING).grants:
                if grant.grantee in names and grant.holds(now):
                    yield name, grant

    def names(self, actor: str) -> frozenset[str]:
        """Name an actor in all ways in which roles may have been given to it."""
        kind, _, name = actor.partition("/")
        if kind != "person":
            return frozenset({actor})
        groups = self.memberships.get(name, NO_GROUPS).groups
        return frozenset({actor, *(f"group/{it}" for it in groups)})

    def is_installer(self, actor: str) -> bool:
        """Tell whether somebody is an authorised installer, or a member of a group that is."""
        return self._is(actor, PlatformRole.INSTALLER)

    def is_support(self, actor: str) -> bool:
        return self._is(actor, PlatformRole.SUPPORT)

    def _is(self, actor: str, role: PlatformRole) -> bool:
        return any(role in self.platform.roles.get(it, ()) for it in self.names(actor))


def told(grant: Grant, installation_id: InstallationId) -> str:
    """Say which grant it is."""
    through = f" through {grant.grantee}" if grant.grantee.startswith("group/") else ""
    where = Place(installation_id, grant.charger_id)
    return f"{grant.role.value.lower()} at {where}{through}, since position {grant.position}"
