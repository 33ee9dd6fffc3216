"""
OCPP-J 1.6 framing on a WebSocket, written from the specification (part 4).

    [2, "<id>", "<Action>", {...}]                   CALL
    [3, "<id>", {...}]                               CALLRESULT
    [4, "<id>", "<code>", "<description>", {...}]    CALLERROR

Each side has at most one CALL unanswered (4.1.1). A malformed CALL is answered with a CALLERROR
if it names an id; any other frame that is none of these is passed over.
"""

import asyncio
import json
from collections.abc import Callable
from typing import Any, Final

import structlog
from websockets.asyncio.client import ClientConnection

from shared.ids import new_id
from simulator.payloads import CallRefused, Payload

CALL: Final = 2
CALL_RESULT: Final = 3
CALL_ERROR: Final = 4

ANSWER_S_MAX: Final = 30.0
"""How long the answer to a CALL may take."""

Handler = Callable[[str, Payload], Payload]
"""Takes action and payload of a request; returns the answer or raises `CallRefused`."""

log = structlog.get_logger()


class Channel:
    """Calls in both directions over one open socket."""

    def __init__(
        self, socket: ClientConnection, handle: Handler, answer_s_max: float = ANSWER_S_MAX
    ) -> None:
        self._socket = socket
        self._handle = handle
        self._answer_s_max = answer_s_max
        self._turn = asyncio.Lock()
        self._asked_id: str | None = None
        self._answer: asyncio.Future[Payload] | None = None

    async def call(self, action: str, payload: Payload) -> Payload:
        """
        Ask, and wait for the answer; a second caller waits for its turn.

        Raises:
            CallRefused: if the answer is a CALLERROR, or malformed.
            TimeoutError: if there is none in time.
            ConnectionClosed: if the socket closes meanwhile.
        """
        async with self._turn:
            self._asked_id = new_id()
            self._answer = asyncio.get_running_loop().create_future()
            try:
                await self._send([CALL, self._asked_id, action, payload])
                async with asyncio.timeout(self._answer_s_max):
                    return await self._answer
            finally:
                self._asked_id = self._answer = None

    async def listen(self) -> None:
        """Take frames until the socket closes."""
        async for text in self._socket:
            try:
                frame = json.loads(text)
            except ValueError as reason:
                log.warning("frame passed over", reason=str(reason))
                continue
            await self._take(frame)

    async def _take(self, frame: object) -> None:
        match frame:
            case [2, str(call_id), str(action), dict(payload)]:
                await self._send(self._answered(call_id, action, payload))
            case [3, str(call_id), dict(payload)] if call_id == self._asked_id:
                self._resolve(payload)
            case [4, str(call_id), str(code), str(text), *_] if call_id == self._asked_id:
                self._resolve(CallRefused(code, text))
            case [2, str(call_id), *_]:
                await self._send([CALL_ERROR, call_id, "FormationViolation", "no CALL", {}])
            case _:
                log.warning("frame passed over", reason="not asked for, or not OCPP-J")

    def _answered(self, call_id: str, action: str, payload: Payload) -> list[Any]:
        try:
            return [CALL_RESULT, call_id, self._handle(action, payload)]
        except CallRefused as refusal:
            return [CALL_ERROR, call_id, refusal.code, refusal.description, {}]

    def _resolve(self, answer: Payload | CallRefused) -> None:
        if self._answer is None or self._answer.done():
            return
        if isinstance(answer, CallRefused):
            self._answer.set_exception(answer)
        else:
            self._answer.set_result(answer)

    async def _send(self, frame: list[Any]) -> None:
        await self._socket.send(json.dumps(frame, separators=(",", ":")))
