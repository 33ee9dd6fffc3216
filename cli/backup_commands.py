"""`ampledger backup` and `ampledger restore`."""

import asyncio
import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cli.backups import Backup, take_backup
from cli.faults import EXIT_CODE, StackFault
from cli.restoring import restore_databases, restore_folder
from cli.support.output import Json, console, escape, fail, print_json
from cli.support.places import DataFolder, place_of


def backup(
    folder: Annotated[Path, typer.Argument(help="Where to; it is made, or empty.")],
    told_json: Json = False,
    data_folder: DataFolder = None,
) -> None:
    """
    Back up the databases of all services while they run. Exit code 0 when it is complete, 2 if not.

    Whatever was announced can be announced again from it. The readings of the last day, which no log
    holds, are not in it.
    """
    try:
        taken = asyncio.run(take_backup(place_of(data_folder).database_url, folder))
    except StackFault as fault:
        fail(str(fault), EXIT_CODE)
    _tell(taken, told_json=told_json)


def restore(
    backup_folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="What ampledger backup has written.")
    ],
    data_folder: Annotated[
        Path | None,
        typer.Option(
            help="The new data folder; without it, databases are made at DATABASE_URL."
        ),
    ] = None,
    jetstreams_of: Annotated[
        Path | None,
        typer.Option(
            help="Take over the jetstreams and keys of this data folder, whose databases are lost."
        ),
    ] = None,
    keys: Annotated[
        Path | None,
        typer.Option(help="The copy of the folder keys that was kept beside the backups."),
    ] = None,
    told_json: Json = False,
) -> None:
    """
    Restore a backup into a new data folder, or into new databases. Nothing that exists is changed.

    What happened since the backup is lost, but others may remember it. So the restored logs are halted
    until a new epoch of them begins: ampledger log new-epoch. Exit code 0 when complete and verified, 2
    if not.
    """
    database_url = os.environ.get("DATABASE_URL")
    try:
        if data_folder is not None:
            work = restore_folder(backup_folder, data_folder, jetstreams_of, keys)
        elif database_url and jetstreams_of is None and keys is None:
            work = restore_databases(backup_folder, database_url)
        else:
            fail("name the new data folder (--data-folder), or set DATABASE_URL")
        restored = asyncio.run(work)
    except StackFault as fault:
        fail(str(fault), EXIT_CODE)
    _tell(restored, told_json=told_json)
    if data_folder is not None and jetstreams_of is None and keys is None:
        Console(stderr=True, highlight=False).print(
            f"[yellow]Before you start it, copy the keys of the lost data folder to "
            f"{escape(data_folder / 'keys')}: without them permissions does not start, since nobody's name "
            "could be read."
        )
    if not told_json:
        console().print(
            "The restored logs are halted. Start Ampledger, and see what is lost with:"
            " ampledger log new-epoch --dry-run"
        )


def _tell(backup: Backup, *, told_json: bool) -> None:
    if told_json:
        print_json(asdict(backup))
        return
    shown = console()
    shown.print(f"backup of {backup.taken_at.isoformat(timespec='seconds')}")
    for it in backup.databases:
        shown.print(
            escape(
                f"  {it.service}: {it.position} events, {it.size_bytes / 1e6:.1f} MB, {it.hash[:16]}…"
            )
        )
