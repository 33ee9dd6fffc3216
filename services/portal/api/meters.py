"""The handler of meters at breakers: how they are set up, how they are heard, and where they send to."""

from fastapi import Request
from pydantic import BaseModel

from services.portal.api.looking import Here, Looking
from services.portal.api.paging import PAGE, Cursor, Limit, Page, page_of
from services.portal.documents import Layout, Meter
from shared.ids import CircuitId, MeterId
from shared.messages.installation_terms import Measures, MeterKind
from shared.meter_query import LastRefused, LastTaken, MeterStanding, MeterStandings
from shared.meter_topics import topic_of
from shared.phases import Phase
from shared.rights.table import Action


class MeterTold(BaseModel):
    """A meter at a breaker."""

    meter_id: MeterId
    circuit_id: CircuitId | None
    kind: MeterKind
    measures: Measures
    phases: tuple[Phase, ...]
    highest_a: float
    error_a: float
    interval_s: float
    taken: int
    """How many of its readings were taken."""
    refused: int
    last_taken: LastTaken | None
    """The latest reading that was taken, and the shape it came in."""
    last_refused: LastRefused | None
    url: str | None
    """Where it sends to by HTTP; none: nowhere."""
    mqtt: str | None
    """The MQTT server it sends to; none: nowhere."""
    topic: str
    """What it publishes on there."""


class Meters:
    """Tells of meters."""

    def __init__(self, at: Looking) -> None:
        self._at = at

    async def meters(
        self,
        request: Request,
        installation_id: Here,
        cursor: Cursor = None,
        limit: Limit = PAGE,
    ) -> Page[MeterTold]:
        """The meters at an installation's breakers, and how they are heard of."""
        _, layout = self._at.seen(request, Action.LIVE, installation_id)
        heard = await self._at.sources.meters(installation_id)
        told = [_told(layout, it, heard) for it in layout.meters]
        return page_of(told, lambda it: (it.meter_id,), cursor, limit)


def _told(layout: Layout, meter: Meter, heard: MeterStandings) -> MeterTold:
    found = heard.of(meter.meter_id) or MeterStanding(meter_id=meter.meter_id)
    return MeterTold(
        **meter.model_dump(),
        **found.model_dump(exclude={"meter_id"}),
        url=heard.ways.url_of(layout.installation_id, meter.meter_id),
        mqtt=heard.ways.mqtt,
        topic=topic_of(layout.installation_id, meter.meter_id),
    )
