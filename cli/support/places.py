"""Where the stack is whose past is read."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.accounts import server_account
from cli.composition import masked
from cli.data_folder import default_folder
from cli.run_file import read_run
from cli.services import services
from shared.messaging import ServiceUnavailable

DataFolder = Annotated[
    Path | None,
    typer.Option(help="Data folder of the stack; DATABASE_URL and NATS_URL come first."),
]


@dataclass(frozen=True, slots=True)
class Place:
    """The addresses of a stack: the databases of its services begin with the name in this URL."""

    database_url: str
    nats_url: str | None

    def nats(self) -> str:
        """
        Name the NATS server.

        Raises:
            ServiceUnavailable: none is known.
        """
        if self.nats_url is None:
            raise ServiceUnavailable("no NATS server is known: set NATS_URL, or --data-folder")
        return self.nats_url

    def __str__(self) -> str:
        return masked(self.database_url)


def place_of(data_folder: Path | None) -> Place:
    """
    Find a stack: by the environment, or by the run file of a data folder.

    Raises:
        ServiceUnavailable: nothing was ever started there.
    """
    folder = data_folder or default_folder(Path.cwd(), server_account())
    urls: dict[str, Any] = (read_run(folder) or {}).get("urls") or {}
    database = os.environ.get("DATABASE_URL") or urls.get("database")
    if not database:
        raise ServiceUnavailable(f"nothing runs in {folder}")
    nats = os.environ.get("NATS_URL") or urls.get("nats")
    return Place(str(database), None if nats is None else str(nats))


def services_with_logs() -> list[str]:
    """Name the services that own a log, in the order in which they are started."""
    return [spec.name for spec in services() if spec.has_log]
