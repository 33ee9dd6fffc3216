"""
Which balancer's word counts: the newest epoch seen per partition, remembered across restarts.

What another gateway has seen counts as well: `holds.py` brings it along whenever a command has come.
"""

from typing import Any

import asyncpg

from shared import subjects
from shared.ids import InstallationId


class Epochs:
    """The newest epoch per partition of installations. It only rises."""

    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
        self._pool = pool
        self._newest: dict[int, int] = {}

    async def open(self) -> None:
        """Read what is there."""
        rows = await self._pool.fetch("select partition, epoch from fencing_epoch")
        self._newest = {row["partition"]: row["epoch"] for row in rows}

    def newest(self, installation_id: InstallationId) -> int:
        """Name the newest epoch seen for an installation's partition; 0 for none."""
        return self._newest.get(subjects.partition_of(installation_id), 0)

    def heard(self, partition: int, epoch: int) -> None:
        """Take notice of what another gateway has written down."""
        self._newest[partition] = max(epoch, self._newest.get(partition, 0))

    async def see(self, installation_id: InstallationId, epoch: int) -> int:
        """
        Take notice of an epoch, durably if it is new, and name the newest.

        Raises:
            OSError, asyncpg.PostgresError, asyncpg.InterfaceError: it could not be written
            down.
        """
        partition = subjects.partition_of(installation_id)
        if epoch > self._newest.get(partition, 0):
            newest = await self._pool.fetchval(
                "insert into fencing_epoch as known values ($1, $2) on conflict (partition)"
                " do update set epoch = greatest(known.epoch, excluded.epoch) returning epoch",
                partition,
                epoch,
            )
            self._newest[partition] = max(newest, self._newest.get(partition, 0))
        return self._newest.get(partition, 0)
