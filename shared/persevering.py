"""
Connections to NATS that last, whatever the server complains about.

A server says why it ends a connection: somebody took longer to sign in than it waits, or has sent what
it does not understand; it shuts down; too many are there. nats-py takes all that for the end, also where it
was told to connect again for ever, and whoever uses the client is cut off for as long as the process lives.
Here such a connection is one that was lost, and is made anew.
"""

from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from nats.aio.client import Client
from nats.errors import Error as NatsError

LEFT_TO_THE_CLIENT: Final = ("permissions violation", "stale connection")
"""After the first the connection stays, after the second nats-py connects again by itself."""

OnError = Callable[[Exception], Awaitable[None]]

log = structlog.get_logger()


def persevere(client: Client, on_error: OnError | None = None) -> None:
    """
    Have a client connect again after whatever its server complains about.

    Args:
        client: it may be connected already.
        on_error: hears from now on what goes wrong, in the place of whoever did. FastStream's own raises
            when a server turns it away, which ends the attempts to connect again.
    """
    if on_error is not None:
        client._error_cb = on_error
    otherwise = client._process_err  # there is no other place to hear it at

    async def on_complaint(said: str) -> None:
        if any(it in said.lower() for it in LEFT_TO_THE_CLIENT):
            await otherwise(said)
            return
        log.error("nats ends a connection, it is made anew", said=said)
        await client._process_op_err(NatsError(f"nats: {said}"))

    client._process_err = on_complaint  # type: ignore[assignment, method-assign]
