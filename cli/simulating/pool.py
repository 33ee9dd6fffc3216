"""What relays and operators ask the database of a log beside its events, answered by one in memory."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from cli.simulating.database import Database

Wait = Callable[[], Awaitable[None]]


class HeadPool:
    """
    A process's connections to one database; it stands where those to PostgreSQL do.

    Args:
        database: whose head is asked for, and changed.
        line: what a round trip to it takes; raises what a broken connection raises.
        crashes: names how often the database has crashed; that breaks every connection.
    """

    def __init__(self, database: Database, line: Wait, crashes: Callable[[], int]) -> None:
        self._database, self._line, self._crashes = database, line, crashes
        self._since = crashes()

    async def fetchrow(self, query: str) -> dict[str, Any]:
        """Read the head of the log."""
        await self._line()
        state = self._database.state
        head = {"epoch": state.epoch, "position": state.position}
        if "halted_why" not in query:
            return head
        halted = {"halted_why": state.halted_why, "halted_by": state.halted_by}
        return {**head, **halted, "halted_at": None}

    async def execute(self, query: str, *told: Any) -> None:  # noqa: ANN401  # as asyncpg has it
        """
        Change the head of the log: halt it, lift a halt, begin an epoch.

        Raises:
            NotImplementedError: something else is asked for.
        """
        await self._line()
        database = self._database
        if query.startswith("update log_head set halted_why = $1"):
            why, by = told
            database.halted = database.halted or (why, by)
        elif query.startswith("update log_head set halted_why = null"):
            if database.halted is not None and database.halted[1] == told[0]:
                database.halted = None
        elif query.startswith("update log_head set epoch"):
            database.epoch, database.halted = told[0], None
        elif not query.startswith("insert into log_epoch"):
            raise NotImplementedError(f"a log in memory is not asked this: {query}")

    @contextlib.asynccontextmanager
    async def acquire(self) -> AsyncIterator["HeadPool"]:
        """Hold a connection."""
        await self._line()
        yield HeadPool(self._database, self._line, self._crashes)

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        """All that is changed is changed at once here anyway."""
        yield

    async def add_listener(self, _: str, hear: object) -> None:
        """Nobody is notified: a hint may be lost, and each one is."""

    async def remove_listener(self, _: str, hear: object) -> None:
        """As said, nobody is notified."""

    def is_closed(self) -> bool:
        """Tell whether the database has crashed since it was made."""
        return self._crashes() != self._since
