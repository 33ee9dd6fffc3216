"""
Pulling from a jetstream without waiting for a full batch.

The client library's `fetch(500)` returns when 500 messages are there or its time is over, which delays
a trickle of events by that time. Here a pull request always stands, and whatever has arrived is taken.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator
from typing import Final

import orjson
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import APIError, NotFoundError, ServiceUnavailableError

from shared.denials import has_own_account
from shared.grants import BEGIN
from shared.pace import Pace

BATCH_MAX: Final = 500
EXPIRES_S: Final = 2.0
"""How long a request stands. A request lost with its server is repeated after this time."""
GRACE_S: Final = 0.5
ACK_WAIT_S: Final = 30.0
RESET_S_MAX: Final = 5.0

_OVER = {"404", "408", "409"}


class NotProvided(NatsError):
    """The consumer of a service is not there, and it is not for the service to make it."""


class Pull:
    """A standing pull on one durable consumer."""

    def __init__(self, client: Client, subject: str, inbox: str) -> None:
        self._client = client
        self._subject = subject
        self._inbox = inbox
        self._asked = 0
        self._arrived: deque[Msg] = deque()
        self._more = asyncio.Event()

    async def hear(self, message: Msg) -> None:
        """Take what comes to the inbox. Waiting for each message by itself would cost a task each."""
        self._arrived.append(message)
        self._more.set()

    async def batch(self) -> list[Msg]:
        """
        Take what has arrived, at most `BATCH_MAX` messages; nothing when all is quiet.

        Raises:
            NotFoundError: the consumer is gone.
            ServiceUnavailableError: JetStream does not answer.
        """
        if (
            self._asked <= BATCH_MAX // 2
        ):  # the next ones are on their way before these are done
            await self._ask()
        try:
            async with asyncio.timeout(EXPIRES_S + GRACE_S):
                await self._more.wait()
        except TimeoutError:
            self._asked = 0
        return self._taken(BATCH_MAX)

    async def more(self, most: int) -> list[Msg]:
        """
        Take what else has arrived by now, at most so many messages; whoever has time waits in between.

        Raises:
            NotFoundError, ServiceUnavailableError: as `batch`.
        """
        if self._asked <= BATCH_MAX // 2:
            await self._ask()
        return self._taken(most)

    async def gathered(self, pace: Pace, most: int) -> list[Msg]:
        """
        Take what else arrives until it is time, at most so many messages; for no more nobody waits.

        Raises:
            NotFoundError, ServiceUnavailableError: as `batch`.
        """
        wait_s = pace.wait_s(asyncio.get_running_loop().time()) if most > 0 else 0.0
        if wait_s == 0.0:
            return []
        await asyncio.sleep(wait_s)
        return await self.more(most)

    def _taken(self, most: int) -> list[Msg]:
        messages: list[Msg] = []
        while self._arrived and len(messages) < most:
            self._sort(self._arrived.popleft(), messages)
        if not self._arrived:
            self._more.clear()
        return messages

    async def _ask(self) -> None:
        wish = {"batch": BATCH_MAX, "expires": int(EXPIRES_S * 1e9)}
        await self._client.publish(self._subject, orjson.dumps(wish), reply=self._inbox)
        self._asked += BATCH_MAX

    def _sort(self, message: Msg, messages: list[Msg]) -> None:
        headers = message.headers or {}
        status = headers.get("Status")
        if status is None or message.data:
            messages.append(message)
            self._asked -= 1
        elif status == "503":
            raise ServiceUnavailableError
        elif status == "409" and "Deleted" in headers.get("Description", ""):
            raise NotFoundError
        elif status in _OVER:
            left = headers.get("Nats-Pending-Messages", "")
            self._asked -= int(left) if left.isdecimal() else self._asked


def consumer_of(name: str) -> ConsumerConfig:
    """Describe the consumer of a follower: in order, and from the beginning unless it says otherwise."""
    return ConsumerConfig(
        durable_name=name,
        deliver_policy=DeliverPolicy.ALL,
        ack_policy=AckPolicy.ALL,
        ack_wait=ACK_WAIT_S,
        max_ack_pending=4 * BATCH_MAX,
        max_deliver=-1,
    )


@contextlib.asynccontextmanager
async def pulling(
    client: Client, jetstream: str, config: ConsumerConfig, first: int = 1
) -> AsyncIterator[Pull]:
    """
    Set the durable consumer to a position, and pull from it.

    A consumer left behind by a process that died would keep what it had delivered for as long as its
    acknowledgement may take. Whoever pulls knows from its own cursor where to go on.

    Args:
        client: pulls.
        jetstream: from which.
        config: of the consumer, which is made where it is missing, unless we are a service: then the
            operator makes it.
        first: the sequence of the first message that is wanted.

    Raises:
        NotFoundError: the jetstream does not exist (yet).
        NotProvided: the operator has not made the consumer (yet).
    """
    await _ensure_consumer(client, jetstream, config)
    await _set_to(client, jetstream, str(config.durable_name), first)
    async with _standing(client, jetstream, config) as pull:
        yield pull


@contextlib.asynccontextmanager
async def sharing(
    client: Client, jetstream: str, config: ConsumerConfig
) -> AsyncIterator[Pull]:
    """
    Pull from a durable consumer together with other processes, from where all of them are.

    What one of them was given and has not acknowledged goes to any of them after `ack_wait`.

    Args:
        client: pulls.
        jetstream: from which.
        config: of the consumer, with acknowledgements of single messages; made as for `pulling`.

    Raises:
        NotFoundError: the jetstream does not exist (yet).
        NotProvided: the operator has not made the consumer (yet).
    """
    await _ensure_consumer(client, jetstream, config)
    async with _standing(client, jetstream, config) as pull:
        yield pull


@contextlib.asynccontextmanager
async def _standing(
    client: Client, jetstream: str, config: ConsumerConfig
) -> AsyncIterator[Pull]:
    inbox = client.new_inbox()
    subject = f"$JS.API.CONSUMER.MSG.NEXT.{jetstream}.{config.durable_name}"
    pull = Pull(client, subject, inbox)
    subscription = await client.subscribe(inbox, cb=pull.hear)
    try:
        yield pull
    finally:
        await subscription.unsubscribe()


async def _ensure_consumer(client: Client, jetstream: str, config: ConsumerConfig) -> None:
    js = client.jetstream()
    try:
        await js.consumer_info(jetstream, str(config.durable_name))
    except NotFoundError:
        await js.stream_info(jetstream)
        if has_own_account(client):
            raise NotProvided(
                f"consumer {config.durable_name} on {jetstream} is not there yet: ampledger up "
                "makes it, or ampledger nats provide"
            ) from None
        await js.add_consumer(jetstream, config)


async def _set_to(client: Client, jetstream: str, durable: str, first: int) -> None:
    subject = BEGIN.about(durable, jetstream)
    wish = orjson.dumps({"seq": first})
    reply = await client.request(subject, wish, timeout=RESET_S_MAX)
    answer = orjson.loads(reply.data)
    if "error" in answer:
        raise APIError.from_error(answer["error"])
