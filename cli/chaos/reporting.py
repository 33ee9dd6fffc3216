"""What a run of chaos tells in the end: its figures, what happened when, and why who was not ready."""

from typing import Any

from rich.table import Table

from cli.chaos.causes import Done, causes, worst_by_kind
from cli.chaos.recovering import NotReady
from cli.chaos.running import Outcome
from cli.figures import Figures, figure


def figures_of(outcome: Outcome) -> Figures:
    """Shape what was found as every report of the project has it."""
    verdict = outcome.verdict
    if verdict is None:
        raise RuntimeError("a run that was not judged has no figures")
    return {
        "faults": figure(outcome.faults, "1", "carried out"),
        "breaker_trips": figure(verdict.breaker_trips, "1", "in all garages; aim: 0"),
        "overload_as": figure(
            verdict.overload_as, "A*s", "above ratings of breakers that are cars' alone; aim: 0"
        ),
        "house_overload_as": figure(
            verdict.house_overload_as,
            "A*s",
            "above ratings where a house draws as well, before anybody could know",
        ),
        "planned_overload_as": figure(
            verdict.planned_overload_as, "A*s", "promised above breakers, by the logs; aim: 0"
        ),
        "checker_violations": figure(
            len(verdict.violations), "1", "found by ampledger check --history; aim: 0"
        ),
        "recovery_max_s": figure(
            max(outcome.recoveries_s.values(), default=0.0),
            "s",
            "until a service is ready again, once what it depends on is; aim: 5",
        ),
        "takeover_max_s": figure(
            max((it.took_s for it in outcome.takeovers), default=None),
            "s",
            f"from {len(outcome.takeovers)} killed balancers to the next decision about every "
            "garage; aim: 3",
        ),
        "acknowledged": figure(outcome.acknowledged, "1", "commands, each there once"),
        "energy_kwh": figure(verdict.energy_kwh, "kWh", "charged meanwhile"),
    }


def story_of(outcome: Outcome) -> dict[str, Any]:
    """Shape everything that happened, and when, as the report has it."""
    worst = worst_by_kind(outcome.not_ready, outcome.done)
    return {
        "carried_out": [_carried_out(it) for it in outcome.done],
        "not_ready": [_not_ready(it, outcome) for it in outcome.not_ready],
        "takeovers": [
            {
                "killed": it.killed,
                "at_s": round(it.at_s, 2),
                "took_s": round(it.took_s, 3),
            }
            for it in outcome.takeovers
        ],
        "recovery_by_kind": {
            kind: {
                "took_s": round(it.took_s, 2),
                "process": it.process,
                "from_s": round(it.from_s, 2),
            }
            for kind, it in sorted(worst.items())
        },
        "carried": dict(outcome.carried),
    }


def _carried_out(it: Done) -> dict[str, Any]:
    return {
        "kind": it.planned.kind,
        "target": it.planned.target,
        "began_s": round(it.began_s, 2),
        "over_s": None if it.over_s is None else round(it.over_s, 2),
        "why_not": it.why_not,
    }


def _not_ready(it: NotReady, outcome: Outcome) -> dict[str, Any]:
    return {
        "process": it.process,
        "from_s": round(it.from_s, 2),
        "over_s": round(it.over_s, 2),
        "counted": it.counted,
        "after": [
            f"{cause.planned.kind} at {cause.planned.target}, {cause.began_s:.1f} s"
            for cause in causes(it, outcome.done)
        ],
        "why": [[round(at_s, 2), why] for at_s, why in it.why],
    }


def table_of(figures: Figures) -> Table:
    """Show figures."""
    table = Table("figure", "value", "unit", "reference")
    for name, it in figures.items():
        table.add_row(name, str(it["value"]), it["unit"], it["reference"])
    return table


def recoveries_of(outcome: Outcome) -> Table:
    """Show the longest recovery after each kind of fault, and how often there was one of that kind."""
    table = Table("kind of fault", "times", "longest recovery", "of", "from")
    worst = worst_by_kind(outcome.not_ready, outcome.done)
    for kind in sorted({it.planned.kind for it in outcome.done if it.why_not is None}):
        times = sum(it.planned.kind == kind and it.why_not is None for it in outcome.done)
        it = worst.get(kind)
        told = (
            ("", "", "")
            if it is None
            else (f"{it.took_s:.1f} s", it.process, f"{it.from_s:.1f} s")
        )
        table.add_row(kind, str(times), *told)
    return table
