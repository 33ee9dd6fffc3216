"""`ampledger meter try`: what a payload of a meter would be read as, or why it would not be taken."""

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from cli.layout.telling import say
from cli.layout.values import phases_of
from cli.support.output import print_json
from services.telemetry.breaker_meters import BreakerMeter, ReadingRefused, Taken, reading_of
from services.telemetry.meter_shapes.recognising import SHAPES
from shared.clock import utc_now
from shared.phases import GridType

ANY: Final = "any"
REFUSED: Final = 1
STANDARD_INPUT: Final = "-"

ShapeArg = Annotated[
    str,
    typer.Argument(
        metavar="SHAPE",
        help=f"{', '.join(SHAPES)}; or {ANY}, to see which one it is taken for.",
    ),
]
FileArg = Annotated[
    str, typer.Argument(metavar="FILE", help="What the meter sends; - to pipe it.")
]


def try_out(
    shape: ShapeArg,
    file: FileArg,
    grid: Annotated[GridType, typer.Option(help="How the building is fed.")] = (
        GridType.TN_3_PHASE
    ),
    phases: Annotated[
        str | None,
        typer.Option(help="The lines it is entered for, such as L1,L3; default: all."),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(help="When it arrives, such as 2026-11-27T16:05:00+01:00; default: now."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show what a payload of a meter would be read as, or why it would not be taken."""
    if shape not in {ANY, *SHAPES}:
        raise typer.BadParameter(f"{shape} is none of {', '.join((ANY, *SHAPES))}")
    lines = grid.lines if phases is None else phases_of(phases)
    meter = BreakerMeter("installation", "meter", lines, grid)
    wanted = None if shape == ANY else shape
    try:
        taken = reading_of(meter, _content(file), _moment(at), shape=wanted)
    except ReadingRefused as refused:
        if as_json:
            print_json({"refusal": refused.refusal, "detail": refused.detail})
        else:
            say(f"refused as {refused.refusal}: {refused.detail}")
        raise typer.Exit(REFUSED) from refused
    _tell(taken, as_json=as_json)


def _tell(taken: Taken, *, as_json: bool) -> None:
    reading = taken.reading
    if as_json:
        shown = reading.model_dump(mode="json", exclude={"installation_id", "meter_id"})
        print_json({"shape": taken.shape, **shown})
        return
    lines = zip(("L1", "L2", "L3"), reading.current_a, strict=True)
    say(
        f"shape     {taken.shape}",
        f"measured  {reading.measured_at.isoformat()}",
        *(f"{line}        {'–' if it is None else f'{it:.2f} A'}" for line, it in lines),
        *_register("taken", reading.import_wh),
        *_register("fed", reading.export_wh),
    )


def _register(what: str, wh: float | None) -> tuple[str, ...]:
    return () if wh is None else (f"{what:<9} {wh / 1000:.3f} kWh",)


def _content(file: str) -> bytes:
    try:
        if file == STANDARD_INPUT:
            return sys.stdin.buffer.read()
        return Path(file).read_bytes()
    except OSError as fault:
        raise typer.BadParameter(f"{file} cannot be read: {fault.strerror}") from fault


def _moment(text: str | None) -> datetime:
    try:
        moment = utc_now() if text is None else datetime.fromisoformat(text)
    except ValueError as fault:
        raise typer.BadParameter(f"{text} is no time") from fault
    if moment.tzinfo is None:
        raise typer.BadParameter(f"{text} has no offset from UTC; add one, such as +01:00")
    return moment
