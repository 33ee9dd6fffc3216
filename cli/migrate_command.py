"""`ampledger migrate`: the databases of all services on a PostgreSQL of one's own; nothing is started."""

import asyncio
import os
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from cli.composition import as_role, masked, service_database_url
from cli.database_roles import new_passwords, passwords_in
from cli.faults import EXIT_CODE, StackFault
from cli.migrations import folders_of, migrate_all, with_schema
from cli.reachability import check_database
from cli.services import services

console = Console(highlight=False)


def migrate(
    passwords: Annotated[
        Path | None,
        typer.Option(
            help="Folder with the services' passwords, one file each; those missing are made. "
            "Without it no roles are made."
        ),
    ] = None,
    new_password: Annotated[
        list[str] | None,
        typer.Option(
            help="Which service gets a new password; may be given several times. It needs --passwords, and "
            "the service signs in with the new one from then on: give it that, and start it anew."
        ),
    ] = None,
) -> None:
    """
    Make the databases at DATABASE_URL, bring them to the newest schema, and give each service its role.

    It may be run again at any time, while services run. Exit code 0 when all is done, 2 if not.
    """
    url = os.environ.get("DATABASE_URL")
    if not url:
        _fail("DATABASE_URL is not set", "Set it to where the owner of the databases signs in.")
    specs = [it for it in map(with_schema, services()) if folders_of(it)]
    names = [it.name for it in specs]
    if new_password and passwords is None:
        _fail(
            "--new-password needs --passwords", "Name the folder with the services' passwords."
        )
    if unknown := [it for it in new_password or () if it not in names]:
        _fail(f"There is no service {unknown[0]}", f"There are {', '.join(names)}.")
    try:
        if passwords is not None:
            new_passwords(passwords, new_password or ())
        known = {} if passwords is None else passwords_in(passwords, names)
        asyncio.run(check_database(url))
        asyncio.run(migrate_all(specs, url, known))
    except StackFault as fault:
        _fail(fault.message, fault.hint)
    except OSError as fault:
        _fail(str(fault))
    for name in names:
        own = service_database_url(url, name)
        shown = masked(as_role(own, known[name]) if name in known else own)
        console.print(f"{name}: DATABASE_URL={shown}", soft_wrap=True, markup=False)
    if passwords is not None:
        console.print(
            f"\nPasswords are in {passwords}; give every service its own and no other."
        )


def _fail(message: str, hint: str = "") -> NoReturn:
    errors = Console(stderr=True, highlight=False)
    errors.print(message, style="bold red", markup=False)
    if hint:
        errors.print(hint, markup=False)
    raise typer.Exit(EXIT_CODE)
