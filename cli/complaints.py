"""What the relays of a running stack complain about, told to whoever has started it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Final

import asyncpg

from cli.accounts import server_account
from cli.composition import service_database_url
from cli.data_folder import default_folder
from cli.run_file import read_run
from cli.support.places import services_with_logs
from shared.epochs import complaint, log_state
from shared.event_store import DATABASE_FAULTS

LOOK_S: Final = 3.0
CONNECT_S_MAX: Final = 5.0


@contextlib.asynccontextmanager
async def telling_complaints(
    data_folder: Path | None, say: Callable[[str, str | None], None]
) -> AsyncIterator[None]:
    """
    Look, now and then, whether a log is halted.

    Args:
        data_folder: of the stack; None for the usual one.
        say: called with the name of a service and what is wrong with its log, and again with None when
            it is all right.
    """
    watching = asyncio.create_task(_watch(data_folder, say), name="complaints")
    try:
        yield
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


async def _watch(data_folder: Path | None, say: Callable[[str, str | None], None]) -> None:
    folder = data_folder or default_folder(Path.cwd(), server_account())
    told: dict[str, str] = {}
    while True:
        database_url = ((read_run(folder) or {}).get("urls") or {}).get("database")
        for service in services_with_logs() if database_url else ():
            known, why = await _ask(service, service_database_url(str(database_url), service))
            if known and why != told.get(service):
                where = "" if why is None or data_folder is None else f" --data-folder {folder}"
                say(service, None if why is None else why + where)
                told.pop(service, None)
                if why is not None:
                    told[service] = why
        await asyncio.sleep(LOOK_S)


async def _ask(service: str, url: str) -> tuple[bool, str | None]:
    """Say whether the log could be asked, and what is wrong with it."""
    try:
        connection = await asyncpg.connect(url, timeout=CONNECT_S_MAX)
        try:
            state = await log_state(connection)
        finally:
            connection.terminate()
    except DATABASE_FAULTS:
        return False, None  # it starts or stops; whoever supervises it says so
    return True, None if state.halted_why is None else complaint(service, state.halted_why)
