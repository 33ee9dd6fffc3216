"""
Two versions run beside each other, on the same servers, while people click and cars charge.

The newer one takes over process by process, is used, and is taken back again. What it has written that
the older one does not know waits there, and holds up nobody but the installation that it is about.
"""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import pytest

from cli.garages import INSTALLATION_ID, commands
from cli.migrations import LOG_SCHEMA, migrate
from cli.services import BALANCER, INSTALLATION, PORTAL, TELEMETRY
from shared import subjects
from shared.commands import INVALID, TOO_OLD
from shared.ids import new_id
from shared.messages import Answer
from shared.messages.installation_commands import SetAvailableCurrent
from shared.messages.telemetry import SessionEnded
from shared.messaging import connect
from shared.meter_query import QUERY, MeterStandings
from tests.support.databases import ROOT
from tests.support.load_balancer import LoadBalancer
from tests.support.next_version import MIGRATIONS, WHY, make_next_version
from tests.support.portal_crowd import using
from tests.support.servers import scratch_folder
from tests.support.small_garage import OWNERS, SmallGarage
from tests.support.waiting import until

pytestmark = pytest.mark.system

READY_S_MAX = 120.0
HILL = "hill-garage"
"""Where what is new is used; the cars are elsewhere."""
FIRST = (f"{TELEMETRY}-2", f"{BALANCER}-2", INSTALLATION)
"""What the newer version takes over first: beside an older gateway, balancer and portal."""
THEN = (TELEMETRY, BALANCER, PORTAL)
BACK = ((INSTALLATION, f"{BALANCER}-2", TELEMETRY), (f"{TELEMETRY}-2", BALANCER, PORTAL))
"""Permissions and notifications stay what they are: nobody has to upgrade everything."""
WRONGLY_ENDED = {"EndNotReported", "PowerLoss", "Reboot"}


class Versions:
    """The two versions, and which of them a process is of that starts now."""

    def __init__(self, folder: Path) -> None:
        self.newer = make_next_version(folder / "newer")
        self.present = folder / "present"
        self.present.symlink_to(ROOT)

    def roll(self, to: Path) -> None:
        self.present.unlink()
        self.present.symlink_to(to)

    async def run_newer(self, script: str, *arguments: str) -> str:
        """Have the newer version do something; returns what it said."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", script, *arguments),
            cwd=self.newer,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        out, _ = await process.communicate()
        assert process.returncode == 0, out.decode()
        return out.decode()


CHECK = "from cli.app import main; main()"
AUDIT = """
import asyncio, sys
from cli.audit import audit
from cli.figures import read_log
logs = [asyncio.run(read_log(it)) for it in sys.argv[1:]]
print(audit(logs).planned_overload_as, audit(logs).worst_at)
"""


async def restart(place: SmallGarage, steps: Sequence[Sequence[str]]) -> None:
    """Restart processes, those of one step at the same time; limits flow after each step."""
    for step in steps:
        async with asyncio.TaskGroup() as together:
            for name in step:
                together.create_task(place.stack.restart(name, READY_S_MAX))
        await place.limits_flow(READY_S_MAX)


async def set_available(place: SmallGarage, **more: object) -> Answer:
    """Send a command as a newer portal does."""
    wish = {"command_id": new_id(), "installation_id": HILL, "available_a": [32, 32, 32]} | more
    client = await connect(place.stack.urls["nats"], "test-wish")
    try:
        subject = subjects.command(SetAvailableCurrent, HILL)
        reply = await client.request(subject, orjson.dumps(wish), timeout=READY_S_MAX)
        return Answer.model_validate_json(reply.data)
    finally:
        await client.close()


async def meters_of(place: SmallGarage, **more: object) -> MeterStandings:
    """Ask whichever gateway answers for meters."""
    client = await connect(place.stack.urls["nats"], "test-question")
    try:
        question = orjson.dumps({"installation_id": INSTALLATION_ID} | more)
        reply = await client.request(subjects.query(TELEMETRY, QUERY), question, timeout=10)
        return MeterStandings.model_validate_json(reply.data)
    finally:
        await client.close()


async def asked(place: SmallGarage, owner: str, question: str) -> list[Any]:
    connection = await asyncpg.connect(place.database_url(owner))
    try:
        return list(await connection.fetch(question))
    finally:
        await connection.close()


async def parked(place: SmallGarage, owner: str) -> dict[str, str]:
    """Say what is parked in a service's database, by consumer and stream."""
    rows = await asked(
        place,
        owner,
        "select parked.* from parked join cursor using (consumer, service)"
        # Portals are numbered: who follows no more under a number has left what was parked there.
        " where heartbeat_at > clock_timestamp() - interval '20 seconds' order by parked.position desc",
    )
    return {f"{it['consumer']} {it['aggregate_id']}": it["error"] for it in rows}


async def expand(place: SmallGarage, newer: Path) -> None:
    for name in {Path(it).parts[1] for it in MIGRATIONS}:
        folders = [LOG_SCHEMA, newer / "services" / name / "schema"]
        await migrate(name, place.database_url(name), folders)


async def test_a_newer_version_takes_over_is_used_and_is_taken_back() -> None:
    with scratch_folder() as folder:
        versions = Versions(folder)
        place = SmallGarage(folder, balancers=2, gateways=2, project=versions.present)
        front = LoadBalancer(place.gateway_port, place.gateway_ports)
        async with place.running(), front.serving():
            for command in (*place.set_up(), next(iter(commands(place.scene, HILL)))):
                await place.command(command, READY_S_MAX)
            async with place.cars():
                await place.limits_flow(READY_S_MAX)
                cookies = await place.owner_signed_in(READY_S_MAX)
                url = f"http://127.0.0.1:{place.portal_port}"
                charger_id = place.scene.chargers[0].charger_id
                async with using(url, cookies, INSTALLATION_ID, charger_id) as crowd:
                    refused = await set_available(place, why=WHY)
                    assert (refused.refusal, "why" in (refused.detail or "")) == (INVALID, True)
                    await expand(place, versions.newer)

                    versions.roll(versions.newer)
                    await restart(place, [FIRST])
                    await beside_each_other(place)
                    await restart(place, [THEN])
                    await all_newer(place)

                    versions.roll(ROOT)
                    await restart(place, BACK)
                    await taken_back(place)
            await place.all_announced(READY_S_MAX)
            said, overload = await asyncio.gather(
                versions.run_newer(
                    CHECK, "check", "--history", "--data-folder", str(place.data)
                ),
                versions.run_newer(AUDIT, *(place.database_url(it) for it in OWNERS)),
            )
            ended = await asked(
                place, TELEMETRY, "select data from event_log where type = 'SessionEnded'"
            )

        sys.stdout.write(
            f"{crowd.asked} requests, the slowest took {crowd.slowest_s:.2f} s\n{said}"
        )
        assert [it[:300] for it in crowd.failed[:5]] == []
        assert crowd.put_off == 0
        assert crowd.asked > 100
        assert float(overload.split()[0]) == 0, overload
        ends = [SessionEnded.model_validate_json(it["data"]) for it in ended]
        assert [it for it in ends if it.reason in WRONGLY_ENDED] == []
        world = place.world()
        assert (world["breaker_trips"], world["overload_as"]) == (0, 0)
        assert (world["energy_kwh"] or 0) > 0


async def beside_each_other(place: SmallGarage) -> None:
    """Old and new answer and write side by side; what is new waits where it is not understood."""
    programs = await asked(place, TELEMETRY, "select program from gateway")
    assert {it["program"] for it in programs} == {None, "next"}
    assert {(await meters_of(place)).fault for _ in range(20)} == {None}
    since = "2026-11-28T00:00:00+00:00"
    answers = [await meters_of(place, since=since) for _ in range(20)]
    assert {it.fault for it in answers} == {None, f"this is no question for {QUERY}"}
    assert (await set_available(place)).accepted
    accepted = await set_available(place, available_a=None, why=WHY)
    assert accepted.accepted, accepted

    async def waiting() -> dict[str, str]:
        return await parked(place, BALANCER) | await parked(place, PORTAL)

    found = await until(waiting, lambda it: len(it) > 1, READY_S_MAX)
    assert all(HILL in it for it in found), found
    assert any("update the program" in it for it in found.values()), found


async def all_newer(place: SmallGarage) -> None:
    """What waited is taken up without anybody asking for it."""

    async def waiting() -> dict[str, str]:
        found = [await parked(place, it) for it in (BALANCER, PORTAL, TELEMETRY)]
        return {name: why for it in found for name, why in it.items()}

    await until(waiting, lambda it: not it, READY_S_MAX)


async def taken_back(place: SmallGarage) -> None:
    """The older version goes on, on the newer schema; it decides nothing where what is new was used."""
    refused = await set_available(place)
    assert refused.refusal == TOO_OLD
    assert "update the program" in (refused.detail or "")
    assert await parked(place, BALANCER) == {}
