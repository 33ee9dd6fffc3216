"""`ampledger subscription`: what people are told by e-mail, and reports that are sent to them."""

from typing import Annotated

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
from cli.people.asking import PersonArg, person_named
from cli.people.carrying_out import carry_out
from cli.support.output import print_json
from shared.ids import new_id
from shared.messages.notices import TellingOf, TellingOfAnswer
from shared.messages.notifications import (
    CancelReportOrder,
    ChooseNotifications,
    OrderReport,
    Pace,
    QuietHours,
)
from shared.messages.reports import ReportFormat
from shared.speech import LANGUAGES, SOURCE

app = typer.Typer(
    no_args_is_help=True, help="What people are told by e-mail, and reports sent to them."
)

LanguageOption = Annotated[
    str, typer.Option("--language", help=f"Of what is written: {', '.join(LANGUAGES)}.")
]
OrderArg = Annotated[str, typer.Argument(metavar="ORDER", help="Its id.")]


@app.command("list")
def show_subscriptions(
    installation_id: InstallationArg, data_folder: DataFolder = None, as_json: AsJson = False
) -> None:
    """Show who is told what of an installation, and which reports are ordered."""
    asked = TellingOf(installation_id=installation_id)
    found = ask_notifications(data_folder, asked, TellingOfAnswer)
    if as_json:
        print_json(found.model_dump(mode="json"))
        return
    if not found.by_email:
        say("no mail server is set up (NOTIFICATIONS_SMTP_URL): nobody is told by e-mail")
    people = Table("person", "how soon", "quiet", "language", "of what", box=None)
    for it in found.people:
        quiet = "" if it.quiet is None else f"{it.quiet.begins} to {it.quiet.ends}"
        people.add_row(
            it.person_id, it.pace.lower(), quiet, it.language, ", ".join(it.kinds).lower()
        )
    draw(people)
    orders = Table("report order", "day", "formats", "to", box=None)
    for order in found.orders:
        formats, to = ", ".join(order.formats), ", ".join(order.recipients)
        orders.add_row(order.order_id, str(order.day), formats, to)
    if found.orders:
        draw(orders)


@app.command("choose")
def choose(
    installation_id: InstallationArg,
    person: PersonArg,
    pace: Annotated[Pace, typer.Option(help="How soon.")],
    kinds: KindsOption = None,
    quiet_from: Annotated[
        str | None, typer.Option(help="From when on no e-mail is sent, such as 22:00.")
    ] = None,
    quiet_to: Annotated[str | None, typer.Option(help="Until when.")] = None,
    language: LanguageOption = SOURCE,
    actor: Actor = None,
    data_folder: DataFolder = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Choose what a person is told of by e-mail, and how soon."""
    if (quiet_from is None) is not (quiet_to is None):
        raise typer.BadParameter("quiet hours have a beginning and an end: give both, or none")
    quiet = None
    if quiet_from is not None and quiet_to is not None:
        quiet = QuietHours(begins=quiet_from, ends=quiet_to)

    async def make(client: Client) -> ChooseNotifications:
        return ChooseNotifications(
            command_id=new_id(),
            installation_id=installation_id,
            person_id=await person_named(client, person),
            kinds=kinds_of(kinds),
            pace=pace,
            quiet=quiet,
            language=language,
        )

    carry_out(make, Manner(data_folder, actor, dry_run, as_json))


@app.command("order-report")
def order_report(
    installation_id: InstallationArg,
    order_id: NewId,
    recipients: Annotated[
        list[str], typer.Option("--to", help="A person's id or address; may be given again.")
    ],
    day: Annotated[int, typer.Option(min=1, max=28, help="Of the month.")] = 1,
    formats: Annotated[
        list[ReportFormat] | None,
        typer.Option("--format", help="May be given again; default: pdf."),
    ] = None,
    language: LanguageOption = SOURCE,
    actor: Actor = None,
    data_folder: DataFolder = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Have the report of every month sent to people with a role at the installation."""

    async def make(client: Client) -> OrderReport:
        return OrderReport(
            command_id=new_id(),
            installation_id=installation_id,
            order_id=order_id,
            day=day,
            formats=tuple(formats or (ReportFormat.PDF,)),
            recipients=tuple([await person_named(client, it) for it in recipients]),
            language=language,
        )

    carry_out(make, Manner(data_folder, actor, dry_run, as_json))


@app.command("cancel-report")
def cancel_report(
    installation_id: InstallationArg,
    order_id: OrderArg,
    actor: Actor = None,
    data_folder: DataFolder = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Send a report no more."""

    async def make(_: Client) -> CancelReportOrder:
        return CancelReportOrder(
            command_id=new_id(), installation_id=installation_id, order_id=order_id
        )

    carry_out(make, Manner(data_folder, actor, dry_run, as_json))
