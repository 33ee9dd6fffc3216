"""One measured charger: says what it is asked to, answers obediently, and comes back when it is cut off."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from cli.bench.gateway.lines import Line, NotLetIn, open_line
from cli.bench.gateway.payloads import (
    BOOT,
    Payload,
    meter_values,
    now_written,
    start_transaction,
    status_notification,
)

ANSWER_S_MAX: Final = 60.0
RETRY_S: Final = 1.0
"""After how long one that was not let in tries again; all at the same pace, which is the hardest."""
LIMIT_PROFILE: Final = 2
"""The charging profile that is a limit; the other one is the fail-safe."""
REGISTER_WH: Final = 987654321
MOMENT: Final = "moment"
"""They stand where the register and the moment of a streamed reading will stand."""
STREAMED: Final = b'[2,"streamed","MeterValues",'
STREAM_ANSWERED: Final = b'[3,"streamed"'
OBEYED: Final = frozenset(
    {"ChangeConfiguration", "SetChargingProfile", "ClearChargingProfile", "TriggerMessage"}
)


class Lost(Exception):
    """The connection is gone, or the gateway has answered with a CALLERROR."""


@dataclass(frozen=True, slots=True)
class _Stream:
    """Readings that follow one another."""

    line: Line
    around: tuple[bytes, bytes, bytes]
    """What stands before, between and after the moment and the register."""
    until_s: float
    over: "asyncio.Future[None]"


@dataclass(slots=True)
class Faults:
    """Why chargers were not let in, or lost again before they were accepted."""

    since_s: float = 0.0
    """What was asked before this moment is not counted."""
    counted: "Counter[str]" = field(default_factory=Counter)

    def note(self, fault: Exception, asked_s: float) -> None:
        """Count a fault of something that was asked at a moment."""
        if asked_s >= self.since_s:
            self.counted[f"{type(fault).__name__} {fault}"] += 1

    def forget(self) -> None:
        """Begin anew."""
        self.since_s = time.monotonic()
        self.counted.clear()


@dataclass(slots=True)
class Charger:
    """
    One charger.

    Args:
        gateway: where it connects.
        serial: its serial number.
        from_host: the address it connects from.
        commissioned: it was accepted before, and does not boot when it comes.
        on_limit: told of every limit: at which charger, amperes, and when it came.
    """

    gateway: str
    serial: str
    from_host: str
    commissioned: bool
    on_limit: Callable[["Charger", float, float], None]
    faults: "Faults"
    accepted: bool = False
    accepted_at_s: float = 0.0
    comes_back: bool = False
    transaction_id: int | None = None
    register_wh: int = 1000
    """One more with every reading, so that each can be told from all others."""
    acknowledged_wh: list[int] = field(default_factory=list)
    """The registers of readings that were answered."""
    line: Line | None = None
    _asked: int = 0
    _waiting: "dict[str, asyncio.Future[Payload]]" = field(default_factory=dict)
    _streaming: "_Stream | None" = None
    _told_to_boot: asyncio.Event = field(default_factory=asyncio.Event)
    _returning: "asyncio.Task[None] | None" = None

    # --- Coming ---

    async def come(self) -> None:
        """Connect until it is accepted, however often that takes."""
        while not self.accepted:
            asked_s = time.monotonic()
            try:
                self.line = await open_line(
                    self.gateway, self.serial, self.from_host, self._on_text, self._on_lost
                )
                await self._introduce()
            except ConnectionRefusedError:
                await asyncio.sleep(RETRY_S)  # nobody listens yet
            except (NotLetIn, Lost, OSError, TimeoutError) as fault:
                self.faults.note(fault, asked_s)
                if self.line is not None:
                    self.line.cut()  # its end must not be taken for that of the next one
                await asyncio.sleep(RETRY_S)

    async def _introduce(self) -> None:
        if self.commissioned:
            await self.call("StatusNotification", status_notification())
        else:
            self._told_to_boot.clear()
            while (await self.call("BootNotification", BOOT))["status"] != "Accepted":
                async with asyncio.timeout(ANSWER_S_MAX):
                    await self._told_to_boot.wait()
                self._told_to_boot.clear()
            self.commissioned = True
        if self.line is not None and self.line.is_open:
            self.accepted, self.accepted_at_s = True, time.monotonic()

    def _on_lost(self) -> None:
        self.accepted = False
        if self._streaming is not None and not self._streaming.over.done():
            self._streaming.over.set_exception(Lost("the connection is gone"))
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(Lost("the connection is gone"))
        self._waiting.clear()
        if self.comes_back and (self._returning is None or self._returning.done()):
            self._returning = asyncio.create_task(self.come())

    # --- Saying ---

    async def call(self, action: str, payload: Payload) -> Payload:
        """
        Ask, and wait for the answer.

        Raises:
            Lost: there will be none, or it is a CALLERROR.
            TimeoutError: there is none.
        """
        if self.line is None or not self.line.is_open:
            raise Lost("there is no connection")
        self._asked += 1
        message_id = str(self._asked)
        answer: asyncio.Future[Payload] = asyncio.get_running_loop().create_future()
        self._waiting[message_id] = answer
        self.line.send(orjson.dumps([2, message_id, action, payload]))
        async with asyncio.timeout(ANSWER_S_MAX):
            return await answer

    async def read(self, current_a: float) -> None:
        """Tell a reading, and note that it was answered."""
        self.register_wh += 1
        register_wh = self.register_wh
        await self.call(
            "MeterValues", meter_values(current_a, register_wh, self.transaction_id)
        )
        self.acknowledged_wh.append(register_wh)

    async def stream(self, current_a: float, until_s: float) -> None:
        """
        Tell one reading after another, each once the one before was answered.

        Raises:
            Lost: an answer will not come, or is a CALLERROR.
        """
        if self.line is None:
            raise Lost("there is no connection")
        payload = meter_values(current_a, REGISTER_WH, self.transaction_id)
        payload["meterValue"][0]["timestamp"] = MOMENT
        first, rest = orjson.dumps(payload).split(MOMENT.encode())
        second, third = rest.split(str(REGISTER_WH).encode())
        over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._streaming = _Stream(self.line, (first, second, third), until_s, over)
        self._tell_next(self._streaming)
        try:
            await over
        finally:
            self._streaming = None

    def _tell_next(self, stream: "_Stream") -> None:
        self.register_wh += 1
        first, second, third = stream.around
        moment, number = now_written().encode(), str(self.register_wh).encode()
        stream.line.send(b"".join((STREAMED, first, moment, second, number, third, b"]")))

    def _on_streamed(self, stream: "_Stream") -> None:
        self.acknowledged_wh.append(self.register_wh)
        if time.monotonic() < stream.until_s:
            self._tell_next(stream)
        else:
            stream.over.set_result(None)

    async def begin(self) -> None:
        """Begin a session."""
        answer = await self.call("StartTransaction", start_transaction(self.register_wh))
        self.transaction_id = int(answer["transactionId"])

    # --- Hearing ---

    def _on_text(self, text: bytes) -> None:
        if self._streaming is not None and text.startswith(STREAM_ANSWERED):
            self._on_streamed(self._streaming)
            return
        frame = orjson.loads(text)
        if frame[0] == 2:
            self._obey(*frame[1:])
            return
        waiting = self._waiting.pop(frame[1], None)
        if waiting is None or waiting.done():
            return
        if frame[0] == 3:
            waiting.set_result(frame[2])
        else:
            waiting.set_exception(Lost(f"{frame[2]}: {frame[3]}"))

    def _obey(self, message_id: str, action: str, payload: Any) -> None:
        if self.line is None:
            return
        if action not in OBEYED:
            self.line.send(orjson.dumps([4, message_id, "NotImplemented", "", {}]))
            return
        self.line.send(orjson.dumps([3, message_id, {"status": "Accepted"}]))
        if action == "SetChargingProfile":
            profile = payload["csChargingProfiles"]
            if profile["chargingProfileId"] == LIMIT_PROFILE:
                period = profile["chargingSchedule"]["chargingSchedulePeriod"][0]
                self.on_limit(self, period["limit"], time.monotonic())
        elif action == "TriggerMessage":
            self._told_to_boot.set()
