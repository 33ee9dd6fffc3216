"""One run: a yard, its cars and callers, the faults of a plan one after the other, and the verdict."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from cli.chaos.callers import Callers
from cli.chaos.causes import Done
from cli.chaos.clocks import clock_faults
from cli.chaos.deciding import Decided, TakeOver
from cli.chaos.disks import DISK_FULL
from cli.chaos.fault import Fault, FaultNotPossible
from cli.chaos.judging import Promises, Verdict, judge
from cli.chaos.loads import Loads, carried_a
from cli.chaos.plan import CALM_AFTER_S, Planned
from cli.chaos.processes import KILL_BALANCER
from cli.chaos.recovering import NotReady, Recoveries
from cli.chaos.yard import PROCESSES, Yard, cars, yard
from cli.states import ProcessEvent

READY_S_MAX: Final = 300.0
"""A machine that is busy with other things takes minutes to load all services."""
CALM_S_MAX: Final = 120.0
QUIET_S_MAX: Final = 60.0
"""So long is waited for all to have recovered before what wants quiet; longer, and it is not measured."""
POLL_S: Final = 0.1

Say = Callable[[str], None]


class NeverCalm(Exception):
    """Long after the last fault was over some services are not ready."""


@dataclass(slots=True)
class Outcome:
    """What became of a run."""

    done: list[Done] = field(default_factory=list)
    recoveries_s: Mapping[str, float] = field(default_factory=dict)
    takeovers: list[TakeOver] = field(default_factory=list)
    not_ready: Sequence[NotReady] = ()
    carried: Mapping[str, Sequence[tuple[float, float, float]]] = field(default_factory=dict)
    acknowledged: int = 0
    verdict: Verdict | None = None

    @property
    def faults(self) -> int:
        return sum(it.why_not is None for it in self.done)


async def run(
    folder: Path, planned: Sequence[Planned], faults: Sequence[Fault], garages: int, say: Say
) -> Outcome:
    """
    Carry a plan out.

    Args:
        folder: an empty one for everything; it is kept.
        planned: what happens when.
        faults: what can happen, one of each kind.
        garages: how many buildings there are.
        say: told what is going on.

    Raises:
        StackFault: the stack does not start.
        NeverCalm: it does not recover.
    """
    outcome = Outcome()

    def on_event(event: ProcessEvent) -> None:
        say(f"{event.name} {event.what}")

    kinds = {it.kind for it in planned}
    needs = {
        "own_disk": DISK_FULL in kinds,
        "own_clocks": any(it.kind.name in kinds for it in clock_faults()),
    }
    async with yard(folder, garages, on_event, **needs) as here:
        late = await here.stack.wait_services_ready(READY_S_MAX)
        if late:
            raise NeverCalm(f"not ready from the beginning: {', '.join(late)}")
        callers = Callers(here.nats_url, folder / "acknowledged.ndjson")
        await callers.set_up(here.set_up())
        decided = Decided(here)
        async with contextlib.AsyncExitStack() as stack:
            for name in here.garages:
                await stack.enter_async_context(cars(here, name))
            await stack.enter_async_context(decided.hearing())
            await stack.enter_async_context(callers.at_work())
            say("waiting for cars to charge")
            await _until_charging(here)
            began_s = time.monotonic()
            recoveries, loads = Recoveries(here, began_s), Loads(here, began_s)
            promises = Promises(here)
            watches = (recoveries.watch(), loads.watch(), promises.watch())
            await stack.enter_async_context(_watching(*watches))
            await _carry_out(here, planned, faults, outcome, recoveries, decided, say)
            await _until_calm(recoveries)
        outcome.recoveries_s = recoveries.spans.worst_s()
        outcome.not_ready, outcome.carried = recoveries.spans.found, loads.carried
        outcome.acknowledged = len(callers.acknowledged)
        say("judging")
        outcome.verdict = await judge(here, callers, promises)
    return outcome


@contextlib.asynccontextmanager
async def _watching(*watches: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """
    Have others watch meanwhile.

    Raises:
        Exception: whatever one of them has ended by.
    """
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(it) for it in watches]
        yield
        for task in tasks:
            task.cancel()


async def _carry_out(
    here: Yard,
    planned: Sequence[Planned],
    faults: Sequence[Fault],
    outcome: Outcome,
    recoveries: Recoveries,
    decided: Decided,
    say: Say,
) -> None:
    by_name = {it.kind.name: it for it in faults}
    began_s, late_s = recoveries.began_s, 0.0
    async with asyncio.TaskGroup() as group:
        for it in planned:
            await asyncio.sleep(max(0.0, began_s + late_s + it.at_s - time.monotonic()))
            fault = by_name[it.kind]
            if fault.kind.alone:
                await _until_over(outcome)
            if it.quiet:
                await _until_quiet(outcome, recoveries)
            if fault.kind.alone or it.quiet:
                late_s = max(late_s, time.monotonic() - began_s - it.at_s)
            say(f"{it.kind} at {it.target}, {it.lasts_s:g} s")
            done = Done(it, time.monotonic() - began_s)
            alone = _is_quiet(outcome, recoveries)
            outcome.done.append(done)
            going_on = group.create_task(_one(here, fault, done, began_s))
            if fault.kind.alone:
                # To undo it may take a while: all that comes after comes so much later.
                await going_on
                late_s = max(late_s, time.monotonic() - began_s - it.over_s)
            if it.kind == KILL_BALANCER and alone:
                measuring = group.create_task(_take_over(decided, done, outcome))
                if it.quiet:
                    await measuring


async def _one(here: Yard, fault: Fault, done: Done, began_s: float) -> None:
    target = done.planned.target
    if target in {*here.lines.names, *here.stack.states()}:
        hit = [target]
    else:
        hit = list(PROCESSES) if fault.kind.hits_all else []
    here.hit.update(hit)
    try:
        try:
            await fault.inject(here, target)
        except FaultNotPossible as why:
            done.why_not = str(why)
            return
        try:
            await asyncio.sleep(done.planned.lasts_s)
        finally:
            await fault.heal(here, target)
        done.over_s = time.monotonic() - began_s
    finally:
        here.hit.subtract(hit)


def _is_quiet(outcome: Outcome, recoveries: Recoveries) -> bool:
    """Tell whether nothing is under a fault or still recovers: what is measured then is of itself."""
    return not recoveries.not_ready() and not any(it.under_way for it in outcome.done)


async def _until_quiet(outcome: Outcome, recoveries: Recoveries) -> None:
    """Wait for it, though not for ever."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(QUIET_S_MAX):
            while not _is_quiet(outcome, recoveries):  # noqa: ASYNC110  # it is looked at
                await asyncio.sleep(POLL_S)


async def _until_over(outcome: Outcome) -> None:
    """Wait for the end of what has begun: by the plan it has ended, but to undo it may take longer."""
    while any(it.under_way for it in outcome.done):  # noqa: ASYNC110  # it is looked at
        await asyncio.sleep(POLL_S)


async def _take_over(decided: Decided, done: Done, outcome: Outcome) -> None:
    took_s = await decided.measure()
    if done.why_not is None:
        outcome.takeovers.append(TakeOver(done.planned.target, done.began_s, took_s))


async def _until_charging(here: Yard) -> None:
    """
    Wait until cars charge in every garage: before that a fault hits nobody.

    Raises:
        NeverCalm: it takes too long.
    """
    deadline_s = time.monotonic() + READY_S_MAX
    while idle := [it for it in here.garages if not carried_a(here, it)]:
        if time.monotonic() > deadline_s:
            raise NeverCalm(f"no car charges in {', '.join(idle)}")
        await asyncio.sleep(POLL_S)


async def _until_calm(recoveries: Recoveries) -> None:
    """
    Wait until all is well again.

    Raises:
        NeverCalm: it takes too long.
    """
    await asyncio.sleep(CALM_AFTER_S)
    deadline_s = time.monotonic() + CALM_S_MAX
    while late := recoveries.not_ready():
        if time.monotonic() > deadline_s:
            raise NeverCalm(f"not ready {CALM_S_MAX:g} s after the last fault: {late}")
        await asyncio.sleep(POLL_S)
