"""`ampledger chaos`: faults of all kinds against the real stack, while cars charge."""

import asyncio
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn

import orjson
import typer
from rich.console import Console

from cli.chaos.clocks import charger_clock_faults, clock_faults
from cli.chaos.disks import disk_faults
from cli.chaos.fault import Fault
from cli.chaos.later import later_faults
from cli.chaos.lines import line_faults
from cli.chaos.messages import message_faults
from cli.chaos.picture import PicturesMissing, draw
from cli.chaos.plan import Planned, left_out, plan
from cli.chaos.processes import process_faults
from cli.chaos.reporting import figures_of, recoveries_of, story_of, table_of
from cli.chaos.rollbacks import NotPutBack, rollbacks
from cli.chaos.running import NeverCalm, Outcome, run
from cli.chaos.yard import CHARGERS, LINES, METERS, SimulatorEnded
from cli.faults import EXIT_CODE, StackFault

BROKEN: Final = 1
"""Exit code of a run that has broken a promise."""

console = Console(highlight=False)


def all_faults() -> list[Fault]:
    """Name everything that may happen."""
    return [
        *process_faults(),
        *rollbacks(),
        *line_faults(LINES, [METERS], [CHARGERS]),
        *message_faults(),
        *later_faults(),
        *disk_faults(),
        *clock_faults(),
        *charger_clock_faults(),
    ]


def chaos(
    seconds: Annotated[
        float, typer.Option(min=40, help="How long, the calm included.")
    ] = 300.0,
    seed: Annotated[int, typer.Option(min=0, help="What chance the faults are of.")] = 1,
    garages: Annotated[int, typer.Option(min=1, max=12, help="How many buildings.")] = 3,
    only: Annotated[
        list[str] | None,
        typer.Option(help="Only faults of this kind; may be given several times."),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(help="Write what was found there, as JSON, and a picture beside it."),
    ] = None,
    folder: Annotated[
        Path | None, typer.Option(help="An empty folder for data and logs; it is kept.")
    ] = None,
    plan_only: Annotated[
        bool, typer.Option("--plan-only", help="Show what would happen, and do nothing.")
    ] = False,
) -> None:
    """
    Run a stack with cars, and have faults of all kinds happen to it; then judge what was promised.

    No breaker trips, nothing is promised above one, nothing acknowledged is lost, and all recovers.
    The same seed draws the same faults. Exit code 0 when every promise was kept, 1 if not.
    """
    faults = _chosen(only)
    try:
        planned = plan(seed, seconds, [it.kind for it in faults])
    except ValueError as fault:
        _fail(str(fault), EXIT_CODE)
    if plan_only:
        _show(planned, faults)
        return
    with tempfile.TemporaryDirectory(prefix="ampledger-chaos-") as scratch:
        Path(scratch).chmod(0o711)  # PostgreSQL may run as another user, who must get in
        where = folder or Path(scratch)
        where.mkdir(parents=True, exist_ok=True)
        outcome, ended_by = Outcome(), ""
        try:
            outcome = asyncio.run(run(where, planned, faults, garages, _say))
        except* (NeverCalm, NotPutBack, SimulatorEnded, StackFault) as met:
            ended_by = _words(met)
        if ended_by:
            again = _again(seed, seconds, garages, only)
            _fail(f"{ended_by}\nThe same faults again: {again}", BROKEN)
    figures = figures_of(outcome)
    if report is not None:
        told = {"figures": figures, "seed": seed, **story_of(outcome)}
        report.write_bytes(orjson.dumps(told, option=orjson.OPT_INDENT_2))
        _draw(told, report.with_suffix(".svg"))
    console.print(recoveries_of(outcome))
    console.print(table_of(figures))
    _judge(outcome, _again(seed, seconds, garages, only))


def _chosen(only: list[str] | None) -> list[Fault]:
    faults = all_faults()
    known = {it.kind.name for it in faults}
    if unknown := [it for it in only or () if it not in known]:
        _fail(
            f"There is no fault {unknown[0]}; there are {', '.join(sorted(known))}.", EXIT_CODE
        )
    return [it for it in faults if not only or it.kind.name in only]


def _say(what: str) -> None:
    console.print(what, style="dim", markup=False)


def _show(planned: list[Planned], faults: list[Fault]) -> None:
    for it in planned:
        console.print(
            f"{it.at_s:8.1f} s  {it.kind:18} {it.target:24} {it.lasts_s:g} s", markup=False
        )
    if missing := left_out([it.kind for it in faults], planned):
        console.print(f"No time for: {', '.join(missing)}.")


def _draw(told: Mapping[str, Any], file: Path) -> None:
    try:
        draw(told, file)
    except PicturesMissing as fault:
        console.print(f"not drawn: {fault}")
    else:
        console.print(f"drawn: {file}")


def _again(seed: int, seconds: float, garages: int, only: list[str] | None) -> str:
    kinds = "".join(f" --only {it}" for it in only or ())
    return f"ampledger chaos --seed {seed} --seconds {seconds:g} --garages {garages}{kinds}"


def _words(met: BaseException) -> str:
    """Say what has ended a run; tasks leave it in groups."""
    if isinstance(met, BaseExceptionGroup):
        return "\n".join(_words(it) for it in met.exceptions)
    return str(met)


def _judge(outcome: Outcome, again: str) -> None:
    verdict = outcome.verdict
    if verdict is None or not verdict.kept:
        for it in () if verdict is None else verdict.violations:
            console.print(it, style="red", markup=False)
        if verdict is not None and verdict.worst_at:
            console.print(verdict.worst_at, style="red", markup=False)
        _fail(f"A promise was broken. The same faults again: {again}", BROKEN)
    console.print("[green]Every promise was kept.")


def _fail(why: str, code: int) -> NoReturn:
    Console(stderr=True, highlight=False).print(why, style="bold red", markup=False)
    raise typer.Exit(code)
