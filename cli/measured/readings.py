"""`ampledger readings`: what was measured, reading by reading or in quarters of an hour."""

import csv
import sys
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any, Final

import orjson
import typer
from nats.aio.client import Client
from rich.table import Table

from cli.layout.options import DataFolder
from cli.layout.places import nats_url
from cli.layout.telling import complain, draw, say
from cli.measured.asking import ask_telemetry, time_of
from cli.setting_up import connected
from cli.support.output import FINDING, fail, run
from shared.messages import Message
from shared.messages.readings import (
    Lines,
    NamedSource,
    QuarterLine,
    Quarters,
    QuartersAnswer,
    ReadingLine,
    Readings,
    ReadingsAnswer,
    SourcesNamed,
    SourcesNamedAnswer,
)

LINES: Final = ("l1", "l2", "l3")
SHOWN_MAX: Final = 500
"""How many lines are shown to people; programs, and whoever asks for CSV, get all of them."""

Row = dict[str, Any]


def show_readings(
    name: Annotated[
        str,
        typer.Argument(metavar="CHARGER|SERIAL|METER", help="An id, or a serial number."),
    ],
    since: Annotated[
        str, typer.Option("--from", help="A time, or how long ago.", metavar="TIME")
    ] = "1h",
    until: Annotated[
        str, typer.Option("--to", help="A time, or how long ago.", metavar="TIME")
    ] = "0s",
    quarters: Annotated[
        bool, typer.Option("--quarters", help="Quarters of an hour; they are kept for years.")
    ] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="As CSV, all of it.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="A line of JSON for each, all of it.")
    ] = False,
    installation_id: Annotated[
        str | None,
        typer.Option("--installation", help="Where, if several have a charger of that id."),
    ] = None,
    data_folder: DataFolder = None,
) -> None:
    """
    Show what a charger or a meter at a breaker has measured, the oldest first.

    Exit code 0 if there is anything, 1 if not; 2 if it cannot be asked.
    """
    if as_csv and as_json:
        fail("say --csv or --json, not both")

    async def work() -> int:
        begins, ends = time_of(since).time, time_of(until).time
        if begins >= ends:
            raise ValueError(f"{since} is not before {until}: nothing is in between")
        async with connected(nats_url(data_folder)) as client:
            source = await _source(client, name, installation_id)
            lines = _lines(client, source, (begins, ends), quarters=quarters)
            if as_csv or as_json:
                return await _written(lines, quarters=quarters, as_csv=as_csv)
            return await _shown(lines, source)

    if not run(work()):
        complain(f"nothing is kept of {name} from {since} to {until}")
        raise typer.Exit(FINDING)


async def _source(client: Client, name: str, installation_id: str | None) -> NamedSource:
    """
    Find who goes by a name.

    Raises:
        ValueError: nobody, or several.
    """
    found = (await ask_telemetry(client, SourcesNamed(name=name), SourcesNamedAnswer)).sources
    here = [it for it in found if installation_id in {None, it.installation_id}]
    if not here:
        raise ValueError(f"nothing that goes by {name} has measured anything")
    if len(here) > 1:
        places = ", ".join(sorted({it.installation_id for it in here}))
        raise ValueError(f"{name} is in several places: {places}; say --installation")
    return here[0]


async def _lines(
    client: Client, source: NamedSource, span: tuple[datetime, datetime], *, quarters: bool
) -> AsyncIterator[Sequence[ReadingLine | QuarterLine]]:
    """Ask page after page."""
    begins, ends = span
    whose = {**source.model_dump(), "begins": begins, "ends": ends}
    if quarters:
        asked = Quarters(**whose)
        while True:
            page = await ask_telemetry(client, asked, QuartersAnswer)
            yield page.quarters
            if page.next is None:
                return
            asked = asked.model_copy(update={"begins": page.next})
    wanted = Readings(**whose)
    while True:
        told = await ask_telemetry(client, wanted, ReadingsAnswer)
        yield told.readings
        if told.next is None:
            return
        wanted = wanted.model_copy(update={"after": told.next})


# --- For programs ---


async def _written(
    pages: AsyncIterator[Sequence[Message]], *, quarters: bool, as_csv: bool
) -> int:
    kind = QuarterLine if quarters else ReadingLine
    columns = list(_flat(dict.fromkeys(kind.model_fields)))
    writer = csv.DictWriter(sys.stdout, columns, lineterminator="\n")
    if as_csv:
        writer.writeheader()
    number = 0
    async for page in pages:
        number += len(page)
        if as_csv:
            writer.writerows(_flat(it.model_dump(mode="json")) for it in page)
        else:
            _print_each(it.model_dump(mode="json", exclude_none=True) for it in page)
    return number


def _print_each(rows: Iterable[Row]) -> None:
    for it in rows:
        sys.stdout.write(orjson.dumps(it, option=orjson.OPT_APPEND_NEWLINE).decode())


def _flat(row: Row) -> Row:
    """
    Spell currents as a column for each line.

    >>> _flat({"mean_a": (1.0, None, 2.0), "readings": 3})
    {'mean_l1_a': 1.0, 'mean_l2_a': None, 'mean_l3_a': 2.0, 'readings': 3}
    """
    flat: Row = {}
    for name, value in row.items():
        if name in {"current_a", "mean_a", "high_a"}:
            begin = name.removesuffix("_a").replace("current", "")
            each = value or (None, None, None)
            names = ("_".join(filter(None, (begin, line, "a"))) for line in LINES)
            flat |= dict(zip(names, each, strict=True))
        else:
            flat[name] = value
    return flat


# --- For people ---


async def _shown(
    pages: AsyncIterator[Sequence[ReadingLine | QuarterLine]], source: NamedSource
) -> int:
    lines: list[ReadingLine | QuarterLine] = []
    async for page in pages:
        lines += page
        if len(lines) > SHOWN_MAX:
            break
    if not lines:
        return 0
    say(f"{source.charger_id or source.meter_id} at {source.installation_id}")
    shown = lines[:SHOWN_MAX]
    draw(_table_of(shown))
    if len(lines) > SHOWN_MAX:
        say(f"and more: say a shorter time, or --csv for all of it (these are {SHOWN_MAX})")
    return len(lines)


def _table_of(lines: Sequence[ReadingLine | QuarterLine]) -> Table:
    if isinstance(lines[0], QuarterLine):
        table = Table("quarter", "Wh", "mean A", "highest A", "W", "readings", "", box=None)
        for it in lines:
            assert isinstance(it, QuarterLine)  # noqa: S101  # all are of one kind
            table.add_row(
                f"{it.begins.astimezone():%Y-%m-%d %H:%M}",
                "" if it.energy_wh is None else str(it.energy_wh),
                _amperes(it.mean_a),
                _amperes(it.high_a),
                "" if it.mean_w is None else f"{it.mean_w:.0f}",
                str(it.readings),
                _remark(it),
            )
        return table
    table = Table("time", "A", "register Wh", "W", "session", "", box=None)
    for line in lines:
        assert isinstance(line, ReadingLine)  # noqa: S101  # all are of one kind
        said = "" if line.said_at is None else f"its clock said {line.said_at.isoformat()}"
        table.add_row(
            f"{line.measured_at.astimezone():%Y-%m-%d %H:%M:%S}",
            _amperes(line.current_a),
            "" if line.register_wh is None else str(line.register_wh),
            "" if line.power_w is None else f"{line.power_w:.0f}",
            line.session_id or "",
            said,
        )
    return table


def _remark(line: QuarterLine) -> str:
    if line.fell_wh:
        return f"the register fell by {line.fell_wh} Wh"
    return "" if line.complete else "incomplete"


def _amperes(lines_a: Lines) -> str:
    return " ".join("-" if it is None else f"{it:.1f}" for it in lines_a)
