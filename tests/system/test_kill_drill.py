"""Every part is killed, one after another, while cars charge: nothing is lost, no breaker trips."""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import pytest

from cli.audit import audit
from cli.figures import read_log
from cli.garages import INSTALLATION_ID
from cli.states import Step
from shared.messages.installation import AddCircuit
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
        acknowledged: set[str] = set()
        async with garage.running():
            for command in garage.set_up():
                await garage.command(command, BACK_S_MAX)
                acknowledged.add(command.command_id)
            async with garage.cars():
                await garage.limits_flow(BACK_S_MAX)
                for victim in VICTIMS:
                    acknowledged |= await drill(garage, victim)
            await garage.all_announced(BACK_S_MAX)
            logs = await read_logs(garage)
            announced = {it: await garage.announced(it) for it in OWNERS}
            shown = layout(await until(garage.shown, bool))

        check_logs(logs, announced, acknowledged)
        check_world(garage, logs)

        async with garage.running():
            await until(garage.shown, lambda it: bool(it) and layout(it) == shown, BACK_S_MAX)
            again = await read_logs(garage)
        for owner in OWNERS:
            before = [(it.event_id, it.data) for it in logs[owner]]
            after = [(it.event_id, it.data) for it in again[owner]]
            assert after[: len(before)] == before
        assert len(again["installation"]) == len(logs["installation"])


async def drill(garage: SmallGarage, victim: str) -> set[str]:
    """Kill one while commands are on their way; return once limits flow again."""
    burst = [new_circuit(it) for it in circuits_of(victim)]
    pid = garage.stack.states()[victim].pid
    assert pid is not None
    on_their_way = [asyncio.create_task(garage.command(it, BACK_S_MAX)) for it in burst]
    await asyncio.wait(on_their_way, return_when=asyncio.FIRST_COMPLETED)
    os.kill(pid, signal.SIGKILL)

    async def not_ready() -> dict[str, str]:
        states = garage.stack.states()
        same = {victim: "still the one that was killed"} if states[victim].pid == pid else {}
        return same | {k: it.step for k, it in states.items() if it.step is not Step.READY}

    await until(not_ready, lambda it: not it, BACK_S_MAX)
    await garage.limits_flow(BACK_S_MAX)
    answers = await asyncio.gather(*on_their_way)
    assert all(it.accepted for it in answers)
    return {it.command_id for it in burst}


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


def check_logs(
    logs: dict[str, list[Recorded]],
    announced: dict[str, list[str]],
    acknowledged: Iterable[str],
) -> None:
    """Every acknowledged command counted once; every jetstream is its log, without a gap."""
    for owner, log in logs.items():
        assert [it.position for it in log] == list(range(1, len(log) + 1)), owner
        assert announced[owner] == [str(it.event_id) for it in log], owner
    by_command = Counter(it.meta.command_id for it in logs["installation"])
    assert set(by_command) == set(acknowledged)
    circuits = _ids(logs["installation"], "CircuitAdded", "circuit_id")
    chargers = _ids(logs["installation"], "ChargerAssigned", "charger_id")
    for names in (circuits, chargers):
        assert len(names) == len(set(names))
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
