"""What the jetstreams hold: sequence and event id of every message."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from nats.aio.client import Client
from nats.errors import NoServersError
from nats.errors import TimeoutError as NatsTimeoutError
from nats.js.api import ConsumerConfig, DeliverPolicy
from nats.js.errors import NotFoundError

from shared.announced import EVENT_ID_HEADER
from shared.messaging import ServiceUnavailable, connect

QUIET_S_MAX: Final = 10.0
"""For how long a jetstream that has more to tell may say nothing."""


@asynccontextmanager
async def nats_client(nats_url: str) -> AsyncIterator[Client]:
    """
    Connect for reading.

    Raises:
        ServiceUnavailable: NATS cannot be reached.
    """
    try:
        client = await connect(nats_url, "ampledger-support")
    except (OSError, NoServersError, asyncio.TimeoutError) as error:  # noqa: UP041  # nats-py has its own
        raise ServiceUnavailable(f"NATS cannot be reached: {error}") from error
    try:
        yield client
    finally:
        await client.close()


async def announced(client: Client, jetstream: str) -> list[tuple[int, str | None]] | None:
    """
    Read everything that a jetstream holds at this moment; none if there is no such jetstream.

    Raises:
        ServiceUnavailable: it stopped in the middle.
    """
    js = client.jetstream()
    try:
        last = int((await js.stream_info(jetstream)).state.last_seq)
    except NotFoundError:
        return None
    held: list[tuple[int, str | None]] = []
    if last == 0:
        return held
    subscription = await js.subscribe(
        ">",
        stream=jetstream,
        ordered_consumer=True,
        config=ConsumerConfig(deliver_policy=DeliverPolicy.ALL, headers_only=True),
    )
    try:
        while not held or held[-1][0] < last:
            message = await subscription.next_msg(timeout=QUIET_S_MAX)
            sequence = message.metadata.sequence.stream
            held.append((sequence, (message.headers or {}).get(EVENT_ID_HEADER)))
    except NatsTimeoutError as error:
        raise ServiceUnavailable(f"{jetstream} stopped before {last}") from error
    finally:
        await subscription.unsubscribe()
    return held
