"""`ampledger status`: what runs at present."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from cli.accounts import server_account
from cli.composition import masked
from cli.data_folder import default_folder
from cli.run_file import is_up, read_run

NOT_RUNNING = 1


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
