"""
What one charger is told from afar: a single subscription for all of it, and a task for each command.

A command that waits for its charger keeps no other one waiting.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Final

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg

from shared import subjects
from shared.ids import ChargerId
from shared.messages import Command

AT_WORK_MAX: Final = 64
"""So many commands of one charger are worked on at a time; further ones wait."""

Take = Callable[[Msg], Awaitable[None]]

log = structlog.get_logger()


@contextlib.asynccontextmanager
async def commanded(
    client: Client, charger_id: ChargerId, taken: Mapping[type[Command], Take]
) -> AsyncIterator[None]:
    """
    Take the commands to a charger for as long as the context is open; what is at work then is cancelled.

    Args:
        client: where they come from.
        charger_id: whose they are.
        taken: who takes what; anything else is for others who listen.

    Raises:
        NatsError: they cannot be heard.
    """
    by_name = {kind.__name__: take for kind, take in taken.items()}
    at_work: set[asyncio.Task[None]] = set()

    async def work(take: Take, message: Msg) -> None:
        try:
            await take(message)
        except Exception as fault:  # a fault of one command is not to end the others
            log.critical("command failed", subject=message.subject, fault=repr(fault))

    async def on_message(message: Msg) -> None:
        take = by_name.get(message.subject.rsplit(".", 1)[-1])
        if take is None:
            return  # somebody else listens to it
        if len(at_work) >= AT_WORK_MAX:
            await asyncio.wait(at_work, return_when=asyncio.FIRST_COMPLETED)
        task = asyncio.create_task(work(take, message), name="command")
        at_work.add(task)
        task.add_done_callback(at_work.discard)

    subscription = await client.subscribe(subjects.charger_commands(charger_id), cb=on_message)
    try:
        yield
    finally:
        for task in at_work:
            task.cancel()
        await subscription.unsubscribe()
