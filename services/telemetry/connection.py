"""
One charger's socket.

A reader takes what arrives and gives answers to whoever waits for them; a worker handles the
charger's requests in order; the limit desk sends limits. None of them waits for another
charger.
"""

import asyncio
import traceback
from collections.abc import Awaitable
from typing import Final

import structlog
from nats.errors import Error as NatsError
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from services.telemetry import frames
from services.telemetry.admission import Admission, FollowUp
from services.telemetry.calls import Calls
from services.telemetry.commands import LimitDesk
from services.telemetry.decider import disconnected
from services.telemetry.frames import Call, CallError, CallResult, Code, Payload, Unreadable
from services.telemetry.handlers import routes
from services.telemetry.histories import LOG_FAULTS, History
from services.telemetry.parts import Parts
from services.telemetry.payloads import CallRefused
from services.telemetry.validation import actions, violation_of_request
from shared import subjects
from shared.context import acting
from shared.messages.telemetry import SetCurrentLimit

CALLS_WAITING_MAX: Final = 64
"""How many requests of a charger may wait; then its socket is read no further."""
GOING_AWAY: Final = 1001
FINISH_S_MAX: Final = 1.0
"""How long a limit that was on its way may take to be put on record after the end."""
FAULTS_TOLD: Final = 10
"""So many unreadable messages of a charger are logged one by one, later ones by the hundred."""
BOOT: Final = "BootNotification"

log = structlog.get_logger()


class Heard:
    """Something came that is no request: the charger is there."""


class Connection:
    """One charger's socket, from the handshake to its end."""

    def __init__(self, parts: Parts, history: History, socket: ServerConnection) -> None:
        self._parts = parts
        self._history = history
        self._socket = socket
        self._serial = history.assigned.serial
        self._calls = Calls(self._send, parts.settings.call_timeout_s)
        remote = socket.remote_address
        self._admission = Admission(
            parts, history, self._calls, str(remote[0]) if remote else "unknown"
        )
        self._desk = LimitDesk(parts, history, self._calls, lambda: self._admission.accepted)
        self._handlers = routes(parts, history)
        self._requests: asyncio.Queue[Call | Heard] = asyncio.Queue(CALLS_WAITING_MAX)
        self._end_reason: str | None = None
        self._side: asyncio.TaskGroup | None = None
        self.ended = asyncio.Event()

    # --- From beginning to end ---

    async def run(self) -> None:
        """Serve the charger until its socket ends; then put that on record."""
        structlog.contextvars.bind_contextvars(
            serial=self._serial, charger_id=self._history.assigned.charger_id
        )
        subject = subjects.charger_command(SetCurrentLimit, self._history.assigned.charger_id)
        try:
            subscription = await self._parts.client.subscribe(subject, cb=self._desk.on_message)
            try:
                await self._serve()
            finally:
                await subscription.unsubscribe()
        except NatsError as error:
            log.warning("charger turned away, no limits could reach it", error=repr(error))
            self._end_reason = "the gateway cannot reach NATS"
            await self._socket.close(GOING_AWAY, self._end_reason)
        finally:
            await self._put_end_on_record()
            self.ended.set()

    async def _serve(self) -> None:
        desk = asyncio.create_task(self._desk.run(), name="limits")
        try:
            async with asyncio.TaskGroup() as side:
                self._side = side
                worker = side.create_task(self._work(), name="requests")
                nudge = side.create_task(self._admission.nudge(), name="nudge")
                await self._read()
                self._lose()
                nudge.cancel()
                worker.cancel()
        finally:
            self._lose()
            await asyncio.wait([desk], timeout=FINISH_S_MAX)
            desk.cancel()

    def _lose(self) -> None:
        """The socket is gone: whoever waits for the charger is told, and nothing more is sent."""
        self._admission.accepted = False
        self._desk.close()
        self._calls.lose()

    async def close(self, reason: str, code: int = GOING_AWAY) -> None:
        """End the connection, and wait until that is on record."""
        self._end_reason = self._end_reason or reason
        await self._socket.close(code, reason)
        await self.ended.wait()

    async def _put_end_on_record(self) -> None:
        reason = self._end_reason or _reason_of(self._socket)
        log.info("connection ended", reason=reason)
        await self._history.settle()
        state, assigned = self._history.state, self._history.assigned
        with acting(f"charger/{self._serial}"):
            try:
                await self._history.record(disconnected(state, assigned, reason))
            except LOG_FAULTS as fault:
                log.warning("end of the connection not put on record", fault=repr(fault))

    # --- Reading ---

    async def _read(self) -> None:
        while True:
            try:
                data = await self._socket.recv(decode=False)
            except ConnectionClosed:
                return
            frame = frames.parse(data)
            match frame:
                case Call():
                    await self._requests.put(frame)
                case CallResult() | CallError():
                    self._calls.settle(frame)
                    if not self._admission.accepted:
                        await self._requests.put(Heard())
                case Unreadable():
                    await self._complain(frame)

    async def _complain(self, frame: Unreadable) -> None:
        self._parts.faults[self._serial] += 1
        count = self._parts.faults[self._serial]
        if count <= FAULTS_TOLD or count % 100 == 0:
            log.warning("message unreadable", reason=frame.reason, messages_unreadable=count)
        if frame.reply_to is not None:
            await self._send(frames.error(frame.reply_to, frame.code, frame.reason))

    async def _send(self, data: bytes) -> None:
        try:
            await self._socket.send(data, text=True)
        except ConnectionClosed:
            log.info("message not sent, the connection is gone")

    # --- Answering ---

    async def _work(self) -> None:
        while True:
            request = await self._requests.get()
            if isinstance(request, Heard):
                await self._hear()
            elif request.action == "MeterValues" and self._admission.accepted:
                await self._answer(request)  # readings are many; they put nothing on record
            else:
                with acting(f"charger/{self._serial}"):
                    await self._answer(request)

    async def _hear(self) -> None:
        with acting(f"charger/{self._serial}"):
            try:
                await self._admission.heard()
            except LOG_FAULTS as fault:
                log.warning("charger not put on record", fault=repr(fault))

    async def _answer(self, call: Call) -> None:
        try:
            answer, follow_up = await self._handle(call)
        except CallRefused as refusal:
            log.info("request refused", action=call.action, code=refusal.code, why=refusal.text)
            await self._send(frames.error(call.message_id, refusal.code, refusal.text))
        except LOG_FAULTS as fault:
            log.warning("request not put on record", action=call.action, fault=repr(fault))
            why = "the log cannot be written now; send it again"
            await self._send(frames.error(call.message_id, Code.INTERNAL, why))
        except Exception as fault:  # a fault of ours must not end the charger's connection
            _log_fault(call.action, fault)
            why = "the server could not handle this request"
            await self._send(frames.error(call.message_id, Code.INTERNAL, why))
        else:
            await self._send(frames.result(call.message_id, answer))
            if follow_up is not None:
                self._aside(follow_up())

    async def _handle(self, call: Call) -> tuple[Payload, FollowUp | None]:
        if call.action not in actions():
            raise CallRefused(Code.NOT_IMPLEMENTED, f"{call.action[:50]} is no OCPP 1.6 action")
        violation = violation_of_request(call.action, call.payload)
        if violation is not None:
            raise CallRefused(violation.code, violation.text)
        if call.action == BOOT:
            return await self._admission.boot(call.payload)
        if not self._admission.accepted:
            await self._admission.heard()
        if not self._admission.accepted:
            self._aside(self._admission.ask_to_boot())
            raise CallRefused(Code.SECURITY, "boot first: the charger is not accepted yet")
        handler = self._handlers.get(call.action)
        if handler is None:
            raise CallRefused(Code.NOT_SUPPORTED, f"{call.action} is not supported here")
        return await handler(call.payload), None

    def _aside(self, work: Awaitable[None]) -> None:
        """Do something besides handling requests, such as asking the charger."""

        async def aside() -> None:
            await work

        if self._side is not None:
            self._side.create_task(aside())


def _log_fault(action: str, fault: Exception) -> None:
    """Log where a fault was raised, and none of its values: requests hold card numbers."""
    trace = traceback.extract_tb(fault.__traceback__)
    where = [f"{it.filename}:{it.lineno} {it.name}" for it in trace]
    log.critical("request failed", action=action, fault=type(fault).__name__, where=where)


def _reason_of(socket: ServerConnection) -> str:
    code, reason = socket.close_code, socket.close_reason
    if code is None or code == 1006:
        return "the connection was lost"
    return f"closed with {code}{f': {reason}' if reason else ''}"
