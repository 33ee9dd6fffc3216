"""Several balancers as processes share installations; they come, go, are killed and fall asleep."""

import contextlib
import signal
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio

from services.balancer.locks import SESSION_S
from services.telemetry.limits import StaleEpoch
from shared.messages import Event
from shared.messages.balancer import CurrentLimitAllocated, LimitIgnored, LimitObeyed, Rule
from shared.subjects import PARTITIONS, partition_of
from tests.integration.balancer.yard import Yard, open_yard
from tests.support.balancer_process import BalancerProcess, start_balancer
from tests.support.waiting import until

pytestmark = pytest.mark.integration

INSTALLATIONS = 8
BACK_S_MAX = 90.0


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def yard() -> AsyncIterator[Yard]:
    async with open_yard(INSTALLATIONS) as opened:
        partitions = {partition_of(it) for it in opened.names}
        assert len(partitions) > INSTALLATIONS / 2
        yield opened


@contextlib.asynccontextmanager
async def balancers(yard: Yard, count: int) -> AsyncIterator[list[BalancerProcess]]:
    """Run some, until each has its share."""
    async with contextlib.AsyncExitStack() as stack:
        running = []
        for number in range(count):
            balancer = await start_balancer(
                yard.servers, yard.urls["balancer"], f"balancer-{number}"
            )
            stack.push_async_callback(balancer.stop)
            running.append(balancer)
        await until(yard.partitions, lambda it: shared_by(it, running), BACK_S_MAX)
        yield running


def shared_by(held: dict[int, int], running: list[BalancerProcess]) -> bool:
    """Whether these hold everything, evenly."""
    mine = [held.get(it.pid, 0) for it in running]
    return sum(mine) == PARTITIONS and max(mine) - min(mine) <= 1


async def everywhere(yard: Yard, since: int | None = None) -> None:
    """Wait until something is decided for every installation, from now on unless said otherwise."""
    since = await yard.head() if since is None else since
    await until(lambda: yard.decided_since(since), lambda it: it == set(yard.names), BACK_S_MAX)


async def no_overload(yard: Yard) -> None:
    found = await yard.audited()
    assert found.planned_overload_as == 0, found.worst_at
    assert found.commands > 0


async def test_two_share_the_work_and_one_goes_on_alone_when_the_other_leaves(
    yard: Yard,
) -> None:
    async with balancers(yard, 2) as (first, second):
        await everywhere(yard)
        assert await second.stop() == 0
        await until(yard.partitions, lambda it: it == {first.pid: PARTITIONS}, BACK_S_MAX)
        await everywhere(yard)
    await no_overload(yard)


async def test_what_one_held_that_is_killed_others_decide_for_at_once(yard: Yard) -> None:
    async with balancers(yard, 2) as (first, second):
        await everywhere(yard)

        first.signal(signal.SIGKILL)

        await until(yard.partitions, lambda it: it == {second.pid: PARTITIONS}, 10.0)
        await everywhere(yard)
        third = await start_balancer(yard.servers, yard.urls["balancer"], "balancer-third")
        try:
            await until(yard.partitions, lambda it: shared_by(it, [second, third]), BACK_S_MAX)
            await everywhere(yard)
        finally:
            await third.stop()
    await no_overload(yard)


async def test_one_that_wakes_up_after_it_was_replaced_does_no_harm(yard: Yard) -> None:
    async with balancers(yard, 2) as (first, second):
        await everywhere(yard)
        theirs = {it.installation_id: it for it in yard.accepted}

        first.signal(signal.SIGSTOP)
        await until(
            yard.partitions, lambda it: it == {second.pid: PARTITIONS}, SESSION_S + 15.0
        )
        await everywhere(yard)
        first.signal(signal.SIGCONT)

        assert await first.ended() != 0, "who has lost his partitions ends"
        await everywhere(yard)
        late = [
            it
            for it in theirs.values()
            if any(
                other.installation_id == it.installation_id and other.epoch > it.epoch
                for other in yard.accepted
            )
        ]
        assert late, "nothing has changed hands"
        for limit in late:
            with pytest.raises(StaleEpoch):
                await yard.judge(limit.model_copy(update={"sequence": 10**6}))
    await no_overload(yard)


async def test_a_car_that_ignores_its_limit_is_reported_and_released_when_it_obeys(
    yard: Yard,
) -> None:
    async with balancers(yard, 1):
        await everywhere(yard)
        since = await yard.head()
        [told, *_] = [it for it in reversed(yard.accepted) if it.limit_a >= 6]
        yard.stubborn_a[told.charger_id] = told.limit_a + 6

        async def said(kind: type[Event]) -> list[Event]:
            found = await yard.stores["balancer"].read(after=since, limit=100_000)
            events = [it.event for it in found if isinstance(it.event, kind)]
            return [it for it in events if getattr(it, "charger_id", "") == told.charger_id]

        [ignored, *more] = await until(lambda: said(LimitIgnored), bool, BACK_S_MAX)
        assert isinstance(ignored, LimitIgnored)
        assert ignored.measured_a == pytest.approx(told.limit_a + 6)
        assert more == [], "once is enough"
        await until(lambda: reasons(said), lambda it: it[-1:] == [Rule.DISOBEYS], BACK_S_MAX)

        yard.stubborn_a.clear()

        await until(lambda: reasons(said), lambda it: it[-1] is not Rule.DISOBEYS, BACK_S_MAX)
        assert len(await said(LimitObeyed)) == 1


async def reasons(said: Callable[[type[Event]], Awaitable[list[Event]]]) -> list[Rule]:
    """Why a charger was told what it was."""
    told = await said(CurrentLimitAllocated)
    return [it.limited_by.rule for it in told if isinstance(it, CurrentLimitAllocated)]
