"""`ampledger limit`: what others allow at breakers, for a time, at times of the week, or on average."""

import asyncio
from typing import Annotated, Any

import typer
from rich.table import Table

from cli.layout.carrying_out import carry_out
from cli.layout.looking import state_of
from cli.layout.options import (
    Actor,
    AsJson,
    DataFolder,
    DryRun,
    InstallationArg,
    Manner,
    NewId,
    Reason,
    parent_of,
)
from cli.layout.places import installation_log
from cli.layout.telling import draw, say
from cli.layout.values import moment_of, three_of, window_of
from cli.support.output import print_json
from services.installation.state import ExternalLimit
from shared.clock import utc_now
from shared.history.differences import plain
from shared.history.wording import each_phase
from shared.ids import new_id
from shared.messages.installation_commands import (
    LiftExternalLimit,
    SetContractPeak,
    SetExternalLimit,
)
from shared.messages.installation_terms import LimitOwner, PeakPeriod

app = typer.Typer(no_args_is_help=True, help="Limits that others set at breakers.")

LimitArg = Annotated[str, typer.Argument(metavar="LIMIT", help="Its id.")]
OwnerOption = Annotated[LimitOwner, typer.Option(help="Who wants it.")]
CircuitOption = Annotated[
    str | None, typer.Option("--circuit", help="The circuit it holds for; default: all.")
]
LimitA = Annotated[
    str | None,
    typer.Option(help="Amperes on every phase, or on each: 40,40,32.", metavar="A[,A,A]"),
]
PowerKw = Annotated[float | None, typer.Option(help="Kilowatts of all phases together.")]
IncludesLoad = Annotated[
    bool, typer.Option("--includes-load", help="Load that is not ours counts as well.")
]
Begins = Annotated[
    str | None, typer.Option("--from", help="2026-11-22T18:00+01:00, or 90m, 2h, 3d from now.")
]
Until = Annotated[str | None, typer.Option("--until", help="Likewise; it lifts itself then.")]


@app.command("set")
def set_limit(
    installation_id: InstallationArg,
    limit_id: NewId,
    owner: OwnerOption = LimitOwner.OWNER,
    limit_a: LimitA = None,
    power_kw: PowerKw = None,
    circuit: CircuitOption = None,
    includes_load: IncludesLoad = False,
    begins: Begins = None,
    until: Until = None,
    reason: Reason = None,
    actor: Actor = None,
    data_folder: DataFolder = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Limit a breaker; the same id again replaces the limit."""
    command = _limit(
        installation_id, limit_id, owner, limit_a, power_kw, circuit, begins, until,
        includes_load=includes_load, reason=reason,
    )  # fmt: skip
    carry_out([command], Manner(data_folder, actor, dry_run, as_json))


@app.command("schedule")
def schedule(
    installation_id: InstallationArg,
    limit_id: NewId,
    window: Annotated[
        list[str],
        typer.Option(
            help="By the installation's own clock: 17:00-20:00, MON-FRI 17:00-20:00, or "
            "SAT,SUN 22:00-06:00; once or several times."
        ),
    ],
    owner: OwnerOption = LimitOwner.OWNER,
    limit_a: LimitA = None,
    power_kw: PowerKw = None,
    circuit: CircuitOption = None,
    includes_load: IncludesLoad = False,
    begins: Begins = None,
    until: Until = None,
    actor: Actor = None,
    data_folder: DataFolder = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Limit a breaker at times of the week."""
    command = _limit(
        installation_id, limit_id, owner, limit_a, power_kw, circuit, begins, until,
        includes_load=includes_load, windows=tuple(window_of(it) for it in window),
    )  # fmt: skip
    carry_out([command], Manner(data_folder, actor, dry_run, as_json))


def _limit(
    installation_id: str,
    limit_id: str,
    owner: LimitOwner,
    limit_a: str | None,
    power_kw: float | None,
    circuit: str | None,
    begins: str | None,
    until: str | None,
    **more: Any,  # noqa: ANN401  # the command's own fields
) -> SetExternalLimit:
    now = utc_now()
    return SetExternalLimit(
        command_id=new_id(),
        installation_id=installation_id,
        limit_id=limit_id,
        owner=owner,
        circuit_id=parent_of(circuit),
        limit_a=None if limit_a is None else three_of(limit_a),
        power_w=None if power_kw is None else power_kw * 1000,
        begins=None if begins is None else moment_of(begins, now),
        until=None if until is None else moment_of(until, now),
        **more,
    )


@app.command("lift")
def lift(
    installation_id: InstallationArg,
    limit_id: LimitArg,
    actor: Actor = None,
    data_folder: DataFolder = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Have a limit hold no more."""
    command = LiftExternalLimit(
        command_id=new_id(), installation_id=installation_id, limit_id=limit_id
    )
    carry_out([command], Manner(data_folder, actor, dry_run, as_json))


@app.command("peak")
def peak(
    installation_id: InstallationArg,
    power_kw: PowerKw = None,
    lift_it: Annotated[bool, typer.Option("--lift", help="There is no peak any more.")] = False,
    per: Annotated[PeakPeriod, typer.Option(help="Over how long the mean is taken.")] = (
        PeakPeriod.HOUR
    ),
    circuit: CircuitOption = None,
    actor: Actor = None,
    data_folder: DataFolder = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Keep the mean power of every quarter of an hour, or hour, below a peak."""
    if (power_kw is None) != lift_it:
        raise typer.BadParameter("give either --power-kw or --lift")
    command = SetContractPeak(
        command_id=new_id(),
        installation_id=installation_id,
        circuit_id=parent_of(circuit),
        peak_w=None if power_kw is None else power_kw * 1000,
        per=per,
    )
    carry_out([command], Manner(data_folder, actor, dry_run, as_json))


@app.command("show")
def show(
    installation_id: InstallationArg,
    data_folder: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """Show the limits and peaks of an installation."""
    state = state_of(installation_id, asyncio.run(installation_log(data_folder)))
    if as_json:
        limits = [{"limit_id": it, **plain(limit)} for it, limit in state.limits.items()]
        peaks = [{"circuit_id": it, **plain(one)} for it, one in state.peaks.items()]
        print_json({"limits": limits, "peaks": peaks})
        return
    if not state.limits and not state.peaks:
        say("no limits: as much as the breakers allow")
        return
    table = Table("limit", "whose", "at", "allows", "when", box=None, pad_edge=False)
    for it, limit in state.limits.items():
        table.add_row(
            it, limit.owner, state.called(limit.circuit_id), _allows(limit), _when(limit)
        )
    for circuit_id, one in state.peaks.items():
        allows = f"{one.peak_w / 1000:g} kW on average"
        table.add_row("peak", "", state.called(circuit_id), allows, f"every {_period(one.per)}")
    draw(table)


def _period(per: PeakPeriod) -> str:
    return "hour" if per is PeakPeriod.HOUR else "quarter of an hour"


def _allows(limit: ExternalLimit) -> str:
    value = (
        each_phase(limit.limit_a) if limit.power_w is None else f"{limit.power_w / 1000:g} kW"
    )
    return f"{value}, other load included" if limit.includes_load else value


def _when(limit: ExternalLimit) -> str:
    parts = [
        *([f"from {limit.begins.isoformat()}"] if limit.begins else []),
        *([f"until {limit.until.isoformat()}"] if limit.until else []),
        *(f"{','.join(it.days)} {it.begins}-{it.ends}" for it in limit.windows),
    ]
    return ", ".join(parts) or "always"
