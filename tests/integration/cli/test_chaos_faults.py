"""Faults of messages, disks and clocks do what they say, on real servers; what stands on them bears it."""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx
import pytest
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js import JetStreamContext

from cli.chaos.garbage import GARBAGE, garbage_subjects
from cli.chaos.garbage import READINGS as PLACE_OF_READINGS
from cli.chaos.messages import READINGS, Again, Garbage, NeverReads, message_faults
from cli.chaos.set_clock import clock_environment, library, set_clock
from cli.chaos.small_disk import small_disk
from cli.chaos.yard import scene_of
from cli.nats_watch import keep_writing, write_fault
from shared import subjects
from shared.event_store import DATABASE_FAULTS
from shared.messages.telemetry import MeterReading
from shared.messaging import connect, disconnect
from simulator.scene import Scene
from tests.support.databases import service_database
from tests.support.log_place import Place, opened
from tests.support.servers import EmbeddedServers, embedded_servers, scratch_folder
from tests.support.service_process import running_service
from tests.support.waiting import until

pytestmark = pytest.mark.integration

WITHIN_S = 30.0
REFUSED_WITHIN = 500
MESSAGE_BYTES = 100_000
ANSWER_S_MAX = 2.0
FAULTS = {type(it): it for it in reversed(message_faults())}
"""One of each class, the first of its kind."""


@dataclass(slots=True)
class Reached:
    """As much of a yard as faults of messages need."""

    nats_url: str
    garages: Mapping[str, Scene] = field(default_factory=lambda: {"garage-1": scene_of(1)})


async def test_readings_come_twice_garbage_comes_and_who_never_reads_is_cut_off(
    servers: EmbeddedServers,
) -> None:
    yard = Reached(servers.nats_url)
    client = await connect(servers.nats_url, "test-faults")
    heard: list[Msg] = []

    async def on_message(message: Msg) -> None:
        heard.append(message)

    async def slow_consumers() -> int:
        async with httpx.AsyncClient() as http:
            told = await http.get(f"{servers.nats.monitor_url}/varz")
            return int(told.json()["slow_consumers"])

    async def count() -> int:
        return len(heard)

    try:
        await client.subscribe("telemetry.>", cb=on_message)
        await client.flush()
        again, garbage, never = FAULTS[Again], FAULTS[Garbage], FAULTS[NeverReads]
        assert isinstance(again, Again)
        assert isinstance(garbage, Garbage)
        assert isinstance(never, NeverReads)

        await never.inject(yard, "broker")
        await again.inject(yard, READINGS)
        subject = subjects.telemetry(MeterReading, "garage-1", "bay-1")
        await client.publish(subject, b"a reading")
        await until(count, lambda it: it == 2, WITHIN_S)
        await again.heal(yard, READINGS)
        assert [it.data for it in heard] == [b"a reading"] * 2

        heard.clear()
        await garbage.inject(yard, PLACE_OF_READINGS)
        await until(count, lambda it: it >= len(GARBAGE), WITHIN_S)
        await garbage.heal(yard, PLACE_OF_READINGS)
        where = garbage_subjects(PLACE_OF_READINGS, ["garage-1"], ["g1-bay-01"])
        assert heard[0].subject == where[0]
        assert {it.data for it in heard} >= {data for data, _ in GARBAGE}

        await until(slow_consumers, lambda it: it >= 1, WITHIN_S)
        await never.heal(yard, "broker")
        assert client.is_connected
    finally:
        await disconnect(client)


async def appended_until_refused(place: Place) -> int:
    """Fill what is there already of the log's pages; returns how many events were acknowledged."""
    for number in range(REFUSED_WITHIN):
        try:
            await place.append("garage-1", 100)
        except DATABASE_FAULTS:
            return 100 * number
    raise AssertionError("a disk that is full takes everything")


async def announced_until_refused(jetstream: JetStreamContext) -> int:
    """Publish until the server takes nothing more; returns how many messages were acknowledged."""
    for number in range(REFUSED_WITHIN):
        try:
            await jetstream.publish("kept.it", b" " * MESSAGE_BYTES, timeout=ANSWER_S_MAX)
        except TimeoutError:
            return number
    raise AssertionError("a disk that is full takes everything")


async def test_nothing_on_a_full_disk_is_lost_and_both_servers_go_on_when_there_is_room() -> (
    None
):
    with scratch_folder() as folder:
        async with small_disk(folder / "data") as disk:
            if disk is None:
                pytest.skip("a disk of its own takes the right to mount")
            servers = await embedded_servers(folder / "data")
            try:
                async with opened(servers) as place, on_nats(servers) as jetstream:
                    await jetstream.add_stream(name="KEPT", subjects=["kept.>"])
                    await place.append("garage-1", 3)
                    await disk.fill()
                    acknowledged = 3 + await appended_until_refused(place)
                    announced = await announced_until_refused(jetstream)
                    assert await write_fault(servers.nats.monitor_url) is not None
                    await disk.empty()

                    async def appended() -> bool:
                        try:
                            await place.append("garage-1")
                        except DATABASE_FAULTS:
                            return False
                        return True

                    async def announces() -> bool:
                        try:
                            await jetstream.publish("kept.it", b"at last", timeout=ANSWER_S_MAX)
                        except (TimeoutError, NatsError):
                            return False
                        return True

                    await until(announces, bool, WITHIN_S)
                    kept = (await jetstream.stream_info("KEPT")).state
                    assert kept.messages == kept.last_seq >= announced + 1
                    await until(appended, bool, WITHIN_S)
                    there = await place.store.read(after=0, limit=100_000)
                    assert len(there) >= acknowledged + 1
                    assert [it.position for it in there] == list(range(1, len(there) + 1))
            finally:
                await servers.stop()


@contextlib.asynccontextmanager
async def on_nats(servers: EmbeddedServers) -> AsyncIterator[JetStreamContext]:
    """Reach a NATS that is looked after as `ampledger up` does."""
    nats = servers.nats
    looking = keep_writing(
        nats.monitor_url, nats.store, lambda: servers.supervisor.kill("nats")
    )
    task = asyncio.create_task(looking)
    client = await connect(servers.nats_url, "test-full-disk")
    try:
        yield client.jetstream()
    finally:
        await client.close()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


NEEDS_FAKETIME = pytest.mark.skipif(
    library() is None, reason="no libfaketime here: make faketime"
)
TELLS_TIME = "import time\nwhile True:\n    input()\n    print(time.time(), flush=True)"


@NEEDS_FAKETIME
async def test_the_clock_of_a_process_is_set_while_it_runs_and_a_service_says_that_it_is_off(
    servers: EmbeddedServers,
) -> None:
    faketime = library()
    assert faketime is not None
    with scratch_folder() as folder:
        clock = clock_environment(folder, "teller", faketime)
        teller = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", TELLS_TIME),
            env=os.environ | clock,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )

        async def ahead_s() -> float:
            assert teller.stdin is not None
            assert teller.stdout is not None
            teller.stdin.write(b"\n")
            told = float(await teller.stdout.readline())
            return told - datetime.now(UTC).timestamp()  # noqa: TID251  # the true time

        try:
            assert abs(await ahead_s()) < 10
            set_clock(folder, "teller", -90.0)
            await until(ahead_s, lambda it: -100 < it < -80, WITHIN_S)
        finally:
            teller.kill()
            await teller.wait()

        clock = clock_environment(folder, "installation", faketime)
        database_url = await service_database(servers)
        running = running_service("installation", servers, database_url, clock)
        async with running as service:
            metrics_url = service.health_url.replace("/health/ready", "/metrics")

            async def off_s() -> float:
                async with httpx.AsyncClient() as http:
                    told = (await http.get(metrics_url)).text
                return next(
                    float(line.rsplit(" ", 1)[1])
                    for line in told.splitlines()
                    if line.startswith("ampledger_clock_off_seconds")
                )

            await until(off_s, lambda it: abs(it) < 2, WITHIN_S)
            set_clock(folder, "installation", 90.0)
            await until(off_s, lambda it: 80 < it < 91, WITHIN_S)
