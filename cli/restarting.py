"""`ampledger restart`: processes on this machine run anew, one after the other, and nobody notices."""

import asyncio
from pathlib import Path
from typing import Annotated, Final, NoReturn

import typer
from rich.console import Console

from cli.accounts import server_account
from cli.data_folder import default_folder
from cli.faults import EXIT_CODE
from cli.run_file import is_up, read_run
from cli.wishes import WishRefused, wish_restart

NOTHING_RUNS: Final = 1
SERVERS: Final = frozenset({"nats", "postgres", "mqtt"})
"""They are restarted only if they are named: while one is away everything else waits."""
READY_S_MAX: Final = 60.0
"""How long a process may take to be ready again, besides letting go of what it has."""

console = Console(highlight=False)


def restart(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SERVICE]...",
            help="Which, such as portal or telemetry (all gateways); default: every service, no server.",
        ),
    ] = None,
    data_folder: Annotated[Path | None, typer.Option(help="Where everything is kept.")] = None,
    drain_s_max: Annotated[
        float, typer.Option(min=0, help="How long a gateway may take to let its chargers go.")
    ] = 600.0,
) -> None:
    """
    Restart services, one after the other, each from the program as it is on the disk now.

    Nobody's request fails, and no car's session ends: each process ends what it has begun, and the next
    one's turn comes when it is ready again. If one is not, the others are left alone.
    """
    folder = data_folder or default_folder(Path.cwd(), server_account())
    run = read_run(folder) or {}
    running = list(run.get("processes") or {})
    if not running or not is_up(folder):
        _fail(f"nothing runs in {folder}; start it with: ampledger up", NOTHING_RUNS)
    services = [it for it in running if it in (run.get("health") or {}) and it not in SERVERS]
    for name in _chosen(running, names) if names else services:
        console.print(f"{name} is restarted")
        wish = wish_restart(folder / "run", name, READY_S_MAX, drain_s_max + READY_S_MAX)
        try:
            asyncio.run(wish)
        except (WishRefused, OSError) as fault:
            _fail(f"{fault}; the others were left alone", EXIT_CODE)
        console.print(f"{name} is back")


def _chosen(running: list[str], names: list[str]) -> list[str]:
    """Pick processes in the order in which they were started."""
    found = {name: [it for it in running if _is_called(it, name)] for name in names}
    unknown = [name for name, those in found.items() if not those]
    if unknown:
        _fail(
            f"{', '.join(unknown)}: no such process; there are {', '.join(running)}", EXIT_CODE
        )
    wanted = {it for those in found.values() for it in those}
    return [it for it in running if it in wanted]


def _is_called(process: str, name: str) -> bool:
    """
    Whether a process goes by a name; several of one service all do by the service's.

    >>> _is_called("telemetry-2", "telemetry"), _is_called("telemetry", "telemetry-2")
    (True, False)
    """
    before, _, number = process.rpartition("-")
    return process == name or (before == name and number.isdigit())


def _fail(why: str, code: int) -> NoReturn:
    Console(stderr=True, highlight=False).print(why, style="bold red", markup=False)
    raise typer.Exit(code)
