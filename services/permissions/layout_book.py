"""Which installations and chargers there are, as far as permissions has heard."""

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Any

import asyncpg
from pydantic import BaseModel, ConfigDict

from shared.documents import Documents, InOrder
from shared.followers import Connection
from shared.ids import ChargerId, InstallationId
from shared.messages.installation import ChargerAssigned, ChargerRemoved, InstallationCreated
from shared.recorded import Recorded

HEARD = frozenset(it.__name__ for it in (InstallationCreated, ChargerAssigned, ChargerRemoved))


class Site(BaseModel):
    """The chargers of one installation."""

    model_config = ConfigDict(frozen=True)

    chargers: InOrder[ChargerId] = frozenset()


class LayoutBook:
    """Installations, each with its chargers: documents folded from the log of installation."""

    def __init__(self) -> None:
        self._sites = Documents("site", Site)
        self._changed = asyncio.Event()

    async def open(self, pool: "asyncpg.Pool[Any]") -> None:
        """Read what is there."""
        await self._sites.open(pool)

    @property
    def sites(self) -> Mapping[InstallationId, frozenset[ChargerId]]:
        return {name: it.chargers for name, it in self._sites.held.items()}

    def has(self, installation_id: InstallationId, charger_id: ChargerId | None) -> bool:
        """Tell whether there is such a place."""
        site = self._sites.get(installation_id)
        return site is not None and (charger_id is None or charger_id in site.chargers)

    async def heard_of(
        self, installation_id: InstallationId, charger_id: ChargerId | None, within_s: float
    ) -> None:
        """Wait a moment for a place that may have been set up just now; then go on without."""
        with contextlib.suppress(TimeoutError):  # the decision says what is missing
            async with asyncio.timeout(within_s):
                while not self.has(installation_id, charger_id):
                    self._changed.clear()
                    await self._changed.wait()

    async def apply(self, connection: Connection, recorded: Recorded) -> None:
        """Take in one event of installation."""
        if recorded.type not in HEARD:
            return
        self._changed.set()
        event = recorded.event
        match event:
            case InstallationCreated():
                await self._sites.put(connection, event.installation_id, Site())
            case ChargerAssigned() | ChargerRemoved():
                site = self._sites.get(event.installation_id) or Site()
                here = frozenset({event.charger_id})
                removed = isinstance(event, ChargerRemoved)
                chargers = site.chargers - here if removed else site.chargers | here
                await self._sites.put(
                    connection, event.installation_id, Site(chargers=chargers)
                )
