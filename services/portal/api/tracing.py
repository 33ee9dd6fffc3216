"""The handlers of how currents went lately."""

from datetime import datetime, timedelta
from typing import Annotated, Final

from fastapi import Query, Request

from services.portal.api.looking import Here, Looking
from services.portal.api.problems import Bad
from services.portal.documents import Layout
from services.portal.guarding import NotHere
from services.portal.traces.keeping import KEPT
from services.portal.traces.samples import Part, breaker_part, charger_part
from services.portal.traces.trace import Trace
from shared.messages.balancer import MAIN
from shared.rights.grants import Place
from shared.rights.table import Action

SPAN: Final = timedelta(hours=1)
"""What is told if nobody says from when."""

From = Annotated[
    datetime | None, Query(alias="from", description="By default an hour before the end.")
]
To = Annotated[datetime | None, Query(description="By default now.")]


class Tracing:
    """One method for every route, by its name in `READ_ROUTES`."""

    def __init__(self, looking: Looking) -> None:
        self._at = looking

    async def charger_trace(
        self,
        request: Request,
        installation_id: Here,
        charger_id: Here,
        begins: From = None,
        to: To = None,
    ) -> Trace:
        """
        What a charger's car drew, and what it might, over some time of the last days.

        Up to two hours are told with every reading of the last quarter of an hour, up to a day by
        minutes, and more by quarters of an hour.
        """
        _, layout = self._at.seen(request, Action.LIVE, installation_id, charger_id)
        return await self._trace(layout, charger_part(charger_id), begins, to)

    async def circuit_trace(
        self,
        request: Request,
        installation_id: Here,
        circuit_id: Here,
        begins: From = None,
        to: To = None,
    ) -> Trace:
        """What a breaker carried, and what was committed behind it; the main breaker's name is `main`."""
        _, layout = self._at.seen(request, Action.LIVE, installation_id)
        if circuit_id != MAIN and layout.circuit(circuit_id) is None:
            raise NotHere(f"there is no circuit {circuit_id} at {Place(installation_id)}")
        return await self._trace(layout, breaker_part(circuit_id), begins, to)

    async def _trace(
        self, layout: Layout, part: Part, begins: datetime | None, ends: datetime | None
    ) -> Trace:
        now = self._at.sources.now()
        last = ends or now
        if last.tzinfo is None or (begins is not None and begins.tzinfo is None):
            raise Bad(
                422,
                "InvalidRequest",
                "a time needs its offset from UTC, such as 2026-11-01T00:00:00Z",
            )
        first = begins or last - SPAN
        if not now - KEPT - SPAN <= first < last <= now + SPAN:
            raise Bad(
                422,
                "InvalidRequest",
                f"from comes before to, and neither is older than {KEPT.days} days or yet to come",
            )
        key = (layout.installation_id, part)
        return await self._at.sources.traces.trace(key, first, last, layout.grid_type.lines)
