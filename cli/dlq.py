"""
`ampledger dlq`: events that a follower could not apply, and what becomes of them.

Each lies in the database of the service that follows, with the later ones of its aggregate behind it.
What is asked for here is only written down; the follower itself does it, within seconds, in order.
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Final

import typer
from rich.table import Table

from cli.parked import Parked, known, leave_out, mark, parked_at
from cli.support.output import (
    FINDING,
    Actor,
    Json,
    actor_of,
    console,
    escape,
    fail,
    print_json,
    run,
)
from cli.support.places import DataFolder, Place, place_of
from cli.support.reading import open_logs

dlq = typer.Typer(
    no_args_is_help=True, help="Events that could not be applied: list, try again, skip."
)

FollowerArgument = Annotated[
    str, typer.Argument(metavar="SERVICE", help="Who could not apply them, such as portal.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what would be done.")]
_SHOWN_MAX: Final = 100


@dlq.command("list")
def show_parked(
    service: Annotated[
        str | None, typer.Argument(metavar="[SERVICE]", help="Whose; default: everybody's.")
    ] = None,
    told_json: Json = False,
    data_folder: DataFolder = None,
) -> None:
    """List events that wait. Exit code 0 if there are none, 1 if there are."""
    place = place_of(data_folder)

    async def work() -> list[Parked]:
        async with open_logs(place) as logs:
            holders = [known(service)] if service else await logs.present()
            return [it for holder in holders for it in await parked_at(logs, holder)]

    found = run(work())
    _tell(found, told_json=told_json)
    if found:
        raise typer.Exit(FINDING)


@dlq.command("retry")
def retry(
    service: FollowerArgument,
    aggregate: Annotated[
        str | None, typer.Option(help="Only those of this aggregate; default: all.")
    ] = None,
    log: Annotated[str | None, typer.Option(help="Only those of this service's log.")] = None,
    dry_run: DryRun = False,
    told_json: Json = False,
    data_folder: DataFolder = None,
) -> None:
    """
    Have parked events tried again, in order, once their cause is mended.

    Exit code 0 when the follower was asked to, 1 if nothing is parked there.
    """

    def chosen(it: Parked) -> bool:
        return (aggregate is None or it.aggregate == aggregate) and (
            log is None or it.log == log
        )

    async def work(place: Place) -> list[Parked]:
        async with open_logs(place) as logs:
            found = [it for it in await parked_at(logs, known(service)) if chosen(it)]
            connection = await logs.connection(service)
            for it in {(it.log, it.aggregate) for it in found} if not dry_run else ():
                await mark(connection, service, *it)
            return found

    found = run(work(place_of(data_folder)))
    _tell(found, told_json=told_json)
    if not found:
        raise typer.Exit(FINDING)
    if not (dry_run or told_json):
        console().print("they are tried again within seconds; see: ampledger dlq list")


@dlq.command("skip")
def skip(
    service: FollowerArgument,
    log: Annotated[str, typer.Argument(metavar="LOG", help="The log the event is in.")],
    position: Annotated[int, typer.Argument(help="Its position there.")],
    reason: Annotated[str, typer.Option(help="Why it may be left out; kept for ever.")],
    actor: Actor = None,
    dry_run: DryRun = False,
    told_json: Json = False,
    data_folder: DataFolder = None,
) -> None:
    """
    Leave one event out, knowingly: it never takes effect at this follower; those behind it are tried.

    Exit code 0 when done, 1 if the event is not parked, or only waits behind another one.
    """
    if not reason.strip():
        fail("say why it may be left out: --reason")

    async def work(place: Place) -> tuple[list[Parked], str | None]:
        async with open_logs(place) as logs:
            parked = [it for it in await parked_at(logs, known(service)) if it.log == log]
            found = [it for it in parked if it.position == position]
            if not found:
                return [], f"{service} has not parked event {position} of the log of {log}"
            before = [it.position for it in parked if it.aggregate == found[0].aggregate]
            if min(before) < position:
                return [], f"it waits behind event {min(before)}: see to that one first"
            if not dry_run:
                connection = await logs.connection(service)
                await leave_out(connection, found[0], actor_of(actor), reason.strip())
            return found, None

    found, refusal = run(work(place_of(data_folder)))
    if refusal is not None:
        fail(refusal, FINDING)
    _tell(found, told_json=told_json)
    if not (dry_run or told_json):
        console().print("it is left out, on record; those behind it are tried within seconds")


# --- What is shown ---


def _tell(found: Sequence[Parked], *, told_json: bool) -> None:
    if told_json:
        print_json([asdict(it) | {"first": it.first} for it in found])
        return
    if not found:
        console().print("nothing is parked")
        return
    table = Table("service", "log", "position", "event", "aggregate", "since", "tries", "why")
    for it in found[:_SHOWN_MAX]:
        table.add_row(
            it.service,
            it.log,
            str(it.position),
            it.type or "?",
            escape(it.aggregate),
            f"{it.age_s:.0f} s",
            str(it.attempts),
            escape(it.error if not it.retrying else f"is tried again: {it.error}"),
        )
    console().print(table)
    if len(found) > _SHOWN_MAX:
        console().print(f"and {len(found) - _SHOWN_MAX} more: --json")
