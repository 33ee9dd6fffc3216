"""
What follows by itself from what happens to installations.

Each effect is a command whose id is that of the event, so that it happens once, however often the event is
heard.
"""

from collections.abc import Sequence
from typing import Any, Final

import asyncpg
import structlog

from services.permissions.desk import Desk
from services.permissions.language import EndRoles
from services.permissions.layout_book import LayoutBook
from shared.context import Context
from shared.followers import Connection, Follower
from shared.messages.installation import ChargerRemoved, InstallationCreated
from shared.messages.permissions import GrantRole, Role
from shared.recorded import Recorded

ACTOR: Final = "permissions"
OF_PEOPLE: Final = ("person/", "client/")

log = structlog.get_logger()


class Policies:
    """Follows the log of installation."""

    def __init__(self, desk: Desk, layout: LayoutBook) -> None:
        self._desk = desk
        self._layout = layout

    def follower(self, pool: "asyncpg.Pool[Any]") -> Follower:
        """Say how the log of installation is followed."""

        async def reload() -> None:
            await self._layout.open(pool)

        def committed(_: Sequence[Recorded]) -> None:
            """All that follows has been done by then."""

        return Follower("permissions", "installation", self.apply, reload, committed)

    async def apply(self, connection: Connection, recorded: Recorded) -> None:
        """Take in one event of installation, and do what follows."""
        await self._layout.apply(connection, recorded)
        wish = wish_after(recorded)
        if wish is None:
            return
        context = Context(
            ACTOR, recorded.meta.correlation_id, causation_id=str(recorded.event_id)
        )
        answer = await self._desk.execute(wish, context)
        if not answer.accepted:
            log.warning(
                "what should follow was refused",
                event_type=recorded.type,
                position=recorded.position,
                refusal=answer.refusal,
                detail=answer.detail,
            )


def wish_after(recorded: Recorded) -> GrantRole | EndRoles | None:
    """
    Name what follows from an event.

    Whoever creates an installation serves it; roles at a charger go where it goes.
    """
    if recorded.type not in {InstallationCreated.__name__, ChargerRemoved.__name__}:
        return None
    event = recorded.event
    command_id = str(recorded.event_id)
    actor = recorded.meta.actor
    if isinstance(event, InstallationCreated) and actor.startswith(OF_PEOPLE):
        return GrantRole(
            command_id=command_id,
            installation_id=event.installation_id,
            grantee=actor,
            role=Role.SERVICE,
        )
    if isinstance(event, ChargerRemoved):
        return EndRoles(
            command_id=command_id,
            installation_id=event.installation_id,
            charger_id=event.charger_id,
            to_installation_id=event.moved_to,
        )
    return None
