"""`ampledger nats`: what a NATS server of one's own is told, so that every service reaches its own only."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cli.faults import EXIT_CODE, FolderDamaged
from cli.nats_accounts import all_accounts, quoted
from cli.nats_keys import keys_in, seed_file
from shared.service_grants import OPERATOR, SERVICES

nats = typer.Typer(
    no_args_is_help=True, help="Keys and configuration for a NATS server of your own."
)
console = Console(highlight=False)

Folder = Annotated[
    Path,
    typer.Argument(help="Where the keys are, one file each; it is made if it is not there."),
]


@nats.command("keys")
def keys(folder: Folder) -> None:
    """Make a key for every service and for the operator, where there is none yet."""
    public = _keys(folder)
    for name in public:
        console.print(f"{name}: {seed_file(folder, name)}", soft_wrap=True, markup=False)
    console.print(
        "\nGive every service its own file and no other: NATS_NKEY_SEED_FILE. The server gets "
        "none of them, only what `ampledger nats config` prints."
    )


@nats.command("config")
def config(folder: Folder) -> None:
    """Print the accounts for the configuration of a NATS server, from the keys in a folder."""
    public = _keys(folder)
    operator = public.pop(OPERATOR)
    text = all_accounts(f"nkey: {quoted(operator)}", public)
    console.print(text, soft_wrap=True, markup=False, end="")


def _keys(folder: Path) -> dict[str, str]:
    try:
        return keys_in(folder, (*SERVICES, OPERATOR))
    except (FolderDamaged, OSError) as fault:
        Console(stderr=True, highlight=False).print(str(fault), style="bold red")
        raise typer.Exit(EXIT_CODE) from fault
