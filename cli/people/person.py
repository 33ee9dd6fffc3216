"""`ampledger person`: invite people, see who they are, forget them."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

import typer
from nats.aio.client import Client
from rich.table import Table

from cli.layout.options import Actor, AsJson, DataFolder, DryRun, Manner
from cli.layout.places import nats_url
from cli.layout.telling import draw, say
from cli.people.asking import PersonArg, asked_once, person_named, question
from cli.people.carrying_out import carry_out
from cli.setting_up import CommandRefused, connected
from cli.support.output import FINDING, print_json, run
from shared.ids import new_id
from shared.messages import Answer, Verdict
from shared.messages.own_account import IssueLink, Link
from shared.messages.people import (
    CardsOfPerson,
    CardsOfPersonAnswer,
    Everybody,
    People,
    PeopleAnswer,
    PersonLine,
)
from shared.messages.permissions import ForgetPerson, InvitePerson, RenamePerson

app = typer.Typer(no_args_is_help=True, help="People: invite them, find them, forget them.")

PATH: Final = "/sign-in/once?token="
"""Where the portal takes a link that signs somebody in once."""
PortalUrl = Annotated[
    str,
    typer.Option(
        envvar="AMPLEDGER_PUBLIC_URL", help="Under which address people find the portal."
    ),
]
PORTAL_URL: Final = "http://localhost:8180"


@app.command("invite")
def invite(
    email: Annotated[str, typer.Argument(help="Their e-mail address.")],
    name: Annotated[str | None, typer.Option(help="What they are called.")] = None,
    link: Annotated[
        bool, typer.Option("--link", help="Also show a link that signs them in once.")
    ] = False,
    portal_url: PortalUrl = PORTAL_URL,
    actor: Actor = None,
    data_folder: DataFolder = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """
    Make somebody known by their address, and have them sent an e-mail with a link to sign in.

    Without a mail server (PERMISSIONS_SMTP_URL) nothing is sent: take --link. Somebody who is known
    already is the same person.
    """
    command = InvitePerson(command_id=new_id(), person_id=new_id(), email=email, name=name)

    async def make(_: Client) -> InvitePerson:
        return command

    async def then(client: Client, answer: Answer) -> Mapping[str, Any]:
        person_id = answer.notes[0].about
        told = {"person_id": person_id}
        if link:
            told["link"] = await _link(client, person_id, portal_url)
        return told

    carry_out(make, Manner(data_folder, actor, dry_run, as_json), then)


@app.command("link")
def show_link(
    person: PersonArg,
    portal_url: PortalUrl = PORTAL_URL,
    data_folder: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """Make a link that signs somebody in once, within an hour, and show it to be handed over."""

    async def work() -> str:
        async with connected(nats_url(data_folder)) as client:
            return await _link(client, await person_named(client, person), portal_url)

    found = run(work())
    if as_json:
        print_json({"link": found})
    else:
        say(found)


async def _link(client: Client, person_id: str, portal_url: str) -> str:
    """
    Have a link made.

    Raises:
        CommandRefused: there is no such person.
    """
    made = await question(client, IssueLink(person_id=person_id), Link, of_operator=True)
    if not made.accepted:
        raise CommandRefused(
            Answer(verdict=Verdict.REFUSED, refusal=made.refusal, detail=made.detail)
        )
    return f"{portal_url.rstrip('/')}{PATH}{made.token}"


@app.command("list")
def show_people(data_folder: DataFolder = None, as_json: AsJson = False) -> None:
    """Show everybody who is known, and how many were forgotten."""
    found = asked_once(data_folder, Everybody(), PeopleAnswer, of_operator=True)
    known = sorted(
        (it for it in found.people if not it.forgotten), key=lambda it: it.name.lower()
    )
    forgotten = len(found.people) - len(known)
    if as_json:
        people = [it.model_dump(mode="json") for it in known]
        print_json({"people": people, "forgotten": forgotten})
        return
    table = Table("name", "address", "id", "signed in", box=None)
    for it in known:
        table.add_row(it.name, it.email, it.person_id, "yes" if it.registered else "not yet")
    draw(table)
    if forgotten:
        say(f"{forgotten} {'was' if forgotten == 1 else 'were'} forgotten")


@app.command("show")
def show_person(
    person: PersonArg, data_folder: DataFolder = None, as_json: AsJson = False
) -> None:
    """Show who somebody is, and how many cards they have."""

    async def work() -> tuple[PersonLine | None, int]:
        async with connected(nats_url(data_folder)) as client:
            person_id = await person_named(client, person)
            asked = People(person_ids=(person_id,))
            found = await question(client, asked, PeopleAnswer, of_operator=False)
            cards = await question(
                client,
                CardsOfPerson(person_id=person_id),
                CardsOfPersonAnswer,
                of_operator=False,
            )
            return (found.people[0] if found.people else None), len(cards.cards)

    line, cards = run(work())
    if line is None:
        say(f"there is no person {person}")
        raise typer.Exit(FINDING)
    if as_json:
        print_json(line.model_dump(mode="json") | {"cards": cards})
        return
    say(f"{line.name}  {line.email}".rstrip())
    say(f"id {line.person_id}")
    if not line.forgotten:
        say("has signed in" if line.registered else "has not signed in yet")
        say(f"cards: {cards}")


@app.command("rename")
def rename(
    person: PersonArg,
    name: Annotated[str, typer.Argument(help="What they are called from now on.")],
    actor: Actor = None,
    data_folder: DataFolder = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Give somebody another name."""

    async def make(client: Client) -> RenamePerson:
        person_id = await person_named(client, person)
        return RenamePerson(command_id=new_id(), person_id=person_id, name=name)

    carry_out(make, Manner(data_folder, actor, dry_run, as_json))


@app.command("forget")
def forget(
    person: PersonArg,
    actor: Actor = None,
    data_folder: DataFolder = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """
    Destroy the key of somebody's data: nobody reads it any more, and nothing brings it back.

    Their roles, cards, tokens and sessions end. Try it with --dry-run first.
    """

    async def make(client: Client) -> ForgetPerson:
        person_id = await person_named(client, person)
        return ForgetPerson(command_id=new_id(), person_id=person_id)

    carry_out(make, Manner(data_folder, actor, dry_run, as_json))
