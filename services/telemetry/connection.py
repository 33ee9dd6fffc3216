"""
One charger's socket.

A reader takes what arrives and gives answers to whoever waits for them; `Answering` handles the
charger's requests in order; the limit desk sends limits. None of them waits for another
charger. A connection hears of every change of its charger's assignment; one whose charger gets no
current any more, or belongs elsewhere, takes its leave.

It answers what its charger is told from afar only as long as this gateway holds the charger, which it
asks after every command has come (`holds.py`): whoever takes the charger listens only after that is in the
database, so no command has two answers.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack
from contextvars import copy_context
from typing import Any, Final

import structlog
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from websockets.exceptions import ConnectionClosed

from services.telemetry import frames
from services.telemetry.answering import Heard
from services.telemetry.charger import AssignedCharger
from services.telemetry.commanded import Commanded
from services.telemetry.decider import disconnected
from services.telemetry.desks import Desks
from services.telemetry.dialect import Dialect
from services.telemetry.frames import Call, CallError, CallResult, Sent, Unreadable
from services.telemetry.histories import LOG_FAULTS
from services.telemetry.identities import Proof
from services.telemetry.metrics import CONNECTIONS_ENDED, FRAMES_UNREADABLE
from services.telemetry.moments import Moment
from services.telemetry.parts import Parts
from services.telemetry.sockets import ChargerSocket
from services.telemetry.taking import Taken
from services.telemetry.visits import Visit
from shared.context import acting
from shared.ids import ChargerId, Serial

GOING_AWAY: Final = 1001
FINISH_S_MAX: Final = 1.0
"""How long a limit that was on its way may take to be put on record after the end."""
ELSEWHERE: Final = "it has come to another gateway"
CLOSE_REASON_BYTES_MAX: Final = 123
"""What fits into the closing frame of a WebSocket (RFC 6455, section 5.5)."""
FAULTS_TOLD: Final = 10
"""So many unreadable messages of a charger are logged one by one, later ones by the hundred."""

log = structlog.get_logger()


class Connection:
    """One charger's socket, from the handshake to its end."""

    def __init__(
        self,
        parts: Parts,
        taken: Taken,
        dialect: Dialect,
        socket: ChargerSocket,
        remote: str,
        proof: Proof,
        let_in_still: Callable[[], Awaitable[bool]],
    ) -> None:
        self._parts = parts
        self._history = history = taken.history
        self.holding = taken.holding
        self.holding.on_lost = self._cut
        self._dialect = dialect = dialect.for_one(lambda: history.state)
        self._socket = socket
        self._let_in_still = let_in_still
        self._desks = Desks(parts, history, dialect, socket, remote, proof, self)
        self._commanded = Commanded(
            parts.client, self.charger_id, self._desks.taker, self._is_held, self._on_let_go
        )
        self._end_reason: str | None = None
        self._side: asyncio.TaskGroup | None = None
        self._context = copy_context()
        self._ending: set[asyncio.Task[None]] = set()
        """What is done beside reading, and ends with that."""
        self._leaving: asyncio.Task[None] | None = None
        self._letting_go: asyncio.Task[None] | None = None
        self._given_back = Moment()
        self.ended = Moment()

    @property
    def serial(self) -> Serial:
        return self._history.assigned.serial

    @property
    def charger_id(self) -> ChargerId:
        return self._history.assigned.charger_id

    # --- From beginning to end ---

    async def run(self) -> None:
        """Serve the charger until its socket ends; then put that on record."""
        structlog.contextvars.bind_contextvars(serial=self.serial, charger_id=self.charger_id)
        try:
            await self._commanded.begin()
            if not await self._let_in_still():
                self.send_home("what it has shown is good no more")
            if await self._is_held():
                await self._serve()
        except NatsError as error:
            log.warning("charger turned away, no limits could reach it", error=repr(error))
            self._end_reason = "the gateway cannot reach NATS"
            await self._socket.close(GOING_AWAY, self._end_reason)
        finally:
            async with AsyncExitStack() as end:
                end.callback(self.ended.set)
                end.push_async_callback(self._give_back)
                # What comes for the charger is answered here until its end is on record, and then by
                # nobody: before it is given back, nobody listens here any more.
                end.push_async_callback(self._commanded.end)
                await self._put_end_on_record()

    # --- Whether this gateway holds the charger ---

    async def _is_held(self) -> bool:
        try:
            return await self.holding.look(self._history.assigned.installation_id)
        except LOG_FAULTS as fault:
            log.warning("holder not looked up", fault=repr(fault))
            return True  # what the charger is told needs the log, which says that it is away

    async def _on_let_go(self, message: Msg) -> None:
        if message.data.decode() == f"{self._parts.gateway_id} {self.holding.number}":
            self._letting_go = asyncio.create_task(self._let_go(message), name="let-go")

    async def _let_go(self, message: Msg) -> None:
        """Cut the line, which its charger has left, and say so when that is on record."""
        self._end_reason = self._end_reason or ELSEWHERE
        self._cut()
        await self._given_back.wait()
        try:
            await message.respond(b"")
        except NatsError as error:
            log.warning("answer not sent", error=repr(error))

    def _cut(self) -> None:
        self._lose()
        self._socket.transport.abort()

    def send_home(self, reason: str) -> None:
        """Close the connection, whoever asks for it; the charger comes again, if it may."""
        if self._leaving is None:
            self._leaving = asyncio.create_task(self.close(reason), name="send-home")

    async def _serve(self) -> None:
        nudge = asyncio.get_running_loop().call_later(
            self._parts.settings.nudge_after_s,
            lambda: self.beside(self._desks.admission.nudge(), "nudge"),
        )
        try:
            async with asyncio.TaskGroup() as side:
                self._side, self._context = side, copy_context()
                self.beside(self._desks.signing.renew(), "renewal")
                self.beside(self._desks.revoking.run(), "revoking")
                self._desks.local_list.see()
                self._desks.upkeep.reservations.watch()
                self._socket.short_cut = self._desks.short_cut.take
                await self._read()
                self._lose()
                for task in self._ending:
                    task.cancel()
        finally:
            nudge.cancel()
            self._side = None
            self._lose()
            await self._desks.limits.finish(FINISH_S_MAX)

    def _lose(self) -> None:
        """The socket is gone: whoever waits for the charger is told, and nothing more is sent."""
        self._socket.short_cut = None
        self._desks.admission.accepted = False
        self._desks.limits.close()
        self._desks.calls.lose()

    async def close(self, reason: str, code: int = GOING_AWAY) -> None:
        """End the connection, and wait until that is on record."""
        self._end_reason = self._end_reason or reason
        await self._socket.close(code, _that_fits(reason))
        await self.ended.wait()

    # --- What becomes of its charger ---

    def reassign(self, present: AssignedCharger | None) -> None:
        """Take notice of what the charger is at present; none: it is assigned nowhere."""
        former = self._history.assigned
        if self._leaving is not None or present == former:
            return
        if present is None or not present.same_place(former):
            gone = f"it was removed from installation {former.installation_id}"
            self._history.assigned = former.barred_because(gone)
            self.leave_as_barred()
            return
        self._history.assigned = present
        log.info("assignment changed", serial=self.serial, fail_safe_a=present.fail_safe_a)
        if present.barred is not None:
            self.leave_as_barred()
        elif former.barred is not None:
            self.send_home("it is locked no more; come again")
        else:
            self.aside(self._desks.admission.renew())
            self._desks.local_list.due()

    def on_rights(self) -> None:
        """Take notice that roles or cards have changed."""
        self._desks.local_list.due()

    def leave_as_barred(self) -> None:
        if self._leaving is None:
            self._leaving = asyncio.create_task(self._leave(), name="leave")

    async def _leave(self) -> None:
        """Have the charger draw nothing and tell the end of its session; then send it away."""
        structlog.contextvars.bind_contextvars(serial=self.serial, charger_id=self.charger_id)
        reason = self._history.assigned.barred or "it gets no current"
        log.warning("charger is sent away", reason=reason)
        try:
            await self._desks.parting.run(self._told_to_wait)
            # What it has told last is answered before the line is cut; it would tell it again.
            await self._desks.answering.all_answered(FINISH_S_MAX)
        finally:
            await self.close(reason)

    def _told_to_wait(self) -> bool:
        return isinstance(self._desks.admission, Visit) and self._desks.admission.told_to_wait

    async def _put_end_on_record(self) -> None:
        reason = self._end_reason or _reason_of(self._socket)
        lost = self._socket.close_code in {None, 1006}
        by = "gateway" if self._end_reason else "lost" if lost else "charger"
        CONNECTIONS_ENDED.labels(by).inc()
        log.info("connection ended", reason=reason)
        await self._history.settle()
        if (
            not self.holding.lost
        ):  # or it is for whoever has taken the charger to say what became of it
            with acting(f"charger/{self.serial}"):
                try:
                    await self._history.decide(
                        lambda state: disconnected(state, self._history.assigned, reason)
                    )
                except LOG_FAULTS as fault:
                    log.warning("end of the connection not put on record", fault=repr(fault))

    async def _give_back(self) -> None:
        if not self.holding.lost:
            await self.holding.end()
        self._given_back.set()

    # --- Reading ---

    async def _read(self) -> None:
        while True:
            try:
                data = await self._socket.recv(decode=False)
            except ConnectionClosed:
                return
            frame = frames.parse(data, sends=self._dialect.sends)
            match frame:
                case Call():
                    await self._desks.answering.put(frame)
                case Sent():
                    # Of 2.1's streams of events none is asked for; what comes needs no answer.
                    log.info("message passed over", action=frame.action[:50])
                case CallResult() | CallError():
                    self._desks.calls.settle(frame)
                    if not self._desks.admission.accepted:
                        await self._desks.answering.put(Heard())
                case Unreadable():
                    await self._complain(frame)

    async def _complain(self, frame: Unreadable) -> None:
        FRAMES_UNREADABLE.inc()
        self._parts.faults[self.serial] += 1
        count = self._parts.faults[self.serial]
        if count <= FAULTS_TOLD or count % 100 == 0:
            log.warning("message unreadable", reason=frame.reason, messages_unreadable=count)
        if frame.reply_to is not None:
            await self.send(
                frames.error(frame.reply_to, self._dialect.code(frame.code), frame.reason)
            )

    async def send(self, data: bytes) -> None:
        try:
            await self._socket.send(data, text=True)
        except ConnectionClosed:
            log.info("message not sent, the connection is gone")

    def beside(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None] | None:
        """Do something until the connection ends, whoever has asked for it."""
        if self._side is None or self._desks.calls.lost.is_set():
            work.close()
            return None
        task = self._side.create_task(work, name=name, context=self._context.copy())
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)
        return task

    def aside(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something besides handling requests, such as asking the charger; it may outlive the socket."""
        if self._side is not None:
            self._side.create_task(work)
        else:
            work.close()  # the socket is gone: there is nobody to ask


def _that_fits(reason: str) -> str:
    """Shorten a reason to what a closing frame can carry."""
    return reason.encode()[:CLOSE_REASON_BYTES_MAX].decode(errors="ignore")


def _reason_of(socket: ChargerSocket) -> str:
    code, reason = socket.close_code, socket.close_reason
    if code is None or code == 1006:
        return "the connection was lost"
    return f"closed with {code}{f': {reason}' if reason else ''}"
