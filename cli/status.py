"""`ampledger status`: what runs at present."""

import asyncio
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

import asyncpg
import typer
from rich.console import Console
from rich.table import Table

from cli.accounts import server_account
from cli.composition import masked, service_database_url
from cli.data_folder import default_folder
from cli.run_file import is_up, read_run
from cli.services import BALANCER, TELEMETRY
from cli.shares import held, shares
from shared.subjects import PARTITIONS

NOT_RUNNING = 1

T = TypeVar("T")


def show_status(
    data_folder: Annotated[Path | None, typer.Option(help="Where everything is kept.")] = None,
) -> None:
    """Show what runs, since when, and where to reach it."""
    console = Console()
    folder = data_folder or default_folder(Path.cwd(), server_account())
    run = read_run(folder)
    if run is None or not is_up(folder):
        console.print(f"nothing runs in {folder}; start it with: ampledger up")
        raise typer.Exit(NOT_RUNNING)
    table = Table("process", "state", "pid", "restarts", "address")
    for name, it in run["processes"].items():
        url = run["urls"].get("database" if name == "postgres" else name)
        address = masked(url) if url else ""
        table.add_row(name, it["step"], str(it["pid"] or ""), str(it["restarts"]), address)
    console.print(table)
    if BALANCER in run["processes"]:
        _show_shares(console, run["urls"]["database"])
    if TELEMETRY in run["processes"]:
        _show_held(console, run["urls"]["database"])


def _found(console: Console, asked: Coroutine[Any, Any, Sequence[T]], what: str) -> Sequence[T]:
    """Ask a database; what runs is told whether or not that can be done."""
    try:
        return asyncio.run(asked)
    except (OSError, TimeoutError, asyncpg.PostgresError) as fault:
        console.print(f"{what} cannot be asked: {fault!r}", markup=False)
        return ()


def _show_shares(console: Console, database_url: str) -> None:
    """Tell who decides for how many partitions."""
    asked = shares(service_database_url(database_url, BALANCER))
    for it in _found(console, asked, "who balances what"):
        waits = "" if it.takes_part else ", and does not take part yet"
        told = f"{it.slot}: {it.holder} holds {it.partitions} of {PARTITIONS} partitions{waits}"
        console.print(told, markup=False, highlight=False)


def _show_held(console: Console, database_url: str) -> None:
    """Tell how many chargers each gateway holds."""
    asked = held(service_database_url(database_url, TELEMETRY))
    for it in _found(console, asked, "who holds which chargers"):
        silent = "" if it.alive else ", and says nothing"
        told = f"{it.number}: gateway holds {it.chargers} chargers{silent}"
        console.print(told, markup=False, highlight=False)
