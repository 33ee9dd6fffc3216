"""
A connection to PostgreSQL that holds nothing but locks, so that they tell who is alive.

When the process dies, they are free within milliseconds. A connection that says nothing for a while is
ended by the server, so a process that was stopped, or is cut off, loses its locks as well. It has to be
asked something again and again.
"""

import os
import socket
from typing import Any, Final

import asyncpg

ANSWER_S_MAX: Final = 3.0
CONNECT_S_MAX: Final = 10.0

LOCK_FAULTS: Final = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)


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


def holder_of(service: str) -> str:
    """Say who this is; the database shows the first 63 characters."""
    return f"{service} pid {os.getpid()} on {socket.gethostname()}"
