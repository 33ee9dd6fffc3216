"""A charger made of a WebSocket and nothing else: it says and answers what a test tells it to."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Mapping
from typing import Any

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from shared.ids import new_id

ANSWER_S_MAX = 10.0
SILENCE: dict[str, Any] = {"silence": True}
"""The answer that is none; None is a CALLERROR."""

Payload = dict[str, Any]
Answering = Payload | None

OBEDIENT: dict[str, Answering] = {
    "ChangeConfiguration": {"status": "Accepted"},
    "SetChargingProfile": {"status": "Accepted"},
    "TriggerMessage": {"status": "Accepted"},
    "ClearChargingProfile": {"status": "Accepted"},
    "RemoteStopTransaction": {"status": "Accepted"},
}


class CallErrorReceived(Exception):
    def __init__(self, code: str, description: str) -> None:
        super().__init__(f"{code}: {description}")
        self.code = code
        self.description = description


class RawCharger:
    """One connection of a charger."""

    def __init__(self, socket: ClientConnection, answers: dict[str, Answering]) -> None:
        self.socket = socket
        self.answers = answers
        self.asked: list[tuple[str, Payload]] = []
        self.raw: asyncio.Queue[list[Any]] = asyncio.Queue()
        """Answers nobody of this test waits for, as they came."""
        self._waiting: dict[str, asyncio.Future[list[Any]]] = {}
        self._news = asyncio.Condition()

    # --- What the charger says ---

    async def call(self, action: str, payload: Payload) -> Payload:
        message_id = new_id()
        future = self._waiting[message_id] = asyncio.get_running_loop().create_future()
        await self.socket.send(orjson.dumps([2, message_id, action, payload]).decode())
        async with asyncio.timeout(ANSWER_S_MAX):
            frame = await future
        if frame[0] == 4:
            raise CallErrorReceived(frame[2], frame[3])
        answer: Payload = frame[2]
        return answer

    async def boot(self) -> Payload:
        return await self.call(
            "BootNotification",
            {"chargePointVendor": "V", "chargePointModel": "M", "firmwareVersion": "1.0"},
        )

    async def boot_until_accepted(self) -> None:
        """The whole story of a charger's first boot."""
        triggers = len(self.asked_for("TriggerMessage"))
        answer = await self.boot()
        if answer["status"] == "Pending":
            await self.was_asked("TriggerMessage", triggers + 1)
            answer = await self.boot()
        assert answer["status"] == "Accepted"

    async def say(self, data: str | bytes) -> list[Any]:
        """Send anything, and wait for the next answer to nothing in particular."""
        await self.socket.send(data)
        return await self.next_raw()

    async def next_raw(self) -> list[Any]:
        async with asyncio.timeout(ANSWER_S_MAX):
            return await self.raw.get()

    # --- What the charger is asked ---

    def asked_for(self, action: str) -> list[Payload]:
        return [payload for name, payload in self.asked if name == action]

    async def was_asked(self, action: str, times: int = 1) -> Payload:
        """Wait until the gateway has asked for something; return the newest such request."""
        async with asyncio.timeout(ANSWER_S_MAX), self._news:
            await self._news.wait_for(lambda: len(self.asked_for(action)) >= times)
        return self.asked_for(action)[-1]

    def fail_safes(self) -> list[float]:
        """Name the amperes of every fail-safe it was given."""
        profiles = [it["csChargingProfiles"] for it in self.asked_for("SetChargingProfile")]
        return [
            it["chargingSchedule"]["chargingSchedulePeriod"][0]["limit"]
            for it in profiles
            if it["chargingProfileId"] == 1
        ]

    async def limits(self, times: int) -> list[Payload]:
        """Wait for so many limits; return the profiles."""

        def found() -> list[Payload]:
            asked = self.asked_for("SetChargingProfile")
            profiles = [it["csChargingProfiles"] for it in asked]
            return [it for it in profiles if it["chargingProfileId"] == 2]

        async with asyncio.timeout(ANSWER_S_MAX), self._news:
            await self._news.wait_for(lambda: len(found()) >= times)
        return found()

    async def closed(self) -> tuple[int | None, str | None]:
        async with asyncio.timeout(ANSWER_S_MAX):
            await self.socket.wait_closed()
        return self.socket.close_code, self.socket.close_reason

    # --- The wire ---

    async def read(self) -> None:
        try:
            while True:
                await self._take(orjson.loads(await self.socket.recv()))
        except ConnectionClosed as closed:
            for future in self._waiting.values():
                future.set_exception(closed)

    async def _take(self, frame: list[Any]) -> None:
        if frame[0] != 2:
            future = self._waiting.pop(frame[1], None)
            if future is None:
                self.raw.put_nowait(frame)
            else:
                future.set_result(frame)
            return
        _, message_id, action, payload = frame
        answer = self.answers.get(action)
        if answer is None:
            await self.socket.send(
                orjson.dumps([4, message_id, "NotImplemented", "", {}]).decode()
            )
        elif answer is not SILENCE:
            await self.socket.send(orjson.dumps([3, message_id, answer]).decode())
        async with self._news:
            self.asked.append((action, payload))
            self._news.notify_all()


@contextlib.asynccontextmanager
async def plugged_in(
    gateway: str,
    serial: str,
    answers: Mapping[str, Answering] | None = None,
    subprotocol: str = "ocpp1.6",
    host: str = "127.0.0.1",
    headers: Mapping[str, str] | None = None,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[RawCharger]:
    """Connect a charger for as long as the context is open; it answers obediently unless told
    otherwise. On Linux all of 127.0.0.0/8 is this machine: `host` is where it connects from.
    """
    async with connect(
        f"{gateway}/{serial}",
        subprotocols=[Subprotocol(subprotocol)],
        compression=None,
        ping_interval=None,
        proxy=None,
        close_timeout=1,
        local_addr=(host, 0),
        additional_headers=headers,
        **({} if tls is None else {"ssl": tls}),
    ) as socket:
        charger = RawCharger(socket, {**OBEDIENT, **(answers or {})})
        reader = asyncio.create_task(charger.read())
        try:
            yield charger
        finally:
            reader.cancel()
