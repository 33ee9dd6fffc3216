"""`ampledger charger start|stop`: sessions begun and ended from here, in place of a card or the app."""

from collections.abc import Awaitable, Callable
from typing import Annotated

import typer
from nats.aio.client import Client

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
from cli.people.asking import person_named
from cli.setting_up import ask, connected
from cli.support.output import run
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

    async def make(client: Client) -> StartCharging:
        return StartCharging(
            command_id=new_id(),
            installation_id=installation_id,
            charger_id=charger_id,
            person_id=None if person is None else await person_named(client, person),
        )

    _carry_out(make, Manner(data_folder, actor, as_json=as_json))


@app.command("stop")
def stop(
    installation_id: InstallationArg,
    charger_id: ChargerArg,
    actor: Actor = None,
    data_folder: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """End the session at a charger, whoever has begun it."""

    async def make(_: Client) -> StopCharging:
        return StopCharging(
            command_id=new_id(), installation_id=installation_id, charger_id=charger_id
        )

    _carry_out(make, Manner(data_folder, actor, as_json=as_json))


def _carry_out(make: Callable[[Client], Awaitable[SessionCommand]], manner: Manner) -> None:
    async def sent() -> Outcome:
        async with connected(nats_url(manner.data_folder)) as client:
            command = await make(client)
            return Outcome(command, await ask(client, command, manner.who))

    told([run(sent())], manner)
