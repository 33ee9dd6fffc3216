"""
`ampledger lag`: how far announcing and following are behind, as the age of what still waits.

A count of waiting events says little: none wait for a follower that has not heard of them. So what is told
is how old the oldest event is that was not announced, or not taken, and when each follower was last alive.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Annotated, Any, Final

import typer
from nats.js import JetStreamContext
from rich.table import Table

from cli.services import BALANCER, PORTAL, TELEMETRY
from cli.shares import shares_of
from cli.support.announced import nats_client
from cli.support.output import FINDING, Json, console, escape, print_json, run
from cli.support.places import DataFolder, Place, place_of
from cli.support.reading import Logs, open_logs
from shared.clock import utc_now
from shared.documents import numbered
from shared.epochs import LogState, complaint, log_state, present_copy
from shared.numbers import numbers_taken

SILENT_S_MAX: Final = 30.0
"""A follower says every five seconds that it is alive."""


@dataclass(frozen=True, slots=True)
class Lag:
    """One log and its jetstream, or one follower of a log."""

    log: str
    follower: str | None
    epoch: int
    position: int
    """Of the newest event that is announced, or taken."""
    head: int
    oldest_age_s: float | None
    """How old the oldest event is that waits; none if none does."""
    heartbeat_age_s: float | None = None
    faults: tuple[str, ...] = ()

    @property
    def behind(self) -> int:
        return max(0, self.head - self.position)


def show_lag(
    age_s_max: Annotated[
        float, typer.Option(help="An event that waits for longer is a finding.")
    ] = 60.0,
    told_json: Json = False,
    data_folder: DataFolder = None,
) -> None:
    """
    Show how old the oldest event is that was not announced, or not taken by a follower.

    Exit code 0 if all is well, 1 if an event waits for too long, a follower is silent or beyond the end of
    a log, or a log is halted; 2 if it cannot be looked at.
    """
    place = place_of(data_folder)
    lags = run(_lags(place))
    told = [(it, (*it.faults, *_late(it, age_s_max))) for it in lags]
    if told_json:
        print_json(
            [asdict(it) | {"behind": it.behind, "faults": faults} for it, faults in told]
        )
    else:
        _show(told)
    if any(faults for _, faults in told):
        raise typer.Exit(FINDING)


async def _lags(place: Place) -> list[Lag]:
    async with nats_client(place.nats()) as client, open_logs(place) as logs:
        owners = await logs.present()
        states = {it: await log_state(await logs.connection(it)) for it in owners}
        relays = [await _of_relay(client.jetstream(), logs, it, states[it]) for it in owners]
        cursors = [
            await _of_follower(logs, it, row, states)
            for it in owners
            for row in await _rows(logs, it)
        ]
    return [it for it in relays if it.head or it.faults] + cursors


async def _of_relay(js: JetStreamContext, logs: Logs, service: str, state: LogState) -> Lag:
    copy = await present_copy(js, service)
    announced = copy.last if copy is not None and copy.epoch == state.epoch else 0
    faults = () if state.halted_why is None else (complaint(service, state.halted_why),)
    return Lag(
        service,
        None,
        state.epoch,
        announced,
        state.position,
        await _age_s(logs, service, announced + 1),
        faults=faults,
    )


async def _rows(logs: Logs, service: str) -> list[Any]:
    rows = await logs.rows(
        service,
        "select consumer, service, position, log_epoch, heartbeat_at from cursor"
        " order by consumer, service",
    )
    if service == BALANCER:
        present = [it.slot for it in await shares_of(await logs.connection(service))]
    elif service == TELEMETRY:
        present = [
            it["number"] for it in await logs.rows(service, "select number from gateway")
        ]
    elif service == PORTAL:
        # Each that is restarted goes by another number while the former one still has its own.
        there = await numbers_taken(await logs.connection(service))
        running = {numbered(service, it) for it in there or [1]}
        return [it for it in rows if it["consumer"] in running]
    else:
        return rows
    # What one folded that is no longer there waits for the next one of its number.
    used = {numbered(service, it) for it in {1, *present}}
    return [it for it in rows if it["consumer"] in used]


async def _of_follower(
    logs: Logs,
    holder: str,
    row: Any,  # noqa: ANN401  # asyncpg rows are untyped
    states: Mapping[str, LogState],
) -> Lag:
    log, own = row["service"], row["service"] == holder
    state = states.get(log, LogState(row["log_epoch"], 0))
    faults = []
    if row["log_epoch"] != state.epoch and not own:
        faults.append(f"it is at epoch {row['log_epoch']} of the log, not {state.epoch}")
    elif row["position"] > state.position:
        faults.append(
            f"its cursor is beyond the end of the log: begin a new epoch of {log}: "
            f"ampledger log new-epoch {log}"
        )
    silent_s = None if own else _since_s(row["heartbeat_at"])
    if silent_s is not None and silent_s > SILENT_S_MAX:
        faults.append(f"it was last alive {silent_s:.0f} s ago")
    return Lag(
        log,
        row["consumer"],
        row["log_epoch"],
        row["position"],
        state.position,
        await _age_s(logs, log, row["position"] + 1) if log in states else None,
        silent_s,
        tuple(faults),
    )


async def _age_s(logs: Logs, service: str, position: int) -> float | None:
    recorded_at = await logs.recorded_at(service, position)
    return None if recorded_at is None else _since_s(recorded_at)


def _since_s(moment: datetime) -> float:
    return max(0.0, (utc_now() - moment).total_seconds())


def _late(lag: Lag, age_s_max: float) -> tuple[str, ...]:
    if lag.oldest_age_s is None or lag.oldest_age_s <= age_s_max:
        return ()
    what = "announced" if lag.follower is None else "taken"
    return (f"event {lag.position + 1} is {lag.oldest_age_s:.0f} s old and not {what} yet",)


def _show(told: Sequence[tuple[Lag, Sequence[str]]]) -> None:
    table = Table("log", "taken by", "at", "of", "oldest that waits", "last alive")
    for it, _ in told:
        table.add_row(
            it.log if it.epoch == 1 else f"{it.log} (epoch {it.epoch})",
            it.follower or "its jetstream",
            str(it.position),
            str(it.head),
            "" if it.oldest_age_s is None else f"{it.oldest_age_s:.1f} s",
            "" if it.heartbeat_age_s is None else f"{it.heartbeat_age_s:.0f} s ago",
        )
    shown = console()
    shown.print(table)
    for it, faults in told:
        for fault in faults:
            who = it.log if it.follower is None else f"{it.follower} of {it.log}"
            shown.print(f"[red]{who}[/]: {escape(fault)}")
