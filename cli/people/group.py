"""`ampledger group`: companies and households whose members share what is granted to them."""

from typing import Annotated

import typer
from nats.aio.client import Client
from rich.table import Table

from cli.layout.options import Actor, AsJson, DataFolder, DryRun, Manner, NewId
from cli.layout.telling import draw, say
from cli.people.asking import PersonArg, asked_once, person_named
from cli.people.carrying_out import carry_out
from cli.support.output import print_json
from shared.ids import new_id
from shared.messages.people import Groups, GroupsAnswer
from shared.messages.permissions import AddMember, CreateGroup, DissolveGroup, RemoveMember

app = typer.Typer(no_args_is_help=True, help="Companies and households.")

GroupArg = Annotated[str, typer.Argument(metavar="GROUP", help="Its id.")]


@app.command("create")
def create(
    group_id: NewId,
    name: Annotated[
        str, typer.Argument(help="Of the company or household; everybody may read it.")
    ],
    kept_at: Annotated[
        str | None,
        typer.Option(
            "--kept-at",
            metavar="INSTALLATION",
            help="Whose owners keep it; it has roles there only. Default: the operator keeps it.",
        ),
    ] = None,
    actor: Actor = None,
    data_folder: DataFolder = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Create a group; it has no members yet."""

    async def make(_: Client) -> CreateGroup:
        return CreateGroup(command_id=new_id(), group_id=group_id, name=name, kept_at=kept_at)

    carry_out(make, Manner(data_folder, actor, dry_run, as_json))


@app.command("add")
def add(
    group_id: GroupArg,
    person: PersonArg,
    actor: Actor = None,
    data_folder: DataFolder = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Add somebody; what the group is granted is theirs, too."""

    async def make(client: Client) -> AddMember:
        person_id = await person_named(client, person)
        return AddMember(command_id=new_id(), group_id=group_id, person_id=person_id)

    carry_out(make, Manner(data_folder, actor, dry_run, as_json))


@app.command("remove")
def remove(
    group_id: GroupArg,
    person: PersonArg,
    actor: Actor = None,
    data_folder: DataFolder = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Remove somebody from a group."""

    async def make(client: Client) -> RemoveMember:
        person_id = await person_named(client, person)
        return RemoveMember(command_id=new_id(), group_id=group_id, person_id=person_id)

    carry_out(make, Manner(data_folder, actor, dry_run, as_json))


@app.command("dissolve")
def dissolve(
    group_id: GroupArg,
    actor: Actor = None,
    data_folder: DataFolder = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """End a group, and everything that was granted to it."""

    async def make(_: Client) -> DissolveGroup:
        return DissolveGroup(command_id=new_id(), group_id=group_id)

    carry_out(make, Manner(data_folder, actor, dry_run, as_json))


@app.command("list")
def show_groups(data_folder: DataFolder = None, as_json: AsJson = False) -> None:
    """Show the groups, and who is in them."""
    found = asked_once(data_folder, Groups(), GroupsAnswer, of_operator=True)
    if as_json:
        print_json([it.model_dump(mode="json") for it in found.groups])
        return
    table = Table("group", "name", "members", box=None)
    for it in found.groups:
        table.add_row(it.group_id, it.name, ", ".join(member.name for member in it.members))
    if found.groups:
        draw(table)
    else:
        say("there are no groups")
