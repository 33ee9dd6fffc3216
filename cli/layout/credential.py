"""`ampledger charger credential`: the passwords that chargers show who they are with."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final

import typer
from rich.table import Table

from cli.layout.options import Actor, AsJson, DataFolder, Manner
from cli.layout.passwords import issued, plain, show
from cli.layout.places import installation_log, nats_url, store_of
from cli.layout.portrait import layouts_of
from cli.layout.telling import draw, say
from cli.services import TELEMETRY
from cli.setting_up import CommandRefused, ask, connected
from cli.support.output import FINDING, fail, print_json
from services.telemetry.credentials import stream_of
from shared.ids import InstallationId, Serial, new_id, normal_serial
from shared.messages import Answer
from shared.messages.credentials import (
    ChargerCredentialDelivered,
    ChargerCredentialEnded,
    ChargerCredentialIssued,
    CredentialCommand,
    RotateChargerCredential,
    WithdrawChargerCredential,
)
from shared.recorded import Recorded

app = typer.Typer(no_args_is_help=True, help="Passwords of chargers.")

SerialArg = Annotated[str, typer.Argument(metavar="SERIAL", help="As on the label.")]

GOOD: Final = "good"


@app.command("issue")
def issue(
    serials: Annotated[list[str], typer.Argument(help="Serial numbers, as on the labels.")],
    actor: Actor = None,
    data_folder: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """
    Make passwords for chargers that are assigned, and show them once.

    What a charger has at present is good until it comes with the new one.
    """
    manner = Manner(data_folder, actor, as_json=as_json)
    numbers = [number_of(it) for it in serials]
    places = places_of(numbers, manner)
    answers = []
    for installation_id in dict.fromkeys(places.values()):
        mine = [it for it in numbers if places[it] == installation_id]
        answers.append(_accepted(asyncio.run(issued(installation_id, mine, manner))))
    shown = [it for answer in answers for it in answer.shown_once or ()]
    if as_json:
        print_json({"credentials": [plain(it) for it in shown]})
    else:
        show(shown)


@app.command("rotate")
def rotate(
    serial: SerialArg,
    trust_connection: Annotated[
        bool,
        typer.Option(
            "--trust-connection",
            help="It has none yet: take whoever is connected as this charger for it.",
        ),
    ] = False,
    actor: Actor = None,
    data_folder: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """Give a connected charger a new password over its connection; nobody gets to see it."""
    manner = Manner(data_folder, actor, as_json=as_json)
    number = number_of(serial)
    command = RotateChargerCredential(
        command_id=new_id(),
        installation_id=places_of([number], manner)[number],
        serial=number,
        trust_connection=trust_connection,
    )
    answer = sent(command, manner)
    done = (
        "the charger has taken a new password, and comes again with it; then the old one ends"
    )
    tell(answer, answer.detail or done, manner)


@app.command("withdraw")
def withdraw(
    serial: SerialArg,
    let_in_without: Annotated[
        bool,
        typer.Option(
            "--let-in-without", help="It needs none any more; default: it stays outside."
        ),
    ] = False,
    actor: Actor = None,
    data_folder: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """Let a charger in with none of its passwords, and end its connection."""
    manner = Manner(data_folder, actor, as_json=as_json)
    number = number_of(serial)
    command = WithdrawChargerCredential(
        command_id=new_id(),
        installation_id=places_of([number], manner)[number],
        serial=number,
        let_in_without=let_in_without,
    )
    answer = sent(command, manner)
    done = (
        "it is let in without a password, unless all chargers need one"
        if let_in_without
        else f"it stays outside until it has another one: ampledger charger credential issue {number}"
    )
    tell(answer, done if answer.position else "it has none that is good", manner)


# --- Looking ---


@dataclass(slots=True)
class Standing:
    """What has become of one password."""

    credential_id: str
    issued_at: str
    issued_by: str
    standing: str = GOOD
    delivered: bool = False


@app.command("show-state")
def show_state(
    serial: SerialArg, data_folder: DataFolder = None, as_json: AsJson = False
) -> None:
    """Show which passwords a charger was issued, by whom, and what has become of them."""
    number = number_of(serial)
    standings = standings_of(asyncio.run(_history(number, Manner(data_folder))))
    if as_json:
        shown = [{name: getattr(it, name) for name in Standing.__slots__} for it in standings]
        print_json({"serial": number, "credentials": shown})
        return
    if not standings:
        say(f"charger {number} was never issued a password")
        return
    table = Table("issued", "by", "over its connection", "is", box=None, pad_edge=False)
    for it in standings:
        table.add_row(it.issued_at, it.issued_by, "yes" if it.delivered else "", it.standing)
    draw(table)


async def _history(serial: Serial, manner: Manner) -> list[Recorded]:
    async with store_of(manner.data_folder, TELEMETRY) as store:
        return await store.load(stream_of(serial))


def standings_of(history: Sequence[Recorded]) -> list[Standing]:
    """Fold what has become of each password, in the order in which they were issued."""
    found: dict[str, Standing] = {}
    for recorded in history:
        match recorded.event:
            case ChargerCredentialIssued(credential_id=it):
                at = recorded.recorded_at.isoformat(timespec="seconds")
                found[it] = Standing(it, at, recorded.meta.actor)
            case ChargerCredentialDelivered(credential_id=it):
                found[it].delivered = True
            case ChargerCredentialEnded(credential_id=it, why=why, detail=detail):
                told = str(why).lower().replace("_", " ")
                found[it].standing = f"{told} ({detail})" if detail else told
    return list(found.values())


# --- Asking ---


def number_of(text: str) -> Serial:
    """Read a serial number as somebody has typed it."""
    try:
        return str(normal_serial(text))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def places_of(serials: Sequence[Serial], manner: Manner) -> dict[Serial, InstallationId]:
    """Find the installations of chargers; ends the command if one is assigned nowhere."""
    layouts = layouts_of(asyncio.run(installation_log(manner.data_folder))).values()
    places = {it.serial: layout.installation_id for layout in layouts for it in layout.chargers}
    for serial in serials:
        if serial not in places:
            fail(
                f"charger {serial} is not assigned to an installation; assign it first: "
                f"ampledger charger assign INSTALLATION CIRCUIT {serial}",
                FINDING,
            )
    return places


def sent(command: CredentialCommand, manner: Manner) -> Answer:
    """
    Send a command to the telemetry service.

    Raises:
        CommandRefused: a rule said no.
        ServiceUnavailable: nobody answers.
    """

    async def asked() -> Answer:
        async with connected(nats_url(manner.data_folder)) as client:
            return await ask(client, command, manner.who)

    return _accepted(asyncio.run(asked()))


def _accepted(answer: Answer) -> Answer:
    if not answer.accepted:
        raise CommandRefused(answer)
    return answer


def tell(answer: Answer, text: str, manner: Manner) -> None:
    """Say what has become of a command."""
    if manner.as_json:
        print_json(answer.model_dump(mode="json", exclude_none=True))
    else:
        say(text)
