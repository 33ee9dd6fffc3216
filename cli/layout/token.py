"""`ampledger meter token`: the tokens that meters at breakers show who they are with."""

import asyncio
from typing import Annotated

import typer
from rich.table import Table

from cli.layout.credential import GOOD, sent, tell
from cli.layout.options import Actor, AsJson, DataFolder, InstallationArg, Manner
from cli.layout.places import store_of
from cli.layout.telling import draw, say
from cli.services import TELEMETRY
from cli.support.output import print_json
from services.telemetry.meter_tokens import holder_of, stream_of
from shared.ids import new_id
from shared.messages.credentials import (
    IssueMeterToken,
    MeterTokenEnded,
    MeterTokenIssued,
    WithdrawMeterToken,
)
from shared.recorded import Recorded

app = typer.Typer(no_args_is_help=True, help="Tokens of meters at breakers.")

MeterArg = Annotated[str, typer.Argument(metavar="METER", help="Its id.")]


@app.command("issue")
def issue(
    installation_id: InstallationArg,
    meter_id: MeterArg,
    actor: Actor = None,
    data_folder: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """
    Make a meter a token, and show it once; from then on its readings are taken with one only.

    What it has at present is good until it sends a reading with the new one.
    """
    manner = Manner(data_folder, actor, as_json=as_json)
    command = IssueMeterToken(
        command_id=new_id(), installation_id=installation_id, meter_id=meter_id
    )
    answer = sent(command, manner)
    tokens = [it.secret for it in answer.shown_once or ()]
    if as_json:
        print_json({"meter_id": meter_id, "token": tokens[0] if tokens else None})
        return
    say(*(f"Authorization: Bearer {it}" for it in tokens))
    say(answer.detail or "it is shown this once; have the meter send it with every reading")


@app.command("withdraw")
def withdraw(
    installation_id: InstallationArg,
    meter_id: MeterArg,
    let_in_without: Annotated[
        bool,
        typer.Option(
            "--let-in-without", help="It needs none any more; default: it needs another one."
        ),
    ] = False,
    actor: Actor = None,
    data_folder: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """Take readings with none of a meter's tokens."""
    manner = Manner(data_folder, actor, as_json=as_json)
    command = WithdrawMeterToken(
        command_id=new_id(),
        installation_id=installation_id,
        meter_id=meter_id,
        let_in_without=let_in_without,
    )
    done = (
        "its readings are taken without a token, unless all meters need one"
        if let_in_without
        else "none of its readings is taken until it has another one: ampledger meter token issue "
        f"{installation_id} {meter_id}"
    )
    answer = sent(command, manner)
    tell(answer, done if answer.position else "it has none that is good", manner)


@app.command("show-state")
def show_state(
    installation_id: InstallationArg,
    meter_id: MeterArg,
    data_folder: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """Show which tokens a meter was issued, by whom, and what has become of them."""

    async def history() -> list[Recorded]:
        async with store_of(data_folder, TELEMETRY) as store:
            return await store.load(stream_of(holder_of(installation_id, meter_id)))

    shown = _standings(asyncio.run(history()))
    if as_json:
        print_json({"meter_id": meter_id, "tokens": shown})
        return
    if not shown:
        say(f"meter {meter_id} was never issued a token")
        return
    table = Table("issued", "by", "is", box=None, pad_edge=False)
    for it in shown:
        table.add_row(it["issued_at"], it["issued_by"], it["standing"])
    draw(table)


def _standings(history: list[Recorded]) -> list[dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for recorded in history:
        match recorded.event:
            case MeterTokenIssued(credential_id=it):
                at = recorded.recorded_at.isoformat(timespec="seconds")
                by = recorded.meta.actor
                found[it] = {
                    "credential_id": it,
                    "issued_at": at,
                    "issued_by": by,
                    "standing": GOOD,
                }
            case MeterTokenEnded(credential_id=it, why=why):
                found[it]["standing"] = str(why).lower()
    return list(found.values())
