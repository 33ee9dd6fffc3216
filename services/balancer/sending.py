"""
How a decision leaves the house: first into the log, then to the chargers.

A limit that was announced counts from then on, whether or not its charger ever hears of it.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from typing import Final

import structlog
from nats.aio.client import Client

from services.balancer.facts import SiteFacts
from services.balancer.metrics import LIMITS
from services.balancer.own_log import stream_of
from shared import subjects, tracing
from shared.context import Context
from shared.event_store import Commit, EventStore, StreamEvents
from shared.ids import InstallationId, new_id
from shared.messages import Event
from shared.messages.balancer import CurrentLimitAllocated, Lease, LeasesRenewed
from shared.messages.telemetry import SetCurrentLimit
from shared.messaging import ServiceUnavailable, request
from shared.recorded import Meta
from shared.transact import ACCEPTED

ANSWER_S_MAX: Final = 12.0

log = structlog.get_logger()


class Sender:
    """Appends what was decided, and sends its limits."""

    def __init__(self, client: Client, store: EventStore) -> None:
        self._client = client
        self._store = store
        self._sending: set[asyncio.Task[None]] = set()

    async def append(
        self,
        installation_id: InstallationId,
        version: int | None,
        events: Sequence[Event],
        context: Context,
    ) -> int:
        """
        Append events about an installation; returns the position of the last one.

        Args:
            installation_id: which one.
            version: what its stream is at by what is known; none if that does not matter.
            events: what is announced.
            context: who acts.

        Raises:
            Conflict: somebody has decided since.
            StoreFault: another one of its kinds.
        """
        command_id = new_id()
        meta = Meta(
            actor=context.actor, command_id=command_id, correlation_id=context.correlation_id
        )
        mark = hashlib.sha256(command_id.encode()).digest()
        stream = StreamEvents(stream_of(installation_id), version, events)
        return await self._store.append(Commit(command_id, mark, ACCEPTED, meta, [stream]))

    def send(self, facts: SiteFacts, events: Sequence[Event], context: Context) -> None:
        """Send the limits that were announced."""
        # What is traced may have ended before they are sent.
        traceparent = tracing.traceparent()
        for lease in (lease for event in events for lease in _leases_in(event)):
            command = SetCurrentLimit(
                command_id=new_id(),
                installation_id=facts.installation_id,
                charger_id=lease.charger_id,
                limit_a=lease.limit_a,
                valid_until=lease.valid_until,
                sequence=lease.sequence,
                epoch=facts.epoch,
                terminals=lease.terminals,
            )
            task = asyncio.create_task(self._deliver(command, context, traceparent))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)

    async def _deliver(
        self, command: SetCurrentLimit, context: Context, traceparent: str | None
    ) -> None:
        """Send a limit; whether it is in force is told by events, and it is sent again if not."""
        subject = subjects.charger_command(SetCurrentLimit, command.charger_id)
        try:
            with tracing.following(traceparent, "send limit"):
                answer = await request(self._client, command, subject, context, ANSWER_S_MAX)
        except (ServiceUnavailable, OSError) as error:
            LIMITS.labels("undelivered").inc()
            log.warning("limit not delivered", charger_id=command.charger_id, error=str(error))
            return
        LIMITS.labels(answer.refusal or "accepted").inc()
        if not answer.accepted:
            log.warning(
                "limit refused",
                charger_id=command.charger_id,
                limit_a=command.limit_a,
                sequence=command.sequence,
                refusal=answer.refusal,
                detail=answer.detail,
            )


def _leases_in(event: Event) -> Sequence[Lease]:
    match event:
        case CurrentLimitAllocated():
            return (Lease.model_validate(event.model_dump(include=set(Lease.model_fields))),)
        case LeasesRenewed():
            return event.leases
        case _:
            return ()
