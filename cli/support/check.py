"""`ampledger check --history`: whether everything that was promised of the logs has held."""

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from cli.support.checker import FAULTS_MAX, Line, check, read_acknowledged
from cli.support.gathering import gather
from cli.support.output import FINDING, Json, console, fail, print_json, run
from cli.support.places import DataFolder, place_of
from shared.history.acts import Acknowledged


def check_history(
    history: Annotated[
        bool, typer.Option("--history", help="Check the logs and all that is made of them.")
    ] = False,
    acknowledged: Annotated[
        Path | None,
        typer.Option(
            help="Lines of JSON with command_id, service, position: all must be there."
        ),
    ] = None,
    without_nats: Annotated[
        bool, typer.Option("--without-nats", help="Do not compare with the jetstreams.")
    ] = False,
    as_json: Json = False,
    data_folder: DataFolder = None,
) -> None:
    """
    Check a stack's whole past, running or not: one line for every check, with counts.

    Every acknowledged command is there once; positions are dense, versions contiguous, hashes right; the
    jetstreams are the logs; a serial was in one place at every position; every read model is the fold of
    its log. Exit code 0 if all of it holds, 1 if something does not, 2 if it cannot be looked at.
    """
    if not history:
        fail("say what to check: --history")
    heard = None if acknowledged is None else _read(acknowledged)
    lines = check(run(gather(place_of(data_folder), heard, with_nats=not without_nats)))
    if as_json:
        print_json([it.as_json() for it in lines])
    else:
        for line in lines:
            _show(line)
    if any(it.faults for it in lines):
        raise typer.Exit(FINDING)


def _read(file: Path) -> list[Acknowledged]:
    try:
        return read_acknowledged(file.read_bytes().splitlines())
    except OSError as error:
        fail(f"{file} cannot be read: {error.strerror or error}")
    except ValueError as error:
        fail(f"{file}: {error}")


def _show(line: Line) -> None:
    shown = console()
    mark = ("✗", "bold red") if line.faults else ("✓", "green")
    many = f"  {len(line.faults)} found" if line.faults else ""
    shown.print(Text.assemble(mark, f" {line.name}: {line.told}", (many, "bold red")))
    for fault in line.faults[:FAULTS_MAX]:
        shown.print(Text(f"    {fault}", style="red"))
    if len(line.faults) > FAULTS_MAX:
        shown.print(Text(f"    and {len(line.faults) - FAULTS_MAX} more", style="red"))
