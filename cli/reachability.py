"""Servers that somebody else runs are tried before anything is started."""

import asyncio
from typing import Final

import asyncpg
import nats
import nats.errors
import nats.js.errors

from cli.composition import masked
from cli.faults import ServerUnreachable
from shared.lines import PlaintextRefused, check_encrypted
from shared.nats_options import sign_in

REACH_S_MAX: Final = 10.0
_NOT_ASKED: Final = "Nothing was sent."


async def check_nats(url: str, timeout_s: float = REACH_S_MAX) -> None:
    """
    Connect to NATS and ask for JetStream.

    Raises:
        ServerUnreachable: it does not answer in time, turns us away, or has no JetStream.
    """
    told: list[str] = []

    async def on_error(fault: Exception) -> None:
        told.append(str(fault) or type(fault).__name__)

    try:
        async with asyncio.timeout(timeout_s):
            client = await nats.connect(
                url,
                allow_reconnect=False,
                max_reconnect_attempts=1,  # 0 would mean: for ever
                reconnect_time_wait=0,
                connect_timeout=timeout_s,
                error_cb=on_error,
                **sign_in(url).of_client(),
            )
            try:
                await client.jetstream().account_info()
            finally:
                await client.close()
    except PlaintextRefused as fault:
        raise ServerUnreachable(str(fault), _NOT_ASKED) from fault
    except (nats.js.errors.Error, nats.errors.NoRespondersError) as fault:
        raise ServerUnreachable(
            f"NATS at {masked(url)} answers, but without JetStream: {_words(fault)}",
            "Start it with JetStream (nats-server -js), or unset NATS_URL to use the embedded "
            "server.",
        ) from fault
    except (OSError, TimeoutError, nats.errors.Error) as fault:
        why = told[-1] if told else _words(fault)
        raise _unreachable("NATS", "NATS_URL", url, why, timeout_s) from fault


async def check_database(url: str, timeout_s: float = REACH_S_MAX) -> None:
    """
    Connect to PostgreSQL; the database that the URL names need not exist.

    Raises:
        ServerUnreachable: it does not answer in time, or turns us away.
    """
    try:
        check_encrypted(url)
        async with asyncio.timeout(timeout_s):
            connection = await asyncpg.connect(url, timeout=timeout_s)
            await connection.close()
    except PlaintextRefused as fault:
        raise ServerUnreachable(str(fault), _NOT_ASKED) from fault
    except asyncpg.InvalidCatalogNameError:
        return  # only the services' own databases are used, and those are made
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as fault:
        raise _unreachable(
            "PostgreSQL", "DATABASE_URL", url, _words(fault), timeout_s
        ) from fault
    except ValueError as fault:
        raise ServerUnreachable(
            f"DATABASE_URL is not an address: {masked(url)}: {fault}",
            "It looks like postgresql://user:password@host:5432/ampledger",
        ) from fault


def _unreachable(
    what: str, variable: str, url: str, why: str, timeout_s: float
) -> ServerUnreachable:
    return ServerUnreachable(
        f"{what} at {masked(url)} cannot be reached (tried for up to {timeout_s:g} s): {why}",
        f"Start it, correct {variable}, or unset {variable} to use the embedded server.",
    )


def _words(fault: Exception) -> str:
    return str(fault) or type(fault).__name__
