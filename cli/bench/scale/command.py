"""`ampledger bench scale`."""

import asyncio
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from cli.bench.gateway.crowd import raise_file_limit
from cli.bench.gateway.crowds import CrowdFailed
from cli.bench.picture import table_of
from cli.bench.scale.measuring import QUICK, Sizes, measure_scale, steps_to
from cli.bench.scale.place import NotUp
from cli.faults import EXIT_CODE, StackFault
from cli.figures import write_report

console = Console()


def scale_command(
    chargers: Annotated[int, typer.Option(min=30, max=18_000, help="Up to how many.")] = 5000,
    gateways: Annotated[int, typer.Option(min=1, max=4, help="Share chargers.")] = 1,
    balancers: Annotated[int, typer.Option(min=1, max=8, help="Share garages.")] = 1,
    json: Annotated[Path | None, typer.Option(help="Write the figures there, as JSON.")] = None,
    every_step: Annotated[
        bool,
        typer.Option(
            "--every-step", help="Also those past the first at which limits are late."
        ),
    ] = False,
    quick: Annotated[
        bool, typer.Option("--quick", help="Two garages: whether it works, in half a minute.")
    ] = False,
) -> None:
    """
    Measure how many chargers this machine carries with everything running, and what each costs.

    Starts all of Ampledger in a temporary folder, and one process that plays chargers in garages of 30, all
    with cars and a reading every ten seconds; more from step to step, until a limit comes later than 2 s
    after the reading that calls for it (p99). Takes some six minutes; leave the machine alone meanwhile.
    """
    raise_file_limit()
    usual = Sizes(
        steps_to(chargers), gateways=gateways, balancers=balancers, every_step=every_step
    )
    sizes = QUICK if quick else usual
    try:
        figures = asyncio.run(measure_scale(sizes, _say))
    except StackFault as fault:
        _failed(f"{fault.message}\n[/]{fault.hint}", fault)
    except (CrowdFailed, NotUp) as fault:
        _failed(f"{fault}[/]", fault)
    console.print(table_of(figures))
    if json is not None:
        write_report(json, figures)


def _say(words: str) -> None:
    console.print(words, highlight=False)


def _failed(words: str, fault: Exception) -> NoReturn:
    Console(stderr=True).print(f"[bold red]{words}", highlight=False)
    raise typer.Exit(EXIT_CODE) from fault
