"""Chargers that ask about cards at an offered rate, each over a WebSocket of its own."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

OPEN_AT_ONCE: Final = 20
ANSWER_S_MAX: Final = 30.0
BOOT: Final = {"chargePointVendor": "Bench", "chargePointModel": "Socket"}


@dataclass(slots=True)
class Asker:
    """One charger, which asks one thing at a time (OCPP-J 1.6, section 4.1.1)."""

    socket: ClientConnection
    _waiting: dict[str, "asyncio.Future[Any]"] = field(default_factory=dict)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _asked: int = 0

    async def call(self, action: str, payload: object) -> Any:  # any piece of JSON
        """
        Ask, and wait for the answer.

        Raises:
            TimeoutError: there is none.
            RuntimeError: it is a CALLERROR.
        """
        async with self._turn:
            self._asked += 1
            message_id = str(self._asked)
            answer = self._waiting[message_id] = asyncio.get_running_loop().create_future()
            await self.socket.send(
                orjson.dumps([2, message_id, action, payload]).decode(), text=True
            )
            async with asyncio.timeout(ANSWER_S_MAX):
                frame = await answer
        if frame[0] != 3:
            raise RuntimeError(f"{action} was answered {frame[2]}: {frame[3]}")
        return frame[2]

    async def listen(self) -> None:
        """Take answers, and refuse whatever the gateway asks, until the socket ends."""
        with contextlib.suppress(ConnectionClosed):
            async for data in self.socket:
                frame = orjson.loads(data)
                if frame[0] == 2:
                    refusal = [4, frame[1], "NotImplemented", "", {}]
                    await self.socket.send(orjson.dumps(refusal).decode(), text=True)
                elif (future := self._waiting.pop(frame[1], None)) is not None:
                    future.set_result(frame)


@contextlib.asynccontextmanager
async def connected(gateway: str, serials: Sequence[str]) -> AsyncIterator[list[Asker]]:
    """
    Connect chargers and have them accepted, for as long as the context is open.

    Args:
        gateway: its URL, to which a serial number is added.
        serials: one for each charger.
    """
    gate = asyncio.Semaphore(OPEN_AT_ONCE)
    async with contextlib.AsyncExitStack() as stack:
        listening: list[asyncio.Task[None]] = []

        async def enter(serial: str) -> Asker:
            async with gate:
                socket = await connect(
                    f"{gateway}/{serial}",
                    subprotocols=[Subprotocol("ocpp1.6")],
                    compression=None,
                    ping_interval=None,
                    proxy=None,
                    open_timeout=ANSWER_S_MAX,
                )
                stack.push_async_callback(socket.close)
                asker = Asker(socket)
                listening.append(asyncio.create_task(asker.listen()))
                await asker.call("BootNotification", BOOT)
                return asker

        try:
            yield await asyncio.gather(*(enter(it) for it in serials))
        finally:
            for task in listening:
                task.cancel()


@dataclass(frozen=True, slots=True)
class Asked:
    """What became of one question: what was answered, and when, after it was offered."""

    status: str
    took_s: float
    answered_s: float


async def offered(
    askers: Sequence[Asker], cards: Sequence[Sequence[str]], rate_per_s: float, seconds: float
) -> list[Asked]:
    """
    Offer questions at an even rate, whether earlier ones have been answered or not.

    Args:
        askers: take turns.
        cards: what each of them asks about, one after the other, and again from the beginning.
        rate_per_s: of all together.
        seconds: for how long.

    Returns:
        What became of each. Its time counts from when it was due: one that waits for the answer before
        it has waited.
    """
    loop = asyncio.get_running_loop()
    begin_s = loop.time() + 0.1
    results: list[asyncio.Task[Asked]] = []

    async def ask(number: int, due_s: float) -> Asked:
        at = number % len(askers)
        own = cards[at]
        card = own[number // len(askers) % len(own)]
        answer = await askers[at].call("Authorize", {"idTag": card})
        now_s = loop.time()
        return Asked(answer["idTagInfo"]["status"], now_s - due_s, now_s - begin_s)

    for number in range(round(rate_per_s * seconds)):
        due_s = begin_s + number / rate_per_s
        await asyncio.sleep(max(0.0, due_s - loop.time()))
        results.append(asyncio.create_task(ask(number, due_s)))
    return list(await asyncio.gather(*results))
