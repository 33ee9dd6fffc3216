"""`ampledger warning`: what needs somebody, and taking notice of it."""

from typing import Annotated

import typer
from nats.aio.client import Client
from rich.table import Table

from cli.layout.options import Actor, AsJson, DataFolder, DryRun, InstallationArg, Manner
from cli.layout.telling import draw, say
from cli.notices.asking import ask_notifications
from cli.people.carrying_out import carry_out
from cli.support.output import print_json
from shared.ids import new_id
from shared.messages.notices import WarningLine, WarningsOf, WarningsOfAnswer
from shared.messages.notifications import AcknowledgeWarning
from shared.warning_words import kind_name

app = typer.Typer(no_args_is_help=True, help="Warnings: what needs somebody.")


@app.command("list")
def show_warnings(
    installation_id: Annotated[
        str | None, typer.Argument(metavar="INSTALLATION", help="Its id; default: all.")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Show those that are over, too.")
    ] = False,
    data_folder: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """Show what needs somebody, the newest first, and what to do about it."""
    asked = WarningsOf(installation_id=installation_id, everything=everything)
    found = ask_notifications(data_folder, asked, WarningsOfAnswer).warnings
    if as_json:
        print_json([it.model_dump(mode="json") for it in found])
        return
    if not found:
        say("nothing is warned of")
        return
    table = Table("warning", "installation", "kind", "since", "state", "what", box=None)
    for it in found:
        warning = it.warning
        since = f"{warning.since:%Y-%m-%d %H:%M:%S}"
        what = f"{it.headline} {it.mend}"
        named = (warning.warning_id, warning.installation_id, kind_name(warning.kind))
        table.add_row(*named, since, _state(it), what)
    draw(table)


def _state(it: WarningLine) -> str:
    if it.cleared_at is not None:
        return f"over since {it.cleared_at:%Y-%m-%d %H:%M:%S}"
    if it.acknowledged_by is not None:
        return f"taken notice of by {it.acknowledged_by}{f': {it.note}' if it.note else ''}"
    return "open"


@app.command("acknowledge")
def acknowledge(
    installation_id: InstallationArg,
    warning_id: Annotated[str, typer.Argument(metavar="WARNING", help="Its id.")],
    note: Annotated[
        str, typer.Option(help="What you say of it; it is readable in the log.")
    ] = "",
    actor: Actor = None,
    data_folder: DataFolder = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Say that somebody has taken notice of a warning, and looks after it."""

    async def make(_: Client) -> AcknowledgeWarning:
        return AcknowledgeWarning(
            command_id=new_id(),
            installation_id=installation_id,
            warning_id=warning_id,
            note=note,
        )

    carry_out(make, Manner(data_folder, actor, dry_run, as_json))
