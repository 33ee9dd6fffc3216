"""A running NATS server learns who may sign in, without losing anybody who already has."""

import asyncio
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from nats.aio.client import Client
from nats.errors import Error as NatsError
from psutil import NoSuchProcess

from cli.faults import ServerFault
from cli.nats_access import Access, Subscriber, save_access
from cli.nats_server import write_accounts
from cli.run_file import is_up, running_of
from shared.grants import BEGIN

TAKEN_IN_S_MAX: Final = 15
"""How long the server may take to read who may sign in."""
ANSWER_S: Final = 0.5
POLL_S: Final = 0.05


def change_access(folder: Path, access: Access) -> None:
    """
    Write down who may sign in from now on, and have the embedded server read it if it runs.

    Raises:
        OSError: it cannot be written.
    """
    save_access(folder / "nats", access)
    if is_up(folder):
        write_accounts(folder / "run", access)
        _hang_up(folder)


def _hang_up(folder: Path) -> None:
    """Have the server read its configuration again, which is what SIGHUP means to it."""
    for running in running_of(folder):
        process = running.process()
        if running.name == "nats" and process is not None:
            try:
                process.send_signal(signal.SIGHUP)
            except NoSuchProcess:
                return  # it reads everything when it comes back


async def until_let_in(
    folder: Path, nats_url: str, subscriber: Subscriber, jetstreams: Sequence[str]
) -> None:
    """
    Wait until a new subscriber is let in, and answered where it has a consumer.

    NATS 2.15.1 lets the users of a new account in, but connects what the account imports only when it
    reads its configuration once more.

    Raises:
        ServerFault: it goes on without the subscriber.
    """
    deadline_s = asyncio.get_running_loop().time() + TAKEN_IN_S_MAX
    while (client := await _signed_in(nats_url)) is None:
        _check(deadline_s)
        await asyncio.sleep(POLL_S)
    try:
        _hang_up(folder)
        for jetstream in jetstreams:
            while not await _answered(client, BEGIN.about(subscriber.user, jetstream)):
                _check(deadline_s)
                _hang_up(folder)
    finally:
        await client.close()


async def until_let_out(nats_url: str) -> None:
    """
    Wait until nobody can sign in so any more.

    Raises:
        ServerFault: the server goes on as before.
    """
    deadline_s = asyncio.get_running_loop().time() + TAKEN_IN_S_MAX
    while (client := await _signed_in(nats_url)) is not None:
        await client.close()
        _check(deadline_s)
        await asyncio.sleep(POLL_S)


def _check(deadline_s: float) -> None:
    if asyncio.get_running_loop().time() > deadline_s:
        raise ServerFault(
            "NATS goes on without reading who may sign in",
            "The log of nats in the data folder says why; it reads it at the next start.",
        )


async def _answered(client: Client, subject: str) -> bool:
    try:
        await client.request(subject, timeout=ANSWER_S)
    except (NatsError, TimeoutError):
        return False
    return True


async def _signed_in(nats_url: str) -> Client | None:
    async def hear_nothing(_: Exception) -> None:
        """What it says is told by whether it lets us in."""

    client = Client()
    try:
        await client.connect(
            nats_url,
            allow_reconnect=False,
            max_reconnect_attempts=1,  # 0 would mean: for ever
            reconnect_time_wait=0,
            connect_timeout=TAKEN_IN_S_MAX,
            error_cb=hear_nothing,
        )
    except (NatsError, OSError, TimeoutError):
        return None
    return client
