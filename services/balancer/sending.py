"""
How a decision leaves the house: first into the log, then to the chargers.

A limit that was announced counts from then on, whether or not its charger ever hears of it.
"""

import hashlib
from collections.abc import Sequence

from services.balancer.delivering import Deliveries
from services.balancer.facts import SiteFacts
from services.balancer.own_log import stream_of
from shared import tracing
from shared.context import Context
from shared.event_store import Commit, EventStore, StreamEvents
from shared.ids import InstallationId, new_id
from shared.messages import Event
from shared.messages.balancer import CurrentLimitAllocated, Lease, LeasesRenewed
from shared.messages.telemetry import SetCurrentLimit
from shared.recorded import Meta
from shared.transact import ACCEPTED


class Sender:
    """Appends what was decided, and sends its limits."""

    def __init__(self, deliveries: Deliveries, store: EventStore) -> None:
        self._deliveries = deliveries
        self._store = store

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

    async def send(self, facts: SiteFacts, events: Sequence[Event], context: Context) -> None:
        """Send the limits that were announced."""
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
            with tracing.child("send limit"):
                await self._deliveries.send(command, context)


def _leases_in(event: Event) -> Sequence[Lease | CurrentLimitAllocated]:
    match event:
        case CurrentLimitAllocated():
            return (event,)
        case LeasesRenewed():
            return event.leases
        case _:
            return ()
