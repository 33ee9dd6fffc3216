"""Two looks at the figures of all processes, and the time between them, become a picture."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

Key = tuple[str, tuple[tuple[str, str], ...]]
Figures = Mapping[Key, float]
"""Values by the name of a series and its labels."""


@dataclass(frozen=True, slots=True)
class ProcessRow:
    """One process; without figures, it does not answer."""

    name: str
    answers: bool
    ready: bool = False
    processor_ratio: float = 0.0
    memory_bytes: float = 0.0
    lag_s: float = 0.0
    """How old what waits to be announced or taken in is, at most."""
    late_s: float | None = None
    """How late its event loop came round (p99); none if it was not looked at meanwhile."""
    restarts: int | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """What a stack did between two looks."""

    processes: tuple[ProcessRow, ...]
    chargers_connected: int
    cars_charging: int
    chargers_silent: int
    readings_per_s: float
    limits_per_s: float
    decision_p99_s: float | None
    reading_to_limit_p99_s: float | None
    partitions: int
    breakers_above_limit: int
    breakers_planned_above_limit: int
    requests_per_s: float


def values(figures: Figures, name: str, **labels: str) -> Iterator[float]:
    """Name the values of a series that have some labels, among others."""
    wanted = set(labels.items())
    return (value for (it, has), value in figures.items() if it == name and wanted <= set(has))


def total(looks: Iterable[Figures], name: str, **labels: str) -> float:
    """Add up a series over processes."""
    return sum(value for figures in looks for value in values(figures, name, **labels))


Looks = Sequence[tuple[Figures, Figures]]
"""Of every process that answers, the earlier look and the later one."""


def rate(looks: Looks, over_s: float, name: str, **labels: str) -> float:
    """By how much a count has risen in a second, over all processes; one that began anew counts from 0."""
    risen = 0.0
    for before, after in looks:
        was, now = total([before], name, **labels), total([after], name, **labels)
        risen += now - was if now >= was else now
    return risen / over_s


def quantile(looks: Looks, name: str, share: float) -> float | None:
    """
    Below which bound a share of what was measured meanwhile lies, in seconds; none if nothing was.

    Within a bucket it is taken to be spread evenly, as Prometheus does.
    """
    risen: dict[float, float] = {}
    for before, after in looks:
        for key, value in after.items():
            if key[0] == f"{name}_bucket":
                bound = float(dict(key[1])["le"])
                was = before.get(key, 0.0)
                risen[bound] = risen.get(bound, 0.0) + (value - was if value >= was else value)
    counts = sorted(risen.items())
    if not counts or counts[-1][1] <= 0:
        return None
    wanted = share * counts[-1][1]
    for (low, below), (high, upto) in pairwise([(0.0, 0.0), *counts]):
        if upto >= wanted:
            if high == float("inf"):
                return low
            return low + (high - low) * (wanted - below) / (upto - below)
    return counts[-1][0]


def row(
    name: str,
    restarts: int | None,
    before: Figures | None,
    after: Figures | None,
    over_s: float,
) -> ProcessRow:
    """Reckon what one process did."""
    if after is None:
        return ProcessRow(name, answers=False, restarts=restarts)
    looks = [(before if before is not None else after, after)]
    waits = (
        *values(after, "ampledger_relay_lag_seconds"),
        *values(after, "ampledger_follower_lag_seconds"),
    )
    return ProcessRow(
        name,
        answers=True,
        ready=total([after], "ampledger_ready") > 0,
        processor_ratio=rate(looks, over_s, "process_cpu_seconds_total"),
        memory_bytes=total([after], "process_resident_memory_bytes"),
        lag_s=max(waits, default=0.0),
        late_s=quantile(looks, "ampledger_event_loop_delay_seconds", 0.99),
        restarts=restarts,
    )


def picture(rows: Sequence[ProcessRow], looks: Looks, over_s: float) -> Picture:
    """Reckon what all processes did together."""
    now = [after for _, after in looks]
    balancer, gateway = "ampledger_balancer", "ampledger_gateway"
    return Picture(
        processes=tuple(rows),
        chargers_connected=round(total(now, f"{gateway}_sockets")),
        cars_charging=round(total(now, f"{balancer}_chargers", state="charging")),
        chargers_silent=round(total(now, f"{balancer}_chargers", state="silent")),
        readings_per_s=rate(looks, over_s, f"{gateway}_readings_total"),
        limits_per_s=rate(looks, over_s, f"{balancer}_limits_total"),
        decision_p99_s=quantile(looks, f"{balancer}_decision_duration_seconds", 0.99),
        reading_to_limit_p99_s=quantile(looks, f"{balancer}_reading_to_limit_seconds", 0.99),
        partitions=round(total(now, f"{balancer}_partitions")),
        breakers_above_limit=round(total(now, f"{balancer}_breakers_above_limit")),
        breakers_planned_above_limit=round(
            total(now, f"{balancer}_breakers_planned_above_limit")
        ),
        requests_per_s=rate(looks, over_s, "ampledger_portal_requests_total"),
    )
