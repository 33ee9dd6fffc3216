"""`ampledger who-did`: every change and by what right; every refusal and why."""

from collections.abc import Sequence
from datetime import date, datetime, tzinfo
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.text import Text

from cli.support.finding import actors_of, of_installation, of_user
from cli.support.naming import meant_by, names
from cli.support.output import Json, console, fail, print_json, run
from cli.support.places import DataFolder, place_of, services_with_logs
from cli.support.reading import Logs, open_logs
from cli.support.subjects import Subject, UnknownSubject, timed
from shared.clock import utc_now
from shared.history import moments
from shared.history.deeds import DOORS, Deed, Wanted, deeds, people_in
from shared.history.merging import merge

DEEDS: Final = 100
"""How many are shown unless more are asked for: the newest ones."""
INDENT: Final = "          "


def show_deeds(
    installation: Annotated[
        str | None, typer.Argument(metavar="INSTALLATION", help="Where; or give --person.")
    ] = None,
    person: Annotated[
        str | None,
        typer.Option(
            help="Only of this one: a person's id, or an actor such as client/billing."
        ),
    ] = None,
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="From when on: 2026-11-22T14:05, or 2h.")
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="TIME", help="Until when: a time, or position:123.")
    ] = None,
    refused: Annotated[bool, typer.Option("--refused", help="Only what was refused.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="How many at most: the newest.")] = DEEDS,
    as_json: Json = False,
    data_folder: DataFolder = None,
) -> None:
    """
    Tell who changed what, when and by what right; and who was refused what, and why.

    It is told from the logs of all services. What chargers report and balancers decide is in `ampledger
    history`. Exit code 2: nothing goes by that name, or there is no such moment.
    """
    if installation is None and person is None:
        fail("name an installation, or --person: whose deeds are asked for?")

    async def work() -> tuple[list[Deed], Subject]:
        place = place_of(data_folder)
        async with open_logs(place) as logs:
            actors = () if person is None else actors_of(await meant_by(place, person))
            subject = await _subject(logs, installation, actors)
            begin, end = [await _time(logs, subject, it) for it in (since, until)]
            wanted = Wanted(frozenset(actors) or None, begin, end, refused)
            story = merge(subject.events)
            people = await names(place, people_in(subject.events.values()))
            told = deeds(story, subject.concerns, wanted, subject.zone, people)
            return list(told), subject

    found, subject = run(work())
    if as_json:
        print_json([it.as_json() for it in found[-limit:]])
        return
    shown = console()
    if len(found) > limit:
        shown.print(f"[dim]{len(found) - limit} earlier ones are left out (--limit)")
    _show(shown, found[-limit:], subject.zone)
    if not found:
        what = "refused" if refused else "changed or refused"
        shown.print(f"nothing was {what} in that time")


async def _subject(logs: Logs, installation: str | None, actors: Sequence[str]) -> Subject:
    if installation is not None:
        return await of_installation(logs, installation)
    subject = await of_user(logs, actors)
    if subject is None:
        raise UnknownSubject(f"nobody by the name {' or '.join(actors)} has done anything")
    return subject


async def _time(logs: Logs, subject: Subject, text: str | None) -> datetime | None:
    if text is None:
        return None
    moment = moments.parse(text, services_with_logs(), utc_now(), subject.zone)
    moment = await timed(logs, moment)
    if isinstance(moment, moments.AtTime):
        return moment.time
    if isinstance(moment, moments.AtPosition):
        return moment.recorded_at
    raise ValueError(
        "a version is one stream's; name a time, or a position such as position:123"
    )


def _show(shown: Console, found: Sequence[Deed], zone: tzinfo | None) -> None:
    day: date | None = None
    for deed in found:
        there = deed.at.astimezone(zone or deed.zone)
        if there.date() != day:
            day = there.date()
            shown.print(
                Text(f"{there:%A, %d %B %Y} ({there.tzname()})", style="bold underline")
            )
        shown.print(_head(deed, f"{there:%H:%M:%S}"))
        lines = list(deed.what)
        if deed.refused:
            lines = [f"asked for: {deed.asked_for}", f"refused: {deed.why_not}"]
        right = "" if deed.right is None else f"right: {deed.right}; "
        for line in lines:
            shown.print(Text(f"{INDENT}{line}", style="red" if deed.refused else ""))
        told = f"{right}{DOORS[deed.door]}; command {deed.command_id}, correlation "
        shown.print(Text(f"{INDENT}{told}{deed.correlation_id}", style="dim"))


def _head(deed: Deed, time: str) -> Text:
    who = deed.who if deed.name is None else f"{deed.name} ({deed.who})"
    head = Text.assemble((f"{time}  ", "cyan"), (who, "bold"), (f"  {deed.where}", "dim"))
    if deed.refused:
        head.append("  REFUSED", style="bold red")
    if deed.ticket:
        head.append(f"  ticket {deed.ticket}", style="magenta")
    return head
