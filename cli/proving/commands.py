"""`ampledger prove`: try to break the promise that no breaker trips."""

import time
from itertools import takewhile
from typing import Annotated, Final

import typer
from rich.console import Console

from cli.proving.limit_model import LimitProtocol, way_in_words
from cli.proving.states import TooManyStates, walk
from cli.proving.trials import PromiseBroken, trials

BROKEN: Final = 1
"""Exit code of a proof that has found the promise broken."""
STATES_MAX: Final = 20_000_000
STATES_UNUSUAL: Final = "more than this machine may hold: take fewer --announcements"

prove = typer.Typer(
    no_args_is_help=True, help="Try to break the promise that no breaker trips."
)
console = Console(highlight=False)


@prove.callback()
def _prove() -> None:
    """Try to break the promise that no breaker trips."""


@prove.command("model")
def model_command(
    announcements: Annotated[
        int, typer.Option(min=1, max=6, help="How many limits are announced at most.")
    ] = 3,
) -> None:
    """
    Walk through every state of two balancers, a gateway, two chargers and a breaker.

    Three announcements take half a minute, and each further one some hundred times as long.
    """
    with console.status("walking …") as status:
        try:
            found = walk(
                LimitProtocol(announcements),
                STATES_MAX,
                lambda states: status.update(f"{states:,} states …"),
            )
        except TooManyStates as fault:
            console.print(f"{fault}; {STATES_UNUSUAL}")
            raise typer.Exit(BROKEN) from fault
    console.print(f"{found.states:,} states, {found.steps:,} steps, depth {found.depth}")
    if found.broken is not None:
        console.print(*way_in_words(found.way), f"[bold red]{found.broken}", sep="\n")
        raise typer.Exit(BROKEN)
    console.print("[green]In none of them can the cars draw more than the breaker carries.")


@prove.command("random")
def random_command(
    seconds: Annotated[float, typer.Option(min=1, help="For how long to try.")] = 60.0,
    seed: Annotated[int, typer.Option(min=0, help="Of the first trial.")] = 1,
    changing: Annotated[
        bool | None,
        typer.Option("--changing/--settled", help="Whether the layout changes; default: both."),
    ] = None,
) -> None:
    """
    Run trials with faults of all kinds, each with the next seed, and name those that fail.

    A trial is run again alone with its seed and `--seconds 1`.
    """
    until_s = time.monotonic() + seconds
    steps = broken = 0
    with console.status("trying …") as status:
        running = takewhile(
            lambda _: time.monotonic() < until_s, trials(seed, changing=changing)
        )
        for trial in running:
            status.update(f"seed {trial.seed}, {steps:,} steps …")
            try:
                trial.run()
            except PromiseBroken as fault:
                broken += 1
                kind = "changing" if trial.changing else "settled"
                console.print(f"[bold red]seed {trial.seed}, {kind}:[/] {fault}")
            steps += trial.steps
    console.print(f"{steps:,} steps, {broken} trials broke the promise")
    if broken:
        raise typer.Exit(BROKEN)
