"""
The number that a process goes by among those of its service, as a lock of a PostgreSQL session.

Each process follows logs under a name of its own, with documents of its own (`numbered` in
`shared/documents.py`), and no two may have the same one. Whoever comes takes the lowest that is free. When
a process dies its number is free within milliseconds; when it is stopped or cut off, after `SESSION_S`.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from itertools import count
from typing import Any, Final

import structlog

from shared import lock_session
from shared.lock_session import LOCK_FAULTS

NUMBER_CLASS: Final = 7203323
"""Of the locks of these numbers, in the database of the service."""
SESSION_S: Final = 10.0
"""After so long without a word the server ends the connection, and the number is free."""
LOOK_S: Final = 2.0
"""How often the connection is asked something."""
RETAKE_S_MAX: Final = SESSION_S + 5.0
"""For so long the server may take our own former connection for alive, and keep our number from us."""

_TAKE: Final = "select pg_try_advisory_lock($1, $2)"
_TAKEN: Final = (
    "select objid::int as number from pg_locks where locktype = 'advisory' and granted"
    " and objsubid = 2 and classid::bigint = $1"
    " and database = (select oid from pg_database where datname = current_database())"
    " order by 1"
)

log = structlog.get_logger()


class NumberLost(Exception):
    """Another process has our number: this one has to begin anew, under another."""


async def numbers_taken(connection: Any) -> list[int]:  # noqa: ANN401  # asyncpg is untyped
    """Ask a service's database which numbers processes go by at this moment."""
    return [it["number"] for it in await connection.fetch(_TAKEN, NUMBER_CLASS)]


class Number:
    """The number of one process."""

    def __init__(self, database_url: str, service: str) -> None:
        self.number = 0
        """From 1 on, once it is taken."""
        self._database_url = database_url
        self._service = service
        self._connection: Any = None

    async def take(self) -> None:
        """
        Take the lowest one that is free.

        Raises:
            OSError, TimeoutError, asyncpg.PostgresError: the database cannot be reached now.
        """
        self._connection = await self._connect()
        for number in count(1):
            if await self._connection.fetchval(_TAKE, NUMBER_CLASS, number):
                break
        self.number = number
        log.info("process goes by a number", service=self._service, number=number)

    async def keep(self) -> None:
        """
        Keep it for as long as the service runs, also when the database restarts.

        Raises:
            NumberLost: somebody else has it now.
        """
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                await self._connection.fetchval("select 1")
            except LOCK_FAULTS as fault:
                log.warning("the number has to be taken again", fault=repr(fault))
                await self._retake()

    async def close(self) -> None:
        """Give it back."""
        connection, self._connection = self._connection, None
        await lock_session.close(connection)

    async def _retake(self) -> None:
        async def connect_anew() -> None:
            await self.close()
            self._connection = await self._connect()

        async def take() -> bool:
            return bool(await self._connection.fetchval(_TAKE, NUMBER_CLASS, self.number))

        why_not = "the number cannot be taken again yet"
        if not await lock_session.retake(connect_anew, take, RETAKE_S_MAX, LOOK_S, why_not):
            raise NumberLost(f"another process is {self._service} {self.number} now")

    async def _connect(self) -> Any:  # noqa: ANN401  # asyncpg is untyped
        holder = lock_session.holder_of(self._service)
        return await lock_session.connect(self._database_url, holder, SESSION_S)


@contextlib.asynccontextmanager
async def taking_number(database_url: str, service: str) -> AsyncIterator[Number]:
    """Go by a number for as long as the context is open; somebody has to `keep` it meanwhile."""
    number = Number(database_url, service)
    await number.take()
    try:
        yield number
    finally:
        await number.close()
