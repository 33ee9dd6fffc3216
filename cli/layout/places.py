"""Where a command finds the running Ampledger: its NATS, and the logs of its services."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from cli.accounts import server_account
from cli.composition import masked, service_database_url
from cli.data_folder import default_folder
from cli.run_file import read_run
from cli.services import INSTALLATION
from shared.event_store import DATABASE_FAULTS, EventStore
from shared.messaging import ServiceUnavailable
from shared.recorded import Recorded
from shared.runtime import pool_of


def nats_url(data_folder: Path | None) -> str:
    """
    Find the NATS server to send commands to.

    Raises:
        ServiceUnavailable: nothing is running there.
    """
    given = os.environ.get("NATS_URL")
    if given:
        return given
    folder, urls = _run(data_folder)
    found = urls.get("nats")
    if not found:
        raise ServiceUnavailable(f"nothing runs in {folder}")
    return str(found)


def log_url(data_folder: Path | None, service: str = INSTALLATION) -> str:
    """
    Find the database that holds a service's log.

    Raises:
        ServiceUnavailable: nothing is running there, or NATS_URL names another place.
    """
    given = os.environ.get("DATABASE_URL")
    if given:
        return service_database_url(given, service)
    folder, urls = _run(data_folder)
    nats = os.environ.get("NATS_URL")
    if nats and nats != urls.get("nats"):
        raise ServiceUnavailable(
            "NATS_URL is set, and where that Ampledger keeps its log is not known; set "
            "DATABASE_URL as well"
        )
    found = urls.get("database")
    if not found:
        raise ServiceUnavailable(f"nothing runs in {folder}")
    return service_database_url(str(found), service)


@asynccontextmanager
async def store_of(
    data_folder: Path | None, service: str = INSTALLATION
) -> AsyncIterator[EventStore]:
    """
    Open the log of a service, to be read only.

    Raises:
        ServiceUnavailable: it cannot be read.
    """
    url = log_url(data_folder, service)
    try:
        async with pool_of(url) as pool:
            yield EventStore(pool)
    except (*DATABASE_FAULTS, TimeoutError) as fault:
        raise ServiceUnavailable(
            f"the log at {masked(url)} cannot be read: {fault or type(fault).__name__}"
        ) from fault


async def installation_log(data_folder: Path | None) -> list[Recorded]:
    """
    Read the whole log of the installation service.

    Raises:
        ServiceUnavailable: it cannot be read.
    """
    async with store_of(data_folder) as store:
        return await whole_log(store)


async def whole_log(store: EventStore) -> list[Recorded]:
    """Read a log from its beginning to its end."""
    return [event async for page in store.pages() for event in page]


def _run(data_folder: Path | None) -> tuple[Path, dict[str, Any]]:
    folder = data_folder or default_folder(Path.cwd(), server_account())
    return folder, (read_run(folder) or {}).get("urls") or {}
