"""`ampledger webhook`: programs that are told of warnings."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

import typer
from nats.aio.client import Client
from rich.table import Table

from cli.layout.options import (
    Actor,
    AsJson,
    DataFolder,
    DryRun,
    InstallationArg,
    Manner,
    NewId,
)
from cli.layout.telling import draw, say
from cli.notices.asking import KindsOption, ask_notifications, kinds_of
from cli.people.carrying_out import carry_out
from cli.support.output import print_json
from shared.ids import new_id
from shared.messages import Answer
from shared.messages.notices import DeadLetters, DeadLettersAnswer, TellingOf, TellingOfAnswer
from shared.messages.notifications import (
    AddWebhook,
    NotificationsCommand,
    PingWebhook,
    RemoveWebhook,
    ReplayDeadLetters,
    RotateWebhookSecret,
)

app = typer.Typer(
    no_args_is_help=True, help="Webhooks: programs that are told, and what was given up."
)

ON_ITS_WAY: Final = "it is on its way; what is not taken is tried again for a day"

WebhookArg = Annotated[str, typer.Argument(metavar="WEBHOOK", help="Its id.")]


async def _secret(_: Client, answer: Answer) -> Mapping[str, Any]:
    """Tell the secret, which only the first answer has."""
    if answer.shown_once is None:
        return {"secret": answer.detail}
    return {"secret": f"{answer.shown_once[0].secret} (shown this once; its program needs it)"}


def _about(
    kind: type[NotificationsCommand], installation_id: str, webhook_id: str, **more: object
) -> Callable[[Client], Any]:
    async def make(_: Client) -> NotificationsCommand:
        return kind.model_validate(
            {
                "command_id": new_id(),
                "installation_id": installation_id,
                "webhook_id": webhook_id,
                **more,
            }
        )

    return make


@app.command("add")
def add(
    installation_id: InstallationArg,
    webhook_id: NewId,
    url: Annotated[str, typer.Argument(help="Where it is delivered to; https://…")],
    kinds: KindsOption = None,
    actor: Actor = None,
    data_folder: DataFolder = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Have warnings delivered to a program, signed with a secret that is shown this once."""
    make = _about(AddWebhook, installation_id, webhook_id, url=url, kinds=kinds_of(kinds))
    carry_out(make, Manner(data_folder, actor, dry_run, as_json), _secret)


@app.command("list")
def show_webhooks(
    installation_id: InstallationArg, data_folder: DataFolder = None, as_json: AsJson = False
) -> None:
    """Show the webhooks of an installation, and how many deliveries were given up."""
    asked = TellingOf(installation_id=installation_id)
    found = ask_notifications(data_folder, asked, TellingOfAnswer).webhooks
    if as_json:
        print_json([it.model_dump(mode="json") for it in found])
        return
    if not found:
        say(f"installation {installation_id} has no webhooks")
        return
    table = Table("webhook", "address", "kinds", "secret", "given up", box=None)
    for it in found:
        kinds = ", ".join(it.kinds)
        table.add_row(it.webhook_id, it.url, kinds, f"no. {it.generation}", str(it.dead))
    draw(table)


@app.command("test")
def ping(
    installation_id: InstallationArg,
    webhook_id: WebhookArg,
    actor: Actor = None,
    data_folder: DataFolder = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Deliver a ping, to see that it arrives."""
    make = _about(PingWebhook, installation_id, webhook_id)
    carry_out(make, Manner(data_folder, actor, dry_run, as_json), unchanged=ON_ITS_WAY)


@app.command("rotate")
def rotate(
    installation_id: InstallationArg,
    webhook_id: WebhookArg,
    actor: Actor = None,
    data_folder: DataFolder = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Sign with another secret, which is shown this once; the one before counts for a day as well."""
    make = _about(RotateWebhookSecret, installation_id, webhook_id)
    carry_out(make, Manner(data_folder, actor, dry_run, as_json), _secret)


@app.command("remove")
def remove(
    installation_id: InstallationArg,
    webhook_id: WebhookArg,
    actor: Actor = None,
    data_folder: DataFolder = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Deliver nothing to a program any more."""
    make = _about(RemoveWebhook, installation_id, webhook_id)
    carry_out(make, Manner(data_folder, actor, dry_run, as_json))


@app.command("dead-letters")
def dead_letters(
    installation_id: Annotated[
        str | None, typer.Argument(metavar="INSTALLATION", help="Its id; default: all.")
    ] = None,
    data_folder: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """Show what was given up, and why."""
    asked = DeadLetters(installation_id=installation_id)
    found = ask_notifications(data_folder, asked, DeadLettersAnswer).letters
    if as_json:
        print_json([it.model_dump(mode="json") for it in found])
        return
    if not found:
        say("nothing was given up")
        return
    table = Table(
        "delivery", "installation", "to", "what", "attempts", "given up", "why", box=None
    )
    for it in found:
        to = f"webhook {it.webhook_id}" if it.webhook_id else f"person {it.person_id}"
        given_up = f"{it.dead_at:%Y-%m-%d %H:%M:%S}"
        named = (it.delivery_id, it.installation_id, to, it.kind.lower())
        table.add_row(*named, str(it.attempts), given_up, it.fault)
    draw(table)


@app.command("replay")
def replay(
    installation_id: InstallationArg,
    webhook_id: WebhookArg,
    delivery_id: Annotated[
        str | None, typer.Option("--delivery", help="Only this one; default: all of them.")
    ] = None,
    actor: Actor = None,
    data_folder: DataFolder = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Deliver once more what was given up."""
    make = _about(ReplayDeadLetters, installation_id, webhook_id, delivery_id=delivery_id)
    carry_out(make, Manner(data_folder, actor, dry_run, as_json), unchanged=ON_ITS_WAY)
