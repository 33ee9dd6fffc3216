"""`ampledger role`: who may do what, where."""

from datetime import datetime
from typing import Annotated

import typer
from nats.aio.client import Client
from rich.table import Table

from cli.layout.options import Actor, AsJson, DataFolder, DryRun, InstallationArg, Manner
from cli.layout.telling import draw, say
from cli.people.asking import GranteeArg, asked_once, grantee_named
from cli.people.carrying_out import carry_out
from cli.support.output import print_json
from shared.ids import new_id
from shared.messages.people import (
    AccessOf,
    AccessOfAnswer,
    PlatformRoles,
    PlatformRolesAnswer,
)
from shared.messages.permissions import (
    GrantPlatformRole,
    GrantRole,
    PlatformRole,
    RevokePlatformRole,
    RevokeRole,
    Role,
)

app = typer.Typer(no_args_is_help=True, help="Who may do what, where.")

RoleArg = Annotated[Role, typer.Argument(help="What they are there.", case_sensitive=False)]
PlatformRoleArg = Annotated[
    PlatformRole, typer.Argument(help="What they are everywhere.", case_sensitive=False)
]
AtCharger = Annotated[
    str | None,
    typer.Option("--charger", help="At this charger only; default: everywhere in it."),
]


@app.command("grant")
def grant(
    installation_id: InstallationArg,
    who: GranteeArg,
    role: RoleArg,
    charger: AtCharger = None,
    until: Annotated[
        datetime | None, typer.Option(help="When it ends by itself; local time.")
    ] = None,
    actor: Actor = None,
    data_folder: DataFolder = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Give somebody a role at an installation, or at one charger of it."""

    async def make(client: Client) -> GrantRole:
        return GrantRole(
            command_id=new_id(),
            installation_id=installation_id,
            charger_id=charger,
            grantee=await grantee_named(client, who),
            role=role,
            until=until and until.astimezone(),
        )

    carry_out(make, Manner(data_folder, actor, dry_run, as_json))


@app.command("revoke")
def revoke(
    installation_id: InstallationArg,
    who: GranteeArg,
    role: RoleArg,
    charger: AtCharger = None,
    actor: Actor = None,
    data_folder: DataFolder = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Take a role away; the last owner's, too."""

    async def make(client: Client) -> RevokeRole:
        return RevokeRole(
            command_id=new_id(),
            installation_id=installation_id,
            charger_id=charger,
            grantee=await grantee_named(client, who),
            role=role,
        )

    carry_out(make, Manner(data_folder, actor, dry_run, as_json))


@app.command("grant-platform")
def grant_platform(
    who: GranteeArg,
    role: PlatformRoleArg,
    actor: Actor = None,
    data_folder: DataFolder = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Make somebody an authorised installer, or support."""

    async def make(client: Client) -> GrantPlatformRole:
        grantee = await grantee_named(client, who)
        return GrantPlatformRole(command_id=new_id(), grantee=grantee, role=role)

    carry_out(make, Manner(data_folder, actor, dry_run, as_json))


@app.command("revoke-platform")
def revoke_platform(
    who: GranteeArg,
    role: PlatformRoleArg,
    actor: Actor = None,
    data_folder: DataFolder = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Make somebody no authorised installer, or no support, any more."""

    async def make(client: Client) -> RevokePlatformRole:
        grantee = await grantee_named(client, who)
        return RevokePlatformRole(command_id=new_id(), grantee=grantee, role=role)

    carry_out(make, Manner(data_folder, actor, dry_run, as_json))


@app.command("list")
def show_roles(
    installation_id: Annotated[
        str | None,
        typer.Argument(metavar="INSTALLATION", help="Its id; default: the whole platform."),
    ] = None,
    data_folder: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """Show who has which role at an installation; without one, who is what everywhere."""
    if installation_id is None:
        _show_platform(data_folder, as_json=as_json)
        return
    asked = AccessOf(installation_id=installation_id)
    found = asked_once(data_folder, asked, AccessOfAnswer, of_operator=False)
    if as_json:
        print_json([it.model_dump(mode="json") for it in found.roles])
        return
    table = Table("role", "where", "name", "address", "who", "until", box=None)
    for it in found.roles:
        until = it.until.astimezone().strftime("%Y-%m-%d %H:%M") if it.until else ""
        where = it.charger_id or "everywhere"
        table.add_row(it.role.value, where, it.name, it.email, it.grantee, until)
    if found.roles:
        draw(table)
    else:
        say(f"nobody has a role at installation {installation_id}")


def _show_platform(data_folder: DataFolder, *, as_json: bool) -> None:
    found = asked_once(data_folder, PlatformRoles(), PlatformRolesAnswer, of_operator=True)
    if as_json:
        print_json([it.model_dump(mode="json") for it in found.roles])
        return
    table = Table("role", "name", "who", box=None)
    for it in found.roles:
        table.add_row(it.role.value, it.name, it.grantee)
    if found.roles:
        draw(table)
    else:
        say("nobody is an authorised installer, or support")
