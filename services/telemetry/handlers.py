"""What a charger says once it is accepted: put on record, published, answered."""

from collections.abc import Callable, Coroutine
from typing import Any, Final

import structlog

from services.telemetry.authorising import Decision
from services.telemetry.charger import AssignedCharger
from services.telemetry.clock_keeping import ClockKeeping
from services.telemetry.decider import (
    firmware_notified,
    start_mark,
    status_notified,
    stop_mark,
    transaction_started,
    transaction_stopped,
)
from services.telemetry.drivers import Drivers
from services.telemetry.frames import Code
from services.telemetry.histories import History
from services.telemetry.leftovers import end_left_behind
from services.telemetry.parts import Parts
from services.telemetry.payloads import CONNECTOR, CallRefused, only_connector
from services.telemetry.reserving import used
from services.telemetry.said import (
    Alive,
    Began,
    Begun,
    CardShown,
    Ended,
    FirmwareSaid,
    Reply,
    Said,
    Standing,
    StatusSaid,
    Time,
)
from shared.clock import utc_now
from shared.event_store import CommandKnown
from shared.ids import new_id
from shared.messages.telemetry import SessionStarted

Handler = Callable[[Any], Coroutine[Any, Any, Reply]]
"""Takes what it is entered for in `routes`."""

CARD_ACCEPTED: Final = Standing("Accepted")

log = structlog.get_logger()


def routes(
    parts: Parts, history: History, drivers: Drivers, clock: ClockKeeping
) -> dict[type[Said], Handler]:
    """Name who takes what a charger may say once it is accepted; readings are taken by `Reported`."""
    sessions = _sessions(parts, history, drivers, clock)
    return {**sessions, **_notices(history)}


def _sessions(
    parts: Parts, history: History, drivers: Drivers, clock: ClockKeeping
) -> dict[type[Said], Handler]:
    async def card_shown(said: CardShown) -> Reply:
        return (await drivers.authorize(said.number)).standing

    async def began(said: Began) -> Reply:
        only_connector(said.connector)
        mark = start_mark(history.assigned, said)  # of what it said: it will say the same again
        said = clock.began(said)
        decision = await _judged(drivers, said, mark)
        fresh_id = await parts.store.pool.fetchval("select nextval('transaction_id')")
        state, assigned, session_id = history.state, history.assigned, new_id()
        shown = None if decision is None else decision.shown
        started = transaction_started(state, assigned, said, session_id, fresh_id, shown)
        events = (*used(state, assigned, said, shown, session_id), *started)
        try:
            await history.record(events, mark)
        except CommandKnown as known:
            fresh_id = await _first_transaction_id(parts, known.first.answer.position)
        await parts.signed.at_begin(history.assigned, history.state.session, said, fresh_id)
        return _answer_of(decision, fresh_id, history.assigned)

    async def ended(said: Ended) -> Reply:
        mark, as_said = stop_mark(history.assigned, said), said
        said = clock.ended(said)
        events = transaction_stopped(history.state, history.assigned, said)
        answer = CARD_ACCEPTED
        if events and said.card is not None:
            answer = (await drivers.end(said.card, mark)).standing
        if events:
            await parts.signed.at_end(history.assigned, history.state.session, said)
        elif not await end_left_behind(parts, history.assigned, as_said):
            log.info("stop without a session, or repeated", transaction=said.transaction)
        try:
            await history.record(events, mark)
        except CommandKnown:
            log.info("stop repeated", transaction=said.transaction)
        return answer

    return {CardShown: card_shown, Began: began, Ended: ended}


async def _first_transaction_id(parts: Parts, position: int) -> int:
    """Read the number that a session was given when its start was told first."""
    started = (await parts.store.read(after=position - 1, limit=1))[0].event
    if not isinstance(started, SessionStarted):
        raise CallRefused(Code.INTERNAL, "the start of this transaction is not on record")
    return started.transaction_id


async def _judged(drivers: Drivers, said: Began, mark: str) -> Decision | None:
    """Judge who has begun a session; none if the charger has asked nobody who they are."""
    return None if said.card is None else await drivers.begin(said.card, mark, said.at)


def _answer_of(decision: Decision | None, number: int, assigned: AssignedCharger) -> Reply:
    if decision is not None:
        return Begun(decision.standing, number)
    # Where drivers have to show who they are, whoever has not may not charge.
    return Standing("Invalid") if assigned.authentication_required else None


def _notices(history: History) -> dict[type[Said], Handler]:
    async def alive(_: Alive) -> Reply:
        return Time(utc_now())

    async def status_said(said: StatusSaid) -> Reply:
        if said.connector > CONNECTOR:
            log.warning("status of a connector unknown here", connector=said.connector)
        events = status_notified(history.state, history.assigned, said, utc_now())
        await history.record(events)
        return None

    async def firmware_said(said: FirmwareSaid) -> Reply:
        await history.record(firmware_notified(history.state, history.assigned, said))
        return None

    return {
        Alive: alive,
        StatusSaid: status_said,
        FirmwareSaid: firmware_said,
    }
