"""
What one charger is told from afar: a single subscription for all of it, and a task for each command.

A command that waits for its charger keeps no other one waiting. One that comes for a charger that another
gateway holds by now is left to that one: whether it does is asked after the command has come, and whoever
takes a charger listens only after that is in the database, so no command has two answers.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Final

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg

from services.telemetry.listening import listening
from shared import subjects
from shared.ids import ChargerId
from shared.messages import Command

AT_WORK_MAX: Final = 64
"""So many commands of one charger are worked on at a time; further ones wait."""

LAST_S_MAX: Final = 1.0
"""How long what is at work may go on after the end."""

Take = Callable[[Msg], Awaitable[None]]

log = structlog.get_logger()


@contextlib.asynccontextmanager
async def commanded(
    client: Client,
    charger_id: ChargerId,
    taken: Mapping[type[Command], Take],
    held: Callable[[], Awaitable[bool]],
    let_go: Take,
) -> AsyncIterator[None]:
    """
    Take the commands to a charger for as long as the context is open.

    At its end, those that are at work, and those that were on their way, are given a moment to be answered;
    whoever asks after that hears at once that nobody is there.

    Args:
        client: where they come from.
        charger_id: whose they are.
        taken: who takes what; anything else is for others who listen.
        held: asks whether the charger is held here at this moment.
        let_go: hears of a gateway to which the charger has come; returns at once.

    Raises:
        NatsError: they cannot be heard.
    """
    by_name = {kind.__name__: take for kind, take in taken.items()}
    at_work: set[asyncio.Task[None]] = set()

    async def work(take: Take, message: Msg) -> None:
        try:
            if await held():
                await take(message)
        except Exception as fault:  # a fault of one command is not to end the others
            log.critical("command failed", subject=message.subject, fault=repr(fault))

    async def on_message(message: Msg) -> None:
        if message.subject == subjects.let_go(charger_id):
            await let_go(message)
            return
        take = by_name.get(message.subject.rsplit(".", 1)[-1])
        if take is None:
            return  # somebody else listens to it
        if len(at_work) >= AT_WORK_MAX:
            await asyncio.wait(at_work, return_when=asyncio.FIRST_COMPLETED)
        task = asyncio.create_task(work(take, message), name="command")
        at_work.add(task)
        task.add_done_callback(at_work.discard)

    try:
        async with listening(client, subjects.charger_commands(charger_id), on_message):
            yield
    finally:
        if at_work:
            await asyncio.wait(at_work, timeout=LAST_S_MAX)
        for task in at_work:
            task.cancel()
