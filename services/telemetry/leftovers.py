"""
What a charger still has to tell of a place that it was taken away from: the end of a session there.

A charger that is removed while it is away keeps the end of its session to itself until somebody takes
it. Wherever that is, it belongs to the place where the session was.
"""

import structlog

from services.telemetry.charger import AssignedCharger, as_left
from services.telemetry.decider import stop_mark, transaction_stopped
from services.telemetry.parts import Parts
from services.telemetry.said import Ended
from shared.context import present_context
from shared.event_store import CommandKnown, Commit, StreamEvents
from shared.ids import new_id
from shared.recorded import Meta
from shared.transact import ACCEPTED

log = structlog.get_logger()


async def end_left_behind(parts: Parts, here: AssignedCharger, ended: Ended) -> bool:
    """
    End a session of the place that a charger was at before; tell whether there was one.

    Raises:
        LOG_FAULTS: it could not be read, or put on record.
    """
    left = parts.whereabouts.left(here.serial)
    if left is None or ended.transaction is None:
        return False
    history = [it.event for it in await parts.store.load(left.stream)]
    state = as_left(history, left)  # type: ignore[arg-type]  # the stream holds no others
    events = transaction_stopped(state, left, ended)
    if not events:
        return False
    await parts.signed.at_end(left, state.session, ended)
    mark, context = stop_mark(left, ended), present_context()
    meta = Meta(actor=context.actor, command_id=mark, correlation_id=context.correlation_id)
    part = StreamEvents(left.stream, None, events)
    try:
        await parts.store.append(Commit(mark, new_id().encode(), ACCEPTED, meta, [part]))
    except CommandKnown:
        log.info("stop repeated", transaction=ended.transaction)
    return True
