"""What one charger asks for: taken in order, checked, handled, answered, whatever shape it has."""

import asyncio
import contextlib
import traceback
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol

import structlog

from services.telemetry import frames
from services.telemetry.admission import FollowUp
from services.telemetry.calls import Aside
from services.telemetry.dialect import Dialect
from services.telemetry.frames import METER_VALUES, Call, Code, Payload
from services.telemetry.handlers import Handler
from services.telemetry.histories import LOG_FAULTS
from services.telemetry.metrics import FRAMES
from services.telemetry.moments import Beside
from services.telemetry.payloads import CallRefused
from services.telemetry.said import Booted, Reply, Said, Welcomed
from services.telemetry.tolerance import Tolerance
from shared import tracing
from shared.context import acting
from shared.ids import Serial

CALLS_WAITING_MAX: Final = 64
"""How many requests of a charger may wait; then its socket is read no further."""

log = structlog.get_logger()


class Heard:
    """Something came that is no request: the charger is there."""


class Welcome(Protocol):
    """How a charger comes to be heard: by its admission, or on a visit."""

    @property
    def accepted(self) -> bool: ...

    @property
    def why_not(self) -> str: ...

    def hears(self, said: Said, /) -> bool: ...

    async def heard(self) -> None: ...

    async def boot(self, booted: Booted, /) -> tuple[Welcomed, FollowUp | None]: ...

    async def ask_to_boot(self) -> None: ...


class Answering:
    """Answers the requests of one connection; while there are none it has neither a queue nor a task."""

    def __init__(
        self,
        serial: Serial,
        dialect: Dialect,
        tolerance: Tolerance,
        welcome: Welcome,
        handlers: dict[type[Said], Handler],
        send: Callable[[bytes], Awaitable[None]],
        aside: Aside,
        beside: Beside,
    ) -> None:
        """
        Make it.

        Args:
            serial: whose requests they are.
            dialect: in which version of OCPP they are.
            tolerance: takes them as they are meant.
            welcome: whether they are heard.
            handlers: what becomes of those that are, by what is said.
            send: sends a frame.
            aside: does something besides handling requests, such as asking the charger.
            beside: makes a task that ends with the connection; none, once that ends.
        """
        self._serial = serial
        self._dialect = dialect
        self._tolerance = tolerance
        self._welcome = welcome
        self._handlers = handlers
        self._send = send
        self._aside = aside
        self._beside = beside
        self._requests: asyncio.Queue[Call | Heard] | None = None
        self._unanswered = 0

    async def put(self, request: Call | Heard) -> None:
        """Hand in what has come; waits while too much waits."""
        self._unanswered += 1
        if self._requests is None:
            self._requests = asyncio.Queue(CALLS_WAITING_MAX)
            self._beside(self._run(self._requests), "requests")
        await self._requests.put(request)

    async def all_answered(self, within_s: float) -> None:
        """Wait until nothing that was handed in is left, or for as long as is given."""
        if self._requests is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._requests.join(), within_s)

    async def _run(self, requests: asyncio.Queue[Call | Heard]) -> None:
        """Answer until nothing is left."""
        while self._unanswered:
            await self._take(await requests.get())
            self._unanswered -= 1
            requests.task_done()
        self._requests = None

    @property
    def idle(self) -> bool:
        """Whether the charger is heard, and nothing waits that a reading could overtake."""
        return not self._unanswered and self._welcome.accepted

    async def _take(self, request: Call | Heard) -> None:
        if isinstance(request, Heard):
            await self._hear()
            return
        known = self._dialect.knows(request.action)
        with tracing.root(f"frame {request.action if known else 'unknown'}"):
            await self._take_call(request)

    async def _take_call(self, request: Call) -> None:
        if request.action == METER_VALUES and self._welcome.accepted:
            await self._answer(request)  # readings are many; they put nothing on record
        else:
            with acting(f"charger/{self._serial}"):
                await self._answer(request)

    async def _hear(self) -> None:
        with acting(f"charger/{self._serial}"):
            try:
                await self._welcome.heard()
            except LOG_FAULTS as fault:
                log.warning("charger not put on record", fault=repr(fault))

    async def _answer(self, call: Call) -> None:
        try:
            answer, follow_up = await self._handle(call)
        except CallRefused as refusal:
            log.info("request refused", action=call.action, code=refusal.code, why=refusal.text)
            await self._refuse(call, refusal.code, refusal.text)
        except LOG_FAULTS as fault:
            log.warning("request not put on record", action=call.action, fault=repr(fault))
            why = "the log cannot be written now; send it again"
            await self._refuse(call, Code.INTERNAL, why)
        except Exception as fault:  # a fault of ours must not end the charger's connection
            _log_fault(call.action, fault)
            why = "the server could not handle this request"
            await self._refuse(call, Code.INTERNAL, why)
        else:
            FRAMES.labels(call.action, "accepted").inc()
            await self._send(frames.result(call.message_id, answer))
            if follow_up is not None:
                self._aside(follow_up())

    async def _refuse(self, call: Call, code: Code, why: str) -> None:
        known = self._dialect.knows(call.action)
        FRAMES.labels(call.action if known else "unknown", code).inc()
        await self._send(frames.error(call.message_id, self._dialect.code(code), why))

    async def _handle(self, call: Call) -> tuple[Payload, FollowUp | None]:
        dialect = self._dialect
        if not dialect.knows(call.action):
            raise CallRefused(
                Code.NOT_IMPLEMENTED, f"{call.action[:50]} is no {dialect.name} action"
            )
        payload = await self._tolerance.meant(call)
        all_said = dialect.hear(call.action, payload)
        if all_said is None:
            raise CallRefused(Code.NOT_SUPPORTED, f"{call.action} is not supported here")
        if not all_said and not self._welcome.accepted:
            await self._welcome.heard()  # nothing new, but the charger is there
        replies: list[Reply] = []
        follow_up = None
        for said in all_said:
            if isinstance(said, Booted):
                welcomed, follow_up = await self._welcome.boot(said)
                replies.append(welcomed)
            else:
                replies.append(await self._reply_to(said, all_said))
        return dialect.answer(call.action, replies), follow_up

    async def _reply_to(self, said: Said, message: Sequence[Said]) -> Reply:
        if not self._welcome.accepted:
            await self._welcome.heard()
        if not self._welcome.hears(said):
            if any(self._welcome.hears(it) for it in message):
                return None  # what else the message says is heard
            self._aside(self._welcome.ask_to_boot())
            raise CallRefused(Code.SECURITY, self._welcome.why_not)
        return await self._handlers[type(said)](said)


def _log_fault(action: str, fault: Exception) -> None:
    """Log where a fault was raised, and none of its values: requests hold card numbers."""
    trace = traceback.extract_tb(fault.__traceback__)
    where = [f"{it.filename}:{it.lineno} {it.name}" for it in trace]
    log.critical("request failed", action=action, fault=type(fault).__name__, where=where)
