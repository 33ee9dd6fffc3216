"""`ampledger charger`: assign chargers, one by one or from a file; change, move and remove them."""

import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from cli.layout import certificate, credential
from cli.layout.adopting import Knock, find_knocks, show_knocks
from cli.layout.carrying_out import carry_out
from cli.layout.importing import import_file
from cli.layout.options import (
    Actor,
    AsJson,
    ChargerArg,
    CircuitArg,
    DataFolder,
    DryRun,
    InstallationArg,
    Manner,
    MaxA,
    MinA,
    OwnBreakerA,
    SwitchingOption,
    WiringOption,
)
from cli.layout.passwords import issue_passwords
from cli.layout.values import moment_of
from cli.support.output import fail
from shared.clock import utc_now
from shared.ids import new_id, normal_serial
from shared.messages.installation_commands import (
    AssignChargers,
    ChangeCharger,
    MoveCharger,
    NewCharger,
    RemoveCharger,
    SetChargingWish,
    SetFailSafe,
    SetPriority,
)
from shared.phases import PHASES, PhaseSwitching
from shared.units import PILOT_MIN_A

app = typer.Typer(no_args_is_help=True, help="Chargers on a circuit.")

app.add_typer(credential.app, name="credential")
app.add_typer(certificate.app, name="certificate")

STANDARD_INPUT = "-"

Credentials = Annotated[
    bool,
    typer.Option(
        "--credentials/--no-credentials",
        help="Issue each charger a password, shown once; from then on it is let in with that only.",
    ),
]


@app.command("assign")
def assign(
    installation_id: InstallationArg,
    circuit_id: CircuitArg,
    serials: Annotated[
        list[str],
        typer.Argument(help="Serial numbers, as on the labels; - reads them from a paste."),
    ],
    name: Annotated[
        str, typer.Option(help="What people call it; several get a number.")
    ] = "Bay",
    wiring: WiringOption = None,
    max_a: MaxA = 32.0,
    min_a: MinA = PILOT_MIN_A,
    breaker_a: OwnBreakerA = None,
    phase_switching: SwitchingOption = None,
    credentials: Credentials = True,
    actor: Actor = None,
    data_folder: DataFolder = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Put one or more chargers on a circuit: all of them, or none."""
    wished = _pasted() if serials == [STANDARD_INPUT] else serials
    chargers = tuple(
        NewCharger(
            charger_id=serial.strip().upper(),
            serial=serial,
            name=name if len(wished) == 1 else f"{name} {number}",
            wiring=tuple(wiring or PHASES),
            max_a=max_a,
            min_a=min_a,
            breaker_a=breaker_a,
            phase_switching=phase_switching or PhaseSwitching.NONE,
        )
        for number, serial in enumerate(wished, start=1)
    )
    command = AssignChargers(
        command_id=new_id(),
        installation_id=installation_id,
        circuit_id=circuit_id,
        chargers=chargers,
    )
    manner = Manner(data_folder, actor, dry_run, as_json)
    carry_out([command], manner, then=issue_passwords if credentials else None)


def _pasted() -> list[str]:
    """Read serials however they are separated: by lines, spaces, commas, semicolons."""
    serials = [it for it in re.split(r"[\s,;]+", sys.stdin.read()) if it]
    if not serials:
        raise typer.BadParameter("no serial number was pasted")
    return serials


@app.command("import")
def import_chargers(
    file: Annotated[
        Path,
        typer.Argument(help="CSV with a header; its column serial is needed, others may be."),
    ],
    installation: Annotated[
        str | None,
        typer.Option(help="The installation of lines that name none (installation_id)."),
    ] = None,
    circuit: Annotated[
        str | None, typer.Option(help="The circuit of lines that name none (circuit_id).")
    ] = None,
    credentials: Credentials = True,
    actor: Actor = None,
    data_folder: DataFolder = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """
    Assign the chargers of a CSV file: all of them, or none.

    Columns: serial, name, installation_id, circuit_id, wiring, max_a, min_a, breaker_a, phase_switching,
    charger_id.
    Every line is checked first, also against what is assigned already; bad ones are named, and nothing is
    changed. Chargers on several circuits take one command for each circuit: should the connection be lost
    in between, import the same file again, and the rest follows.
    """
    manner = Manner(data_folder, actor, dry_run, as_json)
    import_file(file, installation, circuit, manner, credentials=credentials)


@app.command("knocking")
def knocking(data_folder: DataFolder = None, as_json: AsJson = False) -> None:
    """List the chargers that have knocked and stand nowhere yet, and where each may belong."""
    show_knocks(find_knocks(data_folder), as_json=as_json)


@app.command("adopt")
def adopt(
    serial: Annotated[
        str, typer.Argument(metavar="SERIAL", help="As `ampledger charger knocking` shows it.")
    ],
    installation: Annotated[
        str | None,
        typer.Option(help="Where it stands; if left out, where those beside it do."),
    ] = None,
    circuit: Annotated[
        str | None, typer.Option(help="Its circuit; if left out, that of those beside it.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="What people call it.")] = None,
    wiring: WiringOption = None,
    max_a: MaxA = 32.0,
    actor: Actor = None,
    data_folder: DataFolder = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """
    Take in a charger that was plugged in before anybody had entered it.

    It has to have knocked, so that a slip of the pen adopts nobody. It is let in at its next try, within
    minutes, and is put under its fail-safe before it may charge. It has no password yet: give it one
    over its connection (ampledger charger credential rotate SERIAL --trust-connection).
    """
    try:
        number = normal_serial(serial)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    knock = next((it for it in find_knocks(data_folder) if it.serial == number), None)
    if knock is None:
        fail(
            f"{number} has not knocked, or stands somewhere already: ampledger serial where {number}; "
            "ampledger charger knocking lists who waits, ampledger charger assign takes any serial"
        )
    installation_id, circuit_id = _place_of(knock, installation, circuit)
    charger = NewCharger(
        charger_id=number,
        serial=number,
        name=name or number,
        wiring=tuple(wiring or PHASES),
        max_a=max_a,
    )
    command = AssignChargers(
        command_id=new_id(),
        installation_id=installation_id,
        circuit_id=circuit_id,
        chargers=(charger,),
    )
    carry_out([command], Manner(data_folder, actor, dry_run, as_json))


def _place_of(knock: Knock, installation: str | None, circuit: str | None) -> tuple[str, str]:
    """Say where an adopted charger is to stand: where it was said, or where those beside it do."""
    where = installation or knock.installation_id
    beside = None if where is None else circuit or knock.circuit_id(where)
    if where is None or beside is None:
        fail(
            f"nothing tells where {knock.serial} belongs: those connected from {knock.remote or 'there'} "
            "do not all stand on one circuit, or there are none; name its --installation and --circuit"
        )
    return where, beside


@app.command("change")
def change(
    installation_id: InstallationArg,
    charger_id: ChargerArg,
    name: Annotated[str | None, typer.Option()] = None,
    wiring: WiringOption = None,
    max_a: Annotated[float | None, typer.Option(help="The most it can offer.")] = None,
    min_a: Annotated[
        float | None, typer.Option(help="The lowest current its cars charge with.")
    ] = None,
    breaker_a: OwnBreakerA = None,
    without_breaker: Annotated[
        bool, typer.Option("--without-breaker", help="It has no breaker of its own (any more).")
    ] = False,
    phase_switching: SwitchingOption = None,
    actor: Actor = None,
    data_folder: DataFolder = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Change what is given of a charger, and leave the rest."""
    command = ChangeCharger(
        command_id=new_id(),
        installation_id=installation_id,
        charger_id=charger_id,
        name=name,
        wiring=tuple(wiring) if wiring else None,
        max_a=max_a,
        min_a=min_a,
        breaker_a=breaker_a,
        without_breaker=without_breaker,
        phase_switching=phase_switching,
    )
    carry_out([command], Manner(data_folder, actor, dry_run, as_json))


@app.command("move")
def move(
    installation_id: InstallationArg,
    charger_id: ChargerArg,
    circuit_id: Annotated[str, typer.Argument(metavar="CIRCUIT", help="Where it is to stand.")],
    to_installation: Annotated[
        str | None,
        typer.Option(
            help="The installation of that circuit, if it is another one.", metavar="ID"
        ),
    ] = None,
    actor: Actor = None,
    data_folder: DataFolder = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Put a charger on another circuit, of this installation or of another one."""
    command = MoveCharger(
        command_id=new_id(),
        installation_id=installation_id,
        charger_id=charger_id,
        circuit_id=circuit_id,
        to_installation_id=to_installation,
    )
    carry_out([command], Manner(data_folder, actor, dry_run, as_json))


@app.command("remove")
def remove(
    installation_id: InstallationArg,
    charger_id: ChargerArg,
    actor: Actor = None,
    data_folder: DataFolder = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Take a charger away; its serial can be assigned anywhere from then on."""
    command = RemoveCharger(
        command_id=new_id(), installation_id=installation_id, charger_id=charger_id
    )
    carry_out([command], Manner(data_folder, actor, dry_run, as_json))


@app.command("fail-safe")
def set_fail_safe(
    installation_id: InstallationArg,
    charger_id: ChargerArg,
    fail_safe_a: Annotated[
        float | None,
        typer.Option(
            help="What it falls back to when nobody tells it a limit: 0, or 6 and more."
        ),
    ] = None,
    computed: Annotated[
        bool, typer.Option("--computed", help="What is computed for it, as without a wish.")
    ] = False,
    actor: Actor = None,
    data_folder: DataFolder = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Wish for another fail-safe than the one computed; refused when it does not fit."""
    if (fail_safe_a is None) != computed:
        raise typer.BadParameter("give either --fail-safe-a or --computed")
    command = SetFailSafe(
        command_id=new_id(),
        installation_id=installation_id,
        charger_id=charger_id,
        fail_safe_a=fail_safe_a,
    )
    carry_out([command], Manner(data_folder, actor, dry_run, as_json))


@app.command("priority")
def set_priority(
    installation_id: InstallationArg,
    charger_id: ChargerArg,
    priority: Annotated[int, typer.Argument(help="9 comes first, 0 is what everybody has.")],
    actor: Actor = None,
    data_folder: DataFolder = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Say who charges first when not all can."""
    command = SetPriority(
        command_id=new_id(),
        installation_id=installation_id,
        charger_id=charger_id,
        priority=priority,
    )
    carry_out([command], Manner(data_folder, actor, dry_run, as_json))


@app.command("wish")
def set_charging_wish(
    installation_id: InstallationArg,
    charger_id: ChargerArg,
    departure: Annotated[
        str | None,
        typer.Option(
            help="When the car leaves: 2026-11-22T18:00+01:00, or 90m, 2h, 3d from now.",
            metavar="TIME",
        ),
    ] = None,
    kwh: Annotated[
        float | None, typer.Option(help="What the session is to have brought it by then.")
    ] = None,
    none: Annotated[bool, typer.Option("--none", help="There is no wish any more.")] = False,
    actor: Actor = None,
    data_folder: DataFolder = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Say until when a car is to have how much energy: it weighs its share, and promises nothing."""
    if (departure is None) != none or (kwh is None) != none:
        raise typer.BadParameter("give either --departure and --kwh, or --none")
    command = SetChargingWish(
        command_id=new_id(),
        installation_id=installation_id,
        charger_id=charger_id,
        departure_at=None if departure is None else moment_of(departure, utc_now()),
        energy_wh=None if kwh is None else round(kwh * 1000),
    )
    carry_out([command], Manner(data_folder, actor, dry_run, as_json))
