"""`ampledger charger start|stop`: sessions begun and ended from here, in place of a card or the app."""

import asyncio
from typing import Annotated

import typer

from cli.layout.carrying_out import told
from cli.layout.options import (
    Actor,
    AsJson,
    ChargerArg,
    DataFolder,
    InstallationArg,
    Manner,
)
from cli.layout.places import nats_url
from cli.layout.telling import Outcome
from cli.setting_up import ask, connected
from shared.ids import new_id
from shared.messages.telemetry import SessionCommand, StartCharging, StopCharging

app = typer.Typer()


@app.command("start")
def start(
    installation_id: InstallationArg,
    charger_id: ChargerArg,
    person: Annotated[
        str | None,
        typer.Option(
            help="Whose session it is: needed where drivers must show who they are.",
            metavar="ID",
        ),
    ] = None,
    actor: Actor = None,
    data_folder: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """Have the car at a charger charge, as if its driver had shown a card; it is plugged in."""
    command = StartCharging(
        command_id=new_id(),
        installation_id=installation_id,
        charger_id=charger_id,
        person_id=person,
    )
    _carry_out(command, Manner(data_folder, actor, as_json=as_json))


@app.command("stop")
def stop(
    installation_id: InstallationArg,
    charger_id: ChargerArg,
    actor: Actor = None,
    data_folder: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """End the session at a charger, whoever has begun it."""
    command = StopCharging(
        command_id=new_id(), installation_id=installation_id, charger_id=charger_id
    )
    _carry_out(command, Manner(data_folder, actor, as_json=as_json))


def _carry_out(command: SessionCommand, manner: Manner) -> None:
    told([asyncio.run(_asked(command, manner))], manner)


async def _asked(command: SessionCommand, manner: Manner) -> Outcome:
    async with connected(nats_url(manner.data_folder)) as client:
        return Outcome(command, await ask(client, command, manner.who))
