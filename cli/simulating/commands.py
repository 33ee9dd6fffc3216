"""`ampledger sim`: days of garages with a clock and chance of their own."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.markup import escape

from cli.figures import Figures, figure, write_report
from cli.simulating.mutations import MUTATIONS
from cli.simulating.runs import (
    Noticing,
    Outcome,
    Sums,
    keep_quiet,
    simulate,
    until_noticed,
)

BROKEN: Final = 1
"""Exit code of a run in which a promise was broken, or a rule that was switched off was not missed."""
ALL: Final = "all"
console = Console(highlight=False)


def _seeds(text: str) -> range:
    """
    Read a range of seeds, both ends included.

    Raises:
        typer.BadParameter: it is none.

    >>> _seeds("3..5"), _seeds("7")
    (range(3, 6), range(7, 8))
    """
    found = re.fullmatch(r"(\d{1,9})(?:\.\.(\d{1,9}))?", text)
    if found is None or int(found[2] or found[1]) < int(found[1]):
        raise typer.BadParameter(
            f"{text} names no seeds: write 1..100, or 7 for a single one, the lower number first"
        )
    return range(int(found[1]), int(found[2] or found[1]) + 1)


def _rule(text: str | None) -> str | None:
    if text is not None and text not in {*MUTATIONS, ALL}:
        raise typer.BadParameter(f"there is no rule {text}: take {ALL}, {', '.join(MUTATIONS)}")
    return text


def sim(
    seeds: Annotated[str, typer.Option(help="Which seeds, as in 1..100.")] = "1..20",
    hours: Annotated[
        float, typer.Option(min=0.1, max=24 * 7, help="How long each of them lasts.")
    ] = 24.0,
    workers: Annotated[
        int, typer.Option(min=1, max=64, help="How many seeds run side by side.")
    ] = min(os.cpu_count() or 1, 64),
    json: Annotated[Path | None, typer.Option(help="Write the figures there, as JSON.")] = None,
    break_rule: Annotated[
        str | None,
        typer.Option(
            "--break",
            callback=_rule,
            help=f"Switch a rule off, until that is noticed: {', '.join(MUTATIONS)}; or {ALL}.",
        ),
    ] = None,
) -> None:
    """
    Let garages live through days in which much goes wrong, by a clock and chance of their own.

    A seed decides everything: the same seed is the same run. What breaks a promise is told, with
    the command that shows it again. With --break it is a mistake if nothing does.
    """
    keep_quiet()
    named = _seeds(seeds)
    figures, good = (
        _run(named, hours, workers)
        if break_rule is None
        else _notice(
            named, hours, workers, tuple(MUTATIONS) if break_rule == ALL else (break_rule,)
        )
    )
    if json is not None:
        write_report(json, figures)
    if not good:
        raise typer.Exit(BROKEN)


def _run(seeds: range, hours: float, workers: int) -> tuple[Figures, bool]:
    sums = Sums()
    with console.status("living …") as status:
        for outcome in simulate(seeds, hours, workers):
            sums.add(outcome)
            status.update(f"seed {outcome.seed}, {sums.garage_hours:,.0f} garage-hours …")
            if outcome.wrong is not None:
                _tell(outcome, hours)
            if len(seeds) == 1:
                console.print(f"digest {outcome.digest}")
    faults = ", ".join(f"{kind} {count:,}" for kind, count in sums.faults.most_common())
    console.print(
        f"{sums.garage_hours:,.0f} garage-hours of {sums.seeds:,} seeds, {sums.events:,} events, "
        f"{sums.decisions:,} decisions, {sums.garage_hours / max(sums.cpu_s, 1e-9):.1f} "
        f"garage-hours per second of a core",
        f"what happened: {faults}",
        f"{len(sums.broken)} seeds broke a promise",
        sep="\n",
    )
    return sums.figures(), not sums.broken


def _notice(
    seeds: range, hours: float, workers: int, rules: tuple[str, ...]
) -> tuple[Figures, bool]:
    found: dict[str, Noticing] = {}
    for rule in rules:
        with console.status(f"without {rule} …") as status:
            noticed = until_noticed(rule, seeds, hours, workers, status.update)
        if noticed.by is None:
            console.print(
                f"[bold red]without {rule} nothing was noticed in {noticed.after_s:.0f} s"
            )
            continue
        found[rule] = noticed
        console.print(
            f"[green]without {rule} ({MUTATIONS[rule].what}): {noticed.after_s:.1f} s, "
            f"{noticed.cpu_s:.1f} s of a core"
        )
        _tell(noticed.by, hours, rule)
    return _noticed(found, len(rules) - len(found)), len(found) == len(rules)


def _noticed(found: Mapping[str, Noticing], missed: int) -> Figures:
    figures = {
        f"mutation_found_s_{rule.replace('-', '_')}": figure(
            it.after_s, "s", f"until it was noticed: {MUTATIONS[rule].what}"
        )
        for rule, it in found.items()
    }
    figures["mutation_found_s"] = figure(
        max((it.after_s for it in found.values()), default=None),
        "s",
        "of the rule that took longest to be missed",
    )
    figures["mutation_found_cpu_s"] = figure(
        max((it.cpu_s for it in found.values()), default=None),
        "s",
        "of the rule that took most time of cores",
    )
    figures["mutations_missed"] = figure(
        missed, "1", "rules whose loss was not noticed; aim: 0"
    )
    return figures


def _tell(outcome: Outcome, hours: float, rule: str | None = None) -> None:
    """Name what was broken, how to see it again, and what happened before."""
    again = f"ampledger sim --seeds {outcome.seed} --hours {hours:g}"
    if rule is not None:
        again += f" --break {rule}"
    console.print(*map(escape, outcome.trail[-12:]), sep="\n")
    console.print(
        f"[bold red]seed {outcome.seed}:[/] {escape(str(outcome.wrong))}",
        f"to see it again: {again}",
        sep="\n",
    )
