"""What a charger says once it is accepted: put on record, published, answered."""

from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from services.telemetry import metering
from services.telemetry.decider import (
    firmware_notified,
    start_mark,
    status_notified,
    stop_mark,
    transaction_started,
    transaction_stopped,
)
from services.telemetry.drivers import Drivers
from services.telemetry.frames import Code, Payload
from services.telemetry.histories import History
from services.telemetry.leftovers import end_left_behind
from services.telemetry.parts import Parts
from services.telemetry.payloads import (
    CONNECTOR,
    CallRefused,
    moment_of,
    only_connector,
    whole_of,
    written,
)
from shared.clock import utc_now
from shared.event_store import CommandKnown
from shared.ids import new_id
from shared.messages.telemetry import SessionStarted

Handler = Callable[[Payload], Awaitable[Payload]]

CARD_ACCEPTED: Final[Payload] = {"idTagInfo": {"status": "Accepted"}}

log = structlog.get_logger()


def routes(parts: Parts, history: History, drivers: Drivers) -> dict[str, Handler]:
    """Name the handler of every action that a charger may ask for once it is accepted."""
    sessions = _sessions(parts, history, drivers)
    return {**sessions, **_notices(history), "MeterValues": _meter_values(parts, history)}


def _meter_values(parts: Parts, history: History) -> Handler:
    told = False

    async def meter_values(payload: Payload) -> Payload:
        nonlocal told
        received_at = utc_now()
        found = metering.readings(history.assigned, history.state.session, payload, received_at)
        for reading in found:
            parts.publisher.offer(reading)
        if found:
            await parts.publisher.stored()  # what is answered is kept
        if not found and not told:
            told = True
            log.warning(
                "meter values without current or power give no reading",
                connector=payload["connectorId"],
            )
        return {}

    return meter_values


def _sessions(parts: Parts, history: History, drivers: Drivers) -> dict[str, Handler]:
    async def authorize(payload: Payload) -> Payload:
        decision = await drivers.authorize(payload["idTag"])
        return {"idTagInfo": decision.answer}

    async def start_transaction(payload: Payload) -> Payload:
        mark = start_mark(history.assigned, payload)
        only_connector(payload)
        whole_of(payload, "meterStart")
        decision = await drivers.begin(payload["idTag"], mark, moment_of(payload))
        fresh_id = await parts.store.pool.fetchval("select nextval('transaction_id')")
        events = transaction_started(
            history.state, history.assigned, payload, new_id(), fresh_id, decision.shown
        )
        try:
            await history.record(events, mark)
        except CommandKnown as known:
            fresh_id = await _first_transaction_id(known.first.answer.position)
        return {"idTagInfo": decision.answer, "transactionId": fresh_id}

    async def _first_transaction_id(position: int) -> int:
        started = (await parts.store.read(after=position - 1, limit=1))[0].event
        if not isinstance(started, SessionStarted):
            raise CallRefused(Code.INTERNAL, "the start of this transaction is not on record")
        return started.transaction_id

    async def stop_transaction(payload: Payload) -> Payload:
        events = transaction_stopped(history.state, history.assigned, payload)
        mark = stop_mark(history.assigned, payload)
        answer = CARD_ACCEPTED
        if events and "idTag" in payload:
            answer = {"idTagInfo": (await drivers.end(payload["idTag"], mark)).answer}
        if not events and not await end_left_behind(parts, history.assigned, payload):
            log.info(
                "stop without a session, or repeated", transaction_id=payload["transactionId"]
            )
        try:
            await history.record(events, mark)
        except CommandKnown:
            log.info("stop repeated", transaction_id=payload["transactionId"])
        return answer

    return {
        "Authorize": authorize,
        "StartTransaction": start_transaction,
        "StopTransaction": stop_transaction,
    }


def _notices(history: History) -> dict[str, Handler]:
    async def heartbeat(_: Payload) -> Payload:
        return {"currentTime": written(utc_now())}

    async def status_notification(payload: Payload) -> Payload:
        if payload["connectorId"] > CONNECTOR:
            log.warning("status of a connector unknown here", connector=payload["connectorId"])
        events = status_notified(history.state, history.assigned, payload, utc_now())
        await history.record(events)
        return {}

    async def data_transfer(_: Payload) -> Payload:
        return {"status": "UnknownVendorId"}

    async def firmware_status(payload: Payload) -> Payload:
        await history.record(firmware_notified(history.state, history.assigned, payload))
        return {}

    async def diagnostics_status(payload: Payload) -> Payload:
        log.info("diagnostics", status=payload["status"])
        return {}

    return {
        "Heartbeat": heartbeat,
        "StatusNotification": status_notification,
        "DataTransfer": data_transfer,
        "FirmwareStatusNotification": firmware_status,
        "DiagnosticsStatusNotification": diagnostics_status,
    }
