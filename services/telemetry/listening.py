"""Leaving a subject of NATS, and dropping nothing of what has come on it."""

import asyncio
from typing import Final

import structlog
from nats.aio.client import Client
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError

LEAVE_S_MAX: Final = 1.0
"""How long what has come already may take."""

log = structlog.get_logger()


async def leave(client: Client, subscription: Subscription) -> None:
    """
    Hear no more of a subject, once what was on its way has been taken.

    Whoever asks after that hears at once that nobody is there.
    """
    try:
        if client.is_connected:
            await asyncio.wait_for(subscription.drain(), LEAVE_S_MAX)  # type: ignore[no-untyped-call]
        else:
            await subscription.unsubscribe()
    except (NatsError, TimeoutError, OSError) as error:
        log.warning("subscription cut short", subject=subscription.subject, error=repr(error))
        # Or the client would take it up again with its next connection: `drain` has no way back.
        client._remove_sub(subscription._id)
