"""Every part is killed, one after another, while cars charge: nothing is lost, no breaker trips."""

import asyncio
import os
import signal
from collections.abc import Sequence
from typing import Any

import pytest

from cli.audit import audit
from cli.figures import read_log
from cli.garages import INSTALLATION_ID
from cli.services import INSTALLATION
from cli.states import Step
from cli.support.checker import check
from cli.support.gathering import gather
from cli.support.places import Place
from shared.history.acts import Acknowledged
from shared.messages.installation_commands import AddCircuit, InstallationCommand
from shared.recorded import Recorded
from tests.support.servers import scratch_folder
from tests.support.small_garage import OWNERS, SmallGarage
from tests.support.waiting import until

pytestmark = pytest.mark.system

VICTIMS = ("installation", "telemetry", "balancer", "portal", "nats", "postgres")
BACK_S_MAX = 60.0
BURST = 6
"""How many commands are on their way when a part is killed."""


def new_circuit(name: str) -> AddCircuit:
    return AddCircuit(
        command_id=f"drill-{name}",
        installation_id=INSTALLATION_ID,
        circuit_id=name,
        name=f"Added {name}",
        breaker_a=16,
    )


async def test_whatever_is_killed_nothing_is_lost_and_no_breaker_trips() -> None:
    with scratch_folder() as folder:
        garage = SmallGarage(folder)
        async with garage.running():
            acknowledged = [await acknowledge(garage, it) for it in garage.set_up()]
            async with garage.cars():
                await garage.limits_flow(BACK_S_MAX)
                for victim in VICTIMS:
                    acknowledged += await drill(garage, victim)
            await garage.all_announced(BACK_S_MAX)
            logs = await read_logs(garage)
            shown = layout(await until(garage.shown, bool))
            urls = garage.stack.urls
            place = Place(urls["database"], urls["nats"])
            history = await gather(place, acknowledged)

        broken = [it for it in check(history) if it.faults]
        assert broken == []
        check_story(logs, acknowledged)
        check_world(garage, logs)

        async with garage.running():
            await until(garage.shown, lambda it: bool(it) and layout(it) == shown, BACK_S_MAX)
            again = await read_logs(garage)
        for owner in OWNERS:
            before = [(it.event_id, it.data) for it in logs[owner]]
            after = [(it.event_id, it.data) for it in again[owner]]
            assert after[: len(before)] == before
        assert len(again["installation"]) == len(logs["installation"])


async def acknowledge(garage: SmallGarage, command: InstallationCommand) -> Acknowledged:
    """Have a command accepted, and write down what was answered."""
    answer = await garage.command(command, BACK_S_MAX)
    assert answer.accepted
    return Acknowledged(INSTALLATION, command.command_id, answer.position)


async def drill(garage: SmallGarage, victim: str) -> list[Acknowledged]:
    """Kill one while commands are on their way; return once limits flow again."""
    burst = [new_circuit(it) for it in circuits_of(victim)]
    pid = garage.stack.states()[victim].pid
    assert pid is not None
    on_their_way = [asyncio.create_task(acknowledge(garage, it)) for it in burst]
    await asyncio.wait(on_their_way, return_when=asyncio.FIRST_COMPLETED)
    os.kill(pid, signal.SIGKILL)

    async def not_ready() -> dict[str, str]:
        states = garage.stack.states()
        same = {victim: "still the one that was killed"} if states[victim].pid == pid else {}
        return same | {k: it.step for k, it in states.items() if it.step is not Step.READY}

    await until(not_ready, lambda it: not it, BACK_S_MAX)
    await garage.limits_flow(BACK_S_MAX)
    return list(await asyncio.gather(*on_their_way))


def circuits_of(victim: str) -> list[str]:
    return [f"{victim}-{it}" for it in range(BURST)]


async def read_logs(garage: SmallGarage) -> dict[str, list[Recorded]]:
    return {it: await read_log(garage.database_url(it)) for it in OWNERS}


def layout(shown: dict[str, Any]) -> tuple[object, ...]:
    """What does not change from moment to moment of what the portal shows."""
    return (
        shown["head"]["name"],
        shown["head"]["structure"],
        [it["id"] for it in shown["breakers"]],
        [it["id"] for it in shown["chargers"]],
    )


def check_story(logs: dict[str, list[Recorded]], acknowledged: Sequence[Acknowledged]) -> None:
    """Nothing but what was wished is in the log of layouts; and cars were there, each once."""
    wished = {it.command_id for it in acknowledged}
    assert {it.meta.command_id for it in logs["installation"]} == wished
    circuits = _ids(logs["installation"], "CircuitAdded", "circuit_id")
    assert len(circuits) == len(set(circuits))
    assert {name for it in VICTIMS for name in circuits_of(it)} <= set(circuits)
    transactions = _ids(logs["telemetry"], "SessionStarted", "transaction_id")
    assert transactions, "no car was ever plugged in"
    assert len(transactions) == len(set(transactions))


def _ids(log: Sequence[Recorded], kind: str, field: str) -> list[object]:
    return [getattr(it.event, field) for it in log if it.type == kind]


def check_world(garage: SmallGarage, logs: dict[str, list[Recorded]]) -> None:
    """What the breakers carried, and what they might have carried by the logs."""
    found = audit(logs.values())
    assert found.planned_overload_as == 0, found.worst_at
    world = garage.world()
    assert world["breaker_trips"] == 0
    assert world["overload_as"] == 0
    assert (world["energy_kwh"] or 0) > 0, "no car has charged"
