"""Where subscribers sign in: at the embedded NATS server, or at somebody else's."""

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import urlsplit

from nats.errors import Error as NatsError
from nats.errors import TimeoutError as NatsTimeoutError
from nats.js import JetStreamContext
from nats.js.errors import ServiceUnavailableError

from cli.accounts import server_account
from cli.composition import masked
from cli.data_folder import MARKER, default_folder
from cli.nats_access import Subscriber
from cli.run_file import is_up, read_run
from shared.messaging import ServiceUnavailable, connect

T = TypeVar("T")

ATTEMPTS_MAX: Final = 5
"""A server that reads anew who may sign in cuts off some clients, and what they have asked is lost; for a
moment it has no JetStream, either."""
PAUSE_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Place:
    """
    The NATS server that subscribers sign in to.

    Args:
        nats_url: where the services reach it; none while it does not run.
        folder: the data folder of the embedded one; none for somebody else's.
    """

    nats_url: str | None
    folder: Path | None


def place_of(data_folder: Path | None) -> Place:
    """
    Find where subscribers sign in: NATS_URL, or else what runs in the data folder.

    Raises:
        ServiceUnavailable: there is nothing in the data folder.
    """
    folder = data_folder or default_folder(Path.cwd(), server_account())
    run = (read_run(folder) if is_up(folder) else None) or {}
    running = (run.get("urls") or {}).get("nats")
    given = os.environ.get("NATS_URL") or running
    ours = "nats" in (run.get("processes") or {})
    if given and not (ours and given == running):
        return Place(given, None)
    if not (folder / MARKER).exists():
        raise ServiceUnavailable(f"{folder} holds nothing")
    return Place(given, folder)


def url_of(services_url: str, added: Subscriber) -> str:
    """Spell where a subscriber reaches the server that the services reach so."""
    place = urlsplit(services_url).netloc.rpartition("@")[2]
    return f"nats://{added.user}:{added.password}@{place}"


def on_nats(nats_url: str, work: Callable[[JetStreamContext], Awaitable[T]]) -> T:
    """
    Do something with JetStream, as the services would; it may be done again if no answer comes.

    Raises:
        ServiceUnavailable: it does not answer.
    """

    async def run() -> T:
        client = await connect(nats_url, "ampledger-subscribers")
        try:
            for _ in range(ATTEMPTS_MAX - 1):
                with contextlib.suppress(NatsTimeoutError, ServiceUnavailableError):
                    return await work(client.jetstream())
                await asyncio.sleep(PAUSE_S)
            return await work(client.jetstream())
        finally:
            await client.close()

    try:
        return asyncio.run(run())
    except (NatsError, OSError) as fault:
        raise ServiceUnavailable(f"NATS at {masked(nats_url)}: {fault!r}") from fault
