"""Partitions are held once, shared evenly, and lost in time: on a real PostgreSQL."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta

import asyncpg
import pytest
import pytest_asyncio

from cli.shares import shares
from services.balancer.clock_agreement import ClockAgreement
from services.balancer.locks import SESSION_S, SLOT_CLASS, locking
from services.balancer.partitions import DEAF_S_MAX, HELD_S, Partitions, PartitionsLost
from shared.clock import uptime_s, utc_now
from shared.subjects import PARTITIONS, partition_of
from tests.support.databases import ROOT, service_database
from tests.support.servers import EmbeddedServers
from tests.support.waiting import until

pytestmark = pytest.mark.integration

NAMES = {partition_of(name): name for name in (f"garage-{it}" for it in range(2000))}
"""An installation of every partition."""


@dataclass
class Holder:
    """One balancer that decides at once for what it has taken."""

    partitions: Partitions
    ahead_s: list[float] = field(default_factory=lambda: [0.0])
    hears: list[bool] = field(default_factory=lambda: [True])
    set_by: list[timedelta] = field(default_factory=lambda: [timedelta()])
    """By how much its clock was set."""

    def decides(self) -> dict[int, int]:
        found = {}
        for partition, name in NAMES.items():
            with self.partitions.deciding(name) as epoch:
                if epoch is not None:
                    found[partition] = epoch
        return found

    async def take_over(self) -> None:
        while True:
            self.partitions.begin(await self.partitions.taken())
            await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def holding(url: str) -> AsyncIterator[Holder]:
    """Take part; a lost connection raises inside."""
    loop, ahead_s, hears = asyncio.get_running_loop(), [0.0], [True]
    set_by = [timedelta()]
    agreement = ClockAgreement(lambda: utc_now() + set_by[0], uptime_s)
    async with locking(url) as locks:
        partitions = Partitions(
            locks, lambda: loop.time() + ahead_s[0], lambda: hears[0], agreement
        )
        holder = Holder(partitions, ahead_s, hears, set_by)
        keeping = asyncio.create_task(holder.partitions.keep())
        taking = asyncio.create_task(holder.take_over())
        holder.partitions.join()
        try:
            yield holder
        finally:
            for task in (keeping, taking):
                task.cancel()
            await asyncio.gather(keeping, taking, return_exceptions=True)


@pytest_asyncio.fixture
async def url(servers: EmbeddedServers) -> str:
    return await service_database(servers, ROOT / "services" / "balancer" / "schema")


async def count(*holders: Holder) -> list[int]:
    return [len(it.decides()) for it in holders]


async def test_who_is_alone_holds_everything(url: str) -> None:
    async with holding(url) as alone:
        await until(lambda: count(alone), lambda it: it == [PARTITIONS])
        [share] = await shares(url)

    assert (share.slot, share.partitions, share.takes_part) == (1, PARTITIONS, True)
    assert share.holder.startswith(f"balancer pid {os.getpid()} on ")


async def test_who_comes_gets_a_share_and_who_goes_leaves_it_to_the_others(url: str) -> None:
    async with holding(url) as first:
        await until(lambda: count(first), lambda it: it == [64])
        alone = first.decides()
        async with holding(url) as second, holding(url) as third:
            await until(lambda: count(first, second, third), lambda it: it == [22, 21, 21])
            parts = [it.decides() for it in (first, second, third)]
            assert len({it for part in parts for it in part}) == PARTITIONS
            for partition, epoch in {**parts[1], **parts[2]}.items():
                assert epoch > alone[partition], "who takes a partition raises its epoch"
            for partition, epoch in parts[0].items():
                assert epoch == alone[partition], "what is kept is not taken again"
        await until(lambda: count(first), lambda it: it == [64])


async def test_nobody_decides_for_a_partition_that_another_decides_for(url: str) -> None:
    """While balancers come and go, every few milliseconds."""
    doubled: list[set[int]] = []
    watched: list[Holder] = []

    async def watch() -> None:
        while True:
            held = [it.decides() for it in watched]
            seen: set[int] = set()
            for mine in held:
                doubled.extend([{*mine} & seen] if {*mine} & seen else [])
                seen |= {*mine}
            await asyncio.sleep(0.001)

    watching = asyncio.create_task(watch())
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(4):
            watched.append(await stack.enter_async_context(holding(url)))
            await until(lambda: count(*watched), lambda it: sum(it) == PARTITIONS)
    watching.cancel()
    assert doubled == []


async def test_a_partition_is_not_handed_over_in_the_middle_of_a_decision(url: str) -> None:
    async with holding(url) as first:
        await until(lambda: count(first), lambda it: it == [64])
        last = max(first.decides())
        decision = contextlib.ExitStack()
        assert decision.enter_context(first.partitions.deciding(NAMES[last])) is not None
        async with holding(url) as second:
            await until(lambda: count(second), lambda it: it == [31])
            assert last not in second.decides()
            decision.close()
            await until(lambda: count(second), lambda it: it == [32])
            assert last in second.decides()


async def test_who_cannot_prove_stops_before_others_may_begin(url: str) -> None:
    assert HELD_S < SESSION_S
    async with holding(url) as late:
        await until(lambda: count(late), lambda it: it == [64])

        late.ahead_s[0] += HELD_S

        assert late.decides() == {}
        await until(lambda: count(late), lambda it: it == [64])


async def test_who_hears_nothing_for_long_leaves_the_work_to_others(url: str) -> None:
    async with holding(url) as deaf, holding(url) as other:
        await until(lambda: count(deaf, other), lambda it: it == [32, 32])

        deaf.hears[0] = False
        deaf.ahead_s[0] += DEAF_S_MAX

        await until(lambda: count(deaf, other), lambda it: it == [0, 64])
        assert deaf.partitions.standing() == "it is cut off from events and chargers"

        deaf.hears[0] = True

        await until(lambda: count(deaf, other), lambda it: it == [32, 32])
        assert deaf.partitions.standing() is True


@pytest.mark.parametrize("seconds", [-60, 60])
async def test_whose_clock_is_set_decides_nothing_from_then_on_and_others_take_over(
    url: str, seconds: int
) -> None:
    async with holding(url) as odd, holding(url) as other:
        await until(lambda: count(odd, other), lambda it: it == [32, 32])
        odd.set_by[0] = timedelta(seconds=seconds)
        assert odd.decides() == {}, "not a moment is waited for the next comparison"
        await until(lambda: count(odd, other), lambda it: it == [0, 64])
        assert "its clock is 60.0 s" in str(odd.partitions.standing())
        odd.set_by[0] = timedelta()
        await until(lambda: count(odd, other), lambda it: it == [32, 32])
        assert odd.partitions.standing() is True


async def test_a_connection_that_is_gone_is_noticed_and_others_take_over(url: str) -> None:
    admin = await asyncpg.connect(url)
    try:
        async with locking(url) as locks, holding(url) as other:
            agreement = ClockAgreement(utc_now, uptime_s)
            lost = Partitions(locks, asyncio.get_running_loop().time, lambda: True, agreement)
            keeping = asyncio.create_task(lost.keep())
            lost.join()
            await until(lambda: count(other), lambda it: it == [32])
            await admin.execute(
                "select pg_terminate_backend(pid) from pg_locks join pg_database"
                " on pg_database.oid = database and datname = current_database()"
                " where classid::bigint = $1 and objid::bigint = 1",
                SLOT_CLASS,
            )
            with pytest.raises(PartitionsLost):
                await keeping
            await until(lambda: count(other), lambda it: it == [64])
    finally:
        await admin.close()


async def test_the_server_drops_who_is_silent(url: str) -> None:
    """As a process is that was stopped, or whose network is cut."""
    async with locking(url) as silent:
        await silent.join()
        await silent.take(range(PARTITIONS))
        async with holding(url) as other:
            await until(lambda: count(other), lambda it: it == [64], SESSION_S + 15)
