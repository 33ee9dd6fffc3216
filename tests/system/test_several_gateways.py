"""Two gateways behind a load balancer hold real chargers; one is killed, one sleeps, both are drained."""

import asyncio
import os
import signal

import pytest

from cli.audit import audit
from cli.figures import read_log
from cli.services import TELEMETRY
from cli.shares import held
from services.telemetry.roster import GRACE_S, SESSION_S
from shared.messages.telemetry import (
    ChargerConnected,
    ChargerDisconnected,
    SessionEnded,
    SessionStarted,
)
from tests.support.cli_place import ampledger
from tests.support.load_balancer import LoadBalancer
from tests.support.servers import scratch_folder
from tests.support.small_garage import CHARGERS, OWNERS, SmallGarage
from tests.support.waiting import until

pytestmark = pytest.mark.system

BACK_S_MAX = 90.0
FIRST, SECOND = TELEMETRY, f"{TELEMETRY}-2"
MISSING = {"EndNotReported"}


async def all_connected(place: SmallGarage, gateways: int = 2) -> None:
    """Wait until so many gateways hold all chargers together."""

    async def holding() -> list[int]:
        found = await held(place.database_url(TELEMETRY))
        return [it.chargers for it in found if it.alive]

    await until(holding, lambda it: len(it) == gateways and sum(it) == CHARGERS, BACK_S_MAX)


async def test_whichever_gateway_fails_the_others_go_on_and_limits_are_obeyed() -> None:
    with scratch_folder() as folder:
        place = SmallGarage(folder, gateways=2)
        front = LoadBalancer(place.gateway_port, place.gateway_ports)
        async with place.running(), front.serving():
            for command in place.set_up():
                await place.command(command, BACK_S_MAX)
            async with place.cars():
                await all_connected(place)
                await place.limits_flow(BACK_S_MAX)

                os.kill(pid_of(place, FIRST), signal.SIGKILL)
                await place.limits_flow(BACK_S_MAX)
                await all_connected(place)

                await fall_asleep(place, front)
                await all_connected(place)
                await place.limits_flow(BACK_S_MAX)

                drained = await ampledger(
                    "restart", "telemetry", "--data-folder", str(place.data)
                )
                assert drained.code == 0, drained.err
                await all_connected(place)
                await place.limits_flow(BACK_S_MAX)
            await place.all_announced(BACK_S_MAX)
            checked = await ampledger("check", "--history", "--data-folder", str(place.data))
            logs = [await read_log(place.database_url(it)) for it in OWNERS]

        assert checked.code == 0, checked.out
        found = audit(logs)
        assert found.planned_overload_as == 0, found.worst_at
        world = place.world()
        assert world["breaker_trips"] == 0
        assert world["overload_as"] == 0
        assert (world["energy_kwh"] or 0) > 0, "no car has charged"
        told = [it.event for it in logs[OWNERS.index(TELEMETRY)]]
        whole(told)


def whole(told: list[object]) -> None:
    """Check that connections and sessions begin and end in turn, whoever has put that on record."""
    connected: dict[str, str | None] = {}
    sessions: dict[str, str] = {}
    for event in told:
        match event:
            case ChargerConnected():
                before = connected.get(event.charger_id)
                assert before in {None, event.gateway_id}, "its former gateway has let it go"
                connected[event.charger_id] = event.gateway_id
            case ChargerDisconnected():
                assert connected[event.charger_id] == event.gateway_id
                connected[event.charger_id] = None
            case SessionStarted():
                assert event.charger_id not in sessions
                sessions[event.charger_id] = event.session_id
            case SessionEnded():
                assert sessions.pop(event.charger_id) == event.session_id
                assert event.reason not in MISSING, "no end is lost"


async def fall_asleep(place: SmallGarage, front: LoadBalancer) -> None:
    """Pause a gateway until the other one has put on record that it is gone, and see it end."""
    pid = pid_of(place, SECOND)
    os.kill(pid, signal.SIGSTOP)
    try:
        front.down(place.gateway_ports[1])
        await place.limits_flow(BACK_S_MAX)
        await asyncio.sleep(SESSION_S + GRACE_S + 3.0)
        await all_connected(place, gateways=1)
    finally:
        os.kill(pid, signal.SIGCONT)

    async def other() -> int | None:
        state = place.stack.states()[SECOND]
        return state.pid if state.step == "ready" else None

    await until(other, lambda it: it not in {None, pid}, BACK_S_MAX)
    front.up(place.gateway_ports[1])


def pid_of(place: SmallGarage, name: str) -> int:
    pid = place.stack.states()[name].pid
    assert pid is not None
    return pid
