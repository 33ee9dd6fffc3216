"""
Pulling from a jetstream without waiting for a full batch.

The client library's `fetch(500)` returns when 500 messages are there or its time is over, which delays
a trickle of events by that time. Here a pull request always stands, and whatever has arrived is taken.
"""

import contextlib
from collections.abc import AsyncIterator
from typing import Any, Final

import orjson
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import TimeoutError as NatsTimeoutError
from nats.js.api import ConsumerConfig
from nats.js.errors import NotFoundError, ServiceUnavailableError

BATCH_MAX: Final = 500
EXPIRES_S: Final = 2.0
"""How long a request stands. A request lost with its server is repeated after this time."""
GRACE_S: Final = 0.5

_OVER = {"404", "408", "409"}


class Pull:
    """A standing pull on one durable consumer."""

    def __init__(self, client: Client, subject: str, inbox: str, subscription: Any) -> None:  # noqa: ANN401
        self._client = client
        self._subject = subject
        self._inbox = inbox
        self._subscription = subscription
        self._asked = 0

    async def batch(self) -> list[Msg]:
        """
        Take what has arrived, at most `BATCH_MAX` messages; nothing when all is quiet.

        Raises:
            NotFoundError: the consumer is gone.
            ServiceUnavailableError: JetStream does not answer.
        """
        if self._asked <= 0:
            await self._ask()
        messages: list[Msg] = []
        try:
            self._sort(await self._subscription.next_msg(timeout=EXPIRES_S + GRACE_S), messages)
            while self._subscription.pending_msgs and len(messages) < BATCH_MAX:
                self._sort(await self._subscription.next_msg(timeout=GRACE_S), messages)
        except NatsTimeoutError:
            self._asked = 0
        return messages

    async def _ask(self) -> None:
        wish = {"batch": BATCH_MAX, "expires": int(EXPIRES_S * 1e9)}
        await self._client.publish(self._subject, orjson.dumps(wish), reply=self._inbox)
        self._asked = BATCH_MAX

    def _sort(self, message: Msg, messages: list[Msg]) -> None:
        status = (message.headers or {}).get("Status")
        if status is None or message.data:
            messages.append(message)
            self._asked -= 1
        elif status == "503":
            raise ServiceUnavailableError
        elif status == "409" and "Deleted" in (message.headers or {}).get("Description", ""):
            raise NotFoundError
        elif status in _OVER:
            self._asked = 0


@contextlib.asynccontextmanager
async def pulling(
    client: Client, jetstream: str, config: ConsumerConfig
) -> AsyncIterator[Pull]:
    """
    Create the durable consumer anew, and pull from it.

    A consumer left behind by a process that died would keep what it had delivered for as long as its
    acknowledgement may take. Whoever pulls knows from its own cursor where to go on, so it begins anew.

    Raises:
        NotFoundError: the jetstream does not exist (yet).
    """
    js = client.jetstream()
    durable = str(config.durable_name)
    with contextlib.suppress(NotFoundError):
        await js.delete_consumer(jetstream, durable)
    await js.add_consumer(jetstream, config)
    inbox = client.new_inbox()
    subscription = await client.subscribe(inbox)
    try:
        yield Pull(
            client, f"$JS.API.CONSUMER.MSG.NEXT.{jetstream}.{durable}", inbox, subscription
        )
    finally:
        await subscription.unsubscribe()
