"""
Which installations this process decides for.

Partitions are held by session advisory locks on one connection of their own: when the process dies,
PostgreSQL frees them within milliseconds. Taking one raises its epoch, which every limit carries. A
holder whose connection is lost stops itself.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any, Final

import asyncpg
import structlog

from shared.ids import InstallationId
from shared.subjects import PARTITIONS, partition_of

LOCK_CLASS: Final = 7203317
STANDBY_PAUSE_S: Final = 0.5
PROOF_PAUSE_S: Final = 1.0
PROOF_S_MAX: Final = 3.0

log = structlog.get_logger()


class PartitionsLost(Exception):
    """The connection that holds the partitions is gone: somebody else may decide now."""


class Partitions:
    """The partitions this process holds, each with its epoch."""

    def __init__(self, connection: Any, epochs: dict[int, int]) -> None:  # noqa: ANN401
        self._connection = connection
        self._epochs = epochs

    def epoch_of(self, installation_id: InstallationId) -> int:
        """Name the epoch under which this process decides for an installation."""
        return self._epochs[partition_of(installation_id)]

    async def prove(self) -> None:
        """
        Watch that the partitions are still held.

        Raises:
            PartitionsLost: they are not, or nobody can tell.
        """
        while True:
            try:
                await self._connection.fetchval("select 1", timeout=PROOF_S_MAX)
            except (
                OSError,
                TimeoutError,
                asyncpg.PostgresError,
                asyncpg.InterfaceError,
            ) as error:
                raise PartitionsLost(repr(error)) from error
            await asyncio.sleep(PROOF_PAUSE_S)


@contextlib.asynccontextmanager
async def holding_partitions(database_url: str, holder: str) -> AsyncIterator[Partitions]:
    """
    Wait until the partitions are free, take them, and give them back at the end.

    The first partition decides: whoever has it takes the others. A second process stands by.
    """
    connection = await asyncpg.connect(database_url)
    try:
        for partition in range(PARTITIONS):
            await _lock(connection, partition)
        epochs = {it: await _raise_epoch(connection, it, holder) for it in range(PARTITIONS)}
        log.info("partitions taken", partitions=len(epochs), epoch=max(epochs.values()))
        yield Partitions(connection, epochs)
    finally:
        await connection.close(timeout=PROOF_S_MAX)


async def _lock(connection: Any, partition: int) -> None:  # noqa: ANN401  # asyncpg is untyped
    while not await connection.fetchval(
        "select pg_try_advisory_lock($1, $2)", LOCK_CLASS, partition
    ):
        log.info("standing by for a partition", partition=partition)
        await asyncio.sleep(STANDBY_PAUSE_S)


async def _raise_epoch(connection: Any, partition: int, holder: str) -> int:  # noqa: ANN401
    epoch = await connection.fetchval(
        "insert into partition values ($1, 1, $2) on conflict (partition) do update"
        " set epoch = partition.epoch + 1, holder = $2, taken_at = clock_timestamp()"
        " returning epoch",
        partition,
        holder,
    )
    return int(epoch)
