"""What is to hold after all that has happened, and what does."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cli.audit import audit
from cli.chaos.callers import Callers
from cli.chaos.yard import Yard
from cli.figures import read_log
from cli.services import BALANCER, INSTALLATION, TELEMETRY
from cli.support.checker import check
from cli.support.gathering import gather
from cli.support.places import Place

OWNERS: Final = (INSTALLATION, TELEMETRY, BALANCER)


@dataclass(frozen=True, slots=True)
class Verdict:
    """
    What was found.

    Args:
        planned_overload_as: what the logs say was promised above breakers, in amperes times seconds.
        worst_at: where and when that was most.
        violations: what `ampledger check --history` finds, in words.
        breaker_trips: in all garages.
        overload_as: what breakers carried above their rating, likewise.
        energy_kwh: what cars were charged with; with none of it nothing was tried.
    """

    planned_overload_as: float
    worst_at: str | None
    violations: Sequence[str]
    breaker_trips: int
    overload_as: float
    energy_kwh: float

    @property
    def kept(self) -> bool:
        """Whether every promise was."""
        found = (self.planned_overload_as, self.breaker_trips, len(self.violations))
        return not any(found) and self.energy_kwh > 0


async def judge(yard: Yard, callers: Callers) -> Verdict:
    """Look at logs, jetstreams, read models and breakers, once all is calm and the cars have left."""
    logs = [await read_log(yard.database_url(it)) for it in OWNERS]
    found = await asyncio.to_thread(audit, logs)
    urls = yard.stack.urls
    place = Place(urls["database"], urls["nats"])
    history = await gather(place, callers.to_be_there(yard.forgotten))
    worlds = [yard.world(it) for it in yard.garages]
    return Verdict(
        planned_overload_as=found.planned_overload_as,
        worst_at=found.worst_at,
        violations=[f"{it.name}: {fault}" for it in check(history) for fault in it.faults],
        breaker_trips=round(sum(it["breaker_trips"] or 0 for it in worlds)),
        overload_as=sum(it["overload_as"] or 0 for it in worlds),
        energy_kwh=sum(it["energy_kwh"] or 0 for it in worlds),
    )
