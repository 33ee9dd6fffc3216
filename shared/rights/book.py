"""The projection of grants that a service keeps: documents folded from the events of permissions."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import asyncpg

from shared.clock import utc_now
from shared.documents import Documents, numbered
from shared.followers import Connection, Follower
from shared.messages import Command
from shared.messages.permissions import (
    PLATFORM,
    GroupDissolved,
    MemberAdded,
    MemberRemoved,
    PlatformRoleGranted,
    PlatformRoleRevoked,
    RoleGranted,
    RoleRevoked,
)
from shared.recorded import Recorded
from shared.rights.grants import Grants, Memberships, PlaceGrants, PlatformGrants
from shared.rights.guard import check

PERMISSIONS: Final = "permissions"
_AT_PLACES: Final = (RoleGranted, RoleRevoked)
_OF_PLATFORM: Final = (PlatformRoleGranted, PlatformRoleRevoked)
_OF_GROUPS: Final = (MemberAdded, MemberRemoved, GroupDissolved)
HEARD: Final = frozenset(it.__name__ for it in (*_AT_PLACES, *_OF_PLATFORM, *_OF_GROUPS))


class GrantBook:
    """What has been granted to whom, as far as this service has heard."""

    def __init__(self, number: int = 1) -> None:
        """Make it; `number` is that of a process among several that fold each for itself."""
        self._places = Documents(numbered("grants", number), PlaceGrants)
        self._platform = Documents(numbered("platform-grants", number), PlatformGrants)
        self._memberships = Documents(numbered("memberships", number), Memberships)
        self.position = 0
        """In the log of permissions: up to where it has heard, since it was opened."""

    async def open(self, pool: "asyncpg.Pool[Any]") -> None:
        """Read what is there."""
        await self._places.open(pool)
        await self._platform.open(pool)
        await self._memberships.open(pool)

    @property
    def grants(self) -> Grants:
        """What holds at this moment."""
        platform = self._platform.get(PLATFORM) or PlatformGrants()
        return Grants(self._places.held, platform, self._memberships.held)

    def check(self, command: Command, actor: str) -> str:
        """
        Check that somebody may ask for a command now; say by what right.

        Raises:
            Forbidden: they may not.
        """
        return check(command, actor, self.grants, utc_now())

    async def apply(self, connection: Connection, recorded: Recorded) -> None:
        """Take in one event of permissions."""
        if recorded.type not in HEARD:
            return
        event = recorded.event
        if isinstance(event, _AT_PLACES):
            before = self._places.get(event.installation_id) or PlaceGrants()
            after = before.after(event, recorded.position)
            await self._places.put(connection, event.installation_id, after)
        elif isinstance(event, _OF_PLATFORM):
            await self._on_platform(connection, event)
        elif isinstance(event, GroupDissolved):
            for person_id, of in self._memberships.all().items():
                groups = of.groups - {event.group_id}
                if groups != of.groups:
                    await self._memberships.put(
                        connection, person_id, Memberships(groups=groups)
                    )
        elif isinstance(event, MemberAdded | MemberRemoved):
            of = self._memberships.get(event.person_id) or Memberships()
            group = frozenset({event.group_id})
            added = isinstance(event, MemberAdded)
            groups = of.groups | group if added else of.groups - group
            await self._memberships.put(connection, event.person_id, Memberships(groups=groups))

    async def _on_platform(
        self, connection: Connection, event: PlatformRoleGranted | PlatformRoleRevoked
    ) -> None:
        before = self._platform.get(PLATFORM) or PlatformGrants()
        had = before.roles.get(event.grantee, frozenset())
        granted = isinstance(event, PlatformRoleGranted)
        has = had | {event.role} if granted else had - {event.role}
        roles = {**before.roles, event.grantee: has}
        await self._platform.put(connection, PLATFORM, PlatformGrants(roles=roles))

    def follower(
        self,
        consumer: str,
        pool: "asyncpg.Pool[Any]",
        changed: Callable[[], None] = lambda: None,
    ) -> Follower:
        """Say how the log of permissions is followed by a service that needs nothing else of it."""

        async def reload() -> None:
            await self.open(pool)

        def committed(applied: Sequence[Recorded]) -> None:
            self.position = applied[-1].position
            if any(it.type in HEARD for it in applied):
                changed()

        return Follower(consumer, PERMISSIONS, self.apply, reload, committed)
