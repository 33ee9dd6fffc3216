"""`ampledger circuit`: add one, change it, move it, take it out of use and into use again."""

from typing import Annotated

import typer

from cli.layout.carrying_out import carry_out
from cli.layout.options import (
    Actor,
    AsJson,
    CircuitArg,
    DataFolder,
    DryRun,
    InstallationArg,
    LockSerials,
    Manner,
    NewId,
    Reason,
    parent_of,
)
from cli.layout.ways_on import deactivate
from shared.ids import new_id
from shared.messages.installation_commands import (
    AddCircuit,
    ChangeCircuit,
    DeactivateCircuit,
    MoveCircuit,
    ReactivateCircuit,
)

app = typer.Typer(no_args_is_help=True, help="Circuits of an installation.")


@app.command("add")
def add(
    installation_id: InstallationArg,
    circuit_id: NewId,
    name: Annotated[str, typer.Option()],
    breaker_a: Annotated[float, typer.Option(help="Rating of its breaker, in amperes.")],
    set_a: Annotated[
        float | None, typer.Option(help="What may be used of it; default: its rating.")
    ] = None,
    parent: Annotated[
        str | None, typer.Option(help="The circuit above it; default: the main breaker.")
    ] = None,
    actor: Actor = None,
    data_folder: DataFolder = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Add a circuit beneath the main breaker, or beneath another circuit."""
    command = AddCircuit(
        command_id=new_id(),
        installation_id=installation_id,
        circuit_id=circuit_id,
        parent_id=parent_of(parent),
        name=name,
        breaker_a=breaker_a,
        set_a=set_a,
    )
    carry_out([command], Manner(data_folder, actor, dry_run, as_json))


@app.command("change")
def change(
    installation_id: InstallationArg,
    circuit_id: CircuitArg,
    name: Annotated[str | None, typer.Option()] = None,
    breaker_a: Annotated[
        float | None, typer.Option(help="Rating of its breaker, in amperes.")
    ] = None,
    set_a: Annotated[float | None, typer.Option(help="What may be used of it.")] = None,
    actor: Actor = None,
    data_folder: DataFolder = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Change what is given of a circuit, and leave the rest."""
    command = ChangeCircuit(
        command_id=new_id(),
        installation_id=installation_id,
        circuit_id=circuit_id,
        name=name,
        breaker_a=breaker_a,
        set_a=set_a,
    )
    carry_out([command], Manner(data_folder, actor, dry_run, as_json))


@app.command("move")
def move(
    installation_id: InstallationArg,
    circuit_id: CircuitArg,
    parent: Annotated[
        str, typer.Option(help="The circuit that it hangs beneath from now on; or: main.")
    ],
    actor: Actor = None,
    data_folder: DataFolder = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Put a circuit, with all beneath it, beneath another one or beneath the main breaker."""
    command = MoveCircuit(
        command_id=new_id(),
        installation_id=installation_id,
        circuit_id=circuit_id,
        parent_id=parent_of(parent),
    )
    carry_out([command], Manner(data_folder, actor, dry_run, as_json))


@app.command("deactivate")
def deactivate_circuit(
    installation_id: InstallationArg,
    circuit_id: CircuitArg,
    lock_serials: LockSerials = False,
    reason: Reason = None,
    actor: Actor = None,
    data_folder: DataFolder = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Take a circuit, and all beneath it, out of use."""
    command = DeactivateCircuit(
        command_id=new_id(),
        installation_id=installation_id,
        circuit_id=circuit_id,
        lock_serials=lock_serials,
        reason=reason,
    )
    deactivate(command, Manner(data_folder, actor, dry_run, as_json))


@app.command("reactivate")
def reactivate(
    installation_id: InstallationArg,
    circuit_id: CircuitArg,
    actor: Actor = None,
    data_folder: DataFolder = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Take a circuit into use again; serials that went down with it are unlocked."""
    command = ReactivateCircuit(
        command_id=new_id(), installation_id=installation_id, circuit_id=circuit_id
    )
    carry_out([command], Manner(data_folder, actor, dry_run, as_json))
