"""`ampledger gateway`: the processes that hold chargers' sockets, on this machine."""

import os
import signal
import time
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn

import typer
from rich.console import Console

from cli.accounts import server_account
from cli.data_folder import default_folder
from cli.faults import EXIT_CODE
from cli.run_file import is_up, read_run, running_of
from cli.services import TELEMETRY
from cli.states import Step

NOTHING_RUNS: Final = 1
BACK_S_MAX: Final = 60.0
"""How long a gateway may take to be ready again, besides letting its chargers go."""
LOOK_S: Final = 0.2

gateway = typer.Typer(
    no_args_is_help=True, help="The processes that hold chargers' sockets, on this machine."
)
console = Console(highlight=False)


@gateway.command("restart")
def restart(
    data_folder: Annotated[Path | None, typer.Option(help="Where everything is kept.")] = None,
    drain_s_max: Annotated[
        float, typer.Option(min=0, help="How long it may take to let chargers go.")
    ] = 600.0,
) -> None:
    """
    Restart the gateways, one after the other.

    Each lets its chargers go to the others (TELEMETRY_DRAIN_S says over how long), ends, is started again
    and takes chargers before the next one's turn.
    """
    folder = data_folder or default_folder(Path.cwd(), server_account())
    names = _gateways(folder)
    if not names or not is_up(folder):
        _fail(f"no gateway runs in {folder}; start it with: ampledger up", NOTHING_RUNS)
    for name in names:
        before = next((it for it in running_of(folder) if it.name == name), None)
        if before is None:
            console.print(f"{name} does not run, and is left to whoever starts it")
            continue
        console.print(f"{name} lets its chargers go")
        os.kill(before.pid, signal.SIGTERM)
        _wait_until_back(folder, name, before.pid, drain_s_max + BACK_S_MAX)
        console.print(f"{name} is back")


def _gateways(folder: Path) -> list[str]:
    numbered = f"{TELEMETRY}-"
    return [it for it in _processes(folder) if it == TELEMETRY or it.startswith(numbered)]


def _processes(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = (read_run(folder) or {}).get("processes") or {}
    return found


def _wait_until_back(folder: Path, name: str, pid: int, within_s: float) -> None:
    deadline_s = time.monotonic() + within_s
    while time.monotonic() < deadline_s:
        state = _processes(folder).get(name) or {}
        if state.get("pid") not in {None, pid} and state.get("step") == str(Step.READY):
            return
        time.sleep(LOOK_S)
    _fail(
        f"{name} is not ready again after {within_s:g} s; the others were left alone", EXIT_CODE
    )


def _fail(why: str, code: int) -> NoReturn:
    Console(stderr=True, highlight=False).print(why, style="bold red", markup=False)
    raise typer.Exit(code)
