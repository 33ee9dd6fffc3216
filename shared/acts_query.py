"""
Reading another service's log, as far as it is about one installation: `queries.<service>.Acts`.

A service that owns no log, such as the portal, asks those that do. What comes back are the events as they
are stored, the newest first, a page at a time; sealed fields stay sealed. Who may see them is decided by
who asks: only the portal may publish these questions, and it shows nothing to whom the table of rights
does not give the history.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final, Self
from uuid import UUID

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import NoRespondersError
from nats.errors import TimeoutError as NatsTimeoutError
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared import subjects
from shared.event_store import DATABASE_FAULTS, EventStore
from shared.history.timeline import ROUTINE
from shared.ids import InstallationId
from shared.messages import sent
from shared.messaging import REQUEST_TIMEOUT_S, ServiceUnavailable
from shared.recorded import Recorded, moment_of

QUERY: Final = "Acts"
PAGE_MAX: Final = 500
"""How many events one answer holds at most."""
ANSWER_BYTES_MAX: Final = 512 * 1024
"""How much of events one answer holds at most: half of what NATS carries in a message."""
READ_MAX: Final = 5000
"""How many events of one log are read for one question: the newest ones."""

StreamsOf = Callable[[InstallationId], Sequence[str]]
"""Names the streams of a log that are about an installation."""

log = structlog.get_logger()


class ActsQuery(BaseModel):
    """What is about an installation, in front of a position."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    installation_id: InstallationId
    before: int | None = Field(default=None, ge=1)
    limit: int = Field(default=PAGE_MAX, ge=1, le=PAGE_MAX)


class PastEvent(BaseModel):
    """One entry of a log; its fact and its metadata are JSON, as they are stored."""

    model_config = ConfigDict(frozen=True)

    position: int
    stream: str
    version: int
    event_id: UUID
    recorded_at: datetime
    type: str
    schema_version: int
    data: str
    meta: str

    @classmethod
    def of(cls, recorded: Recorded) -> Self:
        return cls(
            position=recorded.position,
            stream=recorded.stream,
            version=recorded.version,
            event_id=recorded.event_id,
            recorded_at=recorded.recorded_at,
            type=recorded.type,
            schema_version=recorded.schema_version,
            data=bytes(recorded.data).decode(),
            meta=bytes(recorded.meta_json).decode(),
        )

    def recorded(self) -> Recorded:
        moment = moment_of(self.recorded_at)
        where = (self.position, self.stream, self.version, self.event_id, moment)
        about = (self.type, self.schema_version, self.data.encode(), self.meta.encode())
        return Recorded._make((*where, *about))


class ActsPage(BaseModel):
    """The newest events in front of a position, the latest first; or why there are none."""

    model_config = ConfigDict(frozen=True)

    events: tuple[PastEvent, ...] = ()
    before: int | None = None
    """Ask again with this for older ones; none: there are none."""
    fault: str | None = None


async def answer_acts(
    client: Client, service: str, store: EventStore, streams_of: StreamsOf
) -> None:
    """Answer questions about the log of a service, for as long as the connection is open."""

    async def on_question(message: Msg) -> None:
        try:
            query = ActsQuery.model_validate_json(message.data)
            page = await _page(store, streams_of, query)
        except ValidationError as error:
            log.warning("question refused", query=QUERY, error=str(error))
            page = ActsPage(
                fault=f"this is no question for {QUERY}: {error.error_count()} faults"
            )
        except DATABASE_FAULTS as error:
            log.warning("question not answered", query=QUERY, error=repr(error))
            page = ActsPage(fault="the log cannot be read now; try again")
        await message.respond(page.model_dump_json().encode())

    await client.subscribe(subjects.query(service, QUERY), queue=service, cb=on_question)


async def _page(store: EventStore, streams_of: StreamsOf, query: ActsQuery) -> ActsPage:
    streams = streams_of(query.installation_id)
    found = await store.newest(streams, query.before, query.limit, sorted(ROUTINE))
    events: list[PastEvent] = []
    size = 0
    for recorded in found:
        size += len(recorded.data) + len(recorded.meta_json)
        if events and size > ANSWER_BYTES_MAX:
            break
        events.append(PastEvent.of(recorded))
    more = len(events) < len(found) or len(found) == query.limit
    return ActsPage(events=tuple(events), before=events[-1].position if more else None)


# --- Asking ---


async def ask_acts(
    client: Client, services: Sequence[str], installation_id: InstallationId
) -> Mapping[str, Sequence[Recorded]]:
    """
    Read what the logs of some services hold about an installation: the `READ_MAX` newest events of each.

    Returns:
        By service, in the order of its log.

    Raises:
        ServiceUnavailable: one of them does not answer, or cannot read its log now.
    """
    found = await asyncio.gather(*(_read(client, it, installation_id) for it in services))
    return dict(zip(services, found, strict=True))


async def _read(
    client: Client, service: str, installation_id: InstallationId
) -> Sequence[Recorded]:
    events: list[Recorded] = []
    query = ActsQuery(installation_id=installation_id)
    while len(events) < READ_MAX:
        page = await _ask(client, service, query)
        events += (it.recorded() for it in page.events)
        if page.before is None:
            break
        query = query.model_copy(update={"before": page.before})
    return events[::-1]


async def _ask(client: Client, service: str, query: ActsQuery) -> ActsPage:
    subject = subjects.query(service, QUERY)
    try:
        reply = await client.request(subject, sent(query), timeout=REQUEST_TIMEOUT_S)
    except (NoRespondersError, NatsTimeoutError) as error:
        raise ServiceUnavailable(f"{service} does not answer questions now") from error
    page = ActsPage.model_validate_json(reply.data)
    if page.fault is not None:
        raise ServiceUnavailable(f"{service}: {page.fault}")
    return page
