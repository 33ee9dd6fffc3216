"""What is to hold after all that has happened, and what does."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Final

from cli.audit import Audit, audit
from cli.chaos.callers import Callers
from cli.chaos.later import LATER, of_this_version
from cli.chaos.yard import Yard
from cli.figures import read_log
from cli.services import BALANCER, INSTALLATION, TELEMETRY
from cli.support.checker import check
from cli.support.gathering import gather
from cli.support.places import Place
from shared.commits import DATABASE_FAULTS
from shared.recorded import Recorded

OWNERS: Final = (BALANCER, TELEMETRY, INSTALLATION)
"""Read in this order: no limit is known then without what had been confirmed before it."""
EVERY_S: Final = 30.0
READ_S_MAX: Final = 20.0
OVERLOAD_AS_MAX: Final = 0.05
"""Cars draw no more than their limits, which add up to no more than a breaker: above is rounding."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """
    What was found.

    Args:
        planned_overload_as: what the logs say was promised above breakers, in amperes times seconds.
        worst_at: where and when that was most.
        violations: what `ampledger check --history` finds, in words.
        breaker_trips: in all garages.
        overload_as: what breakers carried above their rating, where nothing but cars draws.
        house_overload_as: likewise where a house draws as well. It takes more at once, and is seen by its
            meter a second later at best; then cars have 5 s to follow (IEC 61851-1). This much cannot be
            helped by anybody, so what is judged there is that no breaker trips.
        energy_kwh: what cars were charged with; with none of it nothing was tried.
    """

    planned_overload_as: float
    worst_at: str | None
    violations: Sequence[str]
    breaker_trips: int
    overload_as: float
    energy_kwh: float
    house_overload_as: float = 0.0

    @property
    def kept(self) -> bool:
        """Whether every promise was."""
        found = (self.planned_overload_as, self.breaker_trips, len(self.violations))
        overloaded = self.overload_as > OVERLOAD_AS_MAX
        return not any(found) and not overloaded and self.energy_kwh > 0


@dataclass(slots=True)
class Promises:
    """Audits what the logs say meanwhile: what one of them loses later was seen then."""

    yard: Yard
    looked: int = 0
    planned_overload_as: float = 0.0
    worst_at: str | None = None

    async def watch(self) -> None:
        """Look until cancelled; while the database is away there is nothing to look at."""
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as beside:
            while True:
                await asyncio.sleep(EVERY_S)
                loop = asyncio.get_running_loop()
                found = await loop.run_in_executor(beside, audit_now, _urls(self.yard))
                if found is not None:
                    self.take(found)

    def take(self, found: Audit) -> None:
        """Keep the worst."""
        self.looked += 1
        if found.planned_overload_as > self.planned_overload_as:
            self.planned_overload_as = found.planned_overload_as
            self.worst_at = found.worst_at


async def judge(yard: Yard, callers: Callers, promises: Promises) -> Verdict:
    """Look at logs, jetstreams, read models and breakers, once all is calm and the cars have left."""
    logs = [of_this_version(await read_log(it)) for it in _urls(yard)]
    promises.take(await asyncio.to_thread(audit, logs))
    urls = yard.stack.urls
    place = Place(urls["database"], urls["nats"])
    history = await gather(place, callers.to_be_there(yard.forgotten))
    worlds = {it: yard.world(it) for it in yard.garages}
    overload_as = {it: world["overload_as"] or 0.0 for it, world in worlds.items()}
    houses = {name for name, scene in yard.garages.items() if scene.house_a is not None}
    return Verdict(
        planned_overload_as=promises.planned_overload_as,
        worst_at=promises.worst_at,
        violations=[
            f"{it.name}: {fault}"
            for it in check(history)
            for fault in it.faults
            if LATER not in fault  # it is said, as it should be, and nothing is wrong
        ],
        breaker_trips=round(sum(it["breaker_trips"] or 0 for it in worlds.values())),
        overload_as=sum(it for name, it in overload_as.items() if name not in houses),
        house_overload_as=sum(it for name, it in overload_as.items() if name in houses),
        energy_kwh=sum(it["energy_kwh"] or 0 for it in worlds.values()),
    )


def audit_now(database_urls: Sequence[str]) -> Audit | None:
    """Read logs and audit them, in a process beside; none while the database is away."""

    async def read() -> list[list[Recorded]]:
        async with asyncio.timeout(READ_S_MAX):
            return [of_this_version(await read_log(it)) for it in database_urls]

    try:
        return audit(asyncio.run(read()))
    except DATABASE_FAULTS:
        return None


def _urls(yard: Yard) -> list[str]:
    return [yard.database_url(it) for it in OWNERS]
