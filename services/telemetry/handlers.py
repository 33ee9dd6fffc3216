"""What a charger says once it is accepted: put on record, published, answered."""

from collections.abc import Callable, Coroutine
from typing import Any, Final

import structlog

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
from services.telemetry.said import (
    Alive,
    Began,
    Begun,
    CardShown,
    DataSent,
    DiagnosticsSaid,
    Ended,
    FirmwareSaid,
    Handled,
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


def routes(parts: Parts, history: History, drivers: Drivers) -> dict[type[Said], Handler]:
    """Name who takes what a charger may say once it is accepted; readings are taken by `Reported`."""
    sessions = _sessions(parts, history, drivers)
    return {**sessions, **_notices(history)}


def _sessions(parts: Parts, history: History, drivers: Drivers) -> dict[type[Said], Handler]:
    async def card_shown(said: CardShown) -> Reply:
        return (await drivers.authorize(said.number)).standing

    async def began(said: Began) -> Reply:
        only_connector(said.connector)
        mark = start_mark(history.assigned, said)
        decision = await drivers.begin(said.card, mark, said.at)
        fresh_id = await parts.store.pool.fetchval("select nextval('transaction_id')")
        events = transaction_started(
            history.state, history.assigned, said, new_id(), fresh_id, decision.shown
        )
        try:
            await history.record(events, mark)
        except CommandKnown as known:
            fresh_id = await _first_transaction_id(known.first.answer.position)
        return Begun(decision.standing, fresh_id)

    async def _first_transaction_id(position: int) -> int:
        started = (await parts.store.read(after=position - 1, limit=1))[0].event
        if not isinstance(started, SessionStarted):
            raise CallRefused(Code.INTERNAL, "the start of this transaction is not on record")
        return started.transaction_id

    async def ended(said: Ended) -> Reply:
        events = transaction_stopped(history.state, history.assigned, said)
        mark = stop_mark(history.assigned, said)
        answer = CARD_ACCEPTED
        if events and said.card is not None:
            answer = (await drivers.end(said.card, mark)).standing
        if not events and not await end_left_behind(parts, history.assigned, said):
            log.info("stop without a session, or repeated", transaction=said.transaction)
        try:
            await history.record(events, mark)
        except CommandKnown:
            log.info("stop repeated", transaction=said.transaction)
        return answer

    return {CardShown: card_shown, Began: began, Ended: ended}


def _notices(history: History) -> dict[type[Said], Handler]:
    async def alive(_: Alive) -> Reply:
        return Time(utc_now())

    async def status_said(said: StatusSaid) -> Reply:
        if said.connector > CONNECTOR:
            log.warning("status of a connector unknown here", connector=said.connector)
        events = status_notified(history.state, history.assigned, said, utc_now())
        await history.record(events)
        return None

    async def data_sent(_: DataSent) -> Reply:
        return Handled("UnknownVendorId")

    async def firmware_said(said: FirmwareSaid) -> Reply:
        await history.record(firmware_notified(history.state, history.assigned, said))
        return None

    async def diagnostics_said(said: DiagnosticsSaid) -> Reply:
        log.info("diagnostics", status=said.status)
        return None

    return {
        Alive: alive,
        StatusSaid: status_said,
        DataSent: data_sent,
        FirmwareSaid: firmware_said,
        DiagnosticsSaid: diagnostics_said,
    }
