"""Hearing what comes on a subject of NATS until nobody is there to take it, and dropping nothing of it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError

LEAVE_S_MAX: Final = 1.0
"""How long what has come already may take."""

log = structlog.get_logger()


@asynccontextmanager
async def listening(
    client: Client, subject: str, take: Callable[[Msg], Awaitable[None]]
) -> AsyncIterator[None]:
    """
    Take messages for as long as the context is open, and those that were on their way at its end.

    Whoever asks after that hears at once that nobody is there.

    Raises:
        NatsError: NATS cannot be reached.
    """
    subscription = await client.subscribe(subject, cb=take)
    try:
        yield
    finally:
        await _leave(client, subscription)


async def _leave(client: Client, subscription: Subscription) -> None:
    try:
        if client.is_connected:
            await asyncio.wait_for(subscription.drain(), LEAVE_S_MAX)  # type: ignore[no-untyped-call]
        else:
            await subscription.unsubscribe()
    except (NatsError, TimeoutError, OSError) as error:
        log.warning("subscription cut short", subject=subscription.subject, error=repr(error))
        # Or the client would take it up again with its next connection: `drain` has no way back.
        client._remove_sub(subscription._id)
