"""
JetStream, as far as relays and followers use it: jetstreams that refuse what does not follow, and lines
that break.

Written from the words of NATS (ADR-50 for batches): a jetstream takes a message that expects a last
sequence only behind that one, and says so.
"""

import asyncio
import random
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Final

import orjson
from nats.aio.msg import Msg
from nats.errors import NoRespondersError
from nats.errors import TimeoutError as NoReply
from nats.js.api import ConsumerConfig, RawStreamMsg, StreamConfig, StreamInfo, StreamState
from nats.js.errors import NotFoundError

from cli.simulating.consumers import Consumers, Message
from cli.simulating.virtual import finished
from shared import subjects

WRONG_SEQUENCE: Final = {"code": 400, "err_code": 10071, "description": "wrong last sequence"}
OTHER_JETSTREAM: Final = {"code": 400, "err_code": 10060, "description": "expected another one"}
Hear = Callable[[Msg], Coroutine[Any, Any, None]]
"""What hears what comes to an inbox."""
TORN_BATCH: Final = {"code": 400, "err_code": 10176, "description": "batch incomplete"}


@dataclass
class Jetstream:
    """One jetstream, and what it holds."""

    config: StreamConfig
    messages: list[Message] = field(default_factory=list)

    def info(self) -> StreamInfo:
        last = len(self.messages)
        state = StreamState(
            messages=last, bytes=0, first_seq=1, last_seq=last, consumer_count=0
        )
        return StreamInfo(config=self.config, state=state)


@dataclass
class Broker:
    """A NATS server; what it has acknowledged it keeps, unless its disk is lost."""

    jetstreams: dict[str, Jetstream] = field(default_factory=dict)
    away: bool = False
    consumers: Consumers = field(default_factory=Consumers)
    _batches: dict[str, list[Message]] = field(default_factory=dict)

    def taking(self, subject: str) -> Jetstream | None:
        """Find the jetstream that takes a subject."""
        for it in self.jetstreams.values():
            if any(subjects.within(subject, whole) for whole in it.config.subjects or ()):
                return it
        return None

    def publish(self, message: Message) -> dict[str, Any] | None:
        """Take a message, or stage it for its batch; none where nobody takes it."""
        subject, headers, _ = message
        jetstream = self.taking(subject)
        if jetstream is None:
            return None
        batch_id = headers.get("Nats-Batch-Id")
        if batch_id is None:
            return self._append(jetstream, [message])
        staged = self._batches.setdefault(batch_id, [])
        staged.append(message)
        if "Nats-Batch-Commit" not in headers:
            return {}
        del self._batches[batch_id]
        if len(staged) != int(headers["Nats-Batch-Sequence"]):
            return {"error": TORN_BATCH}
        return self._append(jetstream, staged)

    def _append(self, jetstream: Jetstream, messages: list[Message]) -> dict[str, Any]:
        headers = messages[0][1]
        if headers.get("Nats-Expected-Stream") != jetstream.config.name:
            return {"error": OTHER_JETSTREAM}
        if not self.follows(jetstream, headers):
            return {"error": WRONG_SEQUENCE}
        jetstream.messages += messages
        self.consumers.give(str(jetstream.config.name), jetstream.messages)
        return {"stream": jetstream.config.name, "seq": len(jetstream.messages)}

    def hear(self, line: "Line", subject: str, data: bytes, inbox: str) -> bool:
        """Take what is said to a consumer; tells whether anything of it was."""
        of = self.jetstreams.get(subject.split(".")[-2])
        held = [] if of is None else of.messages
        return self.consumers.hear(subject, data, inbox, line.hand, held)

    def lose_all(self) -> None:
        """A disk is lost, with all jetstreams and consumers."""
        self.jetstreams.clear()
        self.consumers.all.clear()

    def follows(self, jetstream: Jetstream, headers: dict[str, str]) -> bool:
        """Tell whether a message comes behind the one that it expects, if it expects any."""
        expected = headers.get("Nats-Expected-Last-Sequence")
        return expected is None or expected == str(len(jetstream.messages))


class Line:
    """One process's connection to the broker; it stands where a client of NATS does, and its JetStream."""

    def __init__(self, broker: Broker, chance: random.Random) -> None:
        self._broker, self._chance = broker, chance
        self.cut = False
        """The process is dead: nothing of what it still says arrives."""
        self.rough = False
        self._heard: dict[str, Hear] = {}
        self._inboxes = 0
        self._comes_s = 0.0
        """When the last message comes that is on its way here: none overtakes it."""

    def jetstream(self) -> "Line":
        return self

    @property
    def is_connected(self) -> bool:
        return not self._broker.away

    async def publish(
        self,
        subject: str,
        data: bytes = b"",
        reply: str = "",
        headers: dict[str, str] | None = None,
    ) -> None:
        """Say something that nobody answers."""
        if not self._lost() and not self._broker.hear(self, subject, data, reply):
            self._broker.publish((subject, headers or {}, data))

    def new_inbox(self) -> str:
        self._inboxes += 1
        return f"_INBOX.{self._inboxes}"

    async def subscribe(self, subject: str, cb: Hear) -> "Heard":
        """Have somebody hear what comes to an inbox."""
        self._heard[subject] = cb
        return Heard(self, subject)

    def leave(self, inbox: str) -> None:
        """Nobody hears there any more."""
        self._heard.pop(inbox, None)

    def hand(self, inbox: str, subject: str, reply: str, message: Message) -> None:
        """Have a message come here in a moment, behind those that are on their way."""
        loop = asyncio.get_running_loop()
        soon_s = loop.time() + self._chance.uniform(0.0005, 0.02)
        self._comes_s = max(self._comes_s, soon_s)
        told = Msg(self, subject, reply, message[2], message[1])  # type: ignore[arg-type]  # what it uses of a client
        loop.call_at(self._comes_s, self._come, inbox, told)

    def _come(self, inbox: str, message: Msg) -> None:
        heard = self._heard.get(inbox)
        if heard is not None and not self._lost():
            finished(heard(message))

    async def request(
        self,
        subject: str,
        data: bytes,
        timeout: float,  # noqa: ASYNC109  # as the client has it
        headers: dict[str, str] | None = None,
    ) -> SimpleNamespace:
        """
        Publish, or ask something of a consumer, and wait for the answer.

        Raises:
            NoReply: it was lost on its way there, or the answer on its way back.
            NoRespondersError: nobody takes it.
        """
        await self._way()
        if self._lost():
            await asyncio.sleep(timeout)
            raise NoReply
        answer = self._broker.consumers.set_to(subject, data)
        if answer is None:
            answer = self._broker.publish((subject, headers or {}, data))
        if answer is None:
            raise NoRespondersError
        await self._way()
        if self._lost():
            await asyncio.sleep(timeout)
            raise NoReply
        return SimpleNamespace(data=orjson.dumps(answer))

    # --- What is asked of JetStream ---

    async def find_stream_name_by_subject(self, subject: str) -> str:
        await self._reach()
        found = self._broker.taking(subject)
        if found is None:
            raise NotFoundError(code=404)
        return str(found.config.name)

    async def stream_info(self, name: str) -> StreamInfo:
        await self._reach()
        return self._known(name).info()

    async def streams_info(self, offset: int = 0) -> list[StreamInfo]:
        await self._reach()
        return [it.info() for it in self._broker.jetstreams.values()][offset:]

    async def get_msg(self, name: str, seq: int) -> RawStreamMsg:
        await self._reach()
        messages = self._known(name).messages
        if not 0 < seq <= len(messages):
            raise NotFoundError(code=404)
        subject, headers, data = messages[seq - 1]
        return RawStreamMsg(subject=subject, seq=seq, data=data, headers=headers)

    async def add_stream(self, config: StreamConfig) -> None:
        await self._reach()
        self._broker.jetstreams.setdefault(str(config.name), Jetstream(config))

    async def update_stream(self, config: StreamConfig) -> None:
        await self._reach()
        self._known(str(config.name)).config = config

    async def consumer_info(self, name: str, durable: str) -> None:
        await self._reach()
        if (name, durable) not in self._broker.consumers.all:
            raise NotFoundError(code=404)

    async def add_consumer(self, name: str, config: ConsumerConfig) -> None:
        await self._reach()
        self._known(name)
        self._broker.consumers.add(name, config)

    def _known(self, name: str) -> Jetstream:
        if name not in self._broker.jetstreams:
            raise NotFoundError(code=404)
        return self._broker.jetstreams[name]

    # --- The line ---

    def _lost(self) -> bool:
        rough = self.rough and self._chance.random() < 0.1
        return self.cut or self._broker.away or rough

    async def _way(self) -> None:
        await asyncio.sleep(self._chance.uniform(0.0005, 0.02))

    async def _reach(self) -> None:
        await self._way()
        if self._lost():
            await asyncio.sleep(5.0)
            raise NoReply


@dataclass(frozen=True, slots=True)
class Heard:
    """What is heard of an inbox."""

    line: Line
    inbox: str

    async def unsubscribe(self) -> None:
        self.line.leave(self.inbox)
