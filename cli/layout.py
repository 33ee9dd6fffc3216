"""Setting up an installation from the command line: `ampledger installation|circuit|charger`."""

import asyncio
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cli.accounts import server_account
from cli.data_folder import default_folder
from cli.run_file import read_run
from cli.setting_up import send_all
from shared.ids import new_id
from shared.messages.installation import (
    AddCircuit,
    AssignChargers,
    Category,
    CreateInstallation,
    InstallationCommand,
    InstallationType,
    NewCharger,
)
from shared.messaging import ServiceUnavailable
from shared.phases import PHASES, GridType, Phase

installation = typer.Typer(no_args_is_help=True, help="Installations.")
circuit = typer.Typer(no_args_is_help=True, help="Circuits of an installation.")
charger = typer.Typer(no_args_is_help=True, help="Chargers on a circuit.")

console = Console()

DataFolder = Annotated[
    Path | None, typer.Option(help="Data folder of the running stack; NATS_URL comes first.")
]
Id = Annotated[str, typer.Argument(help="An id of your choice: letters, digits, dashes.")]


def nats_url(data_folder: Path | None) -> str:
    """
    Find the NATS server to send commands to.

    Raises:
        ServiceUnavailable: nothing is running there.
    """
    given = os.environ.get("NATS_URL")
    if given:
        return given
    folder = data_folder or default_folder(Path.cwd(), server_account())
    found = ((read_run(folder) or {}).get("urls") or {}).get("nats")
    if not found:
        raise ServiceUnavailable(f"nothing runs in {folder}")
    return str(found)


def _send(data_folder: Path | None, commands: Iterable[InstallationCommand]) -> None:
    actor = os.environ.get("USER", "cli")
    position = asyncio.run(send_all(nats_url(data_folder), commands, actor))
    console.print(
        f"done, at position {position} of the log" if position else "it is so already"
    )


@installation.command("create")
def create_installation(
    installation_id: Id,
    name: Annotated[str, typer.Option()],
    breaker_a: Annotated[float, typer.Option(help="Main breaker of the chargers, in amperes.")],
    address: str = "not given",
    category: Category = Category.PRIVATE,
    country: Annotated[str, typer.Option(help="ISO 3166-1, two letters.")] = "NO",
    type_: Annotated[InstallationType, typer.Option("--type")] = InstallationType.GARAGE,
    grid_type: GridType = GridType.TN_3_PHASE,
    data_folder: DataFolder = None,
) -> None:
    """Create an installation behind one main breaker."""
    command = CreateInstallation(
        command_id=new_id(),
        installation_id=installation_id,
        name=name,
        address=address,
        category=category,
        country=country,
        type=type_,
        grid_type=grid_type,
        breaker_a=breaker_a,
    )
    _send(data_folder, [command])


@circuit.command("add")
def add_circuit(
    installation_id: str,
    circuit_id: Id,
    name: Annotated[str, typer.Option()],
    breaker_a: Annotated[float, typer.Option(help="Rating of its breaker, in amperes.")],
    set_a: Annotated[
        float | None, typer.Option(help="What may be used of it; default: its rating.")
    ] = None,
    parent: Annotated[
        str | None, typer.Option(help="The circuit above it; default: the main breaker.")
    ] = None,
    data_folder: DataFolder = None,
) -> None:
    """Add a circuit beneath the main breaker, or beneath another circuit."""
    command = AddCircuit(
        command_id=new_id(),
        installation_id=installation_id,
        circuit_id=circuit_id,
        parent_id=parent,
        name=name,
        breaker_a=breaker_a,
        set_a=set_a,
    )
    _send(data_folder, [command])


@charger.command("assign")
def assign_chargers(
    installation_id: str,
    circuit_id: str,
    serials: Annotated[list[str], typer.Argument(help="Serial numbers, as on the labels.")],
    name: Annotated[
        str, typer.Option(help="What people call it; several get a number.")
    ] = "Bay",
    wiring: Annotated[
        list[Phase] | None, typer.Option(help="Phase behind each terminal, in their order.")
    ] = None,
    max_a: float = 32.0,
    data_folder: DataFolder = None,
) -> None:
    """Put one or more chargers on a circuit: all of them, or none."""
    chargers = tuple(
        NewCharger(
            charger_id=serial.strip().upper(),
            serial=serial,
            name=name if len(serials) == 1 else f"{name} {number}",
            wiring=tuple(wiring or PHASES),
            max_a=max_a,
        )
        for number, serial in enumerate(serials, start=1)
    )
    command = AssignChargers(
        command_id=new_id(),
        installation_id=installation_id,
        circuit_id=circuit_id,
        chargers=chargers,
    )
    _send(data_folder, [command])
