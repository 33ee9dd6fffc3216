"""
From a partition that was taken to one that is decided for: first everything is known that was decided.

Whoever held it before has announced what is in our log by now, or has lost the right to: what it appends
later the log refuses, or, if it comes first, is found when our own next decision is refused.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

import structlog
from nats.aio.client import Client
from nats.errors import Error as NatsError

from services.balancer.knowledge import Knowledge
from services.balancer.partitions import Partitions
from shared.event_store import DATABASE_FAULTS
from shared.follow import caught_up
from shared.followers import Follower
from shared.tasks import keep_running

KEEP_UP_PAUSE_S: Final = 1.0
"""How often what others have announced is read, so that little is left to read in a take-over."""
FAULT_PAUSE_S: Final = 0.5

log = structlog.get_logger()


class TakingOver:
    """Brings what is known up to date before it is decided on."""

    def __init__(
        self,
        client: Client,
        pool: Any,  # noqa: ANN401  # asyncpg carries no types
        knowledge: Knowledge,
        partitions: Partitions,
        followers: Sequence[Follower],
    ) -> None:
        self._client = client
        self._pool = pool
        self._knowledge = knowledge
        self._partitions = partitions
        self._followers = followers

    async def up_to_date(self) -> None:
        """Wait until everything is known that is announced at this moment."""
        for follower in self._followers:
            await caught_up(self._client, self._pool, follower)
        await self._knowledge.catch_up()

    async def run(self) -> None:
        """Take over for ever. While a server is away nothing is taken over, and it is tried again."""
        faults = (*DATABASE_FAULTS, NatsError)
        await keep_running(self._take_over, faults, _on_fault, FAULT_PAUSE_S)

    async def keep_up(self) -> None:
        """Know for ever what the other balancers announce."""
        await keep_running(
            self._knowledge.catch_up, DATABASE_FAULTS, _on_fault, KEEP_UP_PAUSE_S
        )

    async def _take_over(self) -> None:
        while True:
            taken = await self._partitions.taken()
            self._knowledge.forget(taken)
            await self.up_to_date()
            self._partitions.begin(taken)
            await asyncio.sleep(0)


def _on_fault(fault: Exception) -> None:
    log.warning("what others have decided cannot be read", error=repr(fault))
