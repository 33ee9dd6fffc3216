"""Two balancers share several garages with real chargers; each is killed, and one falls asleep."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from datetime import datetime

import asyncpg
import pytest

from cli.audit import audit
from cli.figures import read_log
from cli.garages import INSTALLATION_ID, commands, garage
from cli.services import BALANCER
from cli.shares import shares
from services.balancer.locks import SESSION_S
from shared.clock import utc_now
from shared.messages.installation_commands import InstallationCommand
from shared.phases import GridType
from shared.subjects import PARTITIONS, partition_of
from simulator.scene import Scene
from tests.support.servers import scratch_folder
from tests.support.small_garage import OWNERS, SmallGarage
from tests.support.waiting import until

pytestmark = pytest.mark.system

GARAGES = (INSTALLATION_ID, "hill-garage", "mill-garage")
BAYS = 4
BREAKER_A = 20.0
BACK_S_MAX = 60.0
LIMITS = ("CurrentLimitAllocated", "LeasesRenewed")


def scene_of(name: str) -> Scene:
    """Draw a garage whose chargers are no other's."""
    scene, number = garage(BAYS, BREAKER_A, GridType.TN_3_PHASE), GARAGES.index(name)
    chargers = [
        it.model_copy(
            update={"charger_id": f"{name}-{it.charger_id}", "serial": f"AMP{number}{bay:05}"}
        )
        for bay, it in enumerate(scene.chargers)
    ]
    return scene.model_copy(update={"chargers": tuple(chargers), "seed": number + 1})


def set_up() -> Iterator[InstallationCommand]:
    for name in GARAGES:
        yield from commands(scene_of(name), name)


async def limits_everywhere(place: SmallGarage) -> None:
    """Wait until limits are announced in every garage from now on."""
    since = utc_now()

    async def silent() -> set[str]:
        found = await read_log(place.database_url(BALANCER))
        return set(GARAGES) - {
            it.event.aggregate_id
            for it in found
            if it.recorded_at > since and it.type in LIMITS
        }

    await until(silent, lambda it: not it, BACK_S_MAX)


async def shared_by(place: SmallGarage, count: int) -> None:
    """Wait until so many balancers hold everything together, evenly."""

    async def held() -> list[int]:
        found = await shares(place.database_url(BALANCER))
        return [it.partitions for it in found if it.partitions]

    await until(
        held,
        lambda it: len(it) == count and sum(it) == PARTITIONS and max(it) - min(it) <= 1,
        BACK_S_MAX,
    )


async def taken_over(place: SmallGarage, killed_at: datetime) -> float:
    """Wait until others have what a killed balancer had; returns after how many seconds they had it all."""
    connection = await asyncpg.connect(place.database_url(BALANCER))
    try:

        async def last() -> datetime | None:
            moment: datetime | None = await connection.fetchval(
                "select max(taken_at) from partition where taken_at > $1", killed_at
            )
            held = sum(it.partitions for it in await shares(place.database_url(BALANCER)))
            return moment if held == PARTITIONS else None

        moment = await until(last, bool, BACK_S_MAX)
    finally:
        await connection.close()
    assert moment is not None
    return (moment - killed_at).total_seconds()


async def test_whichever_balancer_fails_the_others_go_on_and_no_breaker_trips() -> None:
    assert len({partition_of(it) for it in GARAGES}) == len(GARAGES)
    with scratch_folder() as folder:
        place = SmallGarage(folder, balancers=2)
        async with place.running():
            for command in set_up():
                await place.command(command, BACK_S_MAX)
            async with contextlib.AsyncExitStack() as cars:
                for name in GARAGES:
                    await cars.enter_async_context(place.cars(scene_of(name), name))
                await shared_by(place, 2)
                await limits_everywhere(place)
                for victim in (BALANCER, f"{BALANCER}-2"):
                    killed_at = utc_now()
                    os.kill(pid_of(place, victim), signal.SIGKILL)
                    took_s = await taken_over(place, killed_at)
                    sys.stdout.write(f"{victim} killed, taken over in {took_s:.2f} s of 3 s\n")
                    await limits_everywhere(place)
                    await shared_by(place, 2)
                await fall_asleep(place, pid_of(place, BALANCER))
                await shared_by(place, 2)
                await limits_everywhere(place)
            logs = [await read_log(place.database_url(it)) for it in OWNERS]

        found = audit(logs)
        assert found.planned_overload_as == 0, found.worst_at
        for name in GARAGES:
            world = place.world(name)
            assert world["breaker_trips"] == 0
            assert world["overload_as"] == 0
            assert (world["energy_kwh"] or 0) > 0, f"no car has charged in {name}"


async def fall_asleep(place: SmallGarage, pid: int) -> None:
    """Pause a balancer for longer than it is waited for; it ends by itself once it goes on."""
    os.kill(pid, signal.SIGSTOP)
    try:
        await asyncio.sleep(SESSION_S + 1.0)
        await shared_by(place, 1)
        await limits_everywhere(place)
    finally:
        os.kill(pid, signal.SIGCONT)


def pid_of(place: SmallGarage, name: str) -> int:
    pid = place.stack.states()[name].pid
    assert pid is not None
    return pid
