"""
What happens at an installation, as it happens: server-sent events (HTML Living Standard, 9.2).

Whoever comes back with `Last-Event-ID` misses nothing and hears nothing twice: the id says how far they
were in each log. What they may hear is looked up for every event.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any, Final, Literal

import orjson
from fastapi import Header, Query, Request
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.responses import Response

from services.portal.api.looking import Here, Looking
from services.portal.api.marks import CHARS_MAX, going_on, read, written
from services.portal.api.problems import Bad
from services.portal.tail import Mark
from shared.messages.signing_in import Asker
from shared.recorded import Recorded
from shared.rights.grants import Place
from shared.rights.table import Action

BEAT_S: Final = 5.0
"""How often a stream says that it is alive, and asks whether its hearer still may hear it."""
STREAMED: Final[dict[str, Any]] = {"text/event-stream": {"schema": {"type": "string"}}}
"""What it answers, as OpenAPI has it."""
STREAMS_MAX: Final = 200
RECONNECT_MS: Final = 1000

_LIVE: Final = Action.LIVE
NEEDS: Final[dict[str, Action]] = {
    "ChargerConnected": _LIVE,
    "ChargerDisconnected": _LIVE,
    "ChargerStatusChanged": _LIVE,
    "FaultReported": _LIVE,
    "FailSafeApplied": _LIVE,
    "CurrentLimitApplied": _LIVE,
    "CurrentLimitRejected": _LIVE,
    "SessionStarted": Action.ALL_SESSIONS,
    "SessionEnded": Action.ALL_SESSIONS,
    "RoleGranted": Action.PERMISSIONS,
    "RoleRevoked": Action.PERMISSIONS,
    "AccessRequested": Action.PERMISSIONS,
    "RequestAnswered": Action.PERMISSIONS,
}
"""What it takes to hear of an event of telemetry or permissions; what is not here is told to nobody."""
OPEN: Final = frozenset({"installation", "balancer"})
"""Logs with nothing of anybody in them: who may see an installation live may hear all of it."""


class Happenings:
    """One method for every route, by its name in `READ_ROUTES`."""

    def __init__(self, looking: Looking) -> None:
        self._at = looking
        self._streams = 0

    async def events(
        self,
        request: Request,
        installation_id: Here,
        last_event_id: Annotated[
            str | None,
            Header(
                alias="Last-Event-ID",
                max_length=CHARS_MAX,
                description="The id of the last event that was heard.",
            ),
        ] = None,
        begin: Annotated[
            Literal["now", "first"],
            Query(
                description="Without Last-Event-ID: from now on, or from the first event on."
            ),
        ] = "now",
        kinds: Annotated[
            list[str] | None,
            Query(alias="type", max_length=50, description="Only events of these types."),
        ] = None,
    ) -> Response:
        """What happens at an installation, as it happens; what one may not hear is left out."""
        asker, _ = self._at.seen(request, Action.LIVE, installation_id)
        if self._streams >= STREAMS_MAX:
            raise Bad(
                503, "TooManyStreams", f"{STREAMS_MAX} streams are open; come again later"
            )
        ends = await self._at.sources.tail.ends()
        if last_event_id is not None:
            marks = going_on(ends, read(last_event_id))
        else:
            marks = (
                ends if begin == "now" else {it: Mark(end.epoch, 0) for it, end in ends.items()}
            )
        told = self._told(request, asker, installation_id, marks, frozenset(kinds or ()))
        return EventSourceResponse(told, ping=0)

    async def _told(
        self,
        request: Request,
        asker: Asker,
        installation_id: str,
        marks: dict[str, Mark],
        kinds: frozenset[str],
    ) -> AsyncIterator[ServerSentEvent]:
        """Tell, for as long as whoever hears it may."""
        sources, loop = self._at.sources, asyncio.get_running_loop()
        self._streams += 1
        try:
            yield ServerSentEvent(comment="listening", id=written(marks), retry=RECONNECT_MS)
            asked_s = loop.time()
            looked: dict[str, int] = {}
            while sources.guard.may(asker, Action.LIVE, Place(installation_id)):
                turns = dict(sources.heard.turns)
                # Only logs in which something has happened anywhere are asked: most wait most of the time.
                for service in [it for it in marks if turns.get(it, 0) != looked.get(it)]:
                    async for recorded in self._unheard(service, marks, installation_id):
                        if self._may_hear(asker, service, recorded, installation_id) and (
                            not kinds or recorded.type in kinds
                        ):
                            yield _as_sent(service, recorded, marks)
                looked = {it: turns.get(it, 0) for it in marks}
                if loop.time() - asked_s >= BEAT_S:
                    asked_s, looked = loop.time(), {}
                    if not await sources.still_asks(request):
                        return
                    yield ServerSentEvent(comment="beat", id=written(marks))
                await sources.heard.beyond(turns, BEAT_S)
        finally:
            self._streams -= 1

    async def _unheard(
        self, service: str, marks: dict[str, Mark], installation_id: str
    ) -> AsyncIterator[Recorded]:
        while True:
            found = await self._at.sources.tail.next(service, marks[service], installation_id)
            if found is None:
                return
            marks[service] = Mark(marks[service].epoch, found.position)
            yield found

    def _may_hear(
        self, asker: Asker, service: str, recorded: Recorded, installation_id: str
    ) -> bool:
        needed = Action.LIVE if service in OPEN else NEEDS.get(recorded.type)
        return needed is not None and self._at.sources.guard.may(
            asker, needed, Place(installation_id)
        )


def _as_sent(service: str, recorded: Recorded, marks: dict[str, Mark]) -> ServerSentEvent:
    told = {
        "event_id": str(recorded.event_id),
        "service": service,
        "type": recorded.type,
        "schema_version": recorded.schema_version,
        "position": recorded.position,
        "version": recorded.version,
        "recorded_at": recorded.recorded_at,
        "data": orjson.Fragment(recorded.data),
    }
    return ServerSentEvent(
        event=recorded.type, data=orjson.dumps(told).decode(), id=written(marks)
    )
