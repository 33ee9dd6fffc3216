"""How much energy a real garage's cars get: our balancer, the algorithms of ACN-Sim, and the optimum."""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from typing import Final

from cli.bench.acn_garage import Algorithm, Garage, Outcome, garage, played
from cli.bench.acn_optimum import optimum_kwh
from cli.bench.acn_ours import Ours, fair, fast
from cli.bench.acn_sessions import WEEKS, week_of_stays
from cli.bench.rates import quantile
from cli.figures import Figures, figure
from shared.units import PILOT_MIN_A, STEP_A

Say = Callable[[str], None]

CAPACITIES_KW: Final = (20, 30, 50)
NAMES: Final = {
    "": "Ampledger, fast",
    "6a_": "Ampledger, fast, 6 A or nothing",
    "fair_": "Ampledger, fair",
    "fcfs_": "first come, first served",
    "edf_": "earliest deadline first",
    "llf_": "least laxity first",
    "rr_": "round robin",
}
"""Of every algorithm the prefix of its figures, and its name."""
SECOND_WEEK: Final = ("", "fair_", "edf_", "llf_")
WORKERS: Final = 2
_REFERENCES: Final = {
    (
        "",
        20,
    ): "aim 98.9 %: a plan with foresight (MPC) had 98.8 % of another week, at 346 ms a decision",
    ("", 30): "aim 99.2 %: a plan with foresight (MPC) had 99.2 % of another week",
    ("", 50): "a plan with foresight (MPC) had 100 % of another week",
}


@dataclass(frozen=True, slots=True)
class _Case:
    week: str
    days: int
    transformer_kw: int
    prefix: str
    """Of an algorithm; none for the optimum."""


def measure_acn(say: Say, *, quick: bool) -> Figures:
    """
    Play a week of the Caltech garage with every algorithm at every size of transformer, and a second week.

    Args:
        say: told what is going on.
        quick: one day, and the smallest transformer only.
    """
    cases = _cases(quick=quick)
    wanted = dict.fromkeys((it.week, it.transformer_kw, it.days) for it in cases)
    with ProcessPoolExecutor(WORKERS) as workers:
        asked = {case: workers.submit(_played, case) for case in cases}
        best = {it: workers.submit(_optimum, *it) for it in wanted}
        for number, _ in enumerate(as_completed(asked.values()), 1):
            say(f"ACN-Sim: {number} of {len(cases)} simulations done")
        outcomes = {
            (it.week, it.transformer_kw, it.prefix): done.result() for it, done in asked.items()
        }
        optima = {(week, kw): done.result() for (week, kw, _), done in best.items()}
    return {
        **_energies(outcomes, optima),
        **_times(outcomes),
        "acn_excess_as": figure(
            max(it.excess_as for it in outcomes.values()),
            "A*s",
            "above the garage's limits, the worst of all simulations; aim 0",
        ),
    }


def _cases(*, quick: bool) -> list[_Case]:
    if quick:
        return [_Case(WEEKS[0], 1, CAPACITIES_KW[0], prefix) for prefix in NAMES]
    first = [_Case(WEEKS[0], 7, kw, prefix) for kw in CAPACITIES_KW for prefix in NAMES]
    second = [_Case(WEEKS[1], 7, kw, it) for kw in CAPACITIES_KW[:2] for it in SECOND_WEEK]
    return first + second


def _optimum(week: str, transformer_kw: int, days: int) -> float:
    return optimum_kwh(week_of_stays(week, days), garage(transformer_kw))


def _played(case: _Case) -> Outcome:
    algorithm = _algorithm(case.prefix, garage(case.transformer_kw))
    return played(week_of_stays(case.week, case.days), case.transformer_kw, algorithm)


def _algorithm(prefix: str, place: Garage) -> Algorithm:
    from acnportal import algorithms as theirs

    made: dict[str, Callable[[], Algorithm]] = {
        "": lambda: Ours(place, fast(STEP_A)),
        "6a_": lambda: Ours(place, fast(PILOT_MIN_A)),
        "fair_": lambda: Ours(place, fair(STEP_A)),
        "fcfs_": lambda: theirs.SortedSchedulingAlgo(theirs.first_come_first_served),
        "edf_": lambda: theirs.SortedSchedulingAlgo(theirs.earliest_deadline_first),
        "llf_": lambda: theirs.SortedSchedulingAlgo(theirs.least_laxity_first),
        "rr_": lambda: theirs.RoundRobin(theirs.first_come_first_served, continuous_inc=1),
    }
    return made[prefix]()


# --- What it came to ---


def _energies(
    outcomes: dict[tuple[str, int, str], Outcome], optima: dict[tuple[str, int], float]
) -> Figures:
    figures: Figures = {}
    for (week, kw, prefix), outcome in sorted(outcomes.items()):
        where = f"{'second_week_' if week == WEEKS[1] else ''}{kw}kw"
        optimum = optima[week, kw]
        figures[f"{prefix}acn_{where}_vs_optimum"] = figure(
            outcome.delivered_kwh / optimum,
            "1",
            _REFERENCES.get((prefix, kw), NAMES[prefix]),
        )
        figures[f"{prefix}acn_{where}_served"] = figure(
            outcome.served, "1", f"{NAMES[prefix]}: cars that got all they needed"
        )
        figures[f"optimum_acn_{where}_share"] = figure(
            optimum / outcome.needed_kwh, "1", "what the optimum delivers, of what is needed"
        )
    return figures


def _times(outcomes: dict[tuple[str, int, str], Outcome]) -> Figures:
    figures: Figures = {}
    for (week, kw, prefix), outcome in outcomes.items():
        if week == WEEKS[0] and kw == CAPACITIES_KW[0]:
            said = f"{NAMES[prefix]}, processor time at {kw} kW"
            aim = "; aim 3" if not prefix else ""
            for percent in (50, 99):
                figures[f"{prefix}acn_decision_p{percent}_ms"] = figure(
                    quantile(outcome.took_ms, percent), "ms", said + aim
                )
    return figures
