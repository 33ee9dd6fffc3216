"""
A connection to PostgreSQL that holds nothing but locks, so that they tell who is alive.

When the process dies, they are free within milliseconds. A connection that says nothing for a while is
ended by the server, so a process that was stopped, or is cut off, loses its locks as well. It has to be
asked something again and again.
"""

import asyncio
import contextlib
import os
import socket
from collections.abc import Awaitable, Callable
from typing import Any, Final

import asyncpg
import structlog

from shared.clock import uptime_s

ANSWER_S_MAX: Final = 3.0
CONNECT_S_MAX: Final = 10.0

LOCK_FAULTS: Final = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)

log = structlog.get_logger()


async def connect(database_url: str, holder: str, session_s: float) -> Any:  # noqa: ANN401  # asyncpg is untyped
    """
    Connect, to hold locks.

    Args:
        database_url: whose locks they are.
        holder: who this is, for those who look at the database.
        session_s: after so long without a word the server ends the connection, and its locks are free.

    Raises:
        OSError, TimeoutError, asyncpg.PostgresError: it cannot be reached now.
    """
    settings = {
        "application_name": holder,
        "idle_session_timeout": f"{session_s * 1000:.0f}",
        "statement_timeout": f"{ANSWER_S_MAX * 1000:.0f}",
        "tcp_keepalives_idle": "1",
        "tcp_keepalives_interval": "1",
        "tcp_keepalives_count": f"{session_s:.0f}",
        "tcp_user_timeout": f"{session_s * 1000:.0f}",
    }
    return await asyncpg.connect(
        database_url,
        timeout=CONNECT_S_MAX,
        command_timeout=ANSWER_S_MAX,
        server_settings=settings,
    )


async def close(connection: Any) -> None:  # noqa: ANN401  # asyncpg is untyped
    """Give its locks back; a connection that is gone has none."""
    if connection is not None:
        with contextlib.suppress(*LOCK_FAULTS):
            await connection.close(timeout=ANSWER_S_MAX)


async def retake(
    connect_anew: Callable[[], Awaitable[None]],
    take: Callable[[], Awaitable[bool]],
    within_s: float,
    pause_s: float,
    why_not: str,
) -> bool:
    """
    Try to have the same locks again, until they are had or are another's.

    Args:
        connect_anew: makes another connection.
        take: takes the locks on it, and tells whether they were free.
        within_s: for so long, from the first connection on, the server may take our former connection for
            alive, and keep the locks from us.
        pause_s: between two attempts.
        why_not: said where the database cannot be reached.

    Returns:
        Whether they are ours; if not, somebody else has them.
    """
    deadline_s: float | None = None
    while True:
        try:
            await connect_anew()
            deadline_s = deadline_s or uptime_s() + within_s
            if await take():
                return True
        except LOCK_FAULTS as fault:
            log.warning(why_not, fault=repr(fault))
        else:
            if uptime_s() > deadline_s:
                return False
        await asyncio.sleep(pause_s)


def holder_of(service: str) -> str:
    """Say who this is; the database shows the first 63 characters."""
    return f"{service} pid {os.getpid()} on {socket.gethostname()}"
