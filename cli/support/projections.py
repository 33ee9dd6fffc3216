"""`ampledger projections`: the services' read models, and how one is folded anew."""

from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from cli.support.output import FINDING, Json, console, print_json, run
from cli.support.places import DataFolder, place_of
from cli.support.reading import Logs, open_logs
from cli.support.rebuilding import Rebuilt, documents_of, rebuild
from cli.support.registry import Projection, as_kept, projection_of, projections_of

projections = typer.Typer(
    no_args_is_help=True, help="Read models: which there are, rebuilt anew."
)

SHOWN_MAX = 20


@projections.command("list")
def list_projections(as_json: Json = False, data_folder: DataFolder = None) -> None:
    """List the read models: from which log, how many documents, how far they are."""

    async def work() -> list[dict[str, Any]]:
        async with open_logs(place_of(data_folder)) as logs:
            return [await _row(logs, it) for it in projections_of(await logs.present())]

    rows = run(work())
    if as_json:
        print_json(rows)
        return
    table = Table("service", "name", "documents", "position", "behind", "parked")
    for row in rows:
        position = "never" if row["position"] is None else str(row["position"])
        parked = Text(str(row["parked"]), style="red" if row["parked"] else "")
        told = (row["service"], row["name"], _kinds(row), position, str(row["behind"]))
        table.add_row(*told, parked)
    console().print(table)


def _kinds(row: dict[str, Any]) -> str:
    return "\n".join(f"{count} {kind}" for kind, count in row["documents"].items())


async def _row(logs: Logs, projection: Projection) -> dict[str, Any]:
    connection = await logs.connection(projection.service)
    projection = await as_kept(connection, projection)
    position = await connection.fetchval(
        "select position from cursor where consumer = $1 and service = $2",
        projection.consumer,
        projection.heard,
    )
    parked = await connection.fetchval(
        "select count(*) from parked where consumer = $1 and service = $2",
        projection.consumer,
        projection.heard,
    )
    kept = await documents_of(connection, projection)
    return {
        "service": projection.service,
        "name": projection.heard,
        "documents": {kind: sum(it[0] == kind for it in kept) for kind in projection.all_kinds},
        "position": position,
        "behind": await logs.head(projection.heard) - (position or 0),
        "parked": parked,
    }


@projections.command("rebuild")
def rebuild_projection(
    service: Annotated[str, typer.Argument(help="Whose read model it is.")],
    name: Annotated[str, typer.Argument(help="The log it is folded from, as `list` names it.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Fold and compare, and put nothing in place.")
    ] = False,
    as_json: Json = False,
    data_folder: DataFolder = None,
) -> None:
    """
    Fold a read model anew beside the old one, compare the two, and put the new one in its place.

    The service may run, and notices. Exit code 0: the new one is in place, or (dry run) both are the same;
    1: events cannot be folded, so that nothing was changed, or (dry run) they differ; 2: no such one.
    """

    async def work() -> tuple[Projection, Rebuilt]:
        projection = projection_of(service, name)
        async with open_logs(place_of(data_folder)) as logs:
            return projection, await rebuild(logs, projection, dry_run=dry_run)

    projection, done = run(work())
    if as_json:
        print_json(_as_json(projection, done))
    else:
        _show(projection, done, dry_run=dry_run)
    if not done.swapped and (done.newly_parked or not done.comparison.equal):
        raise typer.Exit(FINDING)


def _as_json(projection: Projection, done: Rebuilt) -> dict[str, Any]:
    return {
        "service": projection.service,
        "name": projection.heard,
        "position": done.position,
        "swapped": done.swapped,
        "newly_parked": {str(it): why for it, why in done.newly_parked.items()},
        **done.comparison.as_json(),
    }


def _show(projection: Projection, done: Rebuilt, *, dry_run: bool) -> None:
    shown, found = console(), done.comparison
    table = Table(f"{projection.name} at position {done.position}", "documents", "checksum")
    table.add_row("kept so far", str(found.kept), found.kept_checksum)
    table.add_row("folded anew", str(found.folded), found.folded_checksum)
    shown.print(table)
    for title, keys in (
        ("only in the old one", found.only_kept),
        ("only in the new one", found.only_folded),
        ("differing", found.differing),
    ):
        for kind, key in keys[:SHOWN_MAX]:
            shown.print(Text(f"  {title}: {kind} {key}", style="yellow"))
        if len(keys) > SHOWN_MAX:
            shown.print(Text(f"  {title}: {len(keys) - SHOWN_MAX} more", style="yellow"))
    for position, why in list(done.newly_parked.items())[:SHOWN_MAX]:
        shown.print(Text(f"  cannot be folded: position {position}: {why}", style="red"))
    shown.print(Text(_verdict(projection, done, dry_run=dry_run), style="bold"))


def _verdict(projection: Projection, done: Rebuilt, *, dry_run: bool) -> str:
    same = "They are the same." if done.comparison.equal else "They differ."
    if done.swapped:
        return (
            f"{same} The new one is in place; the old one is in document_before. A running "
            f"{projection.service} notices within seconds."
        )
    if dry_run:
        return f"{same} A dry run: nothing was changed."
    return (
        "Nothing was changed: events cannot be folded now that the service has folded before. "
        "Mend the fold, then rebuild again."
    )
