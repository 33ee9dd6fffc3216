"""
What one charger is told from afar: a single subscription for all of it, and a task for each command.

A command that waits for its charger keeps no other one waiting. One that comes for a charger that another
gateway holds by now is left to that one: whether it does is asked after the command has come, and whoever
takes a charger listens only after that is in the database, so no command has two answers.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from services.telemetry.listening import leave
from shared import subjects, tracing
from shared.ids import ChargerId

AT_WORK_MAX: Final = 64
"""So many commands of one charger are worked on at a time; further ones wait."""

LAST_S_MAX: Final = 1.0
"""How long what is at work may go on after the end."""

Take = Callable[[Msg], Awaitable[None]]

log = structlog.get_logger()


class Commanded:
    """Takes the commands to one charger, from `begin` to `end`."""

    __slots__ = (
        "_at_work",
        "_charger_id",
        "_client",
        "_held",
        "_let_go",
        "_subscription",
        "_taker",
        "_turn",
    )

    def __init__(
        self,
        client: Client,
        charger_id: ChargerId,
        taker: Callable[[str], Take | None],
        held: Callable[[], Awaitable[bool]],
        let_go: Take,
    ) -> None:
        """
        Make it.

        Args:
            client: where they come from.
            charger_id: whose they are.
            taker: says who takes a command of a name; anything else is for others who listen.
            held: asks whether the charger is held here at this moment.
            let_go: hears of a gateway to which the charger has come; returns at once.
        """
        self._client = client
        self._charger_id = charger_id
        self._taker = taker
        self._held = held
        self._let_go = let_go
        self._at_work: set[asyncio.Task[None]] = set()
        self._subscription: Subscription | None = None
        self._turn = asyncio.Lock()

    async def begin(self) -> None:
        """
        Take commands from now on.

        Raises:
            NatsError: they cannot be heard.
        """
        subject = subjects.charger_commands(self._charger_id)
        self._subscription = await self._client.subscribe(subject, cb=self._on_message)

    async def end(self) -> None:
        """
        Take no more, and give those that are at work, and those that were on their way, a moment.

        Whoever asks after that hears at once that nobody is there. Of a command that NATS takes at the very
        moment of leaving nothing is heard, rarely, by its sender either: it waits in vain, as it would
        for a gateway that dies.
        """
        try:
            if self._subscription is not None:
                await leave(self._client, self._subscription)
        finally:
            if self._at_work:
                await asyncio.wait(self._at_work, timeout=LAST_S_MAX)
            for task in self._at_work:
                task.cancel()

    async def _on_message(self, message: Msg) -> None:
        if message.subject == subjects.let_go(self._charger_id):
            await self._let_go(message)
            return
        take = self._taker(message.subject.rsplit(".", 1)[-1])
        if take is None:
            return  # somebody else listens to it
        if len(self._at_work) >= AT_WORK_MAX:
            await asyncio.wait(self._at_work, return_when=asyncio.FIRST_COMPLETED)
        task = asyncio.create_task(self._work(take, message), name="command")
        self._at_work.add(task)
        task.add_done_callback(self._at_work.discard)

    async def _work(self, take: Take, message: Msg) -> None:
        try:
            # One look after another, as the commands came: a newer limit does not overtake an older one.
            async with self._turn:
                held = await self._held()
            if held:
                name = message.subject.rsplit(".", 1)[-1]
                with tracing.following(tracing.handed_on(message.headers), f"command {name}"):
                    await take(message)
        except Exception as fault:  # a fault of one command is not to end the others
            log.critical("command failed", subject=message.subject, fault=repr(fault))
