"""
Durable consumers of jetstreams: whoever pulls is given what follows, in order, as long as its line holds.

Written from the words of NATS (ADR-13 for pulling, ADR-60 for setting back). What is not acknowledged
in time is given again.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from nats.js.api import ConsumerConfig

from shared.grants import BEGIN, PULL

Message = tuple[str, dict[str, str], bytes]
Hand = Callable[[str, str, str, Message], None]
"""Hands an inbox, of a line, a message with the subject that acknowledges it."""
ACKNOWLEDGING: Final = "$JS.ACK."
NOBODY_THERE: Final[Message] = ("", {"Status": "503"}, b"")
NOT_FOUND: Final = {"code": 404, "err_code": 10014, "description": "consumer not found"}
NS: Final = 1_000_000_000


@dataclass
class _Pull:
    """Somebody who waits for so many messages, until some moment."""

    inbox: str
    hand: Hand
    left: int
    until_s: float


@dataclass
class Consumer:
    """How far one is, and who waits for more."""

    config: ConsumerConfig
    given: int = 0
    acknowledged: int = 0
    given_s: float = 0.0
    waiting: list[_Pull] = field(default_factory=list)

    def again(self, now_s: float) -> None:
        """Go back to what was not acknowledged, if its time is over."""
        if self.given > self.acknowledged and now_s - self.given_s > (
            self.config.ack_wait or 0.0
        ):
            self.given = self.acknowledged

    def give(self, jetstream: str, messages: Sequence[Message], now_s: float) -> None:
        """Hand out what follows to whoever waits."""
        self.waiting = [it for it in self.waiting if it.left > 0 and it.until_s > now_s]
        while self.waiting and self.given < len(messages):
            pull = self.waiting[0]
            self.given, self.given_s = self.given + 1, now_s
            behind, sequence = len(messages) - self.given, self.given
            name, time_ns = self.config.durable_name, int(now_s * NS)
            reply = (
                f"{ACKNOWLEDGING}{jetstream}.{name}.1.{sequence}.{sequence}.{time_ns}.{behind}"
            )
            pull.hand(pull.inbox, messages[sequence - 1][0], reply, messages[sequence - 1])
            pull.left -= 1
            if pull.left == 0:
                self.waiting.pop(0)


class Consumers:
    """All of a server, by jetstream and name."""

    def __init__(self) -> None:
        self.all: dict[tuple[str, str], Consumer] = {}

    def add(self, jetstream: str, config: ConsumerConfig) -> None:
        self.all.setdefault((jetstream, str(config.durable_name)), Consumer(config))

    def hear(
        self, subject: str, data: bytes, inbox: str, hand: Hand, held: Sequence[Message]
    ) -> bool:
        """Take what is said to a consumer; tells whether anything of it was."""
        if subject.startswith(ACKNOWLEDGING):
            tokens = subject.split(".")
            found = self.all.get((tokens[2], tokens[3]))
            if found is not None:
                found.acknowledged = max(found.acknowledged, int(tokens[5]))
            return True
        if not subject.startswith(_before(PULL.subject)):
            return False
        jetstream, name = jetstream_and_name(subject)
        consumer = self.all.get((jetstream, name))
        if consumer is None:
            hand(inbox, inbox, "", NOBODY_THERE)
            return True
        wish, now_s = orjson.loads(data), asyncio.get_running_loop().time()
        consumer.again(now_s)
        until_s = now_s + wish["expires"] / NS
        consumer.waiting.append(_Pull(inbox, hand, wish["batch"], until_s))
        consumer.give(jetstream, held, now_s)
        return True

    def set_to(self, subject: str, data: bytes) -> dict[str, Any] | None:
        """Set one to a position, if that is asked; otherwise there is no answer."""
        if not subject.startswith(_before(BEGIN.subject)):
            return None
        found = self.all.get(jetstream_and_name(subject))
        if found is None:
            return {"error": NOT_FOUND}
        found.given = found.acknowledged = orjson.loads(data)["seq"] - 1
        found.waiting.clear()
        return {"reset_seq": found.given + 1}

    def give(self, jetstream: str, messages: Sequence[Message]) -> None:
        """Hand out what a jetstream has got."""
        now_s = asyncio.get_running_loop().time()
        for (name, _), consumer in self.all.items():
            if name == jetstream:
                consumer.give(jetstream, messages, now_s)


def _before(subject: str) -> str:
    return subject.partition("{")[0]


def jetstream_and_name(subject: str) -> tuple[str, str]:
    """
    Name the jetstream and the consumer that a request is about.

    >>> jetstream_and_name("$JS.API.CONSUMER.MSG.NEXT.EVENTS.portal-installation")
    ('EVENTS', 'portal-installation')
    """
    jetstream, name = subject.split(".")[-2:]
    return jetstream, name
