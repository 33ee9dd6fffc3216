"""Seeds, one after the other or side by side, and what came of them."""

import gc
import hashlib
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from typing import Final

import structlog

from cli.figures import Figures, figure
from cli.proving.trials import PromiseBroken
from cli.simulating.days import Life
from cli.simulating.logs import Logged, live_logs
from cli.simulating.mutations import without
from cli.simulating.shares import Shared, live_shares

GARBAGE: Final = 50_000
"""So many objects are made before those are looked for that nobody needs."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one seed."""

    seed: int
    garage_hours: float = 0.0
    events: int = 0
    decisions: int = 0
    digest: str = ""
    """Of everything that was announced, by whomever; the same seed has the same."""
    cpu_s: float = 0.0
    faults: Counter[str] = field(default_factory=Counter)
    wrong: str | None = None
    """What was broken, if anything."""
    trail: tuple[str, ...] = ()
    """What happened last before that."""


def live(seed: int, hours: float, rule: str | None = None) -> Outcome:
    """
    Live through one seed.

    Args:
        seed: of all chance.
        hours: for how long, by the clock of the garages.
        rule: what is switched off meanwhile, of `MUTATIONS`.
    """
    began_s = time.process_time()
    with without(rule):
        try:
            logged, shared = live_logs(seed), live_shares(seed)
        except PromiseBroken as fault:
            return Outcome(seed, wrong=f"of logs: {fault}", cpu_s=time.process_time() - began_s)
        life = Life(seed, hours)
        wrong = _broken_in(life)
    garage = life.garage
    refused = Counter({f"limit_{why}": n for why, n in garage.real.refusals.items()})
    of_logs = Counter({f"log_{kind}": n for kind, n in logged.faults.items()})
    of_shares = Counter({f"share_{kind}": n for kind, n in shared.faults.items()})
    return Outcome(
        seed,
        life.garage_hours,
        len(garage.log) + logged.events + shared.events,
        life.decisions,
        digest_of(life, logged, shared),
        time.process_time() - began_s,
        life.faults + refused + of_logs + of_shares,
        wrong,
        tuple(life.agenda.trail) if wrong else (),
    )


def _broken_in(life: Life) -> str | None:
    try:
        life.run()
    except PromiseBroken as fault:
        return str(fault)
    return None


def digest_of(life: Life, logged: Logged, shared: Shared) -> str:
    """Digest a history: every event, and when it was announced."""
    digest = hashlib.sha256("".join((*logged.ids, *shared.ids)).encode())
    for at_s, event in life.garage.log:
        digest.update(f"{at_s} {type(event).__name__} {event.model_dump_json()}\n".encode())
    for entry in life.garage.database.entries:
        digest.update(entry.event_id.bytes)
    return digest.hexdigest()[:16]


def simulate(
    seeds: Sequence[int], hours: float, workers: int = 1, rule: str | None = None
) -> Iterator[Outcome]:
    """Live through seeds; with several workers as many side by side, in the order of the seeds."""
    work = partial(live, hours=hours, rule=rule)
    if workers == 1:
        yield from map(work, seeds)
        return
    spawned = get_context(
        "spawn"
    )  # the same beginning for each, whatever this process has done
    pool = ProcessPoolExecutor(workers, mp_context=spawned, initializer=keep_quiet)
    try:
        yield from pool.map(work, seeds)
    finally:
        pool.shutdown(cancel_futures=True)


def keep_quiet() -> None:
    """Refusals are half of what happens here: nobody wants to read of each. And what a seed leaves
    behind is not searched for circles all the time."""
    gc.set_threshold(GARBAGE)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


@dataclass
class Sums:
    """What came of all seeds so far."""

    seeds: int = 0
    garage_hours: float = 0.0
    events: int = 0
    decisions: int = 0
    cpu_s: float = 0.0
    faults: Counter[str] = field(default_factory=Counter)
    broken: list[Outcome] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        self.seeds += 1
        self.garage_hours += outcome.garage_hours
        self.events += outcome.events
        self.decisions += outcome.decisions
        self.cpu_s += outcome.cpu_s
        self.faults += outcome.faults
        if outcome.wrong is not None:
            self.broken.append(outcome)

    def figures(self) -> Figures:
        """Shape what was measured."""
        told = {
            "garage_hours": figure(self.garage_hours, "h", "simulated; aim: 10,000 in one run"),
            "violations": figure(len(self.broken), "1", "seeds that broke a promise; aim: 0"),
            "seeds": figure(self.seeds, "1", "each a world of two garages"),
            "events": figure(self.events, "1", "announced by all logs"),
            "decisions": figure(self.decisions, "1", "of the balancer"),
            "garage_hours_per_cpu_s": figure(
                self.garage_hours / max(self.cpu_s, 1e-9), "h/s", "of one core's time"
            ),
        }
        faults = {
            f"faults_{kind}": figure(count, "1", "how often it happened")
            for kind, count in sorted(self.faults.items())
        }
        return told | faults


@dataclass(frozen=True, slots=True)
class Noticing:
    """How it was noticed that a rule is missing."""

    by: Outcome | None
    """The first seed that did; none: none did."""
    after_s: float
    cpu_s: float
    """Of all cores together, on whatever else the machine was busy with meanwhile."""


def until_noticed(
    rule: str, seeds: Sequence[int], hours: float, workers: int, say: Callable[[str], None]
) -> Noticing:
    """Live through seeds without a rule until that is noticed."""
    began_s, cpu_s = time.monotonic(), 0.0
    for outcome in simulate(seeds, hours, workers, rule):
        say(f"without {rule}: seed {outcome.seed}")
        cpu_s += outcome.cpu_s
        if outcome.wrong is not None:
            return Noticing(outcome, time.monotonic() - began_s, cpu_s)
    return Noticing(None, time.monotonic() - began_s, cpu_s)
