"""
Requests to one charger: one at a time, each answered, refused, or given up in time.

    CallFailed
        Unanswered      no answer in time, or an unreadable one: it is unknown what was done
        AnsweredError   the charger answered with a CALLERROR
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import structlog

from services.telemetry import frames
from services.telemetry.frames import CallError, CallResult, Payload
from services.telemetry.metrics import CALLS
from services.telemetry.moments import Moment
from services.telemetry.validation import Violation
from shared import tracing
from shared.ids import new_id

log = structlog.get_logger()

Aside = Callable[[Coroutine[Any, Any, None]], None]
"""Has something done besides, such as asking the charger; returns at once."""


class CallFailed(Exception):
    """A request brought no answer."""


class Unanswered(CallFailed):
    """No answer came in time, or none that can be read; it is unknown what the charger did."""


class AnsweredError(CallFailed):
    """The charger answered with a CALLERROR."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(f"{code}: {description}" if description else code)
        self.code = code


async def status_of(asked: Awaitable[str]) -> str:
    """
    Wait for what a charger will do; that it could not answer is a word for it, too.

    Raises:
        Unanswered: no answer came, or an unreadable one.
    """
    try:
        return await asked
    except AnsweredError as error:
        return str(error)


class Calls:
    """The requests to one charger. OCPP-J 1.6, section 4.1.1: one at a time."""

    def __init__(
        self,
        send: Callable[[bytes], Awaitable[None]],
        violation: Callable[[str, Payload], Violation | None],
        timeout_s: float,
    ) -> None:
        """
        Make it.

        Args:
            send: sends a frame.
            violation: checks the answer to a request.
            timeout_s: how long an answer is waited for.
        """
        self._send = send
        self._violation = violation
        self._timeout_s = timeout_s
        self._turn = asyncio.Lock()
        self._waiting: dict[str, asyncio.Future[CallResult | CallError]] = {}
        self.lost = Moment()
        """Set when the connection is gone."""

    async def call(self, action: str, payload: Payload) -> Payload:
        """
        Ask and wait for the answer.

        Raises:
            Unanswered: none came in time, or an unreadable one.
            AnsweredError: the charger could or would not answer.
        """
        async with self._turn:
            with tracing.child(f"charger {action}"):
                answer = await self._ask(action, payload)
        if isinstance(answer, CallError):
            raise AnsweredError(answer.code, answer.description)
        violation = self._violation(action, answer.payload)
        if violation is not None:
            raise Unanswered(f"the answer to {action} cannot be read: {violation.text}")
        return answer.payload

    async def _ask(self, action: str, payload: Payload) -> CallResult | CallError:
        if self.lost.is_set():
            raise Unanswered("the connection is gone")
        message_id = new_id()
        future: asyncio.Future[CallResult | CallError] = (
            asyncio.get_running_loop().create_future()
        )
        self._waiting[message_id] = future
        begun_s, outcome = time.perf_counter(), "lost"
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._send(frames.call(message_id, action, payload))
                answer = await future
        except TimeoutError:
            outcome = "timeout"
            raise Unanswered(f"no answer to {action} within {self._timeout_s:g} s") from None
        else:
            outcome = "answered" if isinstance(answer, CallResult) else "error"
            return answer
        finally:
            del self._waiting[message_id]
            CALLS.labels(action, outcome).observe(time.perf_counter() - begun_s)

    def settle(self, answer: CallResult | CallError) -> None:
        """Take in an answer; one that nobody waits for (any more) is logged."""
        future = self._waiting.get(answer.message_id)
        if future is None or future.done():
            log.info("answer nobody waits for", message_id=answer.message_id)
            return
        future.set_result(answer)

    def lose(self) -> None:
        """The connection is gone: nobody waits any longer."""
        self.lost.set()
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(Unanswered("the connection is gone"))
