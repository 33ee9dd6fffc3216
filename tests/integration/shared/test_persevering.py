"""What a server complains about costs a connection, and not for ever."""

import asyncio
from collections.abc import Awaitable, Callable

import nats
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from shared.messaging import CONNECT_OPTIONS, connect, disconnect
from shared.persevering import persevere
from tests.support.servers import EmbeddedServers
from tests.support.waiting import until

pytestmark = pytest.mark.integration

WITHIN_S = 30.0
NONSENSE = b"NONSENSE\r\n"


async def ours(url: str) -> Client:
    return await connect(url, "test-persevering")


async def plain(url: str) -> Client:
    """As FastStream makes its own."""
    client = await nats.connect(url, **CONNECT_OPTIONS)
    persevere(client)
    return client


@pytest.mark.parametrize("made", [ours, plain])
async def test_who_has_sent_nonsense_is_connected_again_and_hears_on(
    servers: EmbeddedServers, made: Callable[[str], Awaitable[Client]]
) -> None:
    client = await made(servers.nats_url)
    heard = asyncio.get_running_loop().create_future()

    async def on_message(message: Msg) -> None:
        heard.set_result(message.data)

    async def reconnects() -> int:
        return int(client.stats["reconnects"]) if client.is_connected else 0

    try:
        await client.subscribe("persevering", cb=on_message)
        assert client._transport is not None
        client._transport.write(NONSENSE)
        await client._transport.drain()  # type: ignore[no-untyped-call]
        await until(reconnects, lambda it: it >= 1, WITHIN_S)
        await client.publish("persevering", b"again")
        await client.flush()
        assert await asyncio.wait_for(heard, WITHIN_S) == b"again"
    finally:
        await disconnect(client)
