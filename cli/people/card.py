"""`ampledger card`: charge cards, and whose they are."""

from typing import Annotated

import typer
from nats.aio.client import Client
from rich.table import Table

from cli.layout.options import Actor, AsJson, DataFolder, DryRun, Manner
from cli.layout.places import nats_url
from cli.layout.telling import draw, say
from cli.people.asking import PersonArg, person_named, question
from cli.people.carrying_out import carry_out
from cli.setting_up import connected
from cli.support.output import print_json, run
from shared.ids import new_id
from shared.messages.people import CardsOfPerson, CardsOfPersonAnswer
from shared.messages.permissions import BlockCard, RegisterCard, RemoveCard, UnblockCard

app = typer.Typer(no_args_is_help=True, help="Charge cards, and whose they are.")

CardArg = Annotated[
    str, typer.Argument(metavar="CARD", help="Its id, as `ampledger card list` has it.")
]


@app.command("register")
def register(
    person: PersonArg,
    number: Annotated[
        str,
        typer.Argument(help="What a reader reads from it: up to 20 letters, digits, signs."),
    ],
    label: Annotated[str | None, typer.Option(help="What to know it by.")] = None,
    actor: Actor = None,
    data_folder: DataFolder = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Have a card stand for somebody: with it they charge where they have a role."""
    card_id = new_id()
    whole = RegisterCard(
        command_id=new_id(), card_id=card_id, person_id="-", number=number, label=label
    )

    async def make(client: Client) -> RegisterCard:
        person_id = await person_named(client, person)
        return whole.model_copy(update={"person_id": person_id})

    carry_out(make, Manner(data_folder, actor, dry_run, as_json))


@app.command("block")
def block(
    person: PersonArg,
    card: CardArg,
    actor: Actor = None,
    data_folder: DataFolder = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Have nobody charge with a card until it is unblocked."""
    _change(BlockCard, person, card, Manner(data_folder, actor, dry_run, as_json))


@app.command("unblock")
def unblock(
    person: PersonArg,
    card: CardArg,
    actor: Actor = None,
    data_folder: DataFolder = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Have a card count again."""
    _change(UnblockCard, person, card, Manner(data_folder, actor, dry_run, as_json))


@app.command("remove")
def remove(
    person: PersonArg,
    card: CardArg,
    actor: Actor = None,
    data_folder: DataFolder = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Have a card stand for nobody; its number can be registered anew."""
    _change(RemoveCard, person, card, Manner(data_folder, actor, dry_run, as_json))


@app.command("list")
def show_cards(
    person: PersonArg, data_folder: DataFolder = None, as_json: AsJson = False
) -> None:
    """Show somebody's cards."""

    async def work() -> CardsOfPersonAnswer:
        async with connected(nats_url(data_folder)) as client:
            person_id = await person_named(client, person)
            asked = CardsOfPerson(person_id=person_id)
            return await question(client, asked, CardsOfPersonAnswer, of_operator=False)

    found = run(work())
    if as_json:
        print_json([it.model_dump(mode="json") for it in found.cards])
        return
    table = Table("number", "label", "id", "", box=None)
    for it in found.cards:
        table.add_row(it.number, it.label, it.card_id, "blocked" if it.blocked else "")
    if found.cards:
        draw(table)
    else:
        say("they have no cards")


def _change(
    kind: type[BlockCard] | type[UnblockCard] | type[RemoveCard],
    person: str,
    card: str,
    manner: Manner,
) -> None:
    """Have something done to a card that somebody has."""

    async def make(client: Client) -> BlockCard | UnblockCard | RemoveCard:
        person_id = await person_named(client, person)
        return kind(command_id=new_id(), person_id=person_id, card_id=card)

    carry_out(make, manner)
