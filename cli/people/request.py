"""`ampledger request`: what people ask the owners of a place for."""

from typing import Annotated

import typer
from nats.aio.client import Client
from rich.table import Table

from cli.layout.options import Actor, AsJson, DataFolder, DryRun, InstallationArg, Manner
from cli.layout.telling import draw, say
from cli.people.asking import asked_once
from cli.people.carrying_out import carry_out
from cli.support.output import print_json
from shared.ids import new_id
from shared.messages.people import AccessOf, AccessOfAnswer
from shared.messages.permissions import AnswerRequest

app = typer.Typer(no_args_is_help=True, help="What people ask the owners of a place for.")


@app.command("list")
def show_requests(
    installation_id: InstallationArg,
    everything: Annotated[
        bool, typer.Option("--all", help="Show those that were answered, too.")
    ] = False,
    data_folder: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """Show what is asked for at an installation, and by whom."""
    asked = AccessOf(installation_id=installation_id)
    found = asked_once(data_folder, asked, AccessOfAnswer, of_operator=False)
    shown = [it for it in found.requests if everything or it.granted is None]
    if as_json:
        print_json([it.model_dump(mode="json") for it in shown])
        return
    table = Table("request", "name", "role", "where", "words", "", box=None)
    answers = {None: "open", True: "granted", False: "turned down"}
    for it in shown:
        where = it.charger_id or "everywhere"
        answer = answers[it.granted]
        table.add_row(it.request_id, it.name, it.role.value, where, it.words, answer)
    if shown:
        draw(table)
    else:
        say(f"nothing is asked for at installation {installation_id}")


@app.command("answer")
def answer(
    installation_id: InstallationArg,
    request_id: Annotated[str, typer.Argument(metavar="REQUEST", help="Its id.")],
    granted: Annotated[
        bool, typer.Option("--grant/--turn-down", help="Give the role, or do not.")
    ],
    actor: Actor = None,
    data_folder: DataFolder = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Grant what was asked for, or turn it down."""

    async def make(_: Client) -> AnswerRequest:
        return AnswerRequest(
            command_id=new_id(),
            installation_id=installation_id,
            request_id=request_id,
            granted=granted,
        )

    carry_out(make, Manner(data_folder, actor, dry_run, as_json))
