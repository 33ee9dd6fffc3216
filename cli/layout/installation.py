"""`ampledger installation`: set one up, change it, look at it."""

from typing import Annotated

import typer

from cli.layout.carrying_out import carry_out
from cli.layout.looking import check, show
from cli.layout.options import (
    Actor,
    AsJson,
    DataFolder,
    DryRun,
    InstallationArg,
    LockSerials,
    Manner,
    NewId,
    Reason,
)
from cli.layout.values import moment_of, rule_of, three_of
from cli.layout.ways_on import deactivate
from shared.clock import utc_now
from shared.ids import new_id
from shared.messages.installation_commands import (
    ChangeInstallation,
    CreateInstallation,
    DeactivateInstallation,
    ReactivateInstallation,
    SetAuthenticationRequired,
    SetAvailableCurrent,
    SetCurrentSchedule,
    SetImbalanceLimit,
    SetSwitchCurrent,
)
from shared.messages.installation_terms import Category, InstallationType
from shared.phases import GridType

app = typer.Typer(no_args_is_help=True, help="Installations.")

CountryOption = Annotated[
    str, typer.Option("--country", help="ISO 3166-1, two letters.", metavar="CC")
]
TimeZoneOption = Annotated[
    str, typer.Option("--time-zone", help="Of the tz database, such as Europe/Oslo.")
]
MainBreakerA = Annotated[float, typer.Option(help="Main breaker of the chargers, in amperes.")]


@app.command("create")
def create(
    installation_id: NewId,
    name: Annotated[str, typer.Option()],
    breaker_a: MainBreakerA,
    address: str = "not given",
    category: Category = Category.PRIVATE,
    country: CountryOption = "NO",
    type_: Annotated[InstallationType, typer.Option("--type")] = InstallationType.GARAGE,
    grid_type: GridType = GridType.TN_3_PHASE,
    time_zone: TimeZoneOption = "Etc/UTC",
    actor: Actor = None,
    data_folder: DataFolder = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Create an installation behind one main breaker."""
    command = CreateInstallation(
        command_id=new_id(),
        installation_id=installation_id,
        name=name,
        address=address,
        category=category,
        country=country,
        type=type_,
        grid_type=grid_type,
        breaker_a=breaker_a,
        time_zone=time_zone,
    )
    carry_out([command], Manner(data_folder, actor, dry_run, as_json))


@app.command("change")
def change(
    installation_id: InstallationArg,
    name: Annotated[str | None, typer.Option()] = None,
    breaker_a: Annotated[float | None, typer.Option(help="Main breaker, in amperes.")] = None,
    address: Annotated[str | None, typer.Option()] = None,
    category: Annotated[Category | None, typer.Option()] = None,
    country: Annotated[str | None, typer.Option(help="ISO 3166-1, two letters.")] = None,
    type_: Annotated[InstallationType | None, typer.Option("--type")] = None,
    grid_type: Annotated[GridType | None, typer.Option()] = None,
    time_zone: Annotated[str | None, typer.Option(help="Such as Europe/Oslo.")] = None,
    actor: Actor = None,
    data_folder: DataFolder = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Change what is given of an installation, and leave the rest."""
    command = ChangeInstallation(
        command_id=new_id(),
        installation_id=installation_id,
        name=name,
        address=address,
        category=category,
        country=country,
        type=type_,
        grid_type=grid_type,
        breaker_a=breaker_a,
        time_zone=time_zone,
    )
    carry_out([command], Manner(data_folder, actor, dry_run, as_json))


@app.command("deactivate")
def deactivate_installation(
    installation_id: InstallationArg,
    lock_serials: LockSerials = False,
    reason: Reason = None,
    actor: Actor = None,
    data_folder: DataFolder = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Take a whole installation out of use."""
    command = DeactivateInstallation(
        command_id=new_id(),
        installation_id=installation_id,
        lock_serials=lock_serials,
        reason=reason,
    )
    deactivate(command, Manner(data_folder, actor, dry_run, as_json))


@app.command("reactivate")
def reactivate(
    installation_id: InstallationArg,
    actor: Actor = None,
    data_folder: DataFolder = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Take an installation into use again; serials that went down with it are unlocked."""
    command = ReactivateInstallation(command_id=new_id(), installation_id=installation_id)
    carry_out([command], Manner(data_folder, actor, dry_run, as_json))


# --- Settings ---


@app.command("available-current")
def set_available_current(
    installation_id: InstallationArg,
    available_a: Annotated[
        str | None,
        typer.Option(help="Amperes on every phase, or on each: 40,40,32.", metavar="A[,A,A]"),
    ] = None,
    lift: Annotated[
        bool, typer.Option("--lift", help="As much as the breakers allow again.")
    ] = False,
    until: Annotated[
        str | None,
        typer.Option(
            help="Lift it then by itself: 2026-11-22T18:00+01:00, or 90m, 2h, 3d from now.",
            metavar="TIME",
        ),
    ] = None,
    actor: Actor = None,
    data_folder: DataFolder = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Limit what all chargers together may draw, per phase, below the main breaker."""
    if (available_a is None) != lift:
        raise typer.BadParameter("give either --available-a or --lift")
    if lift and until is not None:
        raise typer.BadParameter("--until goes with --available-a")
    command = SetAvailableCurrent(
        command_id=new_id(),
        installation_id=installation_id,
        available_a=None if available_a is None else three_of(available_a),
        until=None if until is None else moment_of(until, utc_now()),
    )
    carry_out([command], Manner(data_folder, actor, dry_run, as_json))


@app.command("current-schedule")
def set_current_schedule(
    installation_id: InstallationArg,
    rule: Annotated[
        list[str] | None,
        typer.Option(
            help="Amperes at a time of the week, by the installation's own clock: "
            "'MON-FRI 06:00-22:00 80', '22:00-06:00 160,160,120'; once or several times.",
            metavar="'[DAYS] FROM-TO A[,A,A]'",
        ),
    ] = None,
    otherwise_a: Annotated[
        str | None,
        typer.Option(
            help="Amperes at all other times; default: as much as the breakers allow.",
            metavar="A[,A,A]",
        ),
    ] = None,
    lift: Annotated[
        bool, typer.Option("--lift", help="There is no schedule any more.")
    ] = False,
    actor: Actor = None,
    data_folder: DataFolder = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Limit what all chargers together may draw, per phase, at times of the week."""
    if bool(rule) == lift:
        raise typer.BadParameter("give either --rule, once or several times, or --lift")
    command = SetCurrentSchedule(
        command_id=new_id(),
        installation_id=installation_id,
        rules=tuple(rule_of(it) for it in rule or ()),
        otherwise_a=None if otherwise_a is None else three_of(otherwise_a),
    )
    carry_out([command], Manner(data_folder, actor, dry_run, as_json))


@app.command("switch-current")
def set_switch_current(
    installation_id: InstallationArg,
    switch_current_a: Annotated[
        float | None, typer.Option(help="Below this, a three-phase car goes on with one phase.")
    ] = None,
    never: Annotated[bool, typer.Option("--never", help="It never does.")] = False,
    actor: Actor = None,
    data_folder: DataFolder = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Say below how much current a three-phase session goes on with one phase."""
    if (switch_current_a is None) != never:
        raise typer.BadParameter("give either --switch-current-a or --never")
    command = SetSwitchCurrent(
        command_id=new_id(),
        installation_id=installation_id,
        switch_current_a=switch_current_a,
    )
    carry_out([command], Manner(data_folder, actor, dry_run, as_json))


@app.command("imbalance")
def set_imbalance(
    installation_id: InstallationArg,
    imbalance_a: Annotated[
        float | None,
        typer.Argument(
            metavar="AMPERES", help="20 where VDE-AR-N 4100 holds.", show_default=False
        ),
    ] = None,
    lift: Annotated[bool, typer.Option("--lift", help="By any current again.")] = False,
    actor: Actor = None,
    data_folder: DataFolder = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Say by how much cars may load the phases of the main breaker unequally."""
    if (imbalance_a is None) != lift:
        raise typer.BadParameter("give either the amperes or --lift")
    command = SetImbalanceLimit(
        command_id=new_id(), installation_id=installation_id, imbalance_a=imbalance_a
    )
    carry_out([command], Manner(data_folder, actor, dry_run, as_json))


@app.command("authentication")
def set_authentication(
    installation_id: InstallationArg,
    required: Annotated[
        bool, typer.Option("--required/--not-required", help="Whether drivers must show it.")
    ],
    charger_id: Annotated[
        str | None, typer.Option("--charger", help="At this charger only, whatever else holds.")
    ] = None,
    actor: Actor = None,
    data_folder: DataFolder = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Say whether drivers must show who they are before they charge."""
    command = SetAuthenticationRequired(
        command_id=new_id(),
        installation_id=installation_id,
        required=required,
        charger_id=charger_id,
    )
    carry_out([command], Manner(data_folder, actor, dry_run, as_json))


app.command("show")(show)
app.command("check")(check)
