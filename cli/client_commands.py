"""`ampledger client`: programs of others that sign in to the API by themselves."""

import asyncio
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console

from cli.first_person import R, ask_operator
from cli.layout.places import nats_url
from cli.setting_up import connected
from shared.messages.own_account import IssueClientSecret, Issued, RevokeClient
from shared.messages.signing_in import Query, Reply, Scope

client = typer.Typer(
    no_args_is_help=True, help="Programs of others that sign in to the API by themselves."
)
console = Console(highlight=False)

ClientId = Annotated[str, typer.Argument(help="What to call it: letters, digits, dashes.")]
DataFolder = Annotated[
    Path | None, typer.Option(help="Data folder of the stack; NATS_URL comes first.")
]
Json = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]


@client.command("register")
def register(
    client_id: ClientId,
    name: Annotated[str, typer.Option(help="Whose it is, for people to read.")],
    scope: Annotated[
        list[Scope] | None, typer.Option(help="What it may be used for; default: read.")
    ] = None,
    data_folder: DataFolder = None,
    as_json: Json = False,
) -> None:
    """
    Register a program, or give one that is registered a new secret: the old one ends at once.

    It may do what roles let it (`ampledger role grant`, to client/CLIENT_ID); docs/sign-in.md tells how it
    gets an access token.
    """
    scopes = frozenset(scope or [Scope.READ])
    query = IssueClientSecret(client_id=client_id, name=name, scopes=scopes)
    issued = _asked(query, Issued, data_folder)
    if as_json:
        told = {
            "client_id": client_id,
            "client_secret": issued.secret,
            "scopes": sorted(scopes),
        }
        console.print(orjson.dumps(told).decode(), soft_wrap=True, markup=False)
        return
    console.print(
        f"  client id      {client_id}\n  client secret  {issued.secret}", soft_wrap=True
    )
    console.print(
        f"  scopes         {', '.join(sorted(scopes))}\n\nThe secret is shown this once."
    )


@client.command("revoke")
def revoke(client_id: ClientId, data_folder: DataFolder = None) -> None:
    """End a program's secret and its access tokens, at once."""
    _asked(RevokeClient(client_id=client_id), Reply, data_folder)
    console.print(f"The program {client_id} can sign in no more.")


def _asked(query: Query, reply: type[R], data_folder: Path | None) -> R:
    async def ask() -> R:
        async with connected(nats_url(data_folder)) as nats:
            return await ask_operator(nats, query, reply)

    return asyncio.run(ask())
