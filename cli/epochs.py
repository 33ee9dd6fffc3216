"""`ampledger log new-epoch`: go on with a log that was restored from an older copy."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Annotated, Any, Final

import typer
from nats.js import JetStreamContext

from cli.lost import Loss, loss_of
from cli.lost_view import as_json, show
from cli.services import BALANCER, TELEMETRY
from cli.support.announced import nats_client
from cli.support.output import FINDING, Actor, Json, actor_of, console, fail, print_json, run
from cli.support.places import DataFolder, Place, place_of
from cli.support.reading import Logs, log_owners, open_logs
from services.balancer.locks import LOCK_CLASS
from shared.clock import utc_now
from shared.epochs import begin_epoch
from shared.messages.registry import EVENTS

LEAP: Final = 1_000_000
"""How far numbers are moved on that may have been given out in the time that is lost."""


def new_epoch(
    services: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SERVICE]...", help="Whose logs; default: all that are halted."
        ),
    ] = None,
    reason: Annotated[str, typer.Option(help="Why; kept with the log.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what is lost.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    at_once: Annotated[
        bool,
        typer.Option(
            "--at-once", help="Do not wait for limits to end that are not remembered."
        ),
    ] = False,
    actor: Actor = None,
    told_json: Json = False,
    data_folder: DataFolder = None,
) -> None:
    """
    Declare a restored log to be what happened, and announce it anew from its first event.

    Its jetstream is retired, but kept, with what is lost; every follower forgets what it knew from this
    log and folds it anew. Exit code 0 when done, 1 when there is nothing to do or it was declined, 2 when
    servers cannot be reached.
    """
    _check(reason, dry_run=dry_run, asked=yes or sys.stdin.isatty())
    place = place_of(data_folder)

    async def work() -> list[dict[str, object]]:
        async with _opened(place) as (logs, js):
            losses = await losses_of(logs, js, services or [])
            for it in losses if not told_json else []:
                show(it)
            if dry_run:
                return [as_json(it) for it in losses]
            if losses and not yes:
                typer.confirm("Declare these logs to be what happened?", abort=True)
            who = actor_of(actor)
            return [await _begin(logs, js, it, who, reason, at_once=at_once) for it in losses]

    told = run(work())
    if told_json:
        print_json(told)
    for it in told if not told_json else []:
        if "new_epoch" in it:
            console().print(f"[green]{it['service']}: epoch {it['new_epoch']} has begun")
    if not told:
        if not told_json:
            console().print("no log is halted; name a service to begin an epoch all the same")
        raise typer.Exit(FINDING)


def _check(reason: str, *, dry_run: bool, asked: bool) -> None:
    if dry_run:
        return
    if not reason.strip():
        fail("say why, for those who look at this log one day: --reason")
    if not asked:
        fail("nobody can be asked here: --yes, or --dry-run first")


@contextlib.asynccontextmanager
async def _opened(place: Place) -> AsyncIterator[tuple[Logs, JetStreamContext]]:
    async with nats_client(place.nats()) as client, open_logs(place) as logs:
        yield logs, client.jetstream()


async def losses_of(logs: Logs, js: JetStreamContext, wished: Sequence[str]) -> list[Loss]:
    """
    Say what logs have lost.

    Args:
        logs: of a stack.
        js: its jetstreams.
        wished: whose; without any: of all those that are halted, or contradict their jetstream.

    Raises:
        ValueError: a named service has no log that is announced.
    """
    announcing = {it.service for it in EVENTS.values()}
    named = [owner for it in wished for owner in log_owners(it)]
    if silent := set(named) - announcing:
        raise ValueError(f"{min(silent)} announces nothing: its log has no epochs")
    owners = named or [it for it in await logs.present() if it in announcing]
    losses = [await loss_of(js, await logs.connection(it), it) for it in owners]
    return losses if named else [it for it in losses if it.why is not None]


async def _begin(
    logs: Logs, js: JetStreamContext, loss: Loss, actor: str, reason: str, *, at_once: bool
) -> dict[str, object]:
    if loss.leases_end_at is not None and not at_once:
        await _wait_until(loss.leases_end_at)
    connection: Any = await logs.connection(loss.service)
    await _leap(connection, loss.service)
    epoch = await begin_epoch(connection, js, loss.service, actor, reason)
    if loss.service == BALANCER:
        # One that is at work goes on under the fencing epochs it has taken: it is made to take new ones.
        await connection.execute(
            "select pg_terminate_backend(pid) from pg_locks, pg_database"
            " where locktype = 'advisory' and classid = $1 and database = pg_database.oid"
            " and datname = current_database()",
            LOCK_CLASS,
        )
    return as_json(loss) | {"new_epoch": epoch}


async def _leap(connection: Any, service: str) -> None:  # noqa: ANN401  # asyncpg carries no types
    """
    Move numbers on that may have been given out in the time that is lost.

    Fencing epochs and OCPP transaction ids are never given twice, not even by who forgot that he did.
    """
    if service == BALANCER:
        await connection.execute("update partition set epoch = epoch + $1", LEAP)
    elif service == TELEMETRY:
        await connection.execute(
            "select setval('transaction_id', least(last_value + $1, 2147483647))"
            " from transaction_id",
            LEAP,
        )


async def _wait_until(moment: datetime) -> None:
    """Wait until limits have ended that the restored log does not know of: they still count."""
    while (left_s := (moment - utc_now()).total_seconds()) > 0:
        typer.echo(
            f"limits that the log has lost may be in force for {left_s:.0f} s more; waiting"
            " (--at-once if no car can be charging)",
            err=True,
        )
        await asyncio.sleep(min(left_s, 10.0))
