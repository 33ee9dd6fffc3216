"""`ampledger bench`: how fast it is on this machine, beside others on the same servers in the same run."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final, NoReturn

import typer
from rich.console import Console

from cli.bench.appends import measure_appends
from cli.bench.balance import MISSING, measure_balance
from cli.bench.balance_picture import PicturesMissing, draw, energy_bars, files_said
from cli.bench.delivery import measure_copies, measure_delivery
from cli.bench.picture import bars, shown, table_of
from cli.bench.place import Place, as_services_run, bench_place
from cli.bench.replay import measure_rebuild, measure_replay
from cli.bench.scale.command import scale_command
from cli.bench.steps import measure_steps
from cli.bench.tail import measure_tail
from cli.faults import EXIT_CODE, StackFault
from cli.figures import Figures, write_report
from shared.runtime import keep_loaded

USUAL_S: Final = 10.0
"""How long each case is measured; other measurements are scaled by the share of it."""

bench = typer.Typer(no_args_is_help=True, help="Measure how fast it is on this machine.")
console = Console()


@bench.callback()
def _bench() -> None:
    """Measure how fast it is on this machine."""


@bench.command("log")
def log_command(
    json: Annotated[Path | None, typer.Option(help="Write the figures there, as JSON.")] = None,
    seconds: Annotated[
        float, typer.Option(min=3, max=120, help="How long each case is measured.")
    ] = USUAL_S,
) -> None:
    """
    Measure the event log: append, replay, rebuild, deliver, and whether a reader misses anything.

    Starts PostgreSQL and NATS of its own in a temporary folder, both syncing to disk. Takes some
    three minutes; leave the machine alone meanwhile.
    """
    try:
        with console.status("starting PostgreSQL and NATS …") as status:
            figures = asyncio.run(measure_log(seconds, lambda it: status.update(f"{it} …")))
    except StackFault as fault:
        Console(stderr=True).print(
            f"[bold red]{fault.message}\n[/]{fault.hint}", highlight=False
        )
        raise typer.Exit(EXIT_CODE) from fault
    console.print(bars(figures), table_of(figures), sep="\n")
    if json is not None:
        write_report(json, figures)


@bench.command("balance")
def balance_command(
    json: Annotated[Path | None, typer.Option(help="Write the figures there, as JSON.")] = None,
    pictures: Annotated[
        Path | None, typer.Option(help="Draw them as SVG files in this folder.")
    ] = None,
    quick: Annotated[
        bool,
        typer.Option("--quick", help="Less of everything: whether it works, in two minutes."),
    ] = False,
) -> None:
    """
    Measure the balancer: energy, fairness, time for a decision, how often limits change.

    Plays real weeks of a garage in ACN-Sim with our balancer and with its own algorithms beside the
    optimum, compares shares with exact programmes, and counts processor time. Starts no servers. Takes
    some ten minutes; leave the machine alone meanwhile.
    """
    figures: Figures = {}
    try:
        with console.status("growing buildings …") as status:
            measure_balance(
                lambda it: status.update(f"{it} …"), lambda it: _show(figures, it), quick=quick
            )
        console.print(energy_bars(figures), table_of(figures), sep="\n")
        if pictures is not None:
            console.print(files_said(draw(figures, pictures)), highlight=False)
    except (*MISSING, PicturesMissing) as missing:
        Console(stderr=True).print(f"[bold red]{missing}[/]", highlight=False)
        raise typer.Exit(EXIT_CODE) from missing
    if json is not None:
        write_report(json, figures)


@bench.command("steps")
def steps_command(
    json: Annotated[Path | None, typer.Option(help="Write the figures there, as JSON.")] = None,
    steps: Annotated[int, typer.Option(min=2, max=2000, help="How many.")] = 120,
) -> None:
    """Measure how soon a step of load that is not ours is relieved, in simulated time."""
    figures = measure_steps(steps)
    console.print(table_of(figures))
    if json is not None:
        write_report(json, figures)


@bench.command("permissions")
def permissions_command(
    json: Annotated[Path | None, typer.Option(help="Write the figures there, as JSON.")] = None,
    revocations: Annotated[
        int, typer.Option(min=2, max=1000, help="How often a role is taken away.")
    ] = 200,
    seconds: Annotated[
        float, typer.Option(min=1, max=120, help="How long cards are asked about.")
    ] = 20.0,
) -> None:
    """
    Measure who may do what: every cell of the table over the real API, how soon a revocation counts, and
    how soon a card is answered.

    Starts everything in a temporary folder, with people who sign in by password. Takes some three minutes.
    """
    from cli.bench.permissions import measure_permissions
    from cli.bench.revocation import NeverRefused
    from cli.bench.tenants import NotSetUp

    try:
        with console.status("starting …") as status:
            figures = asyncio.run(
                measure_permissions(
                    revocations, seconds, lambda it: status.update(f"{it} …"), console.print
                )
            )
    except StackFault as fault:
        _failed(f"{fault.message}\n[/]{fault.hint}", fault)
    except (NotSetUp, NeverRefused) as fault:
        _failed(f"{fault}[/]", fault)
    console.print(table_of(figures))
    if json is not None:
        write_report(json, figures)


@bench.command("reports")
def reports_command(
    json: Annotated[Path | None, typer.Option(help="Write the figures there, as JSON.")] = None,
    rows: Annotated[
        int, typer.Option(min=2000, max=1_000_000, help="How many sessions a month has.")
    ] = 100_000,
) -> None:
    """
    Measure reports on sessions: rows a second, the first byte, and what memory they take.

    Starts PostgreSQL of its own in a temporary folder. Takes a minute.
    """
    from cli.bench.reports import measure_reports

    try:
        with console.status("starting …") as status:
            figures = asyncio.run(measure_reports(rows, lambda it: status.update(f"{it} …")))
    except StackFault as fault:
        _failed(f"{fault.message}\n[/]{fault.hint}", fault)
    console.print(table_of(figures))
    if json is not None:
        write_report(json, figures)


@bench.command("portal")
def portal_command(
    json: Annotated[Path | None, typer.Option(help="Write the figures there, as JSON.")] = None,
    seconds: Annotated[
        float, typer.Option(min=2, max=300, help="How long each load lasts.")
    ] = 20.0,
    viewers: Annotated[
        int, typer.Option(min=1, max=5000, help="How many watch at the same time.")
    ] = 500,
) -> None:
    """
    Measure the portal beside a garage of 200 chargers: pages under load, live viewers, what a visit weighs.

    Starts installation, permissions and the portal in a temporary folder. Takes some two minutes.
    """
    from cli.bench.portal import measure_portal
    from cli.bench.portal_load import NotShown
    from cli.bench.tenants import NotSetUp

    try:
        with console.status("starting …") as status:
            figures = asyncio.run(
                measure_portal(seconds, viewers, lambda it: status.update(f"{it} …"))
            )
    except StackFault as fault:
        _failed(f"{fault.message}\n[/]{fault.hint}", fault)
    except (NotSetUp, NotShown) as fault:
        _failed(f"{fault}[/]", fault)
    console.print(table_of(figures))
    if json is not None:
        write_report(json, figures)


@bench.command("telemetry")
def telemetry_command(
    json: Annotated[Path | None, typer.Option(help="Write the figures there, as JSON.")] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Less of everything: whether it works, in a minute.")
    ] = False,
) -> None:
    """
    Measure the gateway: readings beside the ocpp package's, sockets, a storm, and how soon limits come.

    Starts PostgreSQL, NATS, gateways and processes of chargers in a temporary folder. Takes some four
    minutes; leave the machine alone meanwhile.
    """
    from cli.bench.gateway.crowds import CrowdFailed
    from cli.bench.gateway.hearing import ReadingsMiscounted
    from cli.bench.gateway.holding import OutOfReach
    from cli.bench.gateway.telemetry import QUICK, Sizes, measure_telemetry

    figures: Figures = {}
    try:
        with console.status("starting …") as status:
            asyncio.run(
                measure_telemetry(
                    QUICK if quick else Sizes(),
                    lambda it: status.update(f"{it} …"),
                    lambda it: _show(figures, it),
                )
            )
    except StackFault as fault:
        _failed(f"{fault.message}\n[/]{fault.hint}", fault)
    except (CrowdFailed, ReadingsMiscounted, OutOfReach) as fault:
        _failed(f"{fault}[/]", fault)
    console.print(table_of(figures))
    if json is not None:
        write_report(json, figures)


bench.command("scale")(scale_command)


def _failed(words: str, fault: Exception) -> NoReturn:
    Console(stderr=True).print(f"[bold red]{words}", highlight=False)
    raise typer.Exit(EXIT_CODE) from fault


def _show(figures: Figures, more: Figures) -> None:
    figures.update(more)
    for name, it in more.items():
        console.print(f"{name:32} {shown(it['value']):>12} {it['unit']}", highlight=False)


async def measure_log(seconds: float, say: Callable[[str], None]) -> Figures:
    """
    Measure everything, one after the other.

    Args:
        seconds: how long each case is measured.
        say: told what is going on.
    """
    keep_loaded()  # as services do
    figures: Figures = {}
    async with bench_place() as place:
        await as_services_run(_measure_at(place, seconds, say, figures))
    return figures


async def _measure_at(
    place: Place, seconds: float, say: Callable[[str], None], figures: Figures
) -> None:
    share = min(1.0, seconds / USUAL_S)

    def found(more: Figures) -> None:
        _show(figures, more)

    found(await measure_appends(place, seconds, say))
    say("one reader under 24 writers")
    tail, tail_url = await measure_tail(place, share)
    found(tail)
    say("replaying the log")
    found(await measure_replay(tail_url))
    say("rebuilding installations")
    found(await measure_rebuild(place))
    for rate, part in ((500, 0.8), (5000, 0.4)):
        say(f"delivering {rate} events a second")
        found(await measure_delivery(place, rate, seconds * part))
    say("filling a jetstream and a read model")
    found(await measure_copies(place, share))
