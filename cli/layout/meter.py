"""`ampledger meter`: meters at breakers, which report load that is not ours."""

import asyncio
from typing import Annotated

import typer
from rich.table import Table

from cli.layout import token
from cli.layout.carrying_out import carry_out
from cli.layout.looking import state_of
from cli.layout.meter_try import try_out
from cli.layout.options import (
    Actor,
    AsJson,
    DataFolder,
    DryRun,
    InstallationArg,
    Manner,
    NewId,
    parent_of,
)
from cli.layout.places import installation_log
from cli.layout.telling import draw, say
from cli.layout.values import phases_of
from cli.support.output import print_json
from shared.history.differences import plain
from shared.ids import new_id
from shared.messages.installation_commands import AddMeter, ChangeMeter, RemoveMeter
from shared.messages.installation_terms import Measures, MeterKind

app = typer.Typer(no_args_is_help=True, help="Meters at breakers: load that is not ours.")

app.add_typer(token.app, name="token")
app.command("try")(try_out)

MeterArg = Annotated[str, typer.Argument(metavar="METER", help="Its id.")]
CircuitOption = Annotated[
    str | None,
    typer.Option(
        "--circuit", help="The circuit whose breaker it is at; default: the main one."
    ),
]
PhasesOption = Annotated[
    str | None,
    typer.Option("--phases", help="The lines it measures, such as L1,L3; default: all."),
]
HIGHEST = "What the load may be at most on any phase; so much is set aside while it is silent."
ERROR = "How far it may be off, in amperes; 0.5 if left out."
INTERVAL = "How often it reports, in seconds; 10 if left out."


@app.command("add")
def add(
    installation_id: InstallationArg,
    meter_id: NewId,
    highest_a: Annotated[float, typer.Option(help=HIGHEST)],
    circuit: CircuitOption = None,
    kind: MeterKind = MeterKind.BUILDING,
    measures: Annotated[
        Measures, typer.Option(help="All that flows there, cars included, or only the rest.")
    ] = Measures.TOTAL,
    phases: PhasesOption = None,
    error_a: Annotated[float, typer.Option(help=ERROR)] = 0.5,
    interval_s: Annotated[float, typer.Option(help=INTERVAL)] = 10.0,
    actor: Actor = None,
    data_folder: DataFolder = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Say that a meter at a breaker reports what is not ours there."""
    command = AddMeter(
        command_id=new_id(),
        installation_id=installation_id,
        meter_id=meter_id,
        circuit_id=parent_of(circuit),
        kind=kind,
        measures=measures,
        phases=None if phases is None else phases_of(phases),
        highest_a=highest_a,
        error_a=error_a,
        interval_s=interval_s,
    )
    carry_out([command], Manner(data_folder, actor, dry_run, as_json))


@app.command("change")
def change(
    installation_id: InstallationArg,
    meter_id: MeterArg,
    highest_a: Annotated[float | None, typer.Option(help=HIGHEST)] = None,
    kind: Annotated[MeterKind | None, typer.Option()] = None,
    measures: Annotated[Measures | None, typer.Option()] = None,
    phases: PhasesOption = None,
    error_a: Annotated[float | None, typer.Option(help=ERROR)] = None,
    interval_s: Annotated[float | None, typer.Option(help=INTERVAL)] = None,
    actor: Actor = None,
    data_folder: DataFolder = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Change what is given of a meter, and leave the rest."""
    command = ChangeMeter(
        command_id=new_id(),
        installation_id=installation_id,
        meter_id=meter_id,
        kind=kind,
        measures=measures,
        phases=None if phases is None else phases_of(phases),
        highest_a=highest_a,
        error_a=error_a,
        interval_s=interval_s,
    )
    carry_out([command], Manner(data_folder, actor, dry_run, as_json))


@app.command("remove")
def remove(
    installation_id: InstallationArg,
    meter_id: MeterArg,
    actor: Actor = None,
    data_folder: DataFolder = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Say that a meter is gone, and with it the load it watched."""
    command = RemoveMeter(
        command_id=new_id(), installation_id=installation_id, meter_id=meter_id
    )
    carry_out([command], Manner(data_folder, actor, dry_run, as_json))


@app.command("show")
def show(
    installation_id: InstallationArg,
    data_folder: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """Show the meters of an installation."""
    state = state_of(installation_id, asyncio.run(installation_log(data_folder)))
    if as_json:
        meters = [{"meter_id": it, **plain(meter)} for it, meter in state.meters.items()]
        print_json({"meters": meters})
        return
    if not state.meters:
        say("no meters: every breaker is taken for the cars' alone")
        return
    heads = ("meter", "at", "measures", "of", "phases", "at most", "error", "every")
    table = Table(*heads, box=None, pad_edge=False)
    for it, meter in state.meters.items():
        table.add_row(
            it,
            state.called(meter.circuit_id),
            meter.measures,
            meter.kind,
            " ".join(meter.phases),
            f"{meter.highest_a:g} A",
            f"{meter.error_a:g} A",
            f"{meter.interval_s:g} s",
        )
    draw(table)
