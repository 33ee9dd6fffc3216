"""What comes by NATS comes again, later than what came after it, or is no message at all; and somebody
subscribes to everything and never reads."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol
from urllib.parse import urlsplit

import orjson
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from cli.chaos.fault import FaultNotPossible
from cli.chaos.garbage import GARBAGE, LARGE_BYTES, PLACES, garbage_subjects
from cli.chaos.plan import Kind
from shared import subjects
from shared.messages.telemetry import BreakerReading, MeterReading, SetCurrentLimit
from shared.messaging import connect
from simulator.scene import Scene

NAME: Final = "ampledger-chaos-messages"
COPY_HEADER: Final = "Ampledger-Chaos-Copy"
"""What has been sent again says so, that it is not sent a third time."""
READINGS, LIMITS, COMMANDS = "readings", "limits", "commands"
FOLLOWED: Final[Mapping[str, Sequence[str]]] = {
    READINGS: (subjects.telemetry_all(MeterReading), subjects.telemetry_all(BreakerReading)),
    LIMITS: (subjects.charger_command(SetCurrentLimit, "*"),),
    COMMANDS: ("commands.>",),
}
"""What can come again, and where it goes by."""
CAN_COME_AGAIN: Final = tuple(FOLLOWED)
COPIES_MAX: Final = 2000
"""So many are on their way at a time; what comes beyond is not sent again."""
FLOOD: Final = "chaos.flood"
FLOOD_MESSAGES: Final = 24
GARBAGE_PAUSE_S: Final = 0.05


class Reached(Protocol):
    """Whatever has a broker, and garages."""

    @property
    def nats_url(self) -> str: ...

    @property
    def garages(self) -> Mapping[str, Scene]: ...


@dataclass(slots=True)
class _UnderWay:
    """What is done for as long as a fault lasts, and ended with it."""

    _tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    async def begin(
        self, target: str, work: contextlib.AbstractAsyncContextManager[None]
    ) -> None:
        """
        Do something until it is ended.

        Raises:
            FaultNotPossible: it is being done already, or the broker cannot be reached.
        """
        if target in self._tasks:
            raise FaultNotPossible(f"it is under way at {target}")
        begun = asyncio.get_running_loop().create_future()

        async def until_ended() -> None:
            try:
                async with work:
                    begun.set_result(None)
                    await asyncio.Event().wait()
            except (OSError, NatsError, TimeoutError) as fault:
                if begun.done():
                    raise
                begun.set_exception(FaultNotPossible(f"no broker: {fault!r}"))

        self._tasks[target] = asyncio.create_task(until_ended())
        try:
            await begun
        except FaultNotPossible:
            del self._tasks[target]
            raise

    async def end(self, target: str) -> None:
        """End it, if it is under way."""
        task = self._tasks.pop(target, None)
        if task is not None:
            task.cancel()
            await asyncio.wait({task})
            if not task.cancelled():
                task.result()  # whatever it has ended by is for everybody to see


@dataclass(frozen=True, slots=True)
class Again:
    """
    Everything of some kind comes a second time, a while after the first: late, behind what is newer.

    Args:
        kind: how the plan sees it.
        late_s: after how long, at least and at most; by chance, so that copies change places as well.
    """

    kind: Kind
    late_s: tuple[float, float]
    _under_way: _UnderWay = field(default_factory=_UnderWay)

    async def inject(self, yard: Reached, target: str) -> None:
        """See `Fault`."""
        await self._under_way.begin(target, self._copying(yard.nats_url, FOLLOWED[target]))

    async def heal(self, _: Reached, target: str) -> None:
        """See `Fault`: what is still held back is never sent."""
        await self._under_way.end(target)

    @contextlib.asynccontextmanager
    async def _copying(self, nats_url: str, followed: Sequence[str]) -> AsyncIterator[None]:
        chance = random.Random(self.kind.name)  # noqa: S311  # a delay is no secret
        client = await connect(nats_url, NAME)
        try:
            async with asyncio.TaskGroup() as copies:
                under_way: set[asyncio.Task[None]] = set()

                async def on_message(message: Msg) -> None:
                    if COPY_HEADER in (message.headers or {}) or len(under_way) >= COPIES_MAX:
                        return
                    task = copies.create_task(
                        _copy(client, message, chance.uniform(*self.late_s))
                    )
                    under_way.add(task)
                    task.add_done_callback(under_way.discard)

                for subject in followed:
                    await client.subscribe(subject, cb=on_message)
                await client.flush()
                yield
        finally:
            with contextlib.suppress(OSError):  # its connection may just have been cut
                await client.close()


async def _copy(client: Client, message: Msg, late_s: float) -> None:
    """Send it again, without the address for the answer and without what made it part of a batch."""
    await asyncio.sleep(late_s)
    kept = {
        name: value
        for name, value in (message.headers or {}).items()
        if not name.startswith("Nats-")
    }
    with contextlib.suppress(NatsError):  # the broker is away: this one is not sent again
        await client.publish(message.subject, message.data, headers=kept | {COPY_HEADER: "1"})


@dataclass(frozen=True, slots=True)
class Garbage:
    """What is no message comes where messages are expected."""

    kind: Kind
    _under_way: _UnderWay = field(default_factory=_UnderWay)

    async def inject(self, yard: Reached, target: str) -> None:
        """See `Fault`."""
        chargers = [it.charger_id for scene in yard.garages.values() for it in scene.chargers]
        where = garbage_subjects(target, list(yard.garages), chargers)
        await self._under_way.begin(target, self._sending(yard.nats_url, where))

    async def heal(self, _: Reached, target: str) -> None:
        """See `Fault`."""
        await self._under_way.end(target)

    @contextlib.asynccontextmanager
    async def _sending(self, nats_url: str, where: Sequence[str]) -> AsyncIterator[None]:
        client = await connect(nats_url, NAME)
        inbox = client.new_inbox()
        try:
            async with asyncio.TaskGroup() as group:
                sending = group.create_task(_send_garbage(client, where, inbox))
                try:
                    yield
                finally:
                    sending.cancel()
        finally:
            await client.close()


async def _send_garbage(client: Client, where: Sequence[str], inbox: str) -> None:
    """Send everything everywhere, again and again; headers that say nothing are part of it."""
    while True:
        for subject in where:
            for data, headers in GARBAGE:
                with contextlib.suppress(NatsError):  # the broker is away: this one is left out
                    await client.publish(subject, data, reply=inbox, headers=dict(headers))
                await asyncio.sleep(GARBAGE_PAUSE_S)


@dataclass(frozen=True, slots=True)
class NeverReads:
    """Somebody subscribes to everything and reads nothing: the broker has to cut him off, and no other."""

    kind: Kind
    _under_way: _UnderWay = field(default_factory=_UnderWay)

    async def inject(self, yard: Reached, target: str) -> None:
        """See `Fault`."""
        await self._under_way.begin(target, self._subscribed(yard.nats_url))

    async def heal(self, _: Reached, target: str) -> None:
        """See `Fault`."""
        await self._under_way.end(target)

    @contextlib.asynccontextmanager
    async def _subscribed(self, nats_url: str) -> AsyncIterator[None]:
        place = urlsplit(nats_url)
        reader, writer = await asyncio.open_connection(place.hostname, place.port)
        flood = await connect(nats_url, NAME)
        try:
            await reader.readline()  # the broker introduces itself
            login = {
                "user": place.username,
                "pass": place.password,
                "verbose": False,
                "name": NAME,
            }
            writer.write(b"CONNECT " + orjson.dumps(login) + b"\r\nSUB > 1\r\n")
            await writer.drain()
            # Nobody reads the stream from here on: asyncio takes no more than its buffer holds. What
            # the sockets hold is megabytes, and cars alone would take long to fill them.
            for _ in range(FLOOD_MESSAGES):
                await flood.publish(FLOOD, b" " * LARGE_BYTES)
            await flood.flush()
            yield
        finally:
            await flood.close()
            writer.transport.abort()


def message_faults() -> list[Again | Garbage | NeverReads]:
    """Name all that may happen to messages."""
    return [
        Again(Kind("sent-twice", CAN_COME_AGAIN, (3.0, 15.0), hits_all=False), (0.0, 0.5)),
        Again(
            Kind("sent-late-again", CAN_COME_AGAIN, (5.0, 20.0), hits_all=False), (0.5, 12.0)
        ),
        Garbage(Kind("garbage", PLACES, (3.0, 10.0), hits_all=False)),
        NeverReads(Kind("never-reads", ("broker",), (5.0, 20.0), hits_all=False)),
    ]
